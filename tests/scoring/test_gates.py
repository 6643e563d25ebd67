"""Gates G0 to G12: each condition, each cap, its reason; parents and their guarantees."""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.texts.catalogue import LANGUAGES, Texts
from scoring.gates import GATES
from scoring.losses import SETBACKS
from scoring.parents import parents_of
from scoring.policy import GRADES, Policy
from scoring.reasons import reasons_of
from scoring.windows import months_before
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_paid_invoice,
    a_record,
    a_steady_payer,
    a_write_off,
    an_entity,
    an_invoice,
    days_ago,
)
from tests.credit_files import (
    a_child,
    a_full_file,
    a_guarantee,
    a_statement,
    an_extract,
    figures,
    judged,
    with_groups,
)
from tests.oracle.books import RATES, books

_SLOWLY = settings(max_examples=20, deadline=None)
_GOOD = [*a_steady_payer(amount=2_000_000), *a_full_file()]


def _ago(months: int) -> date:
    return months_before(AS_OF, months)


def _without(*kinds: str) -> list[Row]:
    return [row for row in _GOOD if row.values.get("kind") not in kinds]


def _grade(row: dict[str, object]) -> str | None:
    grade = row["grade"]
    return None if grade is None else GRADES[int(str(grade))]


def _reason(row: dict[str, object], policy: Policy | None = None) -> str:
    return reasons_of(row, policy or with_groups())[0].code


def _late(days: int, amount: int = 100_000) -> Row:
    return an_invoice("late", amount=amount, issued_on=days_ago(days + 30))


_CASES = {
    "insolvency": ([a_record("insolvency")], "D", "default_insolvency"),
    "liquidation": (
        [an_extract(status="liquidation", known_on=days_ago(2))],
        "D",
        "default_liquidation",
    ),
    "our own claim": (
        [a_record("dishonest", status="our_claim")],
        "D",
        "default_dishonest_our_claim",
    ),
    "extension in distress": (
        [a_record("distressed_extension")],
        "D",
        "default_distressed_extension",
    ),
    "written off now": ([a_write_off(None)], "D", "default_write_off"),
    "G1": ([a_record("dishonest")], "C", "dishonest"),
    "G1 performed": ([a_record("dishonest", ended_on=days_ago(1))], None, None),
    "G2 revoked": ([an_extract(status="revoked", known_on=days_ago(2))], "C", "ceased"),
    "G2 violation": ([a_record("serious_violation")], "C", "ceased"),
    "G2 moved": ([an_extract(status="moved_out", known_on=days_ago(2))], None, None),
    "G3": ([a_record("abnormal_list")], "B", "abnormal_list"),
    "G3 removed": ([a_record("abnormal_list", ended_on=days_ago(1))], None, None),
    "G4": ([_late(91)], "CCC", "over_90_days"),
    "G5": ([_late(61, 40_000_000)], "B", "over_60_days"),
    "G6": ([a_write_off(None, written_off_on=_ago(20))], "CCC", "written_off"),
    "G6 forgotten": ([a_write_off(None, written_off_on=_ago(36))], None, None),
    "G7": ([a_statement(period_end=date(2026, 4, 30), equity=-1_00)], "B", "negative_equity"),
    "G10": ([an_extract(founded_on=date(2025, 7, 1), known_on=days_ago(2))], "BB", "young_company"),
    "G10 just a year": (
        [an_extract(founded_on=date(2025, 6, 30), known_on=days_ago(2))],
        None,
        None,
    ),
}


@pytest.mark.parametrize("case", _CASES)
def test_each_gate_caps_the_rating_of_a_good_customer_and_says_so(case: str) -> None:
    rows, cap, code = _CASES[case]
    row = figures(_GOOD, rows)

    if cap is None:
        assert row["grade"] == row["score_grade"]
    else:
        assert (_grade(row), _reason(row)) == (cap, code)


def test_the_good_customer_is_above_every_cap() -> None:
    assert _grade(figures(_GOOD)) in {"AAA", "AA", "A"}


