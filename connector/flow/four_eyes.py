"""Maker and checker (四眼): who decides must be somebody else than who wrote (11)."""

__all__ = ["same_person"]


def same_person(one: str, other: str) -> bool:
    """Tell whether two names mean one person: capitals and outer spaces do not matter."""
    return one.strip().casefold() == other.strip().casefold()
