"""Pushing field updates: read what stands there, write only what is ours and differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.errors import CrmError, RecordNotFound
from adapters.port import CreditField, FieldUpdate, FieldValue, Outcome, Receipt, field_text
from connector.flow.owned import OwnedCheck, check_owned
from connector.flow.push_desk import Desk, Row, Settling
from connector.flow.receipts import last_told, note_fields, still_told
from connector.store.engine import reading
from connector.work.writebacks import decode_as, decode_unconfirmed
from scoring.records import AccountRef

__all__ = ["Ready", "make_ready", "push_fields", "settle_sent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A row that is marked as being sent, and what of its wish differs from the CRM."""

    row: Row
    account: AccountRef
    check: OwnedCheck

    @property
    def update(self) -> FieldUpdate:
        """What to send."""
        return FieldUpdate(account=self.account, values=self.check.write)


def push_fields(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    """Carry field updates of one system, at most one an account, to the CRM and settle them."""
    try:
        ready = make_ready(desk, rows, lease)
    except CrmError as error:
        desk.fail_all(rows, lease, error)
        return
    if ready:
        updates = [each.update for each in ready]
        outcomes = desk.send("update fields", updates, desk.port.update_fields)
        settle_sent(desk, ready, lease, outcomes)


def make_ready(desk: Desk, rows: Sequence[Row], lease: str) -> list[Ready]:
    """Settle what needs no write, and commit that the others are about to leave.

    Raises ``CrmError`` where the CRM does not tell what stands there; nothing is settled then.
    """
    wishes = {row.id: decode_as(row.kind, row.body, FieldUpdate) for row in rows}
    known = _by_the_last_pull(desk, rows, wishes)
    to_look = [row.account_id for row in rows if row.account_id not in known]
    looked = desk.port.owned_values(to_look) if to_look else {}
    checks = _check(desk, rows, wishes, {**known, **looked})
    _settle_unsent(desk, rows, lease, wishes, checks)
    to_send = [row for row in rows if row.id in checks and checks[row.id].write]
    values = {row.id: checks[row.id].write for row in to_send}
    ours = desk.mark_sending(to_send, lease, values) if to_send else []
    return [Ready(row=r, account=wishes[r.id].account, check=checks[r.id]) for r in ours]


def settle_sent(
    desk: Desk, ready: Sequence[Ready], lease: str, outcomes: Sequence[Outcome]
) -> None:
    """Settle rows that were sent, each by its outcome."""

    def settle(settling: Settling) -> None:
        for each, outcome in zip(ready, outcomes, strict=True):
            _settle_sent(settling, each.row, each.account, each.check, outcome)

    desk.settle(lease, settle)


def _by_the_last_pull(
    desk: Desk, rows: Sequence[Row], wishes: Mapping[int, FieldUpdate]
) -> dict[str, dict[CreditField, FieldValue]]:
    """Tell what accounts hold without a look at the CRM, where the last pull leaves no doubt.

    Looking costs a tenth of writing, and the CRM counts every call. What was sent before and not
    answered, by this row or by one it took the place of, and what a person wants overwritten, is
    looked at all the same; and so is everything after a restore.
    """
    if desk.restored:
        return {}
    sure = [
        row for row in rows if row.sent_at is None and row.unconfirmed is None and not row.overwrite
    ]
    read_since = desk.clock.now() - desk.settings.pull_counts
    with reading(desk.engine) as conn:
        ids = [row.account_id for row in sure]
        held = still_told(conn, desk.port.system, ids, read_since=read_since)
    return {
        row.account_id: dict(held[row.account_id])
        for row in sure
        if wishes[row.id].values.keys() <= held.get(row.account_id, {}).keys()
    }


def _check(
    desk: Desk,
    rows: Sequence[Row],
    wishes: Mapping[int, FieldUpdate],
    in_crm: Mapping[str, Mapping[CreditField, FieldValue]],
) -> dict[int, OwnedCheck]:
    """Compare each wish with the CRM; accounts that are gone have no entry."""
    with reading(desk.engine) as conn:
        told = last_told(conn, [wish.account for wish in wishes.values()])
    return {
        row.id: check_owned(
            wishes[row.id],
            in_crm[row.account_id],
            told[wishes[row.id].account],
            decode_unconfirmed(row.unconfirmed),
            overwrite=row.overwrite,
        )
        for row in rows
        if row.account_id in in_crm
    }


def _settle_unsent(
    desk: Desk,
    rows: Sequence[Row],
    lease: str,
    wishes: Mapping[int, FieldUpdate],
    checks: Mapping[int, OwnedCheck],
) -> None:
    """Settle what needs no write: gone, edited by a person, or in the CRM already."""
    unsent = [row for row in rows if row.id not in checks or not checks[row.id].write]

    def settle(settling: Settling) -> None:
        for row in unsent:
            check = checks.get(row.id)
            if check is None:
                settling.fail(row, _gone(row))
            elif check.edited:
                settling.park(row, _edited(check))
            elif settling.done(row, "unchanged"):
                account = wishes[row.id].account
                note_fields(settling.conn, account, check.held, now=settling.now)
                if row.sent_at is not None:  # it is there because of us: the answer was lost
                    settling.log(row, "fields", why="confirmed", new=_texts(check.held))
                settling.counts.unchanged += 1

    if unsent:
        desk.settle(lease, settle)


def _settle_sent(
    settling: Settling, row: Row, account: AccountRef, check: OwnedCheck, outcome: Outcome
) -> None:
    if not isinstance(outcome, Receipt):
        settling.fail(row, outcome)
    elif settling.done(row):
        conn, now = settling.conn, settling.now
        note_fields(conn, account, check.held, now=now)  # by its earlier stamp: a pull told of it
        note_fields(conn, account, check.write, now=now, crm_at=outcome.modified_at)
        why = "overwrite" if row.overwrite else "assessed"
        settling.log(row, "fields", why=why, old=_texts(check.old), new=_texts(check.write))
        settling.counts.fields_written += len(check.write)
        settling.counts.accounts_written += 1


def _texts(values: Mapping[CreditField, FieldValue]) -> dict[str, str]:
    return {name.value: field_text(value) for name, value in values.items()}


def _gone(row: Row) -> RecordNotFound:
    return RecordNotFound(
        f"account {row.account_id} is not in the CRM any more",
        system=row.system,
        operation="read credit fields",
    )


def _edited(check: OwnedCheck) -> str:
    fields = ", ".join(check.edited)
    return (
        f"RecordConflict: somebody changed {fields} in the CRM since we wrote there last; nothing "
        "was written. Retry with overwrite to put our values back, or drop this to keep theirs"
    )
