"""The credit file: completeness, freshness, confidence, what runs out."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.dossier import ITEMS, applicable, expiring_items
from scoring.policy import DossierItemPolicy, DossierPolicy, Policy
from scoring.windows import months_before
from tests.builders import AS_OF, Row, a_book, a_record, a_steady_payer, an_entity, days_ago
from tests.credit_files import (
    a_full_file,
    a_last_assessment,
    a_statement,
    an_extract,
    figures,
    with_groups,
)

_SLOWLY = settings(max_examples=20, deadline=None)


def _ago(months: int) -> date:
    return months_before(AS_OF, months)


def _with(policy: Policy | None = None, **changes: object) -> Policy:
    policy = policy or with_groups()
    return msgspec.structs.replace(
        policy, dossier=msgspec.structs.replace(policy.dossier, **changes)
    )


def test_the_weights_of_the_whole_file_make_100() -> None:
    assert sum(applicable(with_groups()).values()) == 100
    assert set(applicable(with_groups())) == set(ITEMS)


def test_a_full_file_is_complete() -> None:
    row = figures(a_steady_payer(), a_full_file())

    assert (row["completeness"], row["confidence"], row["starter_only"]) == (100, "high", False)
    assert all(row[f"fresh_{item}"] == 100.0 for item in ITEMS)


def test_payment_behaviour_alone_is_judged_by_identity_contacts_and_trade() -> None:
    payment = with_groups("payment")

    assert set(applicable(payment)) == {"identity", "contacts", "trading_history"}
    assert figures(a_steady_payer(), a_record("contacts"), policy=payment)["completeness"] == 100
    assert figures(a_steady_payer(), policy=payment)["completeness"] == 78  # 18 of 23
    assert figures(a_steady_payer(months=4), policy=payment)["completeness"] == 52  # 12 of 23


def test_an_item_serves_its_groups_and_counts_with_them_only() -> None:
    financial = set(applicable(with_groups("financial")))
    qualitative = set(applicable(with_groups("qualitative")))

    assert {"statements", "interim"} <= financial
    assert not {"bureau", "registry"} & financial
    assert "registry" in qualitative
    assert not {"bureau", "statements"} & qualitative


def test_the_policy_may_count_every_item_and_switch_one_off() -> None:
    whole = _with(with_groups("payment"), only_groups_in_use=False)
    less = _with(whole, contract=DossierItemPolicy(weight=Decimal(0)))

    assert sum(applicable(whole).values()) == 100
    assert sum(applicable(less).values()) == 92


@pytest.mark.parametrize(
    ("known_on", "fresh"),
    [
        (_ago(12), 100.0),
        (date(2024, 12, 30), 183 * 100 / 365),  # valid to 30 December 2025, worthless a year later
        (_ago(24), 0.0),
        (_ago(40), 0.0),
    ],
)
def test_freshness_falls_from_1_to_0_between_one_and_two_times_to_live(
    known_on: date, fresh: float
) -> None:
    assert figures(an_extract(known_on=known_on))["fresh_registry"] == pytest.approx(fresh)


def test_a_contract_ends_on_its_day() -> None:
    assert figures(a_record("contract", valid_to=AS_OF))["fresh_contract"] == 100.0
    assert figures(a_record("contract", valid_to=days_ago(1)))["fresh_contract"] == 0.0
    assert figures(a_record("contract"))["fresh_contract"] == 100.0
    assert figures(a_record("contract", ended_on=days_ago(1)))["fresh_contract"] == 0.0


def test_a_paper_that_states_an_earlier_end_is_valid_no_longer() -> None:
    row = figures(a_record("evidence", known_on=_ago(2), valid_to=_ago(1)))

    assert 0.0 < row["fresh_evidence"] < 100.0


def test_a_refused_balance_confirmation_is_none() -> None:
    assert (
        figures(a_record("balance_confirmation", status="refused"))["fresh_balance_confirmation"]
        == 0.0
    )


@pytest.mark.parametrize(
    ("identity", "fresh"), [("ok", 100.0), ("missing", 50.0), ("invalid", 0.0), ("conflict", 0.0)]
)
def test_identity_is_whole_with_a_valid_company_code_and_half_with_a_name(
    identity: str, fresh: float
) -> None:
    assert figures(an_entity(identity=identity))["fresh_identity"] == fresh


def test_statements_age_from_the_end_of_their_period() -> None:
    row = figures(a_statement(period_end=_ago(15)), a_statement(period_end=_ago(6), months=6))

    assert (row["fresh_statements"], row["fresh_interim"]) == (100.0, 100.0)
    assert figures(a_statement(period_end=_ago(16)))["fresh_statements"] < 100.0
    assert figures(a_statement(period_end=AS_OF + timedelta(days=1)))["fresh_statements"] == 0.0


@pytest.mark.parametrize(
    "lines",
    [
        {"equity": 340_000_00},  # does not balance
        {"revenue": -1},
        {"paid_in_capital": 200_000_000_00},  # in another unit than the capital that was registered
        {"period_end": days_ago(0)},  # ended after it was received
    ],
)
@pytest.mark.parametrize(("item", "months", "ago"), [("statements", 12, 18), ("interim", 6, 8)])
def test_a_statement_that_was_refused_is_no_document(
    item: str, months: int, ago: int, lines: dict[str, object]
) -> None:
    good = a_statement(months=months)
    refused = Row("statements", good.values | lines)
    earlier = a_statement(months=months, period_end=_ago(ago))
    extract = a_record("registry", amount=200_000_00)

    def fresh(*statements: Row) -> float:
        return float(figures(extract, *statements)[f"fresh_{item}"])

    assert (fresh(good), fresh(refused)) == (100.0, 0.0)
    assert 0.0 < fresh(earlier) < 100.0
    assert fresh(refused, earlier) == fresh(earlier)


@pytest.mark.parametrize(
    ("grade", "months", "expired"),
    [(None, 3, False), (None, 4, True), ("BB", 1, False), ("BB", 2, True), ("BBB", 3, False)],
)
def test_the_judicial_check_expires_sooner_for_weak_customers(
    grade: str | None, months: int, *, expired: bool
) -> None:
    before = [] if grade is None else [a_last_assessment(grade)]
    row = figures(a_record("judicial_check", event_on=_ago(months), known_on=_ago(months)), before)

    assert row["judicial_check_expired"] is expired


@pytest.mark.parametrize(("grade", "fresh"), [("A", 100.0), ("CC", 0.0), (None, 100.0)])
def test_a_statement_lives_by_the_last_grade_where_the_policy_says_so(
    grade: str | None, fresh: float
) -> None:
    """The year ended six months ago: valid 15 months, for weak customers 2."""
    item = DossierItemPolicy(weight=Decimal(18), months=15, months_good=20, months_weak=2)
    policy = _with(statements=item)
    before = [] if grade is None else [a_last_assessment(grade)]

    assert figures(a_statement(), before, policy=policy)["fresh_statements"] == fresh


def test_nobody_ever_looked_is_expired_only_where_history_is_in_use() -> None:
    assert figures(an_entity())["judicial_check_expired"] is True
    assert figures(an_entity(), policy=with_groups("payment"))["judicial_check_expired"] is False


@pytest.mark.parametrize(
    ("taken", "completeness", "confidence"),
    [
        (set(), 100, "high"),
        ({"contract", "contacts"}, 87, "high"),
        ({"bureau", "contract", "ownership"}, 76, "medium"),
    ],
)
def test_confidence_follows_completeness(
    taken: set[str], completeness: int, confidence: str
) -> None:
    rows = [row for row in a_full_file() if row.values.get("kind") not in taken]
    row = figures(a_steady_payer(), rows)

    assert (row["completeness"], row["confidence"]) == (completeness, confidence)


def test_a_group_without_data_costs_a_step_of_confidence() -> None:
    """Without any statement 22 of 100 are missing: medium, and a step lower for group F."""
    rows = [row for row in a_full_file() if row.frame != "statements"]
    row = figures(a_steady_payer(), rows)

    assert (row["completeness"], row["n_low"]) == (78, 1)
    assert (row["confidence"], row["low_confidence"], row["starter_only"]) == ("low", True, True)


def test_a_policy_that_rests_on_no_file_is_not_held_back_by_an_empty_one() -> None:
    """Payment behaviour alone: a foreign customer without contacts is judged by how it pays."""
    nameless = an_entity(identity="missing")
    alone = figures(nameless, a_steady_payer(), policy=with_groups("payment"))
    whole = figures(nameless, a_steady_payer())

    assert alone["completeness"] < 60
    assert (alone["confidence"], alone["starter_only"]) == ("medium", False)
    assert (whole["confidence"], whole["starter_only"]) == ("low", True)


def test_documents_that_run_out_soon_are_listed_until_a_newer_one_comes() -> None:
    contract = a_record("contract", valid_to=days_ago(-30))
    owners = a_record("ownership", known_on=_ago(12) + timedelta(days=3))
    later = a_record("contacts", known_on=_ago(10))
    renewed = [an_extract(known_on=_ago(12)), an_extract(known_on=days_ago(9))]
    rows = [contract, owners, later, *renewed]
    found = expiring_items(a_book(rows), with_groups(), AS_OF)

    assert found.rows() == [(0, "owners", days_ago(-3)), (0, "contract", days_ago(-30))]
    row = figures(rows)
    assert (row["expiring"], row["expiring_on"]) == ("owners", days_ago(-3))


def test_nothing_runs_out_where_the_item_does_not_count() -> None:
    contract = a_record("contract", valid_to=days_ago(-3))

    assert expiring_items(a_book(contract), with_groups("payment"), AS_OF).height == 0


_DOCUMENTS = ("registry", "ownership", "evidence", "bureau", "judicial_check", "contract")


@_SLOWLY
@given(
    ages=st.lists(st.integers(0, 900), min_size=len(_DOCUMENTS), max_size=len(_DOCUMENTS)),
    fresher=st.integers(0, 900),
    which=st.sampled_from(_DOCUMENTS),
)
def test_a_fresher_document_never_lowers_completeness(
    ages: list[int], fresher: int, which: str
) -> None:
    rows = [
        a_record(kind, known_on=days_ago(age)) for kind, age in zip(_DOCUMENTS, ages, strict=True)
    ]
    newer = a_record(which, record="newer", known_on=days_ago(fresher))
    before, after = figures(rows), figures(rows, newer)

    assert after["completeness"] >= before["completeness"]


@_SLOWLY
@given(days=st.integers(1, 400))
def test_documents_of_later_days_do_not_exist(days: int) -> None:
    rows = [row for row in a_full_file() if row.frame == "credit_records"]
    known = [row for row in rows if _day(row) <= days_ago(days)]
    as_of = days_ago(days)
    names = [f"fresh_{item}" for item in ITEMS]
    whole, then = figures(rows, as_of=as_of), figures(an_entity(), known, as_of=as_of)

    assert [whole[name] for name in names] == [then[name] for name in names]


def _day(row: Row) -> date:
    day = row.values["known_on"]
    assert isinstance(day, date)
    return day


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"good_from": "AAAA"}, "is no grade"),
        ({"good_from": "B"}, "better grade"),
        ({"high_from": Decimal(50)}, "medium_from < high_from"),
        ({"name_only_share": Decimal(2)}, "name_only_share"),
        ({"expires_within_days": -1}, "expires_within_days"),
        (
            dict.fromkeys(
                ("identity", "contacts", "trading_history"), DossierItemPolicy(weight=Decimal(0))
            ),
            "weight above 0",
        ),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        DossierPolicy(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weight": Decimal(-1)}, "weight: starts at 0"),
        ({"weight": Decimal(1), "months": 0}, "starts at 1"),
        ({"weight": Decimal(1), "months_good": 3}, "is needed beside"),
    ],
)
def test_an_item_that_makes_no_sense_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        DossierItemPolicy(**changes)  # type: ignore[arg-type]
