"""The desk at which people decide: drafts, approvals, rejections, and ends by hand."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from connector.config import Person
from connector.flow.decisions import rows
from connector.flow.decisions.approval import ApprovalMatrix, Asked
from connector.flow.decisions.company import company_named, entity_at, latest_of, owner_name
from connector.flow.decisions.decision import Decision, DecisionError, Wish
from connector.flow.decisions.rules import Circumstances, check_wish
from connector.store.audit import AuditEntry, append
from connector.store.engine import in_one_commit, reading
from connector.store.staleness import mark_stale
from scoring.policy import Policy
from scoring.rates import Rate

__all__ = ["Desk"]

_ID_BYTES = 4
_YEAR = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where decisions are made: by which policy and people, and what day it is."""

    engine: sa.Engine
    policy: Policy
    rates: Mapping[str, Rate]
    people: Mapping[str, Person]
    now: datetime
    today: date

    def draft(self, wish: Wish) -> Decision:
        """Keep a draft that waits for its approval. Raises ``DecisionError``."""
        with reading(self.engine) as conn:
            company = company_named(conn, wish.ref)
            about = self._circumstances(conn, company.entity)
        check_wish(wish, about)
        decision_id = secrets.token_hex(_ID_BYTES)
        rating = None if about.latest is None else about.rating
        row = rows.draft_row(
            wish, company.account, decision_id=decision_id, rating=rating, now=self.now
        )

        def keep(conn: sa.Connection) -> Decision:
            rows.insert_row(conn, row)
            return self._noted(conn, decision_id, "decision_drafted", wish.author)

        return in_one_commit(self.engine, keep)

    def _circumstances(self, conn: sa.Connection, entity: str) -> Circumstances:
        return Circumstances(
            policy=self.policy,
            today=self.today,
            latest=latest_of(conn, entity),
            temporary_limits=rows.temporary_limits_since(conn, entity, self.today - _YEAR),
        )

    def approve(self, decision_id: str, by: str) -> Decision:
        """Approve a draft: it counts from today. Raises ``DecisionError``."""
        return self._decide(decision_id, by, "approved")

    def reject(self, decision_id: str, by: str) -> Decision:
        """Reject a draft. Raises ``DecisionError``."""
        return self._decide(decision_id, by, "rejected")

    def _decide(self, decision_id: str, by: str, state: str) -> Decision:
        def decide(conn: sa.Connection) -> Decision:
            found = rows.locked_row(conn, decision_id)
            if found.state != "draft":
                raise DecisionError("not_a_draft", id=decision_id, state=found.state)
            approvers = [*rows.approvers_at(found), by]
            done = state != "approved" or self.suffices(conn, _asked(found), approvers)
            change: dict[str, object] = {"approver": rows.of_approvers(approvers)}
            if done:
                # What was not decided yet did not count yet, whatever the draft says.
                start = max(found.from_on, self.today)
                change |= {"state": state, "decided_at": self.now, "from_on": start}
                mark_stale(conn, found.account_system, [found.account_id])
            rows.change_row(conn, decision_id, change)
            what = f"decision_{state}" if done else "decision_supported"
            return self._noted(conn, decision_id, what, by, before=found)

        return in_one_commit(self.engine, decide)

    def end(self, decision_id: str, by: str) -> Decision:
        """End an approved decision: yesterday was its last day. Raises ``DecisionError``."""

        def end(conn: sa.Connection) -> Decision:
            found = rows.locked_row(conn, decision_id)
            if found.state != "approved":
                raise DecisionError("not_in_force", id=decision_id, state=found.state)
            change = {"state": "ended", "ended_on": self.today, "ended_by": by}
            rows.change_row(conn, decision_id, change)
            mark_stale(conn, found.account_system, [found.account_id])
            return self._noted(conn, decision_id, "decision_ended", by, before=found)

        return in_one_commit(self.engine, end)

    def suffices(self, conn: sa.Connection, asked: Asked, approvers: Sequence[str]) -> bool:
        """Tell whether these approvals are enough, as ``ApprovalMatrix.suffices`` does."""
        latest = latest_of(conn, entity_at(conn, asked.account))
        matrix = ApprovalMatrix(
            policy=self.policy, rates=self.rates, people=self.people, today=self.today
        )
        return matrix.suffices(
            asked,
            approvers,
            latest=None if latest is None else latest.assessment,
            owner=owner_name(conn, asked.account),
        )

    def _noted(
        self,
        conn: sa.Connection,
        decision_id: str,
        what: str,
        by: str,
        before: rows.Row | None = None,
    ) -> Decision:
        """Write down in the audit log how a decision stands now, and give it."""
        row = rows.locked_row(conn, decision_id)
        account = rows.account_at(row)
        entry = AuditEntry(
            at=self.now,
            system=account.system,
            target=str(account),
            what=what,
            old=None if before is None else rows.shown(before),
            new=rows.shown(row),
            why=f"{row.kind} {decision_id} by {by}",
        )
        append(conn, [entry])
        return rows.decision_of(row, entity_at(conn, account))


def _asked(row: rows.Row) -> Asked:
    return Asked(
        author=row.author,
        account=rows.account_at(row),
        amount=rows.amount_at(row),
        grade=row.grade,
        to_on=row.to_on,
    )
