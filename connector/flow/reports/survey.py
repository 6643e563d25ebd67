"""The whole stored book assessed as of a date, a portion at a time. Writes nothing."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
import sqlalchemy as sa

from connector.store.book import ENTITIES_AT_ONCE, entity_chunks, portions
from connector.store.engine import reading
from connector.store.groups import load_group_book
from scoring.assess import Assessments
from scoring.book import Book
from scoring.holdings import HOLDING_COLUMNS, holdings
from scoring.policy import Policy
from scoring.rates import Rate

__all__ = ["Portion", "Survey"]


def _silent(_done: int, _total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, kw_only=True)
class Portion:
    """Some companies' assessment. It covers their whole groups, ``asked`` are the companies meant."""

    decided: Assessments
    asked: frozenset[str]

    def asked_of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Keep the rows of the companies meant."""
        return frame.filter(pl.col("entity").is_in(sorted(self.asked)))

    @property
    def frame(self) -> pl.DataFrame:
        """The assessed frame of the companies meant."""
        return self.asked_of(self.decided.frame)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """One look over the book: by what it is assessed, and as of which day."""

    engine: sa.Engine
    assess: Callable[[Book, Policy, date], Assessments]
    policy: Policy
    rates: Mapping[str, Rate]
    as_of: date

    def portions(
        self,
        only: Collection[str] | None = None,
        *,
        progress: Callable[[int, int], None] = _silent,
    ) -> Iterator[Portion]:
        """Assess everybody, or ``only`` these companies, from the facts of the day."""
        chunks = self._chunks(only)
        done, total = 0, sum(len(chunk) for chunk in chunks)
        for chunk in chunks:
            with reading(self.engine) as conn:
                book = load_group_book(
                    conn,
                    chunk,
                    self.rates,
                    policy_currency=self.policy.currency,
                    as_of=self.as_of,
                )
            yield Portion(
                decided=self.assess(book, self.policy, self.as_of), asked=frozenset(chunk)
            )
            done += len(chunk)
            progress(done, total)

    def _chunks(self, only: Collection[str] | None) -> list[Sequence[str]]:
        with reading(self.engine) as conn:
            if only is not None:
                return list(portions(conn, sorted(only)))
            return list(entity_chunks(conn, ENTITIES_AT_ONCE))

    def holdings(self, *, progress: Callable[[int, int], None] = _silent) -> pl.DataFrame:
        """Gather everybody's holdings; who was not known on the day yet has none."""
        found = [
            portion.asked_of(holdings(portion.decided))
            for portion in self.portions(progress=progress)
        ]
        return pl.concat([pl.DataFrame(schema=HOLDING_COLUMNS), *found])
