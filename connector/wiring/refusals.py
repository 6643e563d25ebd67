"""A sample of what the receiver refused, for the audit log: why, how often, from which network.

A forged message leaves a count and nothing else (F04). Whoever sends a million shall not fill the
log, so each entry stands for all that came since the one before: never a body, a header, an address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from connector.store.audit import AuditEntry
from webhooks.counts import Counts

__all__ = ["REFUSED", "RefusalSamples", "Sample"]

REFUSED = "message_refused"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An entry that is due, and how many refusals of its kind it brings the log up to."""

    key: tuple[str, str, str]
    entry: AuditEntry
    up_to: int


@dataclass(frozen=True, slots=True)
class _Told:
    at: datetime
    count: int


class RefusalSamples:
    """Says which entries are due: at most ``per_hour`` of a connection and a reason, evenly spread.

    It counts what this process received since it began. 0: none.
    """

    def __init__(self, counts: Counts, per_hour: int) -> None:
        self._counts = counts
        self._pause = _HOUR / per_hour if per_hour else None
        self._told: dict[tuple[str, str, str], _Told] = {}

    def due(self, now: datetime) -> list[Sample]:
        """Name the entries that are due. They are due again until ``written``."""
        if self._pause is None:
            return []
        samples = []
        for key, refused in sorted(self._counts.refusals().items()):
            told = self._told.get(key)
            new = refused.count - (told.count if told else 0)
            if not new or (told and now - told.at < self._pause):
                continue
            system, outcome, reason = key
            values = {"reason": reason, "count": new, "from": refused.network}
            entry = AuditEntry(
                at=now,
                system=system,
                target="receiver",
                what=REFUSED,
                new=msgspec.json.encode(values),
                why=outcome,
            )
            samples.append(Sample(key=key, entry=entry, up_to=refused.count))
        return samples

    def written(self, samples: list[Sample]) -> None:
        """Remember what stands in the log now."""
        for sample in samples:
            self._told[sample.key] = _Told(sample.entry.at, sample.up_to)
