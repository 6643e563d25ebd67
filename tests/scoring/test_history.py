"""Group H: bureau scores, negative records, references, tax grade, and the facts for the gates."""

from datetime import date
from decimal import Decimal
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.policy import BureauProviderPolicy, HistoryGroupPolicy, Policy
from scoring.windows import months_before
from tests.builders import (
    AS_OF,
    Row,
    a_record,
    a_steady_payer,
    a_write_off,
    days_ago,
)
from tests.credit_files import a_last_assessment, an_extract, figures, with_groups

_TEN_AGO, _MONTH_AGO, _TWO_MONTHS_AGO = (days_ago(days) for days in (10, 30, 60))
_SLOWLY = settings(max_examples=25, deadline=None)


def _ago(months: int) -> date:
    return months_before(AS_OF, months)


def _with(**changes: object) -> Policy:
    policy = with_groups("payment", "history")
    history = msgspec.structs.replace(policy.scorecard.history, **changes)
    card = msgspec.structs.replace(policy.scorecard, history=history)
    return msgspec.structs.replace(policy, scorecard=card)


def _report(value: float | None = None, *, on: date = _MONTH_AGO, **columns: object) -> Row:
    key = f"b-{on}-{value}-{columns.get('source')}"
    row = a_record("bureau", record=key, known_on=on, value=value, event_on=on)
    return Row(row.frame, row.values | {"source": "score-100"} | columns)


def _check(on: date = _TEN_AGO) -> Row:
    return a_record("judicial_check", known_on=on, event_on=on)


def _lawsuit(months: int, status: str = "defendant") -> Row:
    return a_record("lawsuit", known_on=_ago(months), event_on=_ago(months), status=status)


def test_a_bureaus_scale_becomes_0_to_100_with_its_direction() -> None:
    risk = BureauProviderPolicy(highest=Decimal(500), higher_is_better=False)
    policy = _with(providers={"risk": risk})

    assert figures(_report(72.0))["bureau_score"] == 72.0
    assert figures(_report(100.0, source="risk"), policy=policy)["bureau_score"] == 80.0
    assert figures(_report(900.0, source="risk"), policy=policy)["bureau_score"] == 0.0


def test_a_bureaus_grade_goes_before_its_score() -> None:
    assert figures(_report(3.0, source="ten-grades", status="BBB"))["bureau_score"] == 65.0


def test_an_unknown_provider_is_ignored_and_told() -> None:
    row = figures(_report(99.0, source="oracle"))

    assert (row["bureau_score"], row["bureau_unknown"]) == (None, "oracle")


@pytest.mark.parametrize(
    ("grade", "months", "counts"),
    [(None, 6, True), (None, 7, False), ("A", 12, True), ("A", 13, False)],
)
def test_a_report_counts_half_a_year_or_a_year_for_good_customers(
    grade: str | None, months: int, *, counts: bool
) -> None:
    before = [] if grade is None else [a_last_assessment(grade)]
    row = figures(_report(50.0, on=_ago(months)), before)

    assert (row["bureau_score"] is not None) == counts


def test_of_several_reports_the_latest_counts_or_the_worst_by_policy() -> None:
    reports = [_report(40.0, on=days_ago(90)), _report(70.0, on=days_ago(20))]

    assert figures(reports)["bureau_score"] == 70.0
    assert figures(reports, policy=_with(pick="worst"))["bureau_score"] == 40.0


@pytest.mark.parametrize(
    ("months", "severity", "share"),
    [(0, 20.0, 65.0), (12, 10.0, 80.0), (24, 5.0, 90.0), (35, 5.0, 90.0), (36, 0.0, 100.0)],
)
def test_a_lawsuit_fades_by_half_a_year_to_a_quarter_until_it_is_forgotten(
    months: int, severity: float, share: float
) -> None:
    """20 · 0.5^(months/12), never below 5 before 36 months; curve 0:100 10:80 30:50."""
    row = figures(_lawsuit(months), _check())

    assert row["negative_severity"] == pytest.approx(severity)
    assert row["share_negative_records"] == pytest.approx(share)


