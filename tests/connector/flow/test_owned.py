"""Only our own fields, and only while they hold what we last wrote."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.port import CreditField, FieldValue, field_text
from connector.flow.owned import OwnedCheck, check_owned
from tests.connector.work.writes import an_update

RATING, TERMS, LIMIT = CreditField.RATING, CreditField.TERMS_DAYS, CreditField.LIMIT
TEXTS = st.sampled_from(["", "A", "B", "C"])


def check(
    in_crm: Mapping[CreditField, FieldValue],
    told: Mapping[CreditField, str],
    *,
    unconfirmed: Mapping[CreditField, frozenset[str]] | None = None,
    overwrite: bool = False,
) -> OwnedCheck:
    wish = an_update(rating="B")
    return check_owned(wish, in_crm, told, unconfirmed or {}, overwrite=overwrite)


def test_a_field_that_holds_what_we_wrote_is_written() -> None:
    done = check({RATING: "A"}, {RATING: "A"})

    assert (done.write, done.old, done.edited) == ({RATING: "B"}, {RATING: "A"}, ())


def test_an_empty_field_that_we_never_wrote_is_written() -> None:
    assert check({RATING: None}, {}).write == {RATING: "B"}


@pytest.mark.parametrize("told", [{}, {RATING: "A"}])
def test_a_field_that_a_person_filled_is_left(told: Mapping[CreditField, str]) -> None:
    assert check({RATING: "AAA"}, told) == OwnedCheck(edited=(RATING,))


def test_a_field_that_a_person_emptied_is_left() -> None:
    assert check({RATING: ""}, {RATING: "A"}).edited == (RATING,)


def test_a_field_that_holds_the_wish_already_is_not_written_whoever_put_it_there() -> None:
    done = check({RATING: " B "}, {RATING: "A"})

    assert (done.write, done.edited, done.held) == ({}, (), {RATING: "B"})


def test_a_value_whose_sending_nobody_confirmed_is_our_own() -> None:
    done = check({RATING: "C"}, {RATING: "A"}, unconfirmed={RATING: frozenset({"C"})})

    assert done.write == {RATING: "B"}


def test_a_person_may_decide_that_our_value_wins() -> None:
    assert check({RATING: "AAA"}, {RATING: "A"}, overwrite=True).write == {RATING: "B"}


def test_one_edited_field_stops_the_whole_update() -> None:
    wish = an_update(rating="B", terms_days=30)

    done = check_owned(wish, {RATING: "A", TERMS: 90}, {RATING: "A", TERMS: "60"}, {})

    assert (done.write, done.edited) == ({}, (TERMS,))


def test_equal_numbers_are_equal_however_the_crm_spells_them() -> None:
    wish = an_update(limit=Decimal("100.00"))

    assert check_owned(wish, {LIMIT: 100}, {LIMIT: "5"}, {}).write == {}


def test_a_field_the_crm_does_not_keep_is_sent_and_judged_there() -> None:
    assert check({}, {RATING: "A"}).write == {RATING: "B"}


def test_stamps_alone_are_no_reason_to_write() -> None:
    wish = an_update(rating="B", assessment_id="AS-2")
    in_crm: dict[CreditField, FieldValue] = {RATING: "B", CreditField.ASSESSMENT_ID: "AS-1"}
    told = {CreditField.ASSESSMENT_ID: "AS-1"}

    assert check_owned(wish, in_crm, told, {}).write == {}
    assert check_owned(wish, in_crm | {RATING: None}, told, {}).write == wish.values


@given(stands=TEXTS, told=st.none() | TEXTS, wished=TEXTS)
def test_what_a_person_wrote_is_never_overwritten(
    stands: str, told: str | None, wished: str
) -> None:
    known = {} if told is None else {RATING: told}

    done = check_owned(an_update(rating=wished), {RATING: stands}, known, {})

    written = RATING in done.write
    assert written == (stands != field_text(wished) and stands == (told or ""))
