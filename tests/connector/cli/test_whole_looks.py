"""A look at all customers tells the same, whoever is passed over because nothing is overdue there."""

import pytest

from connector.flow import dunning
from connector.flow.dunning import overdue_wishes
from connector.store.engine import reading
from connector.store.snapshots import nothing_overdue
from connector.wiring.jobs import job_of
from tests.connector.cli.shell import Shell
from tests.journeys.harness import open_here


def test_who_owes_nothing_late_gets_no_wish_either_way(
    ran: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_here(ran.installation) as zixin:
        job, today = job_of(zixin), zixin.clock.today()
        rules = job.rules
        with reading(zixin.engine) as conn:
            told = {
                "policy": rules.policy,
                "rates": rules.rates,
                "words": job.words,
                "as_of": today,
            }
            quick = overdue_wishes(conn, **told)  # type: ignore[arg-type] # named each
            passed_over = nothing_overdue(conn, today, rules.policy.version)
            monkeypatch.setattr(dunning, "nothing_overdue", lambda *_: set())
            whole = overdue_wishes(conn, **told)  # type: ignore[arg-type] # named each

    assert quick
    assert len(passed_over) > 10
    assert sorted(quick, key=lambda wish: str(wish.account)) == sorted(
        whole, key=lambda wish: str(wish.account)
    )
