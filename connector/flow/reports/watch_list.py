"""The watch list (预警名单, credit-management 10): who is on it, why, since when, and what is due."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import msgspec

from connector.flow.decisions import Decision, list_decisions
from connector.flow.fields import signal_text
from connector.flow.reports.sheets import Cell, Sheet
from connector.flow.reports.survey import Survey
from connector.store.accounts import entity_names
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from scoring.portfolio import LEVELS
from scoring.warning import Signal, signals_of

__all__ = ["Watched", "signal_line", "watch_list", "watch_sheet"]


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer wrote about a customer on the list; approved notes let it leave."""

    on: date
    by: str
    text: str
    state: str


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A customer on the list. ``signals`` are the gravest first, those that fade last.

    ``since`` is the first day of the oldest signal that stands. ``kept``: no signal would put it
    here any more, but it has not been clear for long enough, or nobody said so in a note.
    """

    entity: str
    name: str
    rating: str
    level: str
    signals: tuple[Signal, ...]
    since: date | None
    kept: bool
    next_review_on: date
    note: Note | None


def watch_list(
    survey: Survey,
    least: str = LEVELS[1],
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Watched]:
    """List who is watched at this level or above, the highest level and longest since first."""
    levels = LEVELS[LEVELS.index(least) :]
    with reading(survey.engine) as conn:
        names, notes = entity_names(conn), _notes(list_decisions(conn))
    found = [
        _watched(row, signals_of(row, survey.policy), names, notes)
        for portion in survey.portions(progress=progress)
        for row in portion.frame.iter_rows(named=True)
        if row["watch_level"] in levels
    ]
    return sorted(
        found, key=lambda one: (-LEVELS.index(one.level), one.since or survey.as_of, one.entity)
    )


def _notes(decisions: Iterable[Decision]) -> dict[str, Note]:
    """Find each company's newest note that was not rejected."""
    found: dict[str, Note] = {}
    for one in decisions:
        if one.kind == "watch_note" and one.state != "rejected" and one.entity is not None:
            note = Note(on=one.from_on, by=one.author, text=one.text, state=one.state)
            found.setdefault(one.entity, note)
    return found


def _watched(
    row: dict[str, Any],
    signals: tuple[Signal, ...],
    names: dict[str, str],
    notes: dict[str, Note],
) -> Watched:
    standing = [signal.first_on for signal in signals if not signal.cleared]
    return Watched(
        entity=row["entity"],
        name=names.get(row["entity"], row["entity"]),
        rating=row["rating"],
        level=row["watch_level"],
        signals=signals,
        since=min(standing, default=None),
        kept=row["kept_on_list"],
        next_review_on=row["next_review_on"],
        note=notes.get(row["entity"]),
    )


def watch_sheet(found: Iterable[Watched], texts: Texts) -> Sheet:
    """Lay out the list: a line of evidence for each signal, and the newest note."""
    rows: list[list[Cell]] = [
        [
            one.name,
            one.rating,
            texts.say(f"watch.{one.level}"),
            _evidence(one, texts),
            texts.day(one.next_review_on),
        ]
        for one in found
    ]
    columns = ("company", "grade", "level", "signals", "review_on")
    return Sheet.of(texts, "watch_list", columns, rows, words=len(columns))


def signal_line(signal: Signal, texts: Texts) -> str:
    """Say a signal with its evidence and since when it stands."""
    evidence = signal_text(signal, texts)
    return texts.say("report.signal", id=signal.code, evidence=evidence, since=signal.first_on)


def _evidence(one: Watched, texts: Texts) -> str:
    lines = [signal_line(signal, texts) for signal in one.signals]
    lines = lines or [texts.say("report.kept_on_list")]
    if one.note is not None:
        code = "report.note" if one.note.state == "approved" else "report.note_waits"
        lines.append(texts.say(code, on=one.note.on, by=one.note.by, text=one.note.text))
    return "\n".join(lines)
