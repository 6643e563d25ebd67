"""Mistakes of the one who sets it up: each ends a command with a sentence, an exit code and no more."""

import csv
from pathlib import Path

import pytest

from sandbox.fxiaoke import FxiaokeTenant
from tests.journeys.harness import CONNECTION_NAMES, Installation, installed
from tests.journeys.small_company import AS_OF, VENDORS, GoodResult, a_company, a_shop

pytestmark = pytest.mark.journey

RUN = ("run", "--as-of", AS_OF.isoformat())
WRONG_USE, PARKED, CRM = 2, 3, 4
SECRET = {"zoho": "SANDBOX_ZOHO_CLIENT_SECRET", "fxiaoke": "SANDBOX_FXIAOKE_APP_SECRET"}
OTHER = {"zoho": "fxiaoke", "fxiaoke": "zoho"}
FILES = {
    "accounts.csv": [["account_id", "name"], ["C1", "Acme"]],
    "invoices.csv": [
        ["invoice_id", "account_id", "number", "issued_on", "due_on", "currency", "amount"],
        ["I1", "C1", "N-1", "2026-01-01", "2026-02-01", "CNY", "100.00"],
    ],
    "payments.csv": [["payment_id", "account_id", "paid_on", "currency", "amount"]],
    "allocations.csv": [["payment_id", "invoice_id", "amount"]],
}


def ended(
    installation: Installation, code: int, command: str, *arguments: str, also: str = ""
) -> str:
    """Run a command that must end with ``code``; return all it printed, which gives nothing away."""
    done = installation.run(command, *arguments)
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    assert "Traceback" not in printed
    for secret in (*installation.secrets, also):
        assert not secret or secret not in printed
    return printed


def with_secret(installation: Installation, vendor: str, wrong: str) -> Installation:
    environment = {**installation.environment, SECRET[vendor]: wrong}
    return Installation(folder=installation.folder, crms=installation.crms, environment=environment)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_wrong_secret_stops_that_connection_alone_and_says_what_to_do(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    wrong = "not-the-secret-2f6c"
    with a_shop(tmp_path, database_url) as shop:
        mistaken = with_secret(shop.installation, vendor, wrong)

        printed = ended(mistaken, CRM, *RUN, also=wrong)

        assert CONNECTION_NAMES[vendor] in printed
        assert "secret" in printed.lower()
        assert shop.credit(OTHER[vendor]) == good.credit[OTHER[vendor]]
        assert shop.tasks(OTHER[vendor]) == good.tasks[OTHER[vendor]]
        assert not any(shop.credit(vendor).values())
        told = ended(mistaken, CRM, f"connect {vendor}", CONNECTION_NAMES[vendor], also=wrong)
        assert "secret" in told.lower()
        ended(shop.installation, 0, *RUN)
        assert shop.credit(vendor) == good.credit[vendor]


def test_a_secret_that_is_not_there_is_named_by_its_place(tmp_path: Path) -> None:
    with installed(tmp_path, a_company(), as_of=AS_OF) as installation:
        printed = ended(with_secret(installation, "zoho", ""), WRONG_USE, *RUN)

    assert "connections.zoho-sandbox.secrets.client_secret" in printed
    assert SECRET["zoho"] in printed


def test_every_mistake_of_a_configuration_is_told_at_once(tmp_path: Path) -> None:
    with installed(tmp_path, a_company(), as_of=AS_OF) as installation:
        installation.edit('name = "fxiaoke-sandbox"', 'name = "zoho-sandbox"')
        installation.edit('USD = "7.10"', 'USD = "seven"')
        installation.edit("[company]", '[company]\ntime_zone = "Mars/Olympus"')
        for command in (("config check",), RUN, ("doctor",)):
            printed = ended(installation, WRONG_USE, *command)
            assert "zoho-sandbox" in printed or "time_zone" in printed
            assert "Mars/Olympus" in printed
            assert "seven" in printed


def test_a_file_that_is_no_toml_is_told_with_its_place(tmp_path: Path) -> None:
    with installed(tmp_path, a_company(), as_of=AS_OF) as installation:
        installation.edit("[company]", "[company")
        printed = ended(installation, WRONG_USE, *RUN)

    assert "zixin.toml" in printed
    assert "line 1" in printed


def test_a_key_of_the_wrong_length_is_told_without_the_key(tmp_path: Path) -> None:
    with installed(tmp_path, a_company(), as_of=AS_OF) as installation:
        (tmp_path / "zixin.key").write_text("c2hvcnQ=")
        printed = ended(installation, WRONG_USE, *RUN)

    assert "store.key" in printed


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_module_that_is_not_there_is_named(
    vendor: str, tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    names = {
        "zoho": ("module", "Bills", 'dispute_closed_on = "Dispute_Closed_On"'),
        "fxiaoke": ("object", "BillObj", 'dispute_closed_on = "dispute_closed_on__c"'),
    }
    key, wrong, beside = names[vendor]
    with a_shop(tmp_path, database_url) as shop:
        shop.installation.edit(beside, f'{key} = "{wrong}"\n{beside}')

        printed = ended(shop.installation, CRM, *RUN)

        assert wrong in printed
        assert shop.credit(OTHER[vendor]) == good.credit[OTHER[vendor]]


def test_before_provisioning_all_is_parked_and_afterwards_all_is_written(
    tmp_path: Path, database_url: str, good: GoodResult
) -> None:
    with a_shop(tmp_path, database_url, provisioned=False) as shop:
        ended(shop.installation, PARKED, *RUN)
        listed = ended(shop.installation, 0, "parked list", "--json")
        assert {item.system for item in shop.parked()} == set(CONNECTION_NAMES.values())
        assert all("zixin provision" in item.reason for item in shop.parked())
        assert "zixin provision" in listed

        ended(shop.installation, 0, "provision", CONNECTION_NAMES["zoho"])
        tenant = shop.installation.crms.crm("fxiaoke")
        assert isinstance(tenant, FxiaokeTenant)
        tenant.provision()  # an administrator's work, for there is no interface for it
        ended(shop.installation, 0, "parked retry", "all")
        ended(shop.installation, 0, *RUN)

        for vendor in VENDORS:
            assert shop.credit(vendor) == good.credit[vendor]
            assert shop.tasks(vendor) == good.tasks[vendor]


@pytest.mark.parametrize(
    ("file", "row", "told"),
    [
        ("accounts.csv", ["C1", "Acme again"], "account_id 'C1' occurs twice"),
        ("invoices.csv", ["I2", "C9", "N-2", "2026-01-01", "2026-02-01", "CNY", "1.00"], "'C9'"),
        ("invoices.csv", ["I2", "C1", "N-2", "2026-01-01", "soon", "CNY", "1.00"], "due_on"),
        ("invoices.csv", ["I2", "C1", "N-2", "2026-01-01", "2026-02-01", "CNY", "-1"], "amount"),
        ("payments.csv", ["P1", "C1", "2026-03-01", "ZZZ", "5.00"], "currency"),
        ("allocations.csv", ["P9", "I1", "5.00"], "unknown payment_id 'P9'"),
    ],
)
def test_a_bad_row_of_a_csv_file_is_told_with_its_line(
    file: str, row: list[str], told: str, tmp_path: Path
) -> None:
    for name, rows in FILES.items():
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([*rows, *([row] if name == file else [])])

    with installed(tmp_path / "beside", a_company(), as_of=AS_OF) as installation:
        done = installation.run("sandbox", "--load", str(tmp_path), configured=False)

    assert done.returncode == WRONG_USE
    assert file in done.stderr
    assert f"line {len(FILES[file]) + 1}" in done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
