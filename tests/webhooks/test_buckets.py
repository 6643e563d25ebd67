"""Token buckets: a burst, then a rate; no more keys than are bounded."""

from datetime import UTC, datetime, timedelta

from webhooks.buckets import Buckets

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def test_a_burst_and_then_the_rate() -> None:
    buckets = Buckets(size=3, per_second=0.5)

    assert [buckets.take("a", NOW) for _ in range(4)] == [True, True, True, False]
    assert buckets.empty("a", NOW + timedelta(seconds=1))
    assert buckets.take("a", NOW + timedelta(seconds=2))
    assert not buckets.take("a", NOW + timedelta(seconds=2))
    assert buckets.take("b", NOW)


def test_it_never_holds_more_than_its_size_and_a_clock_set_back_fills_nothing() -> None:
    buckets = Buckets(size=2, per_second=1)
    later = NOW + timedelta(days=1)

    assert [buckets.take("a", later) for _ in range(3)] == [True, True, False]
    assert not buckets.take("a", NOW)


def test_no_size_is_no_limit() -> None:
    buckets = Buckets(size=0, per_second=0)

    assert all(buckets.take("a", NOW) for _ in range(100))
    assert not buckets.empty("a", NOW)


def test_the_key_not_used_for_longest_is_forgotten() -> None:
    buckets = Buckets(size=1, per_second=0, most_keys=2)
    for key in ("a", "b", "c"):
        assert buckets.take(key, NOW)

    assert not buckets.empty("a", NOW)
    assert buckets.empty("b", NOW)
    assert buckets.empty("c", NOW)
