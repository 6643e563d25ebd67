"""The promises every CrmPort keeps, each against its look-alike over real HTTP."""

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    RecordInvalid,
    RecordNotFound,
    Refused,
)
from adapters.port import (
    CreditField,
    CrmPort,
    Cursor,
    FieldUpdate,
    FieldValue,
    FindingLevel,
    Receipt,
    WriteEffect,
)
from adapters.settings import Secret
from sandbox.faults import FaultKind
from scoring.money import Money
from scoring.records import Account, AccountRef, Invoice, Kind
from tests.contract.bench import (
    VENDORS,
    ZOHO_EXPORTS,
    Bench,
    Vendor,
    a_change,
    a_draft,
    open_bench,
    read_all,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture(params=[*VENDORS, ZOHO_EXPORTS], ids=["zoho", "fxiaoke", "zoho by exports"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    vendor: Vendor = request.param
    with open_bench(vendor) as running:
        yield running


@pytest.fixture
def port(bench: Bench) -> CrmPort:
    return bench.open()


def an_update(account_id: str, **values: FieldValue) -> FieldUpdate:
    return FieldUpdate(
        account=AccountRef("crm", account_id),
        values={CreditField(name): value for name, value in (values or {"rating": "A"}).items()},
    )


class TestReading:
    """Feeds end, resume, and tell what changed."""

    def test_a_feed_ends_and_holds_each_record_once(self, bench: Bench, port: CrmPort) -> None:
        added = {bench.add_account() for _ in range(230)}

        pages = read_all(port, Kind.ACCOUNTS)

        ids = [record.record_id for page in pages for record in page.records]
        assert len(ids) == 230
        assert set(ids) == added
        assert [page.expected for page in pages] == [230] * bench.vendor.pages_of_230

    def test_an_empty_feed_ends_with_a_watermark(self, port: CrmPort) -> None:
        for kind in port.kinds:
            page = port.changes(kind, Cursor())

            assert page.finished
            assert page.cursor.watermark is not None
            assert page.cursor.position == ""

    def test_another_port_goes_on_in_the_middle(self, bench: Bench, port: CrmPort) -> None:
        added = {bench.add_account() for _ in range(120)}
        first = port.changes(Kind.ACCOUNTS, Cursor())

        rest = read_all(bench.open(), Kind.ACCOUNTS, first.cursor)

        ids = {record.record_id for page in (first, *rest) for record in page.records}
        assert not first.finished
        assert ids == added

    def test_reading_again_gives_the_same(self, bench: Bench, port: CrmPort) -> None:
        bench.add_invoice(bench.add_account())
        first = port.changes(Kind.INVOICES, Cursor())
        again = port.changes(Kind.INVOICES, Cursor())
        overlap = port.changes(Kind.INVOICES, first.cursor)

        assert again == first
        assert overlap.records in {(), first.records}
        assert overlap.cursor.watermark == first.cursor.watermark

    def test_a_position_that_cannot_be_read_begins_again(self, bench: Bench, port: CrmPort) -> None:
        added = bench.add_account()

        page = port.changes(Kind.ACCOUNTS, Cursor(position="{broken"))

        assert [record.record_id for record in page.records] == [added]

    def test_only_what_changed_comes_next(self, bench: Bench, port: CrmPort) -> None:
        changed, same = bench.add_account(), bench.add_account()
        bench.pass_time(HOUR)
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.rename_account(changed, "改名客户")
        added = bench.add_account()

        pages = read_all(port, Kind.ACCOUNTS, cursor)
        bench.pass_time(HOUR)
        quiet = read_all(port, Kind.ACCOUNTS, read_all(port, Kind.ACCOUNTS, cursor)[-1].cursor)

        names = {r.record_id: r.name for p in pages for r in p.records if isinstance(r, Account)}
        assert names[changed] == "改名客户"
        assert added in names
        assert same not in {r.record_id for page in quiet for r in page.records}

    def test_a_change_during_the_scan_is_not_lost(self, bench: Bench, port: CrmPort) -> None:
        ids = [bench.add_account() for _ in range(120)]
        first = port.changes(Kind.ACCOUNTS, Cursor())
        bench.pass_time(HOUR)
        bench.rename_account(first.records[0].record_id, "扫描中改名")
        end = read_all(port, Kind.ACCOUNTS, first.cursor)[-1]

        pages = read_all(port, Kind.ACCOUNTS, end.cursor)

        names = {r.record_id: r.name for p in pages for r in p.records if isinstance(r, Account)}
        assert len(ids) == 120
        assert names[first.records[0].record_id] == "扫描中改名"

    def test_a_change_committed_late_falls_into_the_overlap(
        self, bench: Bench, port: CrmPort
    ) -> None:
        bench.add_account()
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.pass_time(-2 * MINUTE)
        late = bench.add_account()
        bench.pass_time(3 * MINUTE)
        bench.add_account()

        pages = read_all(port, Kind.ACCOUNTS, cursor)

        assert late in {record.record_id for page in pages for record in page.records}

    def test_a_deleted_record_is_gone(self, bench: Bench, port: CrmPort) -> None:
        kept, deleted = bench.add_account(), bench.add_account()
        cursor = read_all(port, Kind.ACCOUNTS)[-1].cursor
        bench.pass_time(HOUR)
        bench.remove_account(deleted)

        fetched = port.fetch(Kind.ACCOUNTS, [kept, deleted])
        told = {each for page in read_all(port, Kind.ACCOUNTS, cursor) for each in page.gone}

        assert [record.record_id for record in fetched.records] == [kept]
        assert fetched.gone == (deleted,)
        # 纷享销客 keeps no list of deletions: there the event and the nightly sweep tell.
        assert told == ({deleted} if port.vendor == "zoho" else set())

    def test_ids_that_never_were_are_gone(self, port: CrmPort) -> None:
        strange = ["1", "abcdef0123456789abcdef01", "' or id is not null --", ""]

        assert set(port.fetch(Kind.ACCOUNTS, strange).gone) == set(strange)

    def test_an_invoice_is_read_exactly(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        added = bench.add_invoice(account)

        (invoice,) = port.fetch(Kind.INVOICES, [added]).records

        assert isinstance(invoice, Invoice)
        assert invoice.account_id == account
        assert invoice.amount == Money(123450, "CNY")
        assert (invoice.issued_on, invoice.due_on) == (date(2026, 1, 1), date(2026, 1, 31))

    def test_a_name_with_emoji_and_right_to_left_marks_comes_whole(
        self, bench: Bench, port: CrmPort
    ) -> None:
        name = "شركة 😀 \u200fLtd\u200e 公司"
        added = bench.add_account(**{bench.vendor.renamed: name})

        (account,) = port.fetch(Kind.ACCOUNTS, [added]).records

        assert isinstance(account, Account)
        assert account.name == name

    def test_owners_are_read(self, port: CrmPort) -> None:
        page = port.changes(Kind.OWNERS, Cursor())

        assert page.records
        assert port.fetch(Kind.OWNERS, [page.records[0].record_id]).records == page.records[:1]


class TestFields:
    """Credit fields are written, judged one by one, and read back."""

    def test_an_update_and_a_read_agree(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        values: dict[str, FieldValue] = {
            "rating": "AA",
            "score": Decimal("81.5"),
            "limit": Decimal("12345678901.25"),
            "limit_valid_to": date(2027, 6, 30),
            "utilisation": Decimal(999),
            "oldest_days": 0,
            "hold": "stop",
            "watch_level": "high",
            "outlook": "down",
            "reasons": "− 逾期 32 天\n+ 老客户 😀",
            "summary": "可赊销 'O''Neil' <b>",
            "currency": "CNY",
        }

        (outcome,) = port.update_fields([an_update(account, **values)])

        assert isinstance(outcome, Receipt)
        assert (outcome.effect, outcome.record_id) == (WriteEffect.WRITTEN, account)
        stored = port.owned_values([account])[account]
        assert {name: stored[CreditField(name)] for name in values} == values

    def test_a_value_is_cleared(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account, rating="AA", limit=Decimal(5), reasons="x")])
        port.update_fields([an_update(account, rating=None, limit=None, reasons=None)])

        stored = port.owned_values([account])[account]

        assert stored[CreditField.RATING] is None
        assert stored[CreditField.LIMIT] is None
        assert stored[CreditField.REASONS] in {None, ""}

    def test_writing_twice_changes_nothing(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.update_fields([an_update(account)])
        before = port.owned_values([account])
        port.update_fields([an_update(account)])

        assert port.owned_values([account]) == before

    def test_one_bad_record_does_not_stop_the_others(self, bench: Bench, port: CrmPort) -> None:
        good, other, gone = (bench.add_account() for _ in range(3))
        bench.remove_account(gone)

        outcomes = port.update_fields(
            [
                an_update(good, rating="A"),
                an_update(gone, rating="A"),
                an_update(other, rating="no such grade"),
                an_update(other, rating="B"),
            ]
        )

        assert [type(each) for each in outcomes] == [
            Receipt,
            RecordNotFound,
            RecordInvalid,
            Receipt,
        ]
        stored = port.owned_values([good, other, gone])
        assert gone not in stored
        assert stored[good][CreditField.RATING] == "A"
        assert stored[other][CreditField.RATING] == "B"

    def test_a_value_off_the_list_names_what_is_allowed(self, bench: Bench, port: CrmPort) -> None:
        (outcome,) = port.update_fields([an_update(bench.add_account(), rating="ZZZ")])

        assert isinstance(outcome, RecordInvalid)
        assert "AAA" in outcome.fields["rating"]

    def test_nothing_to_write_is_nothing_sent(self, port: CrmPort) -> None:
        assert port.update_fields([]) == []
        assert port.create_tasks([]) == []
        assert port.change_tasks([]) == []
        assert port.find_tasks([]) == {}
        assert port.owned_values([]) == {}


class TestTasks:
    """A task exists once for each key, is found again, and can be closed."""

    def test_a_key_finds_its_task(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        (created,) = port.create_tasks([a_draft(account, "it's a key")])

        found = port.find_tasks(["it's a key", "another"])

        assert isinstance(created, Receipt)
        assert created.effect is WriteEffect.CREATED
        assert list(found) == ["it's a key"]
        state = found["it's a key"]
        assert (state.task_id, state.account_id, state.closed) == (
            created.record_id,
            account,
            False,
        )

    def test_a_second_create_adopts_the_first(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        (first,) = port.create_tasks([draft])
        (second,) = bench.open().create_tasks([draft])

        assert port.enforces_task_key
        assert isinstance(first, Receipt)
        assert isinstance(second, Receipt)
        assert second.effect is WriteEffect.ADOPTED
        assert second.record_id == first.record_id
        assert len(bench.tasks()) == 1

    def test_a_task_is_rewritten_and_closed(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        (created,) = port.create_tasks([draft])
        assert isinstance(created, Receipt)
        changed = a_change(draft, created.record_id, subject="已升级", level=2)
        (rewritten,) = port.change_tasks([changed])
        still_open = port.find_tasks([draft.key])[draft.key]
        ending = {"subject": "", "owner_id": None, "body": "已付清", "closed": True}
        (closed,) = port.change_tasks([a_change(draft, created.record_id, **ending)])

        assert isinstance(rewritten, Receipt)
        assert isinstance(closed, Receipt)
        assert (still_open.subject, still_open.closed) == ("已升级", False)
        at_last = port.find_tasks([draft.key])[draft.key]
        assert (at_last.subject, at_last.closed) == ("已升级", True)

    def test_one_bad_task_does_not_stop_the_others(self, bench: Bench, port: CrmPort) -> None:
        account, gone = bench.add_account(), bench.add_account()
        bench.remove_account(gone)

        outcomes = port.create_tasks(
            [a_draft(account, "a"), a_draft(gone, "b"), a_draft(account, "c")]
        )

        assert [isinstance(each, Receipt) for each in outcomes] == [True, False, True]
        assert set(port.find_tasks(["a", "b", "c"])) == {"a", "c"}

    def test_a_deleted_task_is_told(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        (created,) = port.create_tasks([draft])
        assert isinstance(created, Receipt)
        bench.crm.remove_record(bench.vendor.task_module, created.record_id)

        (outcome,) = port.change_tasks([a_change(draft, created.record_id)])

        assert isinstance(outcome, RecordNotFound)


class TestFaults:
    """Whatever comes over the wire, the right error of ours comes out."""

    @pytest.mark.parametrize(
        "kind",
        [
            FaultKind.ERROR_500,
            FaultKind.ERROR_502_HTML,
            FaultKind.ERROR_503,
            FaultKind.ERROR_504_HTML,
            FaultKind.HTML_200,
            FaultKind.TRUNCATED_JSON,
            FaultKind.WRONG_LENGTH,
            FaultKind.BROKEN_BYTES,
            FaultKind.SLOW_BODY,
            FaultKind.HALF_CLOSE,
            FaultKind.RESET_BEFORE,
            FaultKind.RESET_AFTER,
            FaultKind.RATE_LIMIT,
        ],
    )
    def test_a_read_survives_a_passing_fault(
        self, bench: Bench, port: CrmPort, kind: FaultKind
    ) -> None:
        added = bench.add_account()
        bench.fail(bench.vendor.reads, kind, times=2)

        pages = read_all(port, Kind.ACCOUNTS)

        assert [r.record_id for page in pages for r in page.records] == [added]

    def test_a_token_that_dies_in_mid_run_is_replaced(self, bench: Bench, port: CrmPort) -> None:
        account = bench.add_account()
        port.owned_values([account])
        bench.fail(bench.vendor.reads, FaultKind.STALE_TOKEN)
        bench.fail(bench.vendor.updates, FaultKind.STALE_TOKEN)

        pages = read_all(port, Kind.ACCOUNTS)
        (outcome,) = port.update_fields([an_update(account)])

        assert [r.record_id for page in pages for r in page.records] == [account]
        assert isinstance(outcome, Receipt)

    @pytest.mark.parametrize("kind", [FaultKind.ERROR_500, FaultKind.HTML_200])
    def test_a_read_gives_up_in_the_end(self, bench: Bench, port: CrmPort, kind: FaultKind) -> None:
        bench.fail(bench.vendor.reads, kind, times=1000)

        with pytest.raises(CrmUnavailable):
            port.changes(Kind.ACCOUNTS, Cursor())
        assert bench.time.seconds <= 60

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            (FaultKind.ERROR_500, OutcomeUnknown),
            (FaultKind.HTML_200, OutcomeUnknown),
            (FaultKind.ERROR_503, OutcomeUnknown),
            (FaultKind.ERROR_504_HTML, OutcomeUnknown),
            (FaultKind.TRUNCATED_JSON, OutcomeUnknown),
            (FaultKind.WRONG_LENGTH, OutcomeUnknown),
            (FaultKind.BROKEN_BYTES, OutcomeUnknown),
            (FaultKind.HALF_CLOSE, OutcomeUnknown),
            (FaultKind.RESET_BEFORE, OutcomeUnknown),
            (FaultKind.RESET_AFTER, OutcomeUnknown),
            (FaultKind.RATE_LIMIT, RateLimited),
            (FaultKind.QUOTA, QuotaExhausted),
        ],
    )
    def test_a_write_is_sent_once_and_its_doubt_is_told(
        self, bench: Bench, port: CrmPort, kind: FaultKind, expected: type[CrmError]
    ) -> None:
        account = bench.add_account()
        port.owned_values([account])  # signs in and reads the metadata
        bench.fail(bench.vendor.updates, kind, times=1000)
        before = port.usage().calls

        (outcome,) = port.update_fields([an_update(account)])

        assert isinstance(outcome, expected)
        sent = [call for call in bench.crm.journal if _is_update(bench, call.method, call.path)]
        assert len(sent) == 1
        assert port.usage().calls <= before + 2

    def test_a_create_cut_off_is_found_again(self, bench: Bench, port: CrmPort) -> None:
        draft = a_draft(bench.add_account())
        assert port.enforces_task_key
        bench.fail(bench.vendor.creates, FaultKind.RESET_AFTER)
        (lost,) = port.create_tasks([draft])
        (again,) = port.create_tasks([draft])

        assert isinstance(lost, OutcomeUnknown)
        assert isinstance(again, Receipt)
        assert again.effect is WriteEffect.ADOPTED
        assert len(bench.tasks()) == 1

    def test_wrong_credentials_are_rejected(self, bench: Bench) -> None:
        wrong = {name: Secret("wrong") for name in bench.vendor.secrets}

        with pytest.raises(CredentialsRejected):
            bench.open(secrets=wrong).changes(Kind.ACCOUNTS, Cursor())

    def test_no_server_is_unavailable(self, bench: Bench) -> None:
        nowhere = bench.open(base_url="http://127.0.0.1:9", accounts_url="http://127.0.0.1:9")

        with pytest.raises(CrmUnavailable):
            nowhere.changes(Kind.ACCOUNTS, Cursor())

    def test_a_mapping_that_does_not_fit_is_told(self, bench: Bench) -> None:
        key = "module" if bench.vendor.name == "zoho" else "object"
        port = bench.open(mapping={"payments": {key: "No_Such_Module"}})

        with pytest.raises((ContractBroken, Refused)):
            port.changes(Kind.PAYMENTS, Cursor())


class TestCare:
    """No secret shows, calls are counted, the doctor sees."""

    def test_no_secret_shows_in_logs_errors_or_reprs(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        port = bench.open()
        account = bench.add_account()
        bench.fail(bench.vendor.updates, FaultKind.ERROR_500)
        (failed,) = port.update_fields([an_update(account)])
        read_all(port, Kind.ACCOUNTS)
        wrong = bench.open(secrets={name: Secret("wr0ng-s3cret") for name in bench.vendor.secrets})
        with pytest.raises(CredentialsRejected) as caught:
            wrong.changes(Kind.ACCOUNTS, Cursor())

        settings = bench.vendor.settings(bench.crm, bench.url)
        shown = f"{caplog.text} {failed!r} {caught.value!r} {caught.value} {settings!r} {port!r}"
        for name in bench.vendor.secrets:
            assert settings.secrets[name].reveal() not in shown
        assert "wr0ng-s3cret" not in shown
        assert "示例客户" not in shown

    def test_calls_are_counted(self, bench: Bench, port: CrmPort) -> None:
        before = len(list(bench.crm.journal))
        port.changes(Kind.ACCOUNTS, Cursor())

        assert port.usage().calls == len(list(bench.crm.journal)) - before
        assert port.usage().credits > 0

    def test_the_doctor_finds_no_error_in_a_provisioned_crm(self, port: CrmPort) -> None:
        findings = port.check()

        assert findings
        assert [each for each in findings if each.level is FindingLevel.ERROR] == []

    def test_the_doctor_names_what_is_missing(self, bench: Bench) -> None:
        port = bench.open(mapping={"credit_fields": {"rating": "No_Such_Field"}})

        errors = [each for each in port.check() if each.level is FindingLevel.ERROR]

        assert any("No_Such_Field" in each.message for each in errors)
        assert all(each.remedy for each in errors)

    def test_nothing_is_left_to_provision(self, port: CrmPort) -> None:
        steps = port.provision(dry_run=True)

        assert {step.state for step in steps} == {"exists"}


def _is_update(bench: Bench, method: str, path: str) -> bool:
    wanted, _, prefix = bench.vendor.updates.partition(" ")
    return method == wanted and path.startswith(prefix)


def test_the_ids_of_a_feed_come_whole_in_portions_and_without_what_is_gone(
    bench: Bench, port: CrmPort
) -> None:
    accounts = [bench.add_account() for _ in range(230)]
    bench.remove_account(accounts[7])
    found: list[str] = []
    portions, after = 0, ""
    while portions == 0 or after:
        page = port.ids(Kind.ACCOUNTS, after)
        portions, after = portions + 1, page.after
        found += page.ids

    assert found == sorted({*accounts} - {accounts[7]}, key=lambda each: (len(each), each))
    assert portions == 3
    assert port.missing(Kind.ACCOUNTS, accounts[5:9]) == (accounts[7],)


def test_a_feed_without_records_has_no_ids(port: CrmPort) -> None:
    page = port.ids(Kind.PAYMENTS)

    assert (page.ids, page.after) == ((), "")
