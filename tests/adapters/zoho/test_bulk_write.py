"""Writing by jobs: when, what the file says, whose verdict is whose, and what a bad day does."""

import csv
import io
import logging
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.budget import BudgetPlan
from adapters.errors import (
    CrmUnavailable,
    OutcomeUnknown,
    QuotaExhausted,
    RecordConflict,
    RecordInvalid,
    RecordNotFound,
)
from adapters.port import CreditField, FieldUpdate, FieldValue, Outcome, Receipt, WritesInBulk
from adapters.registry import open_port
from adapters.tokens import MemoryTokenStore, Sealer
from adapters.zoho.bulk_result import read_result
from adapters.zoho.bulk_write import PATIENCE_SECONDS, REST_SECONDS, SETTLE, WAITS, job_is_cheaper
from adapters.zoho.centres import is_zohos_own
from adapters.zoho.port import ZohoPort
from adapters.zoho.settings import content_url
from sandbox.faults import FaultKind
from scoring.records import AccountRef
from tests.adapters.zoho.answers import ACCOUNTS, CannedZoho, a_field, a_port, some_settings
from tests.contract.bench import ZOHO, Bench, open_bench

ALWAYS = {"bulk_write": "always"}
UPLOAD, CREATE, LOOK = (
    "POST /crm/v8/upload",
    "POST /crm/bulk/v8/write",
    "GET /crm/bulk/v8/write/",
)
FETCH = "GET /v2/crm/"


def an_update(account_id: str, **values: FieldValue) -> FieldUpdate:
    return FieldUpdate(
        account=AccountRef("crm", account_id),
        values={CreditField(name): value for name, value in (values or {"rating": "A"}).items()},
    )


@dataclass
class Writing:
    """A connection that writes by jobs, and what it may be asked while it waits."""

    bench: Bench
    port: ZohoPort
    asked: int = 0

    def write(
        self, *updates: FieldUpdate, go_on: Callable[[], bool] = lambda: True
    ) -> list[Outcome]:
        def ask() -> bool:
            self.asked += 1
            return go_on()

        return self.port.update_fields_in_bulk(updates, go_on=ask)

    def calls(self, part: str = "") -> list[str]:
        calls = (f"{call.method} {call.path}" for call in self.bench.crm.journal)
        return [call for call in calls if part in call and "oauth" not in call]

    def account(self, record_id: str) -> dict[str, object]:
        records = self.bench.crm.records("Accounts")
        return next(each for each in records if each["id"] == record_id)


