"""What the connector does, ready to be called: built from the opened product."""

import random
from datetime import date
from functools import partial

from connector.flow.assess import Rules
from connector.flow.fields import plan_fields
from connector.flow.run import Job
from connector.flow.tasks import TaskWords
from connector.wiring.product import Zixin
from scoring.assess import Assessments, assess
from scoring.book import Book
from scoring.explain import explain, explanation_bytes
from scoring.policy import Policy

__all__ = ["job_of"]


def job_of(zixin: Zixin, only: str | None = None) -> Job:
    """Build the job over all connections, or over one. Raises ``ConfigError``."""

    def assess_as_of(book: Book, policy: Policy, as_of: date) -> Assessments:
        """Assess by the working days around ``as_of``, whenever that is done."""
        return assess(book, policy, as_of, calendar=zixin.calendar(as_of))

    return Job(
        engine=zixin.engine,
        ports=zixin.ports(only),
        clock=zixin.clock,
        rules=Rules(
            policy=zixin.policy,
            rates=zixin.rates,
            assess=assess_as_of,
            explain=_explanation,
            plan=partial(plan_fields, texts=zixin.texts),
        ),
        words=TaskWords(
            texts=zixin.texts,
            calendar=zixin.calendar(zixin.clock.today()),
            zone=zixin.config.zone,
        ),
        step_time=zixin.step_time,
        rng=random.Random(),
    )


def _explanation(decided: Assessments, entity: str) -> bytes:
    return explanation_bytes(explain(decided, entity))
