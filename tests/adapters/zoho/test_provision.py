"""Fields are created through Zoho's own interface and read back."""

from collections.abc import Iterator

import pytest

from adapters.errors import ContractBroken
from adapters.port import Cursor, FieldUpdate, FindingLevel, ProvisionStep, Receipt, WriteEffect
from adapters.settings import Secret
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from sandbox.server import Sandbox
from sandbox.zoho import ZohoOptions, ZohoOrg
from scoring.records import AccountRef, Kind
from tests.contract.bench import START, ZOHO, Bench, a_change, a_draft, open_bench

HALF_SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.org.READ",
    "ZohoCRM.users.READ",
)


def run(options: ZohoOptions) -> Iterator[Bench]:
    clock = SandboxClock(START, frozen=True)
    crm = ZohoOrg(clock, Journal(), Faults(), Notifier(), options=options)
    sandbox = Sandbox()
    url = sandbox.mount(crm)
    with sandbox:
        yield Bench(vendor=ZOHO, crm=crm, url=url)


@pytest.fixture
def bare() -> Iterator[Bench]:
    yield from run(ZohoOptions(provisioned=False))


@pytest.fixture
def narrow() -> Iterator[Bench]:
    yield from run(ZohoOptions(provisioned=True, scopes=HALF_SCOPES))