def _writing(bench: Bench, **options: object) -> Writing:
    bench.time.clock = bench.crm.clock
    port = bench.open(options=ALWAYS | options)
    assert isinstance(port, ZohoPort)
    return Writing(bench, port)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Zoho whose jobs take four seconds."""
    with open_bench(ZOHO, bulk_job_seconds=4.0) as running:
        yield running


@pytest.fixture
def writing(bench: Bench) -> Writing:
    return _writing(bench)


def test_a_job_writes_what_single_writes_would(writing: Writing) -> None:
    values: dict[str, FieldValue] = {
        "rating": "BBB",
        "limit": Decimal("1234567.89"),
        "oldest_days": 12,
        "next_review_on": date(2027, 1, 31),
        "reasons": 'late, "very"\n中文; a | b',
    }
    one, other = writing.bench.add_account(), writing.bench.add_account()
    outcomes = writing.write(an_update(one, **values))
    writing.port.update_fields([an_update(other, **values)])

    assert isinstance(outcomes[0], Receipt)
    assert outcomes[0].record_id == one
    owned = writing.port.owned_values([one, other])
    assert owned[one] == owned[other]
    assert owned[one][CreditField.REASONS] == values["reasons"]
    assert writing.calls("/write") == [CREATE, *[f"{LOOK}{_job(writing)}"] * 2]


def _job(writing: Writing) -> str:
    """Return the id of the newest job."""
    return next(call for call in reversed(writing.calls(LOOK))).rpartition("/")[2]


def test_accounts_with_different_fields_go_in_one_job(writing: Writing) -> None:
    one, other = writing.bench.add_account(), writing.bench.add_account()
    writing.port.update_fields([an_update(other, rating="C", oldest_days=9)])
    writing.write(an_update(one, rating="A"), an_update(other, oldest_days=3))

    assert writing.account(one)["Credit_Rating"] == "A"
    assert writing.account(other)["Credit_Rating"] == "C"
    assert writing.account(other)["Credit_Oldest_Days"] == 3
    assert len(writing.calls(CREATE)) == 1


def test_what_clears_a_field_is_written_singly(writing: Writing) -> None:
    """An empty cell leaves a field as it is."""
    one, other = writing.bench.add_account(), writing.bench.add_account()
    writing.port.update_fields([an_update(other, hold_reason="overdue")])
    outcomes = writing.write(an_update(one), an_update(other, rating="A", hold_reason=None))

    assert [type(outcome) for outcome in outcomes] == [Receipt, Receipt]
    assert writing.account(other)["Credit_Hold_Reason"] is None
    assert writing.calls("PUT") == ["PUT /crm/v8/Accounts"] * 2


def test_each_record_is_judged_alone_and_as_single_writes_are(writing: Writing) -> None:
    good, locked, gone = (writing.bench.add_account() for _ in range(3))
    writing.bench.crm.put_record("Accounts", {"Locked__s": True}, locked)
    writing.bench.remove_account(gone)
    unknown_choice = an_update(writing.bench.add_account(), rating="Z")
    outcomes = writing.write(an_update(gone), an_update(good), unknown_choice, an_update(locked))

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [RecordNotFound, Receipt, RecordInvalid, RecordConflict]
    assert writing.account(good)["Credit_Rating"] == "A"


def test_a_job_is_looked_after_until_it_is_done(bench: Bench) -> None:
    with open_bench(ZOHO, bulk_job_seconds=60.0, bulk_write_working="IN PROGRESS") as slow:
        writing = _writing(slow)
        (outcome,) = writing.write(an_update(slow.add_account()))

    assert isinstance(outcome, Receipt)
    assert slow.time.slept == list(WAITS[:5])
    assert writing.asked >= 5  # before each look: who waits keeps what he holds


def test_a_long_job_is_looked_after_once_a_minute_for_a_look_costs_a_credit() -> None:
    with open_bench(ZOHO, bulk_job_seconds=20 * 60.0) as slow:
        writing = _writing(slow)
        (outcome,) = writing.write(an_update(slow.add_account()))
        looks = len(writing.calls(LOOK))

    assert isinstance(outcome, Receipt)
    assert looks <= 25
    assert max(slow.time.slept) <= 60.0  # whoever holds the rows is asked in time


def test_the_price_is_booked_and_the_doubt_of_a_write_is_there() -> None:
    with open_bench(ZOHO, bulk_job_seconds=4.0) as bench:
        writing = _writing(bench)
        writing.write(an_update(bench.add_account()))

        assert writing.port.usage().credits == sum(call.credits for call in bench.crm.journal)
        assert writing.port.usage().credits > 500


@pytest.mark.parametrize(("records", "cheaper"), [(100, False), (5_100, False), (5_101, True)])
def test_the_price_decides(records: int, *, cheaper: bool) -> None:
    assert job_is_cheaper(records) is cheaper


def test_a_port_says_how_many_updates_a_job_should_have(bench: Bench) -> None:
    port = bench.open()
    assert isinstance(port, WritesInBulk)
    waiting = (0, 5_100, 5_101, 100_000)
    assert [port.fields_at_once(each) for each in waiting] == [0, 0, 5_101, 25_000]

    for options in ({"bulk_write": "never"}, {"run_workflows": True}):
        none = bench.open(options=options)
        assert isinstance(none, WritesInBulk)
        assert none.fields_at_once(100_000) == 0


class Unspent:
    """A day on which nothing was spent."""

    def book(self, _system: str, _at: datetime, _credits: int, _ceiling: int) -> None:
        """Book a call."""


@pytest.mark.parametrize(("credits_per_day", "offer"), [(499, 0), (500, 6_000)])
def test_a_budget_too_small_for_any_job_leaves_single_writes(
    credits_per_day: int, offer: int
) -> None:
    port = open_port(
        some_settings(budget=BudgetPlan(credits_per_day=credits_per_day)),
        store=MemoryTokenStore(),
        sealer=Sealer(bytes(32)),
        spending=Unspent(),
    )

    assert isinstance(port, WritesInBulk)
    assert port.fields_at_once(6_000) == offer


def test_few_updates_are_written_singly(bench: Bench) -> None:
    writing = _writing(bench, bulk_write="auto")
    outcomes = writing.write(*(an_update(bench.add_account()) for _ in range(3)))

    assert [type(outcome) for outcome in outcomes] == [Receipt] * 3
    assert writing.calls("/write") == writing.calls("/upload") == []


def test_very_many_updates_go_in_one_job(bench: Bench) -> None:
    writing = _writing(bench, bulk_write="auto")
    ids = [bench.add_account(Account_Name=f"A{number}") for number in range(5_101)]
    before = writing.port.usage()
    outcomes = writing.write(*(an_update(each, rating="BBB", oldest_days=1) for each in ids))
    spent = writing.port.usage().credits - before.credits

    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert [o.record_id for o in outcomes if isinstance(o, Receipt)] == ids
    assert writing.calls("PUT") == []
    assert spent < 512


NEEDED = ("modules.ALL", "settings.ALL", "coql.READ", "org.READ", "users.READ", "bulk.READ")


@pytest.mark.parametrize(
    "more",
    [("ZohoCRM.bulk.CREATE",), ("ZohoFiles.files.ALL",)],
    ids=["no upload", "no job"],
)
def test_where_jobs_are_not_permitted_single_writes_serve(
    more: Sequence[str], caplog: pytest.LogCaptureFixture
) -> None:
    scopes = (*(f"ZohoCRM.{scope}" for scope in NEEDED), *more)
    with open_bench(ZOHO, scopes=scopes) as bench:
        writing = _writing(bench)
        with caplog.at_level(logging.WARNING):
            (outcome,) = writing.write(an_update(bench.add_account()))
        offers = [writing.port.fields_at_once(9)]
        bench.time.seconds += REST_SECONDS
        offers.append(writing.port.fields_at_once(9))

    assert isinstance(outcome, Receipt)
    assert "written without bulk jobs" in caplog.text
    assert offers == [0, 9]  # asked again after some hours


def test_a_token_that_only_the_host_for_files_refuses_is_good_for_single_writes(
    writing: Writing,
) -> None:
    writing.bench.fail(UPLOAD, FaultKind.STALE_TOKEN, times=2)
    (outcome,) = writing.write(an_update(writing.bench.add_account()))

    assert isinstance(outcome, Receipt)
    assert writing.calls(CREATE) == []


@pytest.mark.parametrize("kind", [FaultKind.ERROR_500, FaultKind.RESET_AFTER, FaultKind.HTML_200])
def test_an_upload_that_breaks_is_sent_again(writing: Writing, kind: FaultKind) -> None:
    writing.bench.fail(UPLOAD, kind, times=2)
    (outcome,) = writing.write(an_update(writing.bench.add_account()))

    assert isinstance(outcome, Receipt)
    assert len(writing.calls(UPLOAD)) == 3


def test_an_upload_that_never_succeeds_is_no_doubt(writing: Writing) -> None:
    writing.bench.fail(UPLOAD, FaultKind.RESET_AFTER, times=9)
    (outcome,) = writing.write(an_update(writing.bench.add_account()))

    assert isinstance(outcome, CrmUnavailable)
    assert writing.calls(CREATE) == []


def test_used_up_credits_are_told_and_nothing_is_sent(writing: Writing) -> None:
    writing.bench.fail(CREATE, FaultKind.QUOTA)
    (outcome,) = writing.write(an_update(writing.bench.add_account()))

    assert isinstance(outcome, QuotaExhausted)
    assert writing.calls("PUT") == []


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET_AFTER, FaultKind.ERROR_500, FaultKind.TRUNCATED_JSON]
)
def test_a_job_that_may_have_been_started_is_in_doubt_until_it_has_ended(
    writing: Writing, kind: FaultKind
) -> None:
    account = writing.bench.add_account()
    writing.bench.fail(CREATE, kind)
    (outcome,) = writing.write(an_update(account))
    (held,) = writing.port.update_fields([an_update(account, rating="B")])
    writing.bench.time.sleep(SETTLE.total_seconds())
    (written,) = writing.port.update_fields([an_update(account, rating="B")])

    assert isinstance(outcome, OutcomeUnknown)
    assert outcome.retry_at is not None
    assert isinstance(held, OutcomeUnknown)
    assert isinstance(written, Receipt)
    assert writing.account(account)["Credit_Rating"] == "B"


def test_others_are_written_while_a_job_is_in_doubt(writing: Writing) -> None:
    account, other = writing.bench.add_account(), writing.bench.add_account()
    writing.bench.fail(CREATE, FaultKind.RESET_AFTER)
    writing.write(an_update(account))
    outcomes = writing.port.update_fields([an_update(account), an_update(other)])

    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, Receipt]


def test_a_job_that_never_ends_is_left_and_its_records_wait_for_it() -> None:
    with open_bench(ZOHO, bulk_job_seconds=2.0 * PATIENCE_SECONDS) as endless:
        writing = _writing(endless)
        account = endless.add_account()
        (outcome,) = writing.write(an_update(account))
        (held,) = writing.port.update_fields([an_update(account, rating="B")])
        endless.pass_time(timedelta(seconds=2 * PATIENCE_SECONDS))
        (written,) = writing.port.update_fields([an_update(account, rating="B")])
        after = writing.account(account)["Credit_Rating"]

    assert isinstance(outcome, OutcomeUnknown)
    assert "still works" in str(outcome)
    assert isinstance(held, OutcomeUnknown)
    assert isinstance(written, Receipt)
    assert after == "B"


def test_a_job_in_doubt_is_looked_after_for_its_own_records_alone(writing: Writing) -> None:
    account, other = writing.bench.add_account(), writing.bench.add_account()
    writing.write(an_update(account), go_on=lambda: False)
    for _ in range(3):
        writing.port.update_fields([an_update(other)])
    before = len(writing.calls(LOOK))
    writing.port.update_fields([an_update(account)])

    assert before == 0
    assert len(writing.calls(LOOK)) == 1


def test_a_job_in_a_state_that_nobody_knows_may_still_write() -> None:
    with open_bench(ZOHO, bulk_job_seconds=60.0, bulk_write_working="QUEUED") as slow:
        writing = _writing(slow)
        account = slow.add_account()
        (outcome,) = writing.write(an_update(account))
        slow.pass_time(timedelta(seconds=60))

    assert isinstance(outcome, Receipt)


def test_who_is_told_to_stop_leaves_the_job_and_says_what_is_unknown(writing: Writing) -> None:
    account = writing.bench.add_account()
    (outcome,) = writing.write(an_update(account), go_on=lambda: False)
    writing.bench.pass_time(timedelta(seconds=4))

    assert isinstance(outcome, OutcomeUnknown)
    assert writing.account(account)["Credit_Rating"] == "A"


def test_single_writes_stop_between_two_calls(bench: Bench) -> None:
    writing = _writing(bench, bulk_write="never")
    updates = [an_update(bench.add_account()) for _ in range(101)]
    outcomes = writing.write(*updates, go_on=lambda: writing.asked < 2)

    assert [type(outcome) for outcome in outcomes] == [Receipt] * 100 + [CrmUnavailable]


def test_who_may_not_look_for_hours_waits_no_longer(writing: Writing) -> None:
    account = writing.bench.add_account()
    writing.bench.fail(LOOK, FaultKind.QUOTA)
    (outcome,) = writing.write(an_update(account))
    writing.bench.pass_time(timedelta(seconds=4))

    assert isinstance(outcome, OutcomeUnknown)
    assert writing.account(account)["Credit_Rating"] == "A"


@pytest.mark.parametrize("kind", [FaultKind.ERROR_500, FaultKind.RESET_AFTER, FaultKind.RATE_LIMIT])
def test_looks_that_fail_do_not_lose_the_job(writing: Writing, kind: FaultKind) -> None:
    writing.bench.fail(LOOK, kind, times=1)
    (outcome,) = writing.write(an_update(writing.bench.add_account()))

    assert isinstance(outcome, Receipt)


def test_a_result_that_cannot_be_read_is_in_doubt_and_found_in_the_crm(writing: Writing) -> None:
    account = writing.bench.add_account()
    writing.bench.fail(FETCH, FaultKind.HTML_200)
    (outcome,) = writing.write(an_update(account))

    assert isinstance(outcome, OutcomeUnknown)
    assert writing.port.owned_values([account])[account][CreditField.RATING] == "A"


def test_a_job_that_fails_is_in_doubt_and_single_writes_come_next() -> None:
    with open_bench(ZOHO, bulk_writes_fail=True) as failing:
        writing = _writing(failing)
        updates = [an_update(failing.add_account()) for _ in range(2)]
        outcomes = writing.write(*updates)
        again = writing.write(*updates)

    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 2
    assert [type(outcome) for outcome in again] == [Receipt] * 2
    assert len(writing.calls(CREATE)) == 1


def test_the_words_of_a_result_are_read_in_capitals_too() -> None:
    with open_bench(ZOHO, bulk_write_shouts=True, upload_ids_are_numbers=True) as bench:
        (outcome,) = _writing(bench).write(an_update(bench.add_account()))

    assert isinstance(outcome, Receipt)


def _result(*lines: Sequence[str], header: Sequence[str] = ()) -> Any:
    text = io.StringIO()
    csv.writer(text).writerows([header or ["id", "STATUS", "RECORD_ID", "ERRORS"], *lines])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", text.getvalue())
    unknown = OutcomeUnknown("?", system="crm", operation="update")
    return read_result(packed, unknown)


def test_each_line_of_a_result_is_one_verdict() -> None:
    found = _result(
        ["1", "updated", "1", ""],
        ["2", "skipped", "", "DUPLICATE_DATA-Credit_Ref:INVALID_DATA-Credit_Score"],
        ["3", "unprocessed", "", ""],
        ["4", "skipped", "", ""],
        ["5"],
    )

    assert (found["1"].well, found["1"].details) == (True, {"id": "1"})
    assert (found["2"].code, found["2"].details) == ("DUPLICATE_DATA", {"api_name": "Credit_Ref"})
    assert isinstance(found["3"], CrmUnavailable)
    assert isinstance(found["4"], OutcomeUnknown)
    assert isinstance(found["5"], OutcomeUnknown)


def test_a_file_without_verdicts_is_none() -> None:
    assert _result(["1", "updated"], header=["id", "STATE"]) is None
    assert read_result(io.BytesIO(b"no zip"), OutcomeUnknown("?", system="", operation="")) is None


def test_zohos_hosts_are_known_by_their_domains() -> None:
    assert is_zohos_own("https://download-accl.zoho.eu/v2/crm/1/bulk-write/2/2.zip")
    for address in (
        "http://download-accl.zoho.eu/x",
        "https://zoho.eu.example.com/x",
        "https://evilzoho.eu/x",
        "https://user@files.zoho.eu/x",
        "https://files.zoho.eu:8443/x",
        "https://[files.zoho.eu/x",
    ):
        assert not is_zohos_own(address)


def test_a_result_on_a_strange_host_is_not_fetched() -> None:
    with open_bench(ZOHO, results_host="https://files.example.com") as strange:
        (outcome,) = _writing(strange).write(an_update(strange.add_account()))

    assert isinstance(outcome, OutcomeUnknown)
    assert "none of Zoho's" in str(outcome)


def test_the_host_for_files_is_the_data_centres_or_the_configured_one() -> None:
    def host(**changes: Any) -> str:
        return content_url(some_settings(**changes))

    assert host(options={"data_centre": "ca"}) == "https://upload.zohocloud.ca"
    assert host(base_url="https://sandbox.zohoapis.eu") == "https://content.zohoapis.eu"
    assert content_url(some_settings(), "https://www.zohoapis.jp") == "https://content.zohoapis.jp"
    assert host(base_url="http://127.0.0.1:9/") == "http://127.0.0.1:9"
    assert host(options={"content_url": "https://upload.zoho.uk/"}) == "https://upload.zoho.uk"
    assert host(options={"data_centre": "uk"}) == ""


def test_where_no_host_takes_files_there_are_no_jobs(bench: Bench) -> None:
    port = bench.open(base_url="", options={"data_centre": "uk"})
    assert isinstance(port, WritesInBulk)
    assert port.fields_at_once(100_000) == 0


def test_where_the_tokens_api_has_no_known_host_for_files_single_writes_serve(
    zoho: CannedZoho,
) -> None:
    """The configured data centre has one, but the token is of another."""
    uk = "https://www.zohoapis.uk/crm/v8"
    token = {"access_token": "1000.t", "api_domain": "https://www.zohoapis.uk", "expires_in": 3600}
    zoho.mock.replace("POST", f"{ACCOUNTS}/oauth/v2/token", json=token)
    zoho.mock.add("GET", f"{uk}/org", json={"org": [{"id": "1", "zgid": "7"}]})
    rating = a_field("Credit_Rating", "picklist", options=["A"])
    zoho.mock.add("GET", f"{uk}/settings/fields", json={"fields": [rating]})
    written = {"status": "success", "code": "SUCCESS", "details": {"id": "5"}}
    zoho.mock.add("PUT", f"{uk}/Accounts", json={"data": [written]})
    port = a_port(zoho, options=ALWAYS)
    (outcome,) = port.update_fields_in_bulk([an_update("5")], go_on=lambda: True)

    assert isinstance(outcome, Receipt)


def test_the_doctor_tells_whether_jobs_are_permitted() -> None:
    def said(*more: str, **options: str) -> list[tuple[str, str]]:
        scopes = (*(f"ZohoCRM.{scope}" for scope in NEEDED), *more)
        with open_bench(ZOHO, scopes=scopes) as org:
            found = org.open(options=options).check()
        return [(each.level.value, each.remedy) for each in found if each.topic == "bulk writes"]

    remedy = "authorise it again: `zixin connect zoho crm --consent`"
    assert said("ZohoCRM.bulk.CREATE", "ZohoFiles.files.ALL") == [("ok", "")]
    assert said("ZohoCRM.bulk.CREATE") == said("ZohoFiles.files.ALL") == [("warning", remedy)]
    assert said(bulk_write="never") == [("ok", "")]
