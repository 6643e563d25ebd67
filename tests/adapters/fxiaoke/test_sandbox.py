"""The port against the look-alike tenant, over HTTP: both styles, the whole round, the faults."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from adapters.errors import (
    CredentialsRejected,
    NotPermitted,
    OutcomeUnknown,
    QuotaExhausted,
    RecordNotFound,
)
from adapters.events import Hint
from adapters.fxiaoke.events import FxiaokeVerifier
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.port import FxiaokePort
from adapters.fxiaoke.values import date_to_ms
from adapters.port import (
    CreditField,
    Cursor,
    FieldUpdate,
    FieldValue,
    FindingLevel,
    Page,
    Priority,
    Receipt,
    TaskChange,
    TaskDraft,
    WriteEffect,
)
from adapters.settings import Secret
from sandbox.clock import SandboxClock
from sandbox.faults import FaultKind, FaultRule, Faults
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.store import Change
from sandbox.fxiaoke.tenant import FxiaokeTenant
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from sandbox.server import Sandbox
from scoring.money import Money
from scoring.records import Account, AccountRef, Invoice, InvoiceKind, Kind, Owner, Payment
from tests.adapters.fxiaoke.gateway import NOW, Time, a_port, some_settings

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
STYLES = ("header", "body")


@pytest.fixture
def tenant() -> FxiaokeTenant:
    """A provisioned tenant that lives in 2020, to prove that our clock does not matter."""
    clock = SandboxClock(datetime(2020, 3, 31, 2, 0, tzinfo=UTC), frozen=True)
    options = TenantOptions(provisioned=True)
    return FxiaokeTenant(clock, Journal(), Faults(), Notifier(), options, rng=Random(1))


@pytest.fixture
def url(tenant: FxiaokeTenant) -> Iterator[str]:
    sandbox = Sandbox()
    address = sandbox.mount(tenant)
    with sandbox:
        yield address


def open_on(
    tenant: FxiaokeTenant, url: str, *, style: str = "header", seconds: float = 30.0, **options: Any
) -> FxiaokePort:
    known = tenant.credentials()
    names = ("app_id", "app_secret", "permanent_code")
    settings = some_settings(
        base_url=url,
        secrets={name: Secret(known[name]) for name in names},
        organisation_id=known["corp_id"],
        options={
            "style": style,
            "actor": known["user_id" if style == "header" else "open_user_id"],
            **options,
        },
    )
    return a_port(Time(), settings=settings, read_seconds=seconds)


@pytest.fixture(params=STYLES)
def port(request: pytest.FixtureRequest, tenant: FxiaokeTenant, url: str) -> FxiaokePort:
    return open_on(tenant, url, style=request.param)


@pytest.fixture
def plain(tenant: FxiaokeTenant, url: str) -> FxiaokePort:
    return open_on(tenant, url)


def an_account(tenant: FxiaokeTenant, **values: object) -> str:
    return tenant.put_record("AccountObj", {"name": "示例客户", "owner": ["1001"], **values})


def a_note(tenant: FxiaokeTenant, account: str, **values: object) -> str:
    default: dict[str, object] = {
        "name": "AR-1",
        "account_id": account,
        "note_date": date_to_ms(date(2020, 1, 1)),
        "due_date": date_to_ms(date(2020, 1, 31)),
        "price_tax_amount": "1234.50",
        "record_type": "default__c",
    }
    return tenant.put_record("AccountsReceivableNoteObj", default | values)


def read_all(port: FxiaokePort, kind: Kind, cursor: Cursor) -> list[Page]:
    pages = [port.changes(kind, cursor)]
    while not pages[-1].finished:
        pages.append(port.changes(kind, pages[-1].cursor))
    return pages


def a_draft(account: str, key: str = "k1", **changes: Any) -> TaskDraft:
    fields: dict[str, Any] = {
        "key": key,
        "account": AccountRef("fx", account),
        "owner_id": None,
        "subject": "逾期跟进-示例客户",
        "body": "请联系客户",
        "due_on": date(2020, 4, 3),
        "priority": Priority.HIGH,
        "level": 1,
        "overdue": Money(500000, "CNY"),
        "oldest_days": 32,
        **changes,
    }
    return TaskDraft(**fields)


def a_change(draft: TaskDraft, task_id: str, **changes: Any) -> TaskChange:
    names = set(TaskChange.__struct_fields__) & set(TaskDraft.__struct_fields__)
    fields = {name: getattr(draft, name) for name in names}
    return TaskChange(**{**fields, "task_id": task_id, **changes})


def test_every_feed_is_read_in_both_styles(tenant: FxiaokeTenant, port: FxiaokePort) -> None:
    account = an_account(tenant, uscc__c="91310000MA1FL0XXXX", terms_days__c="30")
    note = a_note(tenant, account)
    a_note(
        tenant,
        account,
        name="AR-2",
        record_type="red_note__c",
        price_tax_amount="-100.00",
        source_note_id__c=note,
    )
    payment = tenant.put_record(
        "PaymentObj",
        {
            "account_id": account,
            "payment_time": date_to_ms(date(2020, 2, 3)),
            "payment_amount": "600.00",
        },
    )
    tenant.put_record(
        "MatchNoteDetailObj", {"payment_id": payment, "ar_id": note, "match_amount": "600.00"}
    )
    tenant.put_record(
        "SalesOrderObj",
        {"account_id": account, "order_time": date_to_ms(date(2020, 3, 1)), "order_amount": "9.90"},
    )

    counts = {
        kind: sum(len(page.records) for page in read_all(port, kind, Cursor()))
        for kind in port.kinds
    }

    assert counts == {kind: 3 if kind is Kind.OWNERS else 1 for kind in Kind} | {Kind.CONTACTS: 0}
    read = port.fetch(Kind.ACCOUNTS, [account]).records[0]
    assert isinstance(read, Account)
    assert (read.uscc, read.terms_days, read.currency) == ("91310000MA1FL0XXXX", 30, "CNY")
    invoice = port.fetch(Kind.INVOICES, [note]).records[0]
    assert isinstance(invoice, Invoice)
    assert (invoice.amount, invoice.due_on) == (Money(123450, "CNY"), date(2020, 1, 31))


def test_owners_of_accounts_are_among_the_employees(
    tenant: FxiaokeTenant, port: FxiaokePort
) -> None:
    account = port.fetch(Kind.ACCOUNTS, [an_account(tenant)]).records[0]
    owners = {owner.record_id for owner in port.changes(Kind.OWNERS, Cursor()).records}

    assert isinstance(account, Account)
    assert account.owner_id in owners


def test_a_credit_note_reduces_its_source(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    account = an_account(tenant)
    note = a_note(tenant, account)
    red = a_note(
        tenant, account, record_type="red_note__c", price_tax_amount="-1.00", source_note_id__c=note
    )

    read = plain.fetch(Kind.CREDIT_NOTES, [red, note])

    (credit,) = read.records
    assert isinstance(credit, Invoice)
    assert (credit.kind, credit.applies_to) == (InvoiceKind.CREDIT_NOTE, note)
    assert credit.amount == Money(100, "CNY")
    assert read.gone == ()


def test_more_records_than_offsets_reach_are_read_by_keyset(
    tenant: FxiaokeTenant, url: str
) -> None:
    for number in range(250):
        tenant.put_record("ContactObj", {"name": f"C{number}", "account_id": an_account(tenant)})
    port = open_on(tenant, url)

    pages = read_all(port, Kind.CONTACTS, Cursor())

    ids = [record.record_id for page in pages for record in page.records]
    assert (len(pages), len(ids), len(set(ids))) == (3, 250, 250)
    assert [page.expected for page in pages] == [250, 250, 250]


def test_only_what_changed_comes_with_the_next_read(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    an_account(tenant, name="静")
    tenant.clock.advance(timedelta(hours=1))
    moving = an_account(tenant, name="动")
    cursor = read_all(plain, Kind.ACCOUNTS, Cursor())[-1].cursor
    tenant.clock.advance(timedelta(hours=1))
    assert plain.changes(Kind.ACCOUNTS, cursor).records == ()

    tenant.put_record("AccountObj", {"name": "动了"}, moving)
    page = plain.changes(Kind.ACCOUNTS, cursor)

    assert [record.record_id for record in page.records] == [moving]
    assert page.cursor.watermark
    assert cursor.watermark
    assert page.cursor.watermark > cursor.watermark


def test_a_record_changed_during_the_scan_comes_with_the_next_one(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    ids = [an_account(tenant, name=f"A{number}") for number in range(120)]
    first = plain.changes(Kind.ACCOUNTS, Cursor())
    tenant.clock.advance(timedelta(minutes=20))
    tenant.put_record("AccountObj", {"name": "改"}, ids[0])
    last = read_all(plain, Kind.ACCOUNTS, first.cursor)[-1]

    again = read_all(plain, Kind.ACCOUNTS, last.cursor)

    names = {record.record_id: record for page in again for record in page.records}
    changed = names[ids[0]]
    assert isinstance(changed, Account)
    assert changed.name == "改"


def test_voided_records_are_gone_and_unapproved_payments_too(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    account, voided = an_account(tenant), an_account(tenant)
    tenant.remove_record("AccountObj", voided)
    waiting = tenant.put_record(
        "PaymentObj",
        {
            "account_id": account,
            "payment_time": date_to_ms(date(2020, 2, 3)),
            "payment_amount": "1.00",
            "life_status": "under_review",
        },
    )

    assert plain.fetch(Kind.ACCOUNTS, [account, voided]).gone == (voided,)
    assert plain.missing(Kind.ACCOUNTS, [account, voided]) == (voided,)
    assert plain.changes(Kind.PAYMENTS, Cursor()).gone == (waiting,)


def test_an_approved_payment_appears(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    payment = tenant.put_record(
        "PaymentObj",
        {
            "account_id": an_account(tenant),
            "payment_time": date_to_ms(date(2020, 2, 3)),
            "payment_amount": "1.00",
            "life_status": "under_review",
        },
    )
    cursor = plain.changes(Kind.PAYMENTS, Cursor()).cursor
    tenant.clock.advance(timedelta(minutes=1))
    tenant.put_record("PaymentObj", {"life_status": "normal"}, payment)

    (read,) = plain.changes(Kind.PAYMENTS, cursor).records

    assert isinstance(read, Payment)


def test_bad_records_are_problems_beside_good_ones(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    account = an_account(tenant)
    good = a_note(tenant, account)
    a_note(tenant, account, due_date=None)
    a_note(tenant, account, account_id=None)
    a_note(tenant, account, price_tax_amount="-5.00")
    a_note(tenant, account, mc_currency="ZZZ")

    page = plain.changes(Kind.INVOICES, Cursor())

    assert [record.record_id for record in page.records] == [good]
    assert sorted(problem.reason for problem in page.problems) == [
        "bad_amount",
        "missing_field",
        "missing_field",
        "unknown_currency",
    ]


def test_an_empty_crm_is_read_without_complaint(plain: FxiaokePort) -> None:
    for kind in plain.kinds[1:]:
        page = plain.changes(kind, Cursor())
        assert (page.records, page.finished) == ((), True)


def test_credit_fields_are_written_and_read_back(tenant: FxiaokeTenant, port: FxiaokePort) -> None:
    account = an_account(tenant)
    values: dict[CreditField, FieldValue] = {
        CreditField.RATING: "AA",
        CreditField.SCORE: Decimal("81.5"),
        CreditField.CURRENCY: "CNY",
        CreditField.LIMIT: Decimal("200000.00"),
        CreditField.LIMIT_VALID_TO: date(2020, 12, 31),
        CreditField.UTILISATION: Decimal("42.5"),
        CreditField.OLDEST_DAYS: 32,
        CreditField.HOLD: "hold",
        CreditField.WATCH_LEVEL: "attention",
        CreditField.OUTLOOK: "down",
        CreditField.REASONS: "− 逾期\n+ 老客户",
        CreditField.COMPUTED_AT: datetime(2020, 3, 31, 2, tzinfo=UTC),
        CreditField.ASSESSMENT_ID: "as-1",
    }

    (outcome,) = port.update_fields([FieldUpdate(account=AccountRef("fx", account), values=values)])

    assert isinstance(outcome, Receipt)
    stored = port.owned_values([account])[account]
    assert {field: stored[field] for field in values} == values
    assert stored[CreditField.SUMMARY] is None
    cleared = FieldUpdate(
        account=AccountRef("fx", account),
        values={CreditField.REASONS: None, CreditField.LIMIT: None, CreditField.HOLD: None},
    )
    assert isinstance(port.update_fields([cleared])[0], Receipt)
    after = port.owned_values([account])[account]
    assert (after[CreditField.REASONS], after[CreditField.LIMIT]) == (None, None)
    assert after[CreditField.RATING] == "AA"


def test_locked_gone_and_good_accounts_are_judged_one_by_one(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    good, locked, gone = (an_account(tenant) for _ in range(3))
    tenant.put_record("AccountObj", {"lock_status": "1"}, locked)
    tenant.remove_record("AccountObj", gone)
    updates = [
        FieldUpdate(account=AccountRef("fx", each), values={CreditField.SCORE: Decimal(50)})
        for each in (locked, gone, good)
    ]

    outcomes = plain.update_fields(updates)

    assert [type(outcome) for outcome in outcomes] == [NotPermitted, RecordNotFound, Receipt]


def test_a_task_lives_its_whole_life(tenant: FxiaokeTenant, port: FxiaokePort) -> None:
    account = an_account(tenant)
    (sales,) = (
        owner.record_id
        for owner in port.changes(Kind.OWNERS, Cursor()).records
        if isinstance(owner, Owner) and owner.name == "李销售"
    )
    draft = a_draft(account, owner_id=sales)
    (created,) = port.create_tasks([draft])
    assert isinstance(created, Receipt)
    assert created.effect is WriteEffect.CREATED
    assert [message["toUser"] for message in tenant.messages] == [["1001"]]

    (again,) = port.create_tasks([draft])
    assert again == Receipt(effect=WriteEffect.ADOPTED, record_id=created.record_id)

    change = a_change(draft, created.record_id, level=2, subject="再次跟进")
    assert isinstance(port.change_tasks([change])[0], Receipt)
    assert port.find_tasks(["k1"])["k1"].subject == "再次跟进"

    closing = a_change(draft, created.record_id, closed=True, body="已付清")
    assert isinstance(port.change_tasks([closing])[0], Receipt)
    assert port.find_tasks(["k1", "k9"])["k1"].closed
    (task,) = tenant.records("credit_task__c")
    assert (task["status__c"], task["result__c"], task["owner"]) == ("done", "已付清", ["1001"])
    assert len(tenant.messages) == 1


def test_a_task_follows_its_new_owner(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    draft = a_draft(an_account(tenant), owner_id="1001")
    (created,) = plain.create_tasks([draft])
    assert isinstance(created, Receipt)

    plain.change_tasks([a_change(draft, created.record_id, owner_id="1000")])

    assert tenant.records("credit_task__c")[0]["owner"] == ["1000"]


@pytest.mark.parametrize("unique", [True, False])
def test_a_task_exists_once_per_key_with_and_without_the_unique_rule(unique: bool) -> None:  # noqa: FBT001
    clock = SandboxClock(NOW, frozen=True)
    options = TenantOptions(provisioned=True, unique_task_key=unique, omit_custom_data_id=True)
    tenant = FxiaokeTenant(clock, Journal(), Faults(), Notifier(), options, rng=Random(1))
    sandbox = Sandbox()
    address = sandbox.mount(tenant)
    with sandbox:
        port = open_on(tenant, address)
        account = an_account(tenant)
        for _ in range(2):
            port.create_tasks([a_draft(account, "k1"), a_draft(account, "k2")])

        assert port.enforces_task_key is unique
        assert len(tenant.records("credit_task__c")) == 2


def test_an_answer_lost_after_the_commit_is_an_unknown_outcome(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    account = an_account(tenant)
    path = "POST /cgi/crm/custom/v2/data/create"
    tenant.faults.add(FaultRule(match=path, kind=FaultKind.RESET_AFTER, times=1))

    (lost,) = plain.create_tasks([a_draft(account)])
    (again,) = plain.create_tasks([a_draft(account)])

    assert isinstance(lost, OutcomeUnknown)
    assert isinstance(again, Receipt)
    assert again.effect is WriteEffect.ADOPTED
    assert len(tenant.records("credit_task__c")) == 1


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ERROR_500,
        FaultKind.ERROR_502_HTML,
        FaultKind.HTML_200,
        FaultKind.RESET_BEFORE,
        FaultKind.RESET_AFTER,
        FaultKind.TRUNCATED_JSON,
        FaultKind.RATE_LIMIT,
    ],
)
def test_a_read_survives_a_passing_fault(
    tenant: FxiaokeTenant, plain: FxiaokePort, kind: FaultKind
) -> None:
    an_account(tenant)
    tenant.faults.add(FaultRule(match="POST /cgi/crm/v2/data/query", kind=kind, times=2))

    assert len(plain.changes(Kind.ACCOUNTS, Cursor()).records) == 1


def test_a_used_up_day_is_told(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    tenant.faults.add(FaultRule(match="POST /cgi/crm", kind=FaultKind.QUOTA))

    with pytest.raises(QuotaExhausted) as caught:
        plain.changes(Kind.ACCOUNTS, Cursor())
    assert caught.value.retry_at == datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


def test_a_token_that_died_early_is_replaced(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    plain.changes(Kind.ACCOUNTS, Cursor())
    tenant.clock.advance(timedelta(hours=3))

    assert plain.changes(Kind.ACCOUNTS, Cursor()).finished


def test_a_wrong_secret_is_told_without_being_shown(tenant: FxiaokeTenant, url: str) -> None:
    secrets = {name: Secret("wr0ng-secret") for name in ("app_id", "app_secret", "permanent_code")}
    port = a_port(settings=some_settings(base_url=url, secrets=secrets))

    with pytest.raises(CredentialsRejected) as caught:
        port.changes(Kind.ACCOUNTS, Cursor())

    assert "wr0ng" not in f"{caught.value!r}{caught.value}"
    assert [finding.topic for finding in port.check()] == ["credentials"]


def test_following_the_checklist_makes_the_doctor_content(url: str, tenant: FxiaokeTenant) -> None:
    options = TenantOptions(generated_option_values=True)
    bare = FxiaokeTenant(tenant.clock, Journal(), Faults(), Notifier(), options, rng=Random(1))
    sandbox = Sandbox()
    address = sandbox.mount(bare)
    with sandbox:
        port = open_on(bare, address)
        steps = port.provision(dry_run=False)
        for step in steps:
            described: dict[str, object] = {
                "api_name": step.api_name,
                "label": step.label,
                "type": step.type,
                "options": list(step.options),
            }
            bare.add_fields(step.target, [described])
        port = open_on(bare, address)
        errors = [each for each in port.check() if each.level is FindingLevel.ERROR]
        again = {step.state for step in port.provision(dry_run=True)}
        account = an_account(bare)
        values: dict[CreditField, FieldValue] = {
            CreditField.RATING: "BBB",
            CreditField.HOLD: "stop",
        }
        update = FieldUpdate(account=AccountRef("fx", account), values=values)
        outcome = port.update_fields([update])[0]
        stored = port.owned_values([account])[account]
        created = port.create_tasks([a_draft(account)])[0]

    assert {step.state for step in steps} == {"by_hand"}
    assert errors == []
    assert again == {"exists"}
    assert isinstance(outcome, Receipt)
    assert {field: stored[field] for field in values} == values
    assert isinstance(created, Receipt)


def test_the_tenants_callbacks_are_verified_and_name_the_record(tenant: FxiaokeTenant) -> None:
    tenant.set_callback("http://127.0.0.1:9/hooks/x", KEY)
    verifier = a_verifier(tenant.clock.now)
    change = Change(event="invalid", api_name="AccountObj", record_id="a1", at_ms=1)
    body = tenant.callbacks.body(change)

    verified = verifier.verify({}, body)

    assert tenant.callbacks.accepts(200, verified.answer or b"", KEY)
    assert verifier.parse_hints(body) == (Hint(Kind.ACCOUNTS, ("a1",)),)


def a_verifier(now: Callable[[], datetime]) -> FxiaokeVerifier:
    return FxiaokeVerifier(
        [KEY],
        mapping=FxiaokeMapping(),
        now=now,
        nonce=lambda: "123456",
        enterprise_account="acme001",
    )


def test_calls_are_counted(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    plain.changes(Kind.ACCOUNTS, Cursor())

    assert plain.usage().calls == len(list(tenant.journal))
    assert plain.usage().credits == plain.usage().calls