def test_low_confidence_caps_and_tells_what_is_missing() -> None:
    row = figures(
        _without("bureau", "contract", "judicial_check", "ownership", "contacts", "registry")
    )
    gates = [gate.code for gate in GATES if row[f"gate_{gate.code}"]]

    assert gates == ["low_confidence"]
    assert _grade(row) == "BB"
    reason = reasons_of(row, with_groups())[0]
    assert reason.params == {
        "percent": row["completeness"],
        "threshold": "60",
        "groups": row["n_low"],
        "cap": "BB",
    }


def test_no_statement_of_this_customer_caps_though_others_have_them() -> None:
    rows = [row for row in _GOOD if row.frame != "statements"]
    other = [Row("statements", a_statement().values | {"statement": "o", "entity": "E2"})]
    row = figures(rows, other)

    assert row["gate_no_statements"] is True
    assert figures(_GOOD, policy=with_groups("payment"))["gate_no_statements"] is True


def test_gates_that_rest_on_public_records_rate_even_a_stranger() -> None:
    assert _grade(figures(a_record("dishonest"))) == "C"
    assert _grade(figures(a_record("abnormal_list"))) == "B"
    assert figures(an_extract(founded_on=days_ago(30)))["unrated"] == "no_history"


@pytest.mark.parametrize("identity", ["invalid", "conflict"])
def test_an_identity_in_doubt_forbids_any_rating(identity: str) -> None:
    row = figures(an_entity(identity=identity), _GOOD, a_record("dishonest"))

    assert (row["grade"], row["unrated"]) == (None, f"identity_{identity}")


def test_a_default_on_record_is_cured_six_months_after_it_ended() -> None:
    def insolvent(ended_on: date) -> str | None:
        record = a_record("insolvency", known_on=_ago(30), ended_on=ended_on)
        return _grade(figures(_GOOD, record))

    assert insolvent(_ago(5)) == "D"
    assert insolvent(_ago(7)) != "D"


def _family(*rows: Row | list[Row], policy: Policy | None = None) -> dict[str, str | None]:
    frame = judged(*rows, policy=policy)
    return {
        row["entity"]: None if row["grade"] is None else GRADES[row["grade"]]
        for row in frame.iter_rows(named=True)
    }


def _of(entity: str, rows: list[Row]) -> list[Row]:
    """Copy E1's rows to another entity."""
    keys = {"items": "item", "payments": "payment", "allocations": "allocation"}
    keys |= {"credit_records": "record", "statements": "statement", "collateral": "collateral"}
    copies = []
    for row in rows:
        values = dict(row.values) | {"entity": entity}
        for column in {keys[row.frame], "item", "payment"} & set(values):
            values[column] = f"{entity}-{values[column]}"
        copies.append(Row(row.frame, values))
    return copies


@pytest.mark.parametrize(
    ("trouble", "parent", "child"),
    [
        (a_record("insolvency", entity="P"), "D", "C"),
        (a_record("dishonest", entity="P"), "C", "CC"),
        (a_record("abnormal_list", entity="P"), "B", None),
    ],
)
def test_trouble_of_the_parent_caps_the_child_a_grade_above_it(
    trouble: Row, parent: str, child: str | None
) -> None:
    alone = _family(_GOOD)["E1"]
    grades = _family(an_entity("P"), trouble, a_child("E1", "P"), _GOOD)

    assert grades == {"P": parent, "E1": child or alone}


def test_a_ring_fence_keeps_the_parents_trouble_out() -> None:
    family = [an_entity("P"), a_record("insolvency", entity="P"), a_child("E1", "P")]
    alone = _family(_GOOD)["E1"]

    assert _family(family, _GOOD, a_record("ring_fence"))["E1"] == alone
    assert _family(family, _GOOD, a_record("ring_fence", valid_to=days_ago(1)))["E1"] == "C"


def test_the_reason_names_the_parent_and_the_cap_of_this_customer() -> None:
    row = figures(an_entity("P"), a_record("dishonest", entity="P"), a_child("E1", "P"), _GOOD)
    reason = reasons_of(row, with_groups())[0]

    assert (reason.code, reason.params) == (
        "parent_in_trouble",
        {"parent": "Customer P", "cap": "CC"},
    )


