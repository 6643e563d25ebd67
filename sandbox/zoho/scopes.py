"""Which OAuth scope a call needs, and whether those granted cover it."""

from collections.abc import Iterable

__all__ = ["covers", "module_scope"]

_VERBS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "PATCH": "UPDATE", "DELETE": "DELETE"}
_STANDARD = frozenset(
    {"accounts", "contacts", "deals", "tasks", "invoices", "salesorders", "notes"}
)


def module_scope(module: str, method: str) -> str:
    """Return the narrowest scope for a record call on a module."""
    name = module.replace("_", "").lower()
    return f"ZohoCRM.modules.{name if name in _STANDARD else 'custom'}.{_VERBS[method]}"


def covers(granted: Iterable[str], needed: str) -> bool:
    """Tell whether a scope is granted, itself or by a wider one; case does not matter."""
    have = {scope.casefold() for scope in granted}
    *area, operation = needed.casefold().split(".")
    while len(area) > 1:
        path = ".".join(area)
        if f"{path}.{operation}" in have or f"{path}.all" in have:
            return True
        area.pop()
    return False