def states(steps: list[ProvisionStep]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for step in steps:
        counted[step.state] = counted.get(step.state, 0) + 1
    return counted


def test_a_dry_run_creates_nothing(bare: Bench) -> None:
    steps = bare.open().provision(dry_run=True)

    assert states(steps) == {"planned": 29}
    assert not [
        call for call in bare.crm.journal if call.method == "POST" and "fields" in call.path
    ]


def test_everything_is_created_and_works(bare: Bench) -> None:
    port = bare.open()

    steps = port.provision(dry_run=False)

    assert states(steps) == {"created": 29}
    assert port.enforces_task_key
    account = bare.add_account()
    update = FieldUpdate(account=AccountRef("crm", account), values={})
    assert isinstance(port.update_fields([update])[0], Receipt)
    assert isinstance(port.create_tasks([a_draft(account)])[0], Receipt)
    assert states(port.provision(dry_run=False)) == {"exists": 29}
    assert [each for each in port.check() if each.level is FindingLevel.ERROR] == []


def test_never_more_than_five_fields_are_created_in_a_call(bare: Bench) -> None:
    port = bare.open()
    before = port.usage().credits
    port.provision(dry_run=False)

    created = [call for call in bare.crm.journal if call.method == "POST" and "fields" in call.path]
    assert len(created) == 7  # 28 on the account by fives, and the key on tasks
    assert port.usage().credits - before >= 290


def test_a_field_of_another_kind_is_corrected_by_hand(bare: Bench) -> None:
    crm = bare.crm
    assert isinstance(crm, ZohoOrg)
    port = bare.open()
    port.provision(dry_run=False)
    fields = crm.state.modules["Accounts"].fields
    fields["Credit_Rating"].options.remove("AAA")
    fields["Credit_Limit"].type = "text"
    crm.state.modules["Tasks"].fields["Credit_Ref"].unique = False

    steps = {step.api_name: step for step in port.provision(dry_run=False)}
    findings = [each for each in port.check() if each.level is FindingLevel.ERROR]

    wrong = [name for name, step in steps.items() if step.state == "by_hand"]
    assert wrong == ["Credit_Rating", "Credit_Limit", "Credit_Ref"]
    assert "lacks the picklist values AAA" in steps["Credit_Rating"].instruction
    assert "is not unique" in steps["Credit_Ref"].instruction
    assert len(findings) == 3
    assert all(each.remedy for each in findings)


def test_a_name_the_crm_chose_otherwise_is_told(bare: Bench) -> None:
    port = bare.open(mapping={"credit_fields": {"rating": "Credit-Rating"}})

    steps = {step.api_name: step for step in port.provision(dry_run=False)}

    step = steps["Credit-Rating"]
    assert step.state == "by_hand"
    assert "named the field “Credit-Rating” CreditRating" in step.instruction


def test_labels_and_options_fit_zohos_limits(bare: Bench) -> None:
    steps = bare.open().provision(dry_run=True)

    assert all(len(step.label) <= 25 for step in steps)
    assert all(len(option) <= 25 for step in steps for option in step.options)


def test_the_doctor_says_what_to_do_first(bare: Bench) -> None:
    errors = [each for each in bare.open().check() if each.level is FindingLevel.ERROR]

    assert len(errors) == 29
    assert {each.remedy for each in errors} == {"run `zixin provision crm`"}


def test_the_doctor_sees_a_missing_scope(narrow: Bench) -> None:
    errors = [each for each in narrow.open().check() if each.level is FindingLevel.ERROR]

    assert [each.topic for each in errors] == ["scopes"]
    assert "authorise it again" in errors[0].message


def test_the_doctor_ends_at_dead_credentials(bare: Bench) -> None:
    secrets = {name: Secret("dead") for name in bare.vendor.secrets}

    (finding,) = bare.open(secrets=secrets).check()

    assert finding.level is FindingLevel.ERROR
    assert "connect" in finding.remedy


def test_the_doctor_names_modules_owners_and_statuses(bare: Bench) -> None:
    port = bare.open(
        default_owner="999",
        mapping={"payments": {"module": "Receipts"}, "orders": {"states": {"Created": "draft"}}},
    )

    told = {each.topic: each.message for each in port.check() if each.level is not FindingLevel.OK}

    assert "Receipts" in told["modules"]
    assert "999" in told["owners"]
    assert "Approved, Delivered, Cancelled" in told["statuses"]
    assert "polling alone" in told["notifications"]


def test_a_custom_module_serves_where_tasks_cannot_be_unique(bare: Bench) -> None:
    names = {"module": "Credit_Tasks", "subject": "Name", "account": "Account"}
    port = bare.open(mapping={"tasks": names})
    before = {each.message for each in port.check() if "Credit_Tasks" in each.message}

    port.provision(dry_run=False)

    assert len(before) == 6
    assert [each for each in port.check() if each.level is FindingLevel.ERROR] == []
    account = bare.add_account()
    draft = a_draft(account)
    created, adopted = (port.create_tasks([draft])[0] for _twice in range(2))
    assert isinstance(created, Receipt)
    assert isinstance(adopted, Receipt)
    assert (created.record_id, adopted.effect) == (adopted.record_id, WriteEffect.ADOPTED)
    change = a_change(draft, created.record_id, closed=True, body="paid")
    assert isinstance(port.change_tasks([change])[0], Receipt)
    state = port.find_tasks([draft.key])[draft.key]
    assert (state.account_id, state.closed) == (account, True)
    assert bare.crm.records("Tasks") == []


def test_the_doctor_proposes_what_is_called_alike_and_holds_the_same() -> None:
    names = {
        "invoices": {"due_on": "Payable_Until", "amount": "Betrag"},
        "payments": {"module": "Zahlungen"},
    }
    with open_bench(ZOHO) as org:
        found = org.open(mapping=names).check()

    told = {each.message.split(";")[0]: each.remedy for each in found if each.remedy}
    assert told["Invoices has no field Payable_Until"].endswith("; perhaps Due_Date")
    assert "perhaps Grand_Total" in told["Invoices has no field Betrag"]
    assert "perhaps Payments" in told["there is no module Zahlungen for payments"]


def test_the_doctor_calls_a_field_that_the_feed_cannot_do_without_an_error(bare: Bench) -> None:
    names = {"invoices": {"amount": "Betrag", "disputed": "Streitwert"}}
    port = bare.open(mapping=names)

    told = {each.message: each for each in port.check() if each.topic == "fields"}

    needed = told["Invoices has no field Betrag; invoices cannot be read without it"]
    other = told["Invoices has no field Streitwert; it is read as empty"]
    assert (needed.level, other.level) == (FindingLevel.ERROR, FindingLevel.WARNING)
    assert ("“”" in needed.remedy, "“”" in other.remedy) == (False, True)
    with pytest.raises(ContractBroken, match="no field Betrag"):
        port.changes(Kind.INVOICES, Cursor())
