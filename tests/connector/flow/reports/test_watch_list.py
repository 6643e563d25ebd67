"""The watch list: who is on it at which level, with evidence, since when, and the newest note."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.reports.watch_list import Watched, watch_list, watch_sheet
from connector.texts.catalogue import Texts
from tests.connector.flow.deciding import AS_OF
from tests.connector.flow.reports.surveying import a_survey, decided, night, record, two_customers


def dishonest(engine: sa.Engine) -> None:
    """甲 is on the list of dishonest judgment debtors (E14, critical)."""
    record(engine, "dishonest")


def of_first(found: list[Watched]) -> Watched:
    return next(one for one in found if one.entity == "zoho:a1")


def test_who_is_watched_is_told_with_evidence_and_since_when(
    engine: sa.Engine, clock: FixedClock
) -> None:
    two_customers(engine)
    dishonest(engine)
    night(engine, clock)
    night(engine, clock, days=3)

    found = watch_list(a_survey(engine, AS_OF + timedelta(days=4)))

    one = of_first(found)
    assert (one.level, one.name, one.kept) == ("high", "甲公司", False)
    assert {signal.code: signal.first_on for signal in one.signals}["E14"] == AS_OF
    assert one.since == AS_OF
    assert one.next_review_on <= AS_OF + timedelta(days=4)
    assert [other.entity for other in found if other.level == "normal"] == []


def test_a_level_and_those_above_it_are_listed(engine: sa.Engine) -> None:
    """Tax arrears (E16) count 4: watch."""
    two_customers(engine)
    record(engine, "tax_arrears")

    found = {
        least: [one.level for one in watch_list(a_survey(engine), least)]
        for least in ("attention", "watch", "high")
    }

    assert found == {"attention": ["watch"], "watch": ["watch"], "high": []}


def test_the_newest_note_is_shown_and_a_rejected_one_is_not(engine: sa.Engine) -> None:
    two_customers(engine)
    dishonest(engine)
    decided(engine, "watch_note", id="n1", text="已与财务核对", author="王强")
    decided(engine, "watch_note", id="n2", text="不算数", state="rejected")

    note = of_first(watch_list(a_survey(engine))).note

    assert note is not None
    assert (note.by, note.text, note.state) == ("王强", "已与财务核对", "approved")


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("高风险", "待审批")), ("en", ("high", "waits"))]
)
def test_it_reads_in_both_tongues(lang: str, words: tuple[str, ...], engine: sa.Engine) -> None:
    two_customers(engine)
    dishonest(engine)
    decided(engine, "watch_note", state="draft", approver=None)

    sheet = watch_sheet(watch_list(a_survey(engine)), Texts(lang))

    told = "\n".join(str(cell) for row in sheet.rows for cell in row)
    assert all(word in told for word in (*words, "E14", "已核实")), told


def test_nobody_is_watched_where_nothing_is_wrong(engine: sa.Engine) -> None:
    two_customers(engine, due_on=AS_OF + timedelta(days=30))

    found = watch_list(a_survey(engine))

    assert found == []
    assert watch_sheet(found, Texts("en")).empty == "nobody is on it at this level"