def test_an_unperformed_judgment_never_fades_and_a_performed_one_does() -> None:
    long_ago = _ago(24)
    listed = a_record("enforcement", known_on=long_ago, event_on=long_ago)
    performed = Row(listed.frame, listed.values | {"ended_on": days_ago(3)})

    assert figures(listed)["negative_severity"] == 60.0
    assert figures(performed)["negative_severity"] == 15.0


def test_records_add_up() -> None:
    rows = [a_record("enforcement"), a_record("penalty"), _check()]
    row = figures(rows)

    assert (row["n_negative"], row["negative_severity"]) == (2, 80.0)
    assert row["share_negative_records"] == pytest.approx(10.0)


def test_suing_others_is_neutral() -> None:
    row = figures(_lawsuit(1, "plaintiff"), _check())

    assert (row["n_negative"], row["negative_severity"]) == (0, 0.0)


@pytest.mark.parametrize(
    ("checked_on", "severity"), [(None, None), (days_ago(10), 0.0), (_ago(5), 0.0), (_ago(6), None)]
)
def test_nothing_found_is_good_only_where_somebody_looked(
    checked_on: date | None, severity: float | None
) -> None:
    looked = [] if checked_on is None else [_check(checked_on)]

    assert figures(a_steady_payer(), looked)["negative_severity"] == severity


def _reference(value: float, channel: str, source: str) -> Row:
    return a_record("reference", record=source, value=value, channel=channel, source=source)


@pytest.mark.parametrize(
    ("given_references", "score"),
    [
        ([(90.0, "phone")] * 3, 90.0),
        ([(100.0, "phone")], 220 / 3),
        ([(100.0, "self")] * 3, (1.2 * 100 + 1.8 * 60) / 3),
        ([(100.0, "letter"), (20.0, "phone")], (70 + 20 + 1.3 * 60) / 3),
        ([(100.0, "phone")] * 3 + [(20.0, "self")], 308 / 3.4),
    ],
)
def test_references_count_by_how_they_were_verified_and_missing_ones_as_neutral(
    given_references: list[tuple[float, str]], score: float
) -> None:
    rows = [_reference(value, how, f"s{n}") for n, (value, how) in enumerate(given_references)]
    row = figures(rows)

    assert row["n_references"] == len(rows)
    assert row["reference_score"] == pytest.approx(score)


def test_a_referees_last_word_counts() -> None:
    old = a_record(
        "reference", record="o", value=10.0, channel="phone", source="s", known_on=days_ago(90)
    )
    rows = [old, *(_reference(90.0, "phone", name) for name in ("s", "t", "u"))]

    assert figures(rows)["reference_score"] == pytest.approx(90.0)


@pytest.mark.parametrize(
    ("grade", "year_end", "score"),
    [
        ("A", date(2025, 12, 31), 100.0),
        ("M", date(2024, 12, 31), 60.0),
        ("D", date(2024, 12, 29), None),
        ("X", date(2025, 12, 31), None),
    ],
)
def test_a_tax_grade_holds_until_the_next_is_due(
    grade: str, year_end: date, score: float | None
) -> None:
    row = figures(a_record("tax_grade", status=grade, event_on=year_end, known_on=days_ago(60)))

    assert row["tax_score"] == score


def _insurance(
    status: str, *, amount: int = 50_000_00, on: date = _TWO_MONTHS_AGO, **more: object
) -> Row:
    key = f"i-{status}-{on}-{more.get('source')}"
    row = a_record("insurance", record=key, status=status, known_on=on, amount=amount, value=90.0)
    return Row(row.frame, row.values | {"currency": "CNY"} | more)


def test_the_largest_insured_limit_in_force_counts_with_its_cover() -> None:
    row = figures(
        _insurance("in_force", source="x"),
        _insurance("in_force", amount=80_000_00, source="y", value=80.0),
    )

    assert (row["insurer_limit"], row["insurer_cover"]) == (80_000_00, 80.0)


@pytest.mark.parametrize(
    "after",
    [
        _insurance("withdrawn", on=days_ago(5), source="x"),
        _insurance("refused", on=days_ago(5), source="x"),
        _insurance("in_force", on=days_ago(5), source="x", valid_to=days_ago(1)),
    ],
)
def test_an_insurers_last_word_ends_its_cover(after: Row) -> None:
    assert figures(_insurance("in_force", source="x"), after)["insurer_limit"] is None


