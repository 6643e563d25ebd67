"""Versions of the policy: handed in, tried, put in force by a second person, and back."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.flow.policies import (
    PolicyRefused,
    activate_version,
    hand_in,
    policy_in_force,
    policy_values,
    set_shadow,
    values_that_differ,
)
from connector.store.audit import verify
from connector.store.engine import reading
from connector.store.policies import StoredPolicy, all_versions, version_on
from connector.store.tables import audit
from scoring.policy import Policy, PolicyError, load_policy
from tests.connector.store.saving import NOW, rows

EXAMPLE = Path(__file__).parents[3] / "policy.example.toml"
TODAY = date(2026, 11, 24)
TOMORROW, NEXT_MONTH = TODAY + timedelta(days=1), date(2026, 12, 1)


def text(version: str, lgd: str = "0.6") -> str:
    return f'version = "{version}"\n[limits]\nlgd = {lgd}\n'


def add(engine: sa.Engine, version: str, *, author: str = "林", lgd: str = "0.6") -> None:
    toml = text(version, lgd)
    hand_in(engine, toml, author=author, note="", configured=Policy(), now=NOW)


def activate(engine: sa.Engine, version: str, **changes: Any) -> None:
    wish: dict[str, Any] = {
        "approver": "Chen",
        "from_on": TODAY,
        "today": TODAY,
        "now": NOW,
        "currency": "CNY",
    }
    activate_version(engine, version, **(wish | changes))


def versions(engine: sa.Engine, day: date = TODAY) -> dict[str, StoredPolicy]:
    with reading(engine) as conn:
        return {one.version: one for one in all_versions(conn, day)}


def states(engine: sa.Engine, day: date = TODAY) -> dict[str, str]:
    return {version: one.state for version, one in versions(engine, day).items()}


def refused(code: str) -> Any:
    return pytest.raises(PolicyRefused, match=f"^{code}:")


def test_a_policy_handed_in_is_a_draft_word_for_word(engine: sa.Engine) -> None:
    add(engine, "v1")

    (stored,) = versions(engine).values()
    assert (stored.state, stored.toml, stored.author) == ("draft", text("v1"), "林")
    assert policy_in_force(engine, TODAY) is None


def test_the_same_text_again_changes_nothing(engine: sa.Engine) -> None:
    add(engine, "v1")
    before = rows(engine, audit)

    add(engine, "v1", author="Chen")

    assert versions(engine)["v1"].author == "林"
    assert rows(engine, audit) == before


def test_a_version_never_changes_its_text(engine: sa.Engine) -> None:
    add(engine, "v1")

    with refused("taken"):
        add(engine, "v1", lgd="0.5")
    assert versions(engine)["v1"].toml == text("v1")


def test_the_configured_policy_s_name_stands_for_that_policy_alone(engine: sa.Engine) -> None:
    with refused("taken"):
        add(engine, Policy().version, lgd="0.5")
    add(engine, Policy().version)

    assert policy_values(load_policy(versions(engine)["default-1"].toml)) == policy_values(Policy())


def test_what_is_no_policy_is_not_stored(engine: sa.Engine) -> None:
    with pytest.raises(PolicyError, match="lgd"):
        add(engine, "v1", lgd="6")
    with refused("reserved"):
        add(engine, "active")
    with refused("nobody"):
        add(engine, "v1", author=" ")
    assert versions(engine) == {}


def test_a_second_person_puts_a_version_in_force(engine: sa.Engine) -> None:
    add(engine, "v1", lgd="0.4")

    for same in ("林", " 林 "):
        with refused("own_work"):
            activate(engine, "v1", approver=same)
    activate(engine, "v1")

    found = policy_in_force(engine, TODAY)
    assert found == load_policy(text("v1", "0.4"))
    assert states(engine) == {"v1": "active"}


def test_capitals_make_no_second_person(engine: sa.Engine) -> None:
    add(engine, "v1", author="chen")

    with refused("own_work"):
        activate(engine, "v1", approver="CHEN")


def test_days_gone_by_keep_their_policy(engine: sa.Engine) -> None:
    add(engine, "v1")

    with refused("gone_by"):
        activate(engine, "v1", from_on=TODAY - timedelta(days=1))
    activate(engine, "v1")

    assert policy_in_force(engine, TODAY - timedelta(days=1)) is None


def test_a_version_planned_ahead_leaves_the_other_in_force_until_its_day(
    engine: sa.Engine,
) -> None:
    add(engine, "v1")
    add(engine, "v2")
    activate(engine, "v1")
    activate(engine, "v2", from_on=NEXT_MONTH)

    assert states(engine) == {"v1": "active", "v2": "draft"}
    assert versions(engine)["v2"].from_on == (NEXT_MONTH,)
    assert states(engine, NEXT_MONTH) == {"v1": "retired", "v2": "active"}
    with reading(engine) as conn:
        found = [version_on(conn, day) for day in (TODAY, NEXT_MONTH)]
    assert [one and one.version for one in found] == ["v1", "v2"]


def test_going_back_is_an_activation_and_the_days_between_keep_theirs(engine: sa.Engine) -> None:
    add(engine, "v1")
    add(engine, "v2")
    activate(engine, "v1")
    activate(engine, "v2", from_on=TOMORROW, today=TOMORROW)
    activate(engine, "v1", from_on=NEXT_MONTH, today=NEXT_MONTH)

    assert states(engine, NEXT_MONTH) == {"v1": "active", "v2": "retired"}
    assert versions(engine, NEXT_MONTH)["v1"].from_on == (TODAY, NEXT_MONTH)
    between = policy_in_force(engine, NEXT_MONTH - timedelta(days=1))
    assert between is not None
    assert between.version == "v2"


def test_a_later_decision_about_a_day_replaces_the_earlier(engine: sa.Engine) -> None:
    add(engine, "v1")
    add(engine, "v2")
    activate(engine, "v1")
    activate(engine, "v2")

    assert states(engine) == {"v1": "draft", "v2": "active"}


def test_only_drafts_run_in_the_shadow(engine: sa.Engine) -> None:
    add(engine, "v1")
    who = {"author": "林", "today": TODAY, "now": NOW}
    set_shadow(engine, "v1", on=True, **who)  # type: ignore[arg-type]
    assert states(engine) == {"v1": "shadow"}
    set_shadow(engine, "v1", on=False, **who)  # type: ignore[arg-type]
    assert states(engine) == {"v1": "draft"}
    activate(engine, "v1")

    with refused("only_drafts"):
        set_shadow(engine, "v1", on=True, **who)  # type: ignore[arg-type]


def test_what_cannot_be_activated_is_told(engine: sa.Engine) -> None:
    add(engine, "v1")

    with refused("unknown"):
        activate(engine, "v9")
    with refused("nobody"):
        activate(engine, "v1", approver="")
    with refused("currency"):
        activate(engine, "v1", currency="USD")
    assert states(engine) == {"v1": "draft"}


def test_every_step_is_in_the_audit_log(engine: sa.Engine) -> None:
    add(engine, "v1")
    set_shadow(engine, "v1", on=True, author="林", today=TODAY, now=NOW)
    activate(engine, "v1")

    told = [(row["what"], row["target"], row["why"]) for row in rows(engine, audit)]
    assert [what for what, _, _ in told] == ["policy_drafted", "policy_shadow", "policy_activated"]
    assert told[-1][1:] == ("v1", "approved by Chen, in force from 2026-11-24")
    with reading(engine) as conn:
        assert verify(conn) == 3


def test_values_that_differ_are_named_with_both_sides() -> None:
    other = load_policy(
        'groups = ["payment", "history"]\n[limits]\nlgd = 0.5\n[limits.starters]\nkey = 9'
    )

    found = {key: (old, new) for key, old, new in values_that_differ(Policy(), other)}

    assert found == {
        "groups": ("[payment]", "[payment, history]"),
        "limits.lgd": ("0.6", "0.5"),
        "limits.starters.key": ("", "9"),
    }


def test_a_grade_s_row_is_named_by_its_grade_and_digits_alone_are_no_difference() -> None:
    """The example writes .1 where the default writes .10: that is one number."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("pd = 0.0023", "pd = 0.0011", 1)

    found = values_that_differ(Policy(), load_policy(text))

    assert found == [("grades[AAA].pd", "0.0023", "0.0011")]
