"""What industries are measured by as of a day: imported standard values, and the own customers.

Peers (credit-management 1.4, B) are all customers of an industry with statements known that day,
whoever is assessed: one company alone and a chunk of thousands are compared with the same.
"""

from datetime import date

import polars as pl
import sqlalchemy as sa

from connector.flow.importing.standards import load_standards
from connector.store.engine import reading
from connector.store.file_tables import standards
from connector.store.peers import firms_by_industry, load_peers, statements_stamp
from scoring.book import Book
from scoring.financials import Standards, peers_known
from scoring.financials.industry import IndustryStandard
from scoring.financials.peers import PEERS
from scoring.policy import Policy

__all__ = ["IndustryMeasures"]

_NOBODY = pl.DataFrame(schema=PEERS)


class IndustryMeasures:
    """Reads the measures of the database. What was worked out is kept until its sources change."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._values: tuple[object, tuple[IndustryStandard, ...]] = (None, ())
        self._peers: tuple[object, dict[str, pl.DataFrame]] = (None, {})

    def of(self, book: Book, policy: Policy, as_of: date) -> Standards | None:
        """Give what the Book's statements are compared with; ``None``: it has none."""
        if book.statements.is_empty():
            return None
        reporting = book.entities.join(book.statements, on="entity", how="semi")
        industries = set(reporting["industry"].drop_nulls().unique())
        with reading(self._engine) as conn:
            values = self._standard_values(conn)
            tables = self._peer_tables(conn, industries, policy, as_of)
        peers = pl.concat([tables[name] for name in sorted(tables)]) if tables else None
        return Standards(values=values, peers=peers)

    def _standard_values(self, conn: sa.Connection) -> tuple[IndustryStandard, ...]:
        newest = sa.select(sa.func.count(), sa.func.max(standards.c.imported_at))
        stamp = tuple(conn.execute(newest).one())
        if self._values[0] != stamp:
            self._values = stamp, load_standards(conn)
        return self._values[1]

    def _peer_tables(
        self, conn: sa.Connection, industries: set[str], policy: Policy, as_of: date
    ) -> dict[str, pl.DataFrame]:
        """Make the peers' tables of those industries that have firms enough."""
        needed = policy.financials.peers_needed
        rules = policy.financials, policy.scorecard.financial
        stamp = (as_of, rules, statements_stamp(conn))
        if self._peers[0] != stamp:
            self._peers = stamp, {}
        known = self._peers[1]
        missing = industries - known.keys()
        if missing:
            firms = firms_by_industry(conn)
            enough = {one for one in missing if firms.get(one, 0) >= needed}
            made = peers_known(load_peers(conn, enough), policy, as_of) if enough else _NOBODY
            known |= {one: made.filter(pl.col("industry") == one) for one in missing}
        return {one: known[one] for one in industries}