def test_a_parents_written_guarantee_holds_the_child_a_grade_below_it() -> None:
    """The child is thin (BB); its parent, a good customer, guarantees."""
    family = [a_child("E1", "P"), *a_paid_invoice("x", late=20), *_of("P", _GOOD), an_entity("P")]
    without, held = _family(family), _family(family, a_guarantee())
    better = GRADES[GRADES.index(str(held["P"])) + 1]

    assert without["E1"] in {"BB", "B"}
    assert held["E1"] == better
    assert _family(family, a_guarantee(valid_to=days_ago(1)))["E1"] == without["E1"]


@pytest.mark.parametrize(
    "own", [_late(91), a_record("abnormal_list"), a_record("dishonest"), a_write_off(None)]
)
def test_a_guarantee_lifts_no_gate_of_what_happened(own: Row) -> None:
    family = [a_child("E1", "P"), *_GOOD, *_of("P", _GOOD), an_entity("P"), own]

    assert _family(family, a_guarantee())["E1"] == _family(family)["E1"]


def test_support_comes_down_level_by_level() -> None:
    family = [an_entity("G"), *_of("G", _GOOD), a_child("P", "G"), a_child("E1", "P")]
    poor = [*a_paid_invoice("x", late=20), *_of("P", a_paid_invoice("x", late=20))]
    held = _family(family, poor, a_guarantee(), a_guarantee(entity="P"))
    top = GRADES.index(str(held["G"]))

    assert (held["P"], held["E1"]) == (GRADES[top + 1], GRADES[top + 2])


def test_a_cycle_of_parents_is_judged_alone() -> None:
    rows = [a_child("E1", "E2"), a_child("E2", "E1"), a_record("insolvency", entity="E2"), *_GOOD]

    assert _family(rows)["E1"] == _family(_GOOD)["E1"]


def test_a_line_of_parents_deeper_than_the_policy_looks_is_judged_alone() -> None:
    line = [an_entity("E0"), *(a_child(f"E{n}", f"E{n - 1}") for n in range(1, 8))]
    found = parents_of(a_book(line), 5)["parent_e"].to_list()

    assert found == [None, 0, 1, 2, 3, 4, None, None]


def test_a_parent_that_is_not_in_the_book_says_nothing() -> None:
    assert _family(a_child("E1", "elsewhere"), _GOOD) == _family(_GOOD)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_gate_and_its_reasons_have_words(language: str) -> None:
    texts = Texts(language)
    reasons = [gate.code for gate in GATES]
    reasons += [f"default_{code}" for code in (*SETBACKS, "write_off")]

    assert [code for code in reasons if not texts.knows(f"reason.{code}")] == []
    assert [gate.code for gate in GATES if not texts.knows(f"gate.{gate.code}")] == []


def test_every_reason_can_be_said_with_its_parameters() -> None:
    texts = Texts("en")
    for rows, _, code in _CASES.values():
        row = figures(_GOOD, rows)
        said = [
            texts.say(f"reason.{one.code}", **one.params)
            for one in reasons_of(row, with_groups())
            if one.sign == "negative"
        ]
        assert (code is None) or said


@_SLOWLY
@given(rows=books())
def test_caps_never_raise_a_grade(rows: list[Row]) -> None:
    frame = judged(rows, rates=RATES, policy=with_groups("payment"))
    for row in frame.iter_rows(named=True):
        if row["grade"] is not None and row["score_grade"] is not None:
            assert row["grade"] >= row["score_grade"]


@_SLOWLY
@given(
    worse=st.lists(
        st.sampled_from(["dishonest", "insolvency", "abnormal_list", "serious_violation"]),
        unique=True,
    ),
    cap=st.sampled_from(["B", "CCC", "C"]),
)
def test_another_gate_never_improves_the_grade(worse: list[str], cap: str) -> None:
    policy = with_groups()
    gates = msgspec.structs.replace(policy.gates, abnormal_cap=cap)
    policy = msgspec.structs.replace(policy, gates=gates)
    grades = [
        figures(_GOOD, [a_record(kind) for kind in worse[:count]], policy=policy)["grade"]
        for count in range(len(worse) + 1)
    ]

    assert grades == sorted(grades)


def test_caps_that_are_no_grade_are_refused() -> None:
    with pytest.raises(ValueError, match="XXX"):
        msgspec.structs.replace(Policy().gates, young_cap="XXX").__post_init__()
    with pytest.raises(ValueError, match="parent_depth"):
        msgspec.structs.replace(Policy().gates, parent_depth=0).__post_init__()
