"""How a policy simulation reads: both sides, the migration matrix, and who changes."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connector.cli.output import print_table, say
from connector.flow.simulation import Simulation
from connector.texts.catalogue import Texts
from scoring.comparison import Comparison, Side
from scoring.money import Money, to_money

__all__ = ["print_simulation", "simulation_document"]

CHANGES_SHOWN = 25
_COUNTS, _SUMS = ("on_hold", "unknown"), ("limits", "expected_loss", "blocked_sales")


def simulation_document(found: Simulation, day: date) -> dict[str, object]:
    """Give a simulation for programs; limits are minor units of each entity's currency."""
    return {"as_of": day, "comparison": found.comparison, "changes": found.changes.to_dicts()}


def print_simulation(
    found: Simulation, names: Mapping[str, str], texts: Texts, day: date, *, currency: str
) -> None:
    """Print a simulation for people, the largest limits first."""
    both = found.comparison
    title = {"before": both.before.version, "after": both.after.version, "as_of": day}
    say(texts.say("simulate.title", **title, accounts=both.accounts))
    _print_sides(both, texts, currency)
    counts = {"limits": both.limit_changes, "holds": both.hold_changes}
    say(texts.say("simulate.changes", grades=both.grade_changes, **counts))
    _print_moves(both, texts)
    _print_changes(found, names, texts)


def _print_sides(both: Comparison, texts: Texts, currency: str) -> None:
    columns = (
        texts.say("simulate.before", version=both.before.version),
        texts.say("simulate.after", version=both.after.version),
        texts.say("simulate.difference"),
    )
    rows = [_row(name, both, texts, None) for name in _COUNTS[:1]]
    rows += [_row(name, both, texts, currency) for name in _SUMS]
    if both.before.unknown or both.after.unknown:
        rows += [_row(name, both, texts, None) for name in _COUNTS[1:]]
    print_table(("", *columns), rows, right=columns)


def _row(
    name: str, both: Comparison, texts: Texts, currency: str | None
) -> tuple[str, str, str, str]:
    old, new = _figure(both.before, name), _figure(both.after, name)
    sign = "+" if new > old else "−" if new < old else ""
    shown = [_shown(each, texts, currency) for each in (old, new, abs(new - old))]
    return texts.say(f"simulate.{name}"), shown[0], shown[1], sign + shown[2]


def _figure(side: Side, name: str) -> Decimal:
    return Decimal(getattr(side, name))


def _shown(value: Decimal, texts: Texts, currency: str | None) -> str:
    return f"{value:,}" if currency is None else texts.money(to_money(value, currency))


def _print_moves(both: Comparison, texts: Texts) -> None:
    """Print the migration matrix: from (rows) to (columns)."""
    after = list(both.after.grades)
    rows = [
        (old, *(str(row[new]) if new in row else "" for new in after))
        for old in both.before.grades
        if (row := both.moves.get(old)) is not None
    ]
    print_table((texts.say("simulate.from_to"), *after), rows, right=after)


def _print_changes(found: Simulation, names: Mapping[str, str], texts: Texts) -> None:
    if found.changes.is_empty():
        say(texts.say("simulate.nobody"))
        return
    shown = found.changes.head(CHANGES_SHOWN)
    rows = [_change(row, names, texts) for row in shown.iter_rows(named=True)]
    columns = [texts.say(f"simulate.col.{name}") for name in ("name", "rating", "limit", "hold")]
    print_table(columns, rows)
    left = found.changes.height - shown.height
    if left > 0:
        say(texts.say("simulate.more", count=left))


def _change(row: Mapping[str, Any], names: Mapping[str, str], texts: Texts) -> tuple[str, ...]:
    def limit(side: str) -> str:
        minor = row[f"limit_{side}"]
        return "–" if minor is None else texts.money(Money(minor, row["currency"]))

    def hold(side: str) -> str:
        return texts.say(f"hold.{row[f'hold_{side}']}")

    return (
        names.get(row["entity"], row["entity"]),
        _arrow(row["rating_before"], row["rating_after"]),
        _arrow(limit("before"), limit("after")),
        _arrow(hold("before"), hold("after")),
    )


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"