def test_points_of_the_group_by_hand() -> None:
    """Bureau 80 · 8 = 6.4; lawsuit 20 → 65 % · 6 = 3.9; no references; tax B 80 % · 3 = 2.4: 12.7 of 17."""
    row = figures(
        _report(80.0), _lawsuit(0), _check(), a_record("tax_grade", status="B", event_on=_ago(6))
    )

    assert row["share_history"] == pytest.approx(12.7 / 17)
    assert row["present_history"] == 17.0


def test_public_records_become_facts() -> None:
    row = figures(
        an_extract(founded_on=date(2026, 1, 1)),
        a_record("dishonest"),
        a_record("abnormal_list", ended_on=days_ago(1)),
        a_record("ring_fence"),
    )

    assert (row["registry_status"], row["founded_months"]) == ("active", 5)
    assert (row["dishonest_open"], row["abnormal_open"]) == (True, False)
    assert (row["ceased"], row["ring_fenced"]) == (False, True)


@pytest.mark.parametrize(("months", "lately"), [(35, True), (36, False)])
def test_a_write_off_is_remembered_for_36_months(months: int, *, lately: bool) -> None:
    row = figures(a_steady_payer(), a_write_off(None, written_off_on=_ago(months)))

    assert row["written_off_lately"] is lately


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"points": Decimal(21)}, "hold 20 points, the group 21"),
        ({"half_life_months": 0}, "half_life_months"),
        ({"severity_floor": Decimal(2)}, "severity_floor"),
        (
            {"severity": {"dishonest": Decimal(-1)}, "never_decay": ()},
            "severity.dishonest: starts at 0",
        ),
        ({"never_decay": ("gossip",)}, "gossip"),
        ({"channels": {"phone": Decimal(0)}}, "channels"),
        ({"tax_grades": {"A": Decimal(101)}}, "tax_grades"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        HistoryGroupPolicy(**changes)  # type: ignore[arg-type]


def test_an_empty_scale_of_a_bureau_is_refused() -> None:
    with pytest.raises(ValueError, match="lowest"):
        BureauProviderPolicy(lowest=Decimal(100))
    with pytest.raises(ValueError, match="AAA"):
        BureauProviderPolicy(grades={"AAA": Decimal(101)})


_kinds = st.sampled_from(sorted(HistoryGroupPolicy().severity))


@st.composite
def _negatives(draw: st.DrawFn) -> list[Row]:
    rows = []
    for number in range(draw(st.integers(0, 4))):
        on = days_ago(draw(st.integers(0, 1500)))
        row = a_record(
            draw(_kinds),
            record=f"n{number}",
            known_on=on,
            event_on=on,
            ended_on=draw(st.sampled_from((None, days_ago(0), on))),
            status=draw(st.sampled_from((None, "plaintiff"))),
        )
        rows.append(row)
    return rows


@_SLOWLY
@given(rows=_negatives(), more=_negatives())
def test_more_negative_records_never_improve_score_or_grade(
    rows: list[Row], more: list[Row]
) -> None:
    """Where somebody looked; a first record where nobody did replaces a missing figure."""
    basis = [*a_steady_payer(), _check(), _report(60.0)]
    extra = [Row(row.frame, row.values | {"record": f"m{row.values['record']}"}) for row in more]
    before, after = figures(basis, rows), figures(basis, rows, extra)

    assert after["score"] <= before["score"]
    assert after["grade"] >= before["grade"]


@_SLOWLY
@given(rows=_negatives(), later=_negatives(), seed=st.randoms(use_true_random=False))
def test_neither_later_records_nor_their_order_matter(
    rows: list[Row], later: list[Row], seed: Random
) -> None:
    as_of = days_ago(200)
    known = [row for row in rows if row.values["known_on"] <= as_of]  # type: ignore[operator]
    future = [
        Row(row.frame, row.values | {"record": f"f{n}", "known_on": days_ago(n)})
        for n, row in enumerate(later)
    ]
    shuffled = [*known, *future]
    seed.shuffle(shuffled)
    picked = ("negative_severity", "score", "grade", "completeness", "default_record")
    then = figures(a_steady_payer(months=20), known, as_of=as_of)
    now = figures(a_steady_payer(months=20), shuffled, as_of=as_of)

    assert [now[name] for name in picked] == [then[name] for name in picked]
