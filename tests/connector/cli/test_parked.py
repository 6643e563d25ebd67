"""A field a person edited waits, and what waits can be listed, tried again and given up."""

from datetime import timedelta

import pytest

from tests.connector.cli.shell import ZOHO, Shell

THEIRS = 1


def an_overdue_account(shell: Shell) -> str:
    return next(
        str(row["id"])
        for row in shell.installation.crms.crm("zoho").records("Accounts")
        if float(str(row.get("Credit_Oldest_Days") or 0)) > THEIRS
    )


def days_shown(shell: Shell, account: str) -> int:
    rows = shell.installation.crms.crm("zoho").records("Accounts")
    (row,) = [row for row in rows if row["id"] == account]
    return int(str(row["Credit_Oldest_Days"]))


@pytest.fixture
def edited(ran: Shell) -> str:
    """An account whose days past due a person has overwritten; a day later we meet it again."""
    account = an_overdue_account(ran)
    crm = ran.installation.crms.crm("zoho")
    crm.put_record("Accounts", {"Credit_Oldest_Days": THEIRS}, account)
    ran.clock.move(timedelta(days=1))
    return account


@pytest.mark.usefixtures("ran")
def test_nothing_waits_after_a_good_run(shell: Shell) -> None:
    assert shell.json("parked", "list") == {"records": [], "work": []}
    assert "0 pieces of work" in shell("parked", "list").stdout


def test_a_person_s_value_is_not_overwritten_and_the_update_waits(
    shell: Shell, edited: str
) -> None:
    report = shell.json("run", code=3)

    assert report["connections"][ZOHO]["parked"] == 1
    assert days_shown(shell, edited) == THEIRS
    (item,) = shell.json("parked", "list")["work"]
    assert (item["system"], item["account_id"], item["state"]) == (ZOHO, edited, "parked")
    assert "somebody changed oldest_days in the CRM" in item["reason"]
    table = shell("parked", "list").stdout
    assert item["ref"] in table
    assert "1 pieces of work" in table


def test_what_waits_is_code_3_at_every_later_run(shell: Shell, edited: str) -> None:
    shell("run", code=3)

    assert shell.json("run", code=3)["connections"][ZOHO]["fields_written"] == 0
    assert days_shown(shell, edited) == THEIRS


def test_a_retry_alone_meets_the_same_edit(shell: Shell, edited: str) -> None:
    shell("run", code=3)
    (item,) = shell.json("parked", "list")["work"]

    assert "will be tried again" in shell("parked", "retry", item["ref"]).stdout
    assert shell.json("push", code=3)["systems"][ZOHO]["parked"] == 1

    assert days_shown(shell, edited) == THEIRS
    assert [again["ref"] for again in shell.json("parked", "list")["work"]] == [item["ref"]]


def test_a_retry_with_overwrite_puts_our_value_back(shell: Shell, edited: str) -> None:
    shell("run", code=3)
    (item,) = shell.json("parked", "list")["work"]

    shell("parked", "retry", item["ref"], "--overwrite")
    (ours,) = [
        int(float(diff["new"]))
        for diff in shell.json("push", "--dry-run")
        if (diff["account"], diff["field"]) == (f"{ZOHO}:{edited}", "oldest_days")
    ]
    shell("push")

    assert days_shown(shell, edited) == ours > THEIRS
    assert shell.json("parked", "list")["work"] == []
    assert shell.json("run")["connections"][ZOHO]["fields_written"] == 0


def test_what_is_dropped_leaves_the_list_and_the_person_s_value(shell: Shell, edited: str) -> None:
    shell("run", code=3)
    (item,) = shell.json("parked", "list")["work"]

    shell("parked", "drop", item["ref"], "--reason", "sales knows better")

    assert shell.json("parked", "list") == {"records": [], "work": []}
    shell("push")
    assert days_shown(shell, edited) == THEIRS
    assert item["ref"] in shell("parked", "retry", item["ref"], code=2).stderr


def test_the_field_that_waits_is_left_out_and_the_rest_is_written(
    shell: Shell, edited: str
) -> None:
    shell("run", code=3)
    (item,) = shell.json("parked", "list")["work"]
    ref = item["ref"]
    shown = shell.json("parked", "show", ref)

    assert "oldest_days" in shown["wants"]
    assert "summary" not in shown["wants"]
    assert "oldest_days" in shell("parked", "show", ref).stdout
    assert "it sets" in shell("parked", "edit", ref, "--without", "no_such", code=2).stderr
    assert "only a task" in shell("parked", "edit", ref, "--owner", "7", code=2).stderr
    assert "--without" in shell("parked", "edit", ref, code=2).stderr

    shell("parked", "edit", ref, "--without", "oldest_days")
    shell("parked", "retry", ref)
    shell("push")

    assert shell.json("parked", "list")["work"] == []
    assert days_shown(shell, edited) == THEIRS


def test_dropping_needs_a_reason(shell: Shell, edited: str) -> None:
    shell("run", code=3)
    (item,) = shell.json("parked", "list")["work"]

    shell("parked", "drop", item["ref"], code=2)

    assert shell.json("parked", "list")["work"] == [item]


@pytest.mark.parametrize("command", [("retry",), ("drop", "--reason", "no")])
def test_an_unknown_name_is_wrong_use(command: tuple[str, ...], shell: Shell) -> None:
    for ref in ("out:999", "in:1", "sideways:1", "out:x", "nonsense"):
        result = shell("parked", *command, ref, code=2)

        assert (result.stdout, repr(ref) in result.stderr) == ("", True)
        assert "zixin parked list" in result.stderr


def test_a_record_that_cannot_be_read_is_listed_and_code_3(shell: Shell) -> None:
    crm = shell.installation.crms.crm("zoho")
    invoice = str(crm.records("Invoices")[0]["id"])
    crm.put_record("Invoices", {"Due_Date": None}, invoice)

    shell("run", code=3)

    records = shell.json("parked", "list")["records"]
    (record,) = [record for record in records if record["record_id"] == invoice]
    assert (record["system"], record["topic"]) == (ZOHO, "invoices")
    assert record["reason"] == "missing_field"
    assert invoice in shell("parked", "list").stdout
