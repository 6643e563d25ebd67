"""Writes queries in COQL, Zoho's SELECT."""

from collections.abc import Iterable

__all__ = ["among", "coql_credits", "literal", "select"]


def coql_credits(rows: int) -> int:
    """Tell the price of a query by its LIMIT."""
    return 1 if rows <= 200 else 2 if rows <= 1_000 else 3


def select(columns: Iterable[str], module: str, where: str, *, limit: int, order: str = "") -> str:
    """Write a query. ``where`` is grouped in pairs already, as COQL demands."""
    parts = ["select", ", ".join(columns), "from", module, "where", where]
    if order:
        parts += ["order by", order]
    return " ".join([*parts, "limit", str(limit), "offset 0"])


def literal(text: str) -> str:
    """Quote a text."""
    return "'" + text.replace("'", "''") + "'"


def among(column: str, values: Iterable[str]) -> str:
    """Write the condition that a column holds one of these values, at most fifty."""
    return f"{column} in ({', '.join(literal(value) for value in values)})"
