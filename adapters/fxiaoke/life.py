"""A record's life (life_status 生命状态): whether it counts, is not in effect yet, or is gone."""

from collections.abc import Collection

from adapters.fxiaoke.values import Row

__all__ = ["EFFECTIVE", "in_effect", "is_gone"]

EFFECTIVE = ("normal", "in_change")  # approved, or approved with a change waiting
_INVALID = "invalid"  # voided (作废)


def is_gone(row: Row) -> bool:
    """Tell whether a record was voided or deleted."""
    return row.get("is_deleted") is True or row.get("life_status") == _INVALID


def in_effect(row: Row, effective: Collection[str]) -> bool:
    """Tell whether a record counts; one that says nothing of its life does, unless it is gone."""
    status = row.get("life_status")
    return not is_gone(row) and (status in (None, "") or status in effective)
