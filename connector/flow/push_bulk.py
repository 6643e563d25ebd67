"""Pushing very many field updates of one CRM at once, where it takes them so for less.

They are read, compared, marked and settled in portions, so that no transaction holds the database
for long; between them, and while the CRM works, their lease is lengthened.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from adapters.errors import CrmError
from adapters.port import WritesInBulk
from connector.flow.push_desk import Desk, Row
from connector.flow.push_fields import Ready, make_ready, settle_sent

__all__ = ["push_in_bulk"]


def push_in_bulk(desk: Desk, port: WritesInBulk, rows: Sequence[Row], lease: str) -> None:
    """Carry field updates, at most one an account, to the CRM and settle them.

    Whoever stops meanwhile leaves what was not sent, or is not known by then, to be done again.
    """
    kept = _Kept(desk, rows, lease)
    ready = _made_ready(kept)
    if not ready:
        return
    outcomes = desk.send(
        "update fields in bulk",
        [each.update for each in ready],
        partial(port.update_fields_in_bulk, go_on=kept.go_on),
    )
    for part in kept.portions(len(ready)):
        kept.keep()
        settle_sent(desk, ready[part], lease, outcomes[part])


def _made_ready(kept: "_Kept") -> list[Ready]:
    """Prepare portion by portion; where the CRM does not answer, the rest fails as well."""
    desk, ready = kept.desk, list[Ready]()
    failure: CrmError | None = None
    for part in kept.portions(len(kept.rows)):
        some = kept.rows[part]
        if failure is not None:
            desk.fail_all(some, kept.lease, failure)
        elif not kept.go_on():
            desk.release(some, kept.lease)
        else:
            try:
                ready += make_ready(desk, some, kept.lease)
            except CrmError as error:
                failure = error
                desk.fail_all(some, kept.lease, error)
            except Exception as error:  # noqa: BLE001 a fault of ours: this portion's alone
                desk.fail_all(some, kept.lease, error)
    return ready


class _Kept:
    """Rows whose lease is lengthened in good time, however long they are worked at."""

    def __init__(self, desk: Desk, rows: Sequence[Row], lease: str) -> None:
        self.desk = desk
        self.rows = rows
        self.lease = lease
        self._held_at = desk.clock.now()

    def go_on(self) -> bool:
        """Keep the rows, and tell whether to work on."""
        self.keep()
        return not self.desk.stop()

    def keep(self) -> None:
        """Lengthen the lease once a third of it has passed."""
        now = self.desk.clock.now()
        if now - self._held_at < self.desk.settings.lease / 3:
            return
        self._held_at = now
        for part in self.portions(len(self.rows)):
            self.desk.hold(self.rows[part], self.lease)

    def portions(self, count: int) -> Iterator[slice]:
        """Cut so many rows into portions of a batch."""
        size = self.desk.settings.batch_rows
        return (slice(start, start + size) for start in range(0, count, size))
