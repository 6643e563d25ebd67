"""The figures for Prometheus, looked up anew at each scrape."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from connector.flow.reports.health import ConnectionHealth, Health

__all__ = ["metrics_text"]

_AGES = {
    "inbox_seconds": ("inbox_oldest_seconds", "Since the oldest message that is due came."),
    "outbox_seconds": ("outbox_oldest_seconds", "Since the oldest write-back due was decided."),
    "unknown_seconds": (
        "writeback_unknown_oldest_seconds",
        "Since the oldest write-back was sent whose outcome is not known.",
    ),
    "parked_seconds": ("parked_oldest_seconds", "Since the oldest work waits for a person."),
    "rests_seconds": ("rests_seconds", "Until the connection gets work again."),
    "reading_rests_seconds": ("reading_rests_seconds", "Until the budget lets reading go on."),
}
# What is absent is unknown, not 0: a channel that is not there does not expire now.
_IF_KNOWN = {
    "credits_left": ("credits_left", "What calls may still cost in the rolling day."),
    "channel_expires_seconds": (
        "channel_expires_seconds",
        "Until the first notification channel expires; below 0: it has.",
    ),
}
_COUNTS = {
    "parked": ("parked", "Work that waits for a person."),
    "conflicts": ("conflicts", "Updates held back because a person changed our fields."),
    "held_deletions": ("held_deletions", "Deletions that the brake holds."),
    "problems": ("problem_records", "Records that cannot be used until they are corrected."),
    "restoring": ("restoring", "1: nothing is written since a restore."),
}
_TOKEN_STATES = ("ready", "none", "halted")


def metrics_text(
    health: Callable[[], Health],
    reasons: Callable[[], list[str]],
    forged: Callable[[], Mapping[tuple[str, str], int]],
) -> bytes:
    """Write one scrape. ``forged``: received messages by (connection, outcome)."""
    registry = CollectorRegistry()
    registry.register(_Zixin(health, reasons, forged))
    return generate_latest(registry)


class _Zixin(Collector):
    """Hands the figures to the library."""

    def __init__(
        self,
        health: Callable[[], Health],
        reasons: Callable[[], list[str]],
        forged: Callable[[], Mapping[tuple[str, str], int]],
    ) -> None:
        self._health, self._reasons, self._received = health, reasons, forged

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: asking would look everything up."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Look, and write down. A database out of reach leaves ``zixin_ready`` alone."""
        faults = self._reasons()
        yield GaugeMetricFamily("zixin_ready", "1: this process can do its work.", not faults)
        yield self._messages()
        if not faults:
            yield from _figures(self._health())

    def _messages(self) -> Metric:
        family = CounterMetricFamily(
            "zixin_messages",
            "Messages received by this process, by what became of them.",
            labels=("connection", "outcome"),
        )
        for (connection, outcome), count in sorted(self._received().items()):
            family.add_metric((connection, outcome), count)
        return family


def _figures(health: Health) -> Iterable[Metric]:
    rows = health.connections
    for name, (metric, told) in _AGES.items():
        yield _gauge(metric, told, {row.connection: getattr(row, name) or 0 for row in rows})
    for name, (metric, told) in _COUNTS.items():
        yield _gauge(metric, told, {row.connection: int(getattr(row, name)) for row in rows})
    for name, (metric, told) in _IF_KNOWN.items():
        known = {row.connection: getattr(row, name) for row in rows}
        yield _gauge(metric, told, {key: one for key, one in known.items() if one is not None})
    yield _tokens(rows)
    yield _data(rows)
    yield from _schedules(health)


def _gauge(name: str, told: str, values: Mapping[str, float], label: str = "connection") -> Metric:
    family = GaugeMetricFamily(f"zixin_{name}", told, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _tokens(rows: Iterable[ConnectionHealth]) -> Metric:
    told = "1 beside the state of the connection's token."
    family = GaugeMetricFamily("zixin_token_state", told, labels=("connection", "state"))
    for row in rows:
        for state in _TOKEN_STATES:
            family.add_metric((row.connection, state), row.token == state)
    return family


def _data(rows: Iterable[ConnectionHealth]) -> Metric:
    told = "Since the last reading of the feed began."
    family = GaugeMetricFamily("zixin_data_age_seconds", told, labels=("connection", "feed"))
    for row in rows:
        for feed, age in row.data_seconds.items():
            family.add_metric((row.connection, feed), age)
    return family


def _schedules(health: Health) -> Iterable[Metric]:
    good = {row.schedule: row.good_seconds for row in health.schedules}
    yield _gauge(
        "schedule_good_seconds",
        "Since the schedule last ended well.",
        {name: age for name, age in good.items() if age is not None},
        "schedule",
    )
    yield _gauge(
        "schedule_failed",
        "1: its last run failed.",
        {row.schedule: int(row.failed) for row in health.schedules},
        "schedule",
    )
