"""The token keeper: one asks, all share, and nobody sees the value."""

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.errors import CredentialsRejected, CrmUnavailable, RateLimited
from adapters.tokens import (
    AccessToken,
    MemoryTokenStore,
    SealBroken,
    Sealer,
    TokenKeeper,
    sealed_with,
)

KEY = bytes(range(32))
START = datetime(2026, 11, 24, 8, tzinfo=UTC)


class Desk:
    """The vendor's token desk, and the clock."""

    def __init__(self) -> None:
        self.at = START
        self.asked = 0
        self.slept: list[float] = []
        self.failure: Exception | None = None
        self.fails = 1_000
        self.store = MemoryTokenStore()

    def now(self) -> datetime:
        return self.at

    def ask(self) -> AccessToken:
        self.asked += 1
        if self.failure is not None and self.fails > 0:
            self.fails -= 1
            raise self.failure
        return AccessToken(
            value=f"token-{self.asked}",
            issued_at=self.at,
            expires_at=self.at + timedelta(hours=1),
        )

    def keeper(self) -> TokenKeeper:
        return TokenKeeper(
            "acme",
            store=self.store,
            sealer=Sealer(KEY),
            ask=self.ask,
            now=self.now,
            sleep=self.slept.append,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_token_is_kept_until_80_percent_of_its_life(desk: Desk) -> None:
    keeper = desk.keeper()
    first = keeper.token()
    desk.at += timedelta(minutes=47)
    still = keeper.token()
    desk.at += timedelta(minutes=2)
    second = keeper.token()

    assert (first.value, still.value, second.value) == ("token-1", "token-1", "token-2")


def test_a_second_process_uses_the_stored_token(desk: Desk) -> None:
    desk.keeper().token()

    assert desk.keeper().token().value == "token-1"
    assert desk.asked == 1


def test_many_threads_cause_one_request(desk: Desk) -> None:
    keeper = desk.keeper()
    together = threading.Barrier(8)

    def take() -> str:
        together.wait()
        return keeper.token().value

    with ThreadPoolExecutor(8) as pool:
        values = [f.result() for f in [pool.submit(take) for _ in range(8)]]

    assert set(values) == {"token-1"}
    assert desk.asked == 1


def test_a_dead_token_is_replaced_once_for_all_who_saw_it_die(desk: Desk) -> None:
    one, other = desk.keeper(), desk.keeper()
    dead = one.token()
    other.token()

    assert one.replace(dead).value == "token-2"
    assert other.replace(dead).value == "token-2"
    assert desk.asked == 2


def test_not_more_than_five_requests_in_ten_minutes(desk: Desk) -> None:
    keeper = desk.keeper()
    token = keeper.token()
    for _ in range(4):
        token = keeper.replace(token)

    with pytest.raises(RateLimited) as caught:
        desk.keeper().replace(token)
    assert caught.value.retry_at == START + timedelta(minutes=10)
    desk.at += timedelta(minutes=11)
    assert keeper.replace(token).value == "token-6"


def test_a_desk_that_fails_in_passing_is_asked_again(desk: Desk) -> None:
    desk.failure = CrmUnavailable("HTTP 502", system="acme", operation="token")
    desk.fails = 1

    assert desk.keeper().token().value == "token-2"
    assert desk.slept == [1.0]


def test_the_repetition_counts_and_leaves_requests_for_later(desk: Desk) -> None:
    desk.failure = CrmUnavailable("HTTP 502", system="acme", operation="token")

    for asked in (2, 3, 4):
        with pytest.raises(CrmUnavailable):
            desk.keeper().token()
        assert desk.asked == asked
    desk.failure = None
    assert desk.keeper().token().value == "token-5"


@pytest.mark.parametrize(("seconds", "asked"), [(20, 2), (-5, 2), (600, 1)])
def test_a_throttled_desk_is_waited_for_when_it_is_soon(
    desk: Desk, seconds: int, asked: int
) -> None:
    later = desk.at + timedelta(seconds=seconds)
    desk.failure = RateLimited("slowly", system="acme", operation="token", retry_at=later)
    desk.fails = 1

    if asked == 2:
        assert desk.keeper().token().value == "token-2"
        assert desk.slept == [max(0.0, seconds)]
    else:
        with pytest.raises(RateLimited):
            desk.keeper().token()
    assert desk.asked == asked


def test_an_aged_token_serves_while_the_desk_is_closed(desk: Desk) -> None:
    keeper = desk.keeper()
    keeper.token()
    desk.at += timedelta(minutes=50)
    desk.failure = CrmUnavailable("closed", system="acme", operation="token")

    assert keeper.token().value == "token-1"
    desk.at += timedelta(minutes=11)
    with pytest.raises(CrmUnavailable):
        keeper.token()


def test_rejected_credentials_are_not_hidden_by_an_aged_token(desk: Desk) -> None:
    keeper = desk.keeper()
    keeper.token()
    desk.at += timedelta(minutes=50)
    desk.failure = CredentialsRejected("revoked", system="acme", operation="token")

    with pytest.raises(CredentialsRejected):
        keeper.token()


def test_the_store_holds_only_sealed_bytes(desk: Desk) -> None:
    desk.keeper().token()

    assert b"token-1" not in (desk.store.load("acme") or b"")


def test_a_changed_key_asks_for_a_new_token(desk: Desk) -> None:
    desk.keeper().token()
    keeper = TokenKeeper(
        "acme", store=desk.store, sealer=Sealer(bytes(32)), ask=desk.ask, now=desk.now
    )

    assert keeper.token().value == "token-2"


def test_the_value_stands_in_no_repr(desk: Desk) -> None:
    token = desk.keeper().token()

    assert "token-1" not in f"{token!r} {token}"


def test_a_seal_opens_only_with_its_key_for_its_connection_and_unchanged() -> None:
    sealed = Sealer(KEY).seal(b"secret", "acme")

    assert Sealer(KEY).unseal(sealed, "acme") == b"secret"
    for key, about, data in (
        (bytes(32), "acme", sealed),
        (KEY, "other", sealed),
        (KEY, "acme", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (KEY, "acme", b""),
    ):
        with pytest.raises(SealBroken):
            Sealer(key).unseal(data, about)


def test_a_seal_bears_its_key_and_cannot_be_moved_to_another_column() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(b"secret", "acme")

    assert sealed_with(sealed) == sealer.key_id
    with pytest.raises(SealBroken):
        sealer.unseal(sealed, "acme", place="connections.other")


def test_an_old_key_opens_and_never_seals() -> None:
    former, ring = Sealer(bytes(32)), Sealer(KEY, [bytes(32)])

    assert ring.unseal(former.seal(b"secret", "acme"), "acme") == b"secret"
    assert sealed_with(ring.seal(b"secret", "acme")) == Sealer(KEY).key_id
    with pytest.raises(SealBroken):
        former.unseal(ring.seal(b"secret", "acme"), "acme")


@pytest.mark.parametrize("sealer", [Sealer(KEY), Sealer(bytes(32), [KEY])], ids=["key", "old key"])
def test_what_was_sealed_in_the_first_format_still_opens(sealer: Sealer) -> None:
    nonce = bytes(range(12))
    first = nonce + AESGCM(KEY).encrypt(nonce, b"secret", b"acme")

    assert sealed_with(first) is None
    assert sealer.unseal(first, "acme") == b"secret"
    with pytest.raises(SealBroken):
        sealer.unseal(first, "other")


@pytest.mark.parametrize("seconds", [10, -3_600], ids=["a moment later", "clock set back"])
def test_a_failure_stands_for_a_moment_and_costs_no_more_requests(desk: Desk, seconds: int) -> None:
    desk.failure = CrmUnavailable("down", system="acme", operation="token")
    keeper = desk.keeper()
    for _who in range(3):
        with pytest.raises(CrmUnavailable):
            keeper.token()
    assert desk.asked == 2  # the first request and its repetition

    desk.failure = None
    desk.at += timedelta(seconds=seconds)

    assert keeper.token().value == "token-3"


def test_a_failure_that_stands_keeps_nothing_of_those_who_were_told(desk: Desk) -> None:
    desk.failure = CrmUnavailable("down", system="acme", operation="token")
    keeper = desk.keeper()
    traces = []
    for _who in range(3):
        with pytest.raises(CrmUnavailable) as caught:
            keeper.token()
        traces.append(len(traceback.extract_tb(caught.tb)))

    assert traces[2] == traces[1] <= traces[0]
