"""Which calls to Zoho are heavy, of which it takes fewer at the same time (zoho-crm 9)."""

from collections.abc import Callable

import pytest

from adapters.errors import RateLimited
from adapters.gate import Crowd, MemoryPlaces, Place
from adapters.port import CreditField, CrmPort, Cursor, FieldUpdate
from adapters.registry import open_port
from adapters.tokens import MemoryTokenStore, Sealer
from scoring.records import AccountRef, Kind
from tests.adapters.zoho.answers import some_settings
from tests.contract.bench import ZOHO, Bench, open_bench

Use = Callable[[CrmPort, list[str]], object]


def write(port: CrmPort, record_ids: list[str]) -> object:
    updates = [
        FieldUpdate(account=AccountRef(port.system, record_id), values={CreditField.RATING: "A"})
        for record_id in record_ids
    ]
    outcomes = port.update_fields(updates)
    for outcome in outcomes:
        if isinstance(outcome, RateLimited):
            raise outcome
    return outcomes


def a_port(bench: Bench, places: MemoryPlaces) -> CrmPort:
    return open_port(
        bench.vendor.settings(bench.crm, bench.url),
        store=MemoryTokenStore(),
        sealer=Sealer(bytes(32)),
        pace=bench.time.pace(),
        places=places,
    )


@pytest.mark.parametrize(
    ("use", "heavy"),
    [
        (lambda port, _ids: port.changes(Kind.OWNERS, Cursor()), False),
        (lambda port, _ids: port.changes(Kind.ACCOUNTS, Cursor()), True),
        (lambda port, ids: write(port, ids[:10]), False),
        (write, True),
    ],
    ids=["users", "query", "ten records", "eleven records"],
)
def test_heavy_calls_wait_while_others_of_their_kind_are_under_way(
    use: Use, *, heavy: bool
) -> None:
    with open_bench(ZOHO) as bench:
        ids = [bench.add_account() for _ in range(11)]
        places = MemoryPlaces()
        port = a_port(bench, places)
        use(port, ids)  # what has to be known of fields is known now
        hour = bench.time.pace().now().timestamp() + 600
        held = {str(number): Place(hour, heavy=True) for number in range(3)}
        places.change(port.system, lambda _: Crowd(inside=held))

        if not heavy:
            use(port, ids)
            return
        with pytest.raises(RateLimited, match="3 of them for heavy ones"):
            use(port, ids)
        places.change(port.system, lambda _: Crowd())
        use(port, ids)


@pytest.mark.parametrize("key", ["calls_at_once", "heavy_calls_at_once"])
def test_no_calls_at_all_are_no_option(key: str) -> None:
    with pytest.raises(ValueError, match=f"options.{key} must be 1 or more"):
        open_port(
            some_settings(options={key: 0}), store=MemoryTokenStore(), sealer=Sealer(bytes(32))
        )
