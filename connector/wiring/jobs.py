"""What the connector does, ready to be called: built from the opened product."""

import random
from collections.abc import Callable
from datetime import date
from functools import partial

from adapters.port import KeepsNotes
from connector.flow.assess import Rules
from connector.flow.cases import CaseDesk
from connector.flow.checking import OrderChecks
from connector.flow.decisions import Desk
from connector.flow.fields import plan_fields
from connector.flow.industries import IndustryMeasures
from connector.flow.job import Job
from connector.flow.notes import plan_notes
from connector.flow.reports.survey import Survey
from connector.flow.task_text import TaskWords
from connector.wiring.product import Zixin
from scoring.assess import Assessments, assess, assess_both
from scoring.book import Book
from scoring.explain import explain, explanation_bytes
from scoring.policy import Policy

__all__ = [
    "assess_both_by_calendar",
    "assess_by_calendar",
    "cases_of",
    "checks_of",
    "desk_of",
    "job_of",
    "survey_of",
]


def assess_by_calendar(zixin: Zixin) -> Callable[[Book, Policy, date], Assessments]:
    """Assess by the working days around ``as_of`` and the industries' measures of that day."""
    measures = IndustryMeasures(zixin.engine)

    def assess_as_of(book: Book, policy: Policy, as_of: date) -> Assessments:
        standards = measures.of(book, policy, as_of)
        return assess(book, policy, as_of, calendar=zixin.calendar(as_of), standards=standards)

    return assess_as_of


def assess_both_by_calendar(
    zixin: Zixin,
) -> Callable[[Book, tuple[Policy, Policy], date], tuple[Assessments, Assessments]]:
    """Assess under two policies as ``assess_by_calendar`` does under one."""
    measures = IndustryMeasures(zixin.engine)

    def assess_as_of(
        book: Book, policies: tuple[Policy, Policy], as_of: date
    ) -> tuple[Assessments, Assessments]:
        before, after = (measures.of(book, policy, as_of) for policy in policies)
        calendar = zixin.calendar(as_of)
        return assess_both(book, policies, as_of, calendar=calendar, standards=(before, after))

    return assess_as_of


def job_of(zixin: Zixin, only: str | None = None, *, as_of: date | None = None) -> Job:
    """Build the job over all connections, or over one, under the policy of a day (default: today).

    Raises ``ConfigError``.
    """
    ports = zixin.ports(only)
    noted = {
        name for name, port in ports.items() if isinstance(port, KeepsNotes) and port.wants_notes
    }
    return Job(
        engine=zixin.engine,
        ports=ports,
        clock=zixin.clock,
        rules=Rules(
            policy=zixin.policy if as_of is None else zixin.policy_on(as_of),
            rates=zixin.rates,
            assess=assess_by_calendar(zixin),
            explain=_explanation,
            plan=partial(plan_fields, texts=zixin.texts),
            plan_notes=partial(plan_notes, systems=noted, texts=zixin.texts),
        ),
        words=TaskWords(
            texts=zixin.texts,
            calendar=zixin.calendar(zixin.clock.today()),
            zone=zixin.config.zone,
            hours=zixin.policy.dunning,
        ),
        step_time=zixin.step_time,
        rng=random.Random(),
        recheck=partial(_recheck, zixin),
        computed_each=zixin.config.schedule.computed_each,
    )


def desk_of(zixin: Zixin) -> Desk:
    """Open the desk at which people decide today."""
    return Desk(
        engine=zixin.engine,
        policy=zixin.policy,
        rates=zixin.rates,
        people=zixin.config.people,
        now=zixin.clock.now(),
        today=zixin.clock.today(),
    )


def survey_of(zixin: Zixin, day: date) -> Survey:
    """Look at the book of a day under the policy and rates of that day."""
    return Survey(
        engine=zixin.engine,
        assess=assess_by_calendar(zixin),
        policy=zixin.policy_on(day),
        rates=zixin.rates,
        as_of=day,
    )


def checks_of(zixin: Zixin, day: date) -> OrderChecks:
    """Check orders on the facts of a day."""
    return OrderChecks(
        engine=zixin.engine,
        assess=assess_by_calendar(zixin),
        policy=zixin.policy_on(day),
        rates=zixin.rates,
        calendar=zixin.calendar(day),
        as_of=day,
        now=zixin.clock.now() if day == zixin.clock.today() else None,
    )


def cases_of(zixin: Zixin) -> CaseDesk:
    """Open the desk at which blocked orders are decided today."""
    return CaseDesk(desk=desk_of(zixin), checks=checks_of(zixin, zixin.clock.today()))


def _recheck(zixin: Zixin, as_of: date) -> None:
    """Look at blocked orders again; what was assessed of a past day changes nothing today."""
    if as_of == zixin.clock.today():
        cases_of(zixin).recheck()


def _explanation(decided: Assessments, entity: str) -> bytes:
    return explanation_bytes(explain(decided, entity))
