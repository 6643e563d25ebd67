"""sandbox: its arguments, and the configuration it writes."""

from pathlib import Path

import pytest

from tests.connector.cli.shell import invoke

ANYWHERE = ("sandbox", "--zoho", "0", "--fxiaoke", "0")
GOOD = {
    "accounts.csv": "account_id,name\nc1,Anda\n",
    "invoices.csv": "invoice_id,account_id,number,issued_on,due_on,currency,amount\n"
    "i1,c1,INV-1,2026-01-01,2026-02-01,CNY,100.00\n",
    "payments.csv": "payment_id,account_id,paid_on,currency,amount\n",
    "allocations.csv": "payment_id,invoice_id,amount\n",
}
BAD = {
    "an account that is not there": ("invoices.csv", "i2,c9,INV-2,2026-01-01,2026-02-01,CNY,5\n"),
    "no amount": ("invoices.csv", "i2,c1,INV-2,2026-01-01,2026-02-01,CNY,five\n"),
    "no date": ("invoices.csv", "i2,c1,INV-2,2026-01-01,soon,CNY,5\n"),
    "an account twice": ("accounts.csv", "c1,Anda again\n"),
}


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """End the sandbox as soon as it stands."""
    monkeypatch.setattr("connector.cli.sandboxes.wait_for_the_end", lambda: None)


def written(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_stops_the_load_with_file_line_and_reason(what: str, tmp_path: Path) -> None:
    name, row = BAD[what]
    folder = written(tmp_path, {**GOOD, name: GOOD[name] + row})
    line = GOOD[name].count("\n") + 1

    result = invoke(*ANYWHERE, "--load", folder)

    assert (result.exit_code, result.stdout) == (2, "")
    assert name in result.stderr
    assert str(line) in result.stderr.replace(folder, "")
    assert "Traceback" not in result.stderr


def test_a_folder_without_the_files_is_told(tmp_path: Path) -> None:
    result = invoke(*ANYWHERE, "--load", str(tmp_path))

    assert result.exit_code == 2
    assert "accounts.csv" in result.stderr


def test_a_good_folder_fills_the_crms(tmp_path: Path) -> None:
    result = invoke(*ANYWHERE, "--load", written(tmp_path, GOOD))

    assert result.exit_code == 0
    assert result.stdout.count("/_sandbox/") == 2
    only = invoke(*ANYWHERE, "--load", str(tmp_path), "--only", "zoho")
    assert (only.exit_code, only.stdout.count("/_sandbox/")) == (0, 1)


def test_wrong_arguments_are_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text('{"sap": []}')
    for option, value, word in (
        ("--only", "sap", "zoho and fxiaoke"),
        ("--as-of", "soon", "2026-03-31"),
        ("--faults", str(tmp_path / "faults.json"), "no plan of faults"),
        ("--faults", str(tmp_path / "absent.json"), "no plan of faults"),
    ):
        result = invoke(*ANYWHERE, "--accounts", "3", option, value)

        assert result.exit_code == 2
        assert word in result.stderr


def test_the_configuration_it_writes_is_in_order(tmp_path: Path) -> None:
    config = tmp_path / "new" / "zixin.toml"

    result = invoke(*ANYWHERE, "--accounts", "3", "--write-config", str(config))

    assert result.exit_code == 0
    assert (config.parent / "zixin.key").stat().st_mode & 0o777 == 0o600
    assert config.parent.stat().st_mode & 0o777 == 0o700
    environment = (config.parent / "sandbox.env").read_text()
    assert "export SANDBOX_ZOHO_CLIENT_SECRET=" in environment
    checked = invoke("config", "check", "--config", str(config))
    assert (checked.exit_code, "zoho-sandbox, fxiaoke-sandbox" in checked.stdout) == (0, True)


def test_a_ledger_in_books_is_connected_to(tmp_path: Path) -> None:
    config = tmp_path / "zixin.toml"

    invoke(*ANYWHERE, "--accounts", "3", "--books", "--write-config", str(config))

    assert 'options = { ledger = "books" }' in config.read_text(encoding="utf-8")
    assert invoke("config", "check", "--config", str(config)).exit_code == 0
