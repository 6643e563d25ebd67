"""What ``zixin demo`` shows: what was read and written, the grades, the worst customers, the losses."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from connector.cli.output import print_table, say
from connector.flow.fields import reason_text
from connector.flow.run import RunReport
from connector.texts.catalogue import Texts
from scoring.assessment import NOT_RATED, Assessment
from scoring.money import Money
from scoring.policy import GRADES
from scoring.portfolio import Portfolio
from scoring.records import CREDIT_FILE_KINDS

__all__ = ["print_next", "print_passes", "print_portfolio", "print_worst"]

WORST_SHOWN = 10
REASONS_SHOWN = 1
BAR_WIDTH = 24
REVIEW_WITHIN_DAYS = 30
_READ = ("accounts", "invoices", "payments")
_WRITTEN = ("fields_written", "tasks_created", "parked")


def print_passes(passes: Sequence[RunReport], texts: Texts) -> None:
    """Print the first pass as a table, a column for each CRM, and the second in a sentence."""
    first, second = passes
    connections = first.connections
    rows = [
        (
            texts.say(f"demo.read.{kind}"),
            *(f"{one.pulled.get(kind, 0):,}" for one in connections.values()),
        )
        for kind in _READ
    ]
    file = [
        sum(one.pulled.get(kind, 0) for kind in CREDIT_FILE_KINDS) for one in connections.values()
    ]
    rows.append((texts.say("demo.read.file"), *(f"{count:,}" for count in file)))
    rows += [
        (texts.say(f"demo.{name}"), *(f"{getattr(one, name):,}" for one in connections.values()))
        for name in _WRITTEN
    ]
    systems = tuple(connections)
    print_table(("", *systems), rows, title=texts.say("demo.passes"), right=systems)
    written = sum(one.fields_written for one in second.connections.values())
    say(texts.say("demo.second", assessed=first.assessed, seconds=first.seconds, written=written))


def print_portfolio(
    found: Portfolio, assessments: Sequence[Assessment], as_of: date, texts: Texts
) -> None:
    """Print the grades with what is owed and expected to be lost, and what needs attention."""

    def money(minor: int) -> str:
        return texts.money(Money(minor, found.currency))

    most = max((line.customers for line in found.grades), default=1)
    heads = [texts.say(f"demo.col.{name}") for name in ("grade", "customers", "owed", "loss")]
    rows = [
        (
            line.name,
            f"{line.customers:,}",
            money(line.ar),
            "–" if line.name == NOT_RATED else money(line.expected_loss),
            "█" * max(1, line.customers * BAR_WIDTH // most),
        )
        for line in found.grades
        if line.customers
    ]
    title = texts.say("demo.grades", as_of=as_of, policy=found.policy_version)
    print_table((*heads, ""), rows, title=title, right=heads[1:])
    for sentence in _sentences(found, assessments, as_of, texts):
        say(sentence)


def _sentences(
    found: Portfolio, assessments: Sequence[Assessment], as_of: date, texts: Texts
) -> list[str]:
    levels = {line.name: line.customers for line in found.watch_levels}
    holds = {line.name: line.customers for line in found.holds}
    soon = as_of + timedelta(days=REVIEW_WITHIN_DAYS)
    due = sum(one.next_review_on <= soon for one in assessments)
    loss, provision = (
        Money(minor, found.currency) for minor in (found.total.expected_loss, found.total.provision)
    )
    return [
        texts.say(
            "demo.attention",
            watch=levels.get("watch", 0) + levels.get("high", 0),
            hold=holds.get("hold", 0),
            stop=holds.get("stop", 0),
        ),
        texts.say("demo.reviews", due=due, days=REVIEW_WITHIN_DAYS),
        texts.say("demo.losses", loss=loss, provision=provision),
    ]


def print_worst(assessments: Sequence[Assessment], names: Mapping[str, str], texts: Texts) -> None:
    """Print those with the worst grades, who owes most first, each with its first reasons."""
    owing = [one for one in assessments if one.rating in GRADES and one.overdue is not None]
    worst = sorted(owing, key=lambda one: (-GRADES.index(one.rating), -_owed(one), one.entity))
    heads = [texts.say(f"demo.col.{name}") for name in ("customer", "grade", "overdue", "why")]
    rows = [
        (names[one.entity], one.rating, _overdue(one, texts), _why(one, texts))
        for one in worst[:WORST_SHOWN]
    ]
    print_table(heads, rows, title=texts.say("demo.worst"), right=(heads[2],))


def _owed(one: Assessment) -> int:
    """Order by what is owed; currencies are not converted, the order is for the eye."""
    return 0 if one.exposure is None else one.exposure.minor


def _overdue(one: Assessment, texts: Texts) -> str:
    if one.overdue is None or not one.oldest_days:
        return "–"
    return texts.say("demo.overdue", amount=one.overdue, days=one.oldest_days)


def _why(one: Assessment, texts: Texts) -> str:
    reasons = [reason for reason in one.reasons if reason.sign == "negative"]
    return "\n".join(reason_text(reason, texts) for reason in reasons[:REASONS_SHOWN])


def print_next(folder: Path | None, reference: str, texts: Texts) -> None:
    """Name the commands to try next; without a kept folder, how to keep one."""
    say(texts.say("demo.next"))
    if folder is None:
        say("  zixin demo --once --keep demo")
        return
    config = f"--config {folder / 'zixin.toml'}"
    for command in (
        f". {folder / 'sandbox.env'}",
        f"zixin explain {reference} {config}",
        f"zixin report portfolio {config}",
        f"zixin policy simulate {folder / 'draft.toml'} {config}",
        f"zixin backtest {config}",
    ):
        say(f"  {command}")
