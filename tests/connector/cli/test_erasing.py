"""zixin erase: a person's data is nowhere in the database, and does not come back."""

import sqlite3
from datetime import timedelta
from typing import Any

from tests.connector.cli.shell import ZOHO, Shell

NAME, EMAIL, PHONE = "欧阳金丝雀", "canary@nest.example", "+86 571 7777 4242"
PERSON = (NAME, EMAIL, PHONE)
_WHO = ("--by", "lin", "--reason", "asked for it")


def _rows(shell: Shell, query: str, *values: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(shell.installation.folder / "zixin.db") as database:
        return database.execute(query, values).fetchall()


def _held(shell: Shell) -> set[str]:
    """Tell what of the person stands anywhere in the files of the database."""
    files = shell.installation.folder.glob("zixin.db*")
    held = b"".join(file.read_bytes() for file in files)
    return {value for value in PERSON if value.encode() in held}


def _dunned_contact(shell: Shell) -> tuple[str, str]:
    """Name the one contact of a dunned account, and the account."""
    found = _rows(
        shell,
        "SELECT min(c.record_id), c.account_id FROM contacts c JOIN outbox o"
        " ON o.system = c.system AND o.account_id = c.account_id AND o.kind = 'task'"
        " WHERE c.system = ? GROUP BY c.account_id HAVING count(DISTINCT c.record_id) = 1",
        ZOHO,
    )
    return found[0]


def _named(shell: Shell) -> tuple[str, str]:
    """Give that contact the person's name in the CRM and let it spread."""
    contact, account = _dunned_contact(shell)
    values: dict[str, object] = {
        "Last_Name": NAME,
        "First_Name": "",
        "Email": EMAIL,
        "Phone": PHONE,
    }
    shell.installation.crms.crm("zoho").put_record("Contacts", values, contact)
    shell.clock.move(timedelta(hours=1))
    shell("run")
    return contact, account


def _figures(shell: Shell) -> tuple[Any, Any, Any]:
    tables = ("accounts", "contacts", "invoices", "payments", "allocations", "entities", "tasks")
    counts = {table: _rows(shell, f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608 ours
    owed = _rows(
        shell, "SELECT entity, rating, limit_minor FROM assessments WHERE latest ORDER BY entity"
    )
    return counts, owed, shell.json("report", "ageing")


def test_a_contact_is_nowhere_after_it_and_does_not_come_back(ran: Shell) -> None:
    contact, _account = _named(ran)
    ref = f"{ZOHO}:{contact}"
    assert _held(ran) == set(PERSON)
    assert _rows(ran, "SELECT id FROM outbox WHERE instr(body, CAST(? AS BLOB)) > 0", NAME)
    before = _figures(ran)

    copy = ran.json("erase", "export", ref)
    done = ran.json("erase", "contact", ref, *_WHO)

    assert copy[0]["rows"]["contacts"][0]["name"] == NAME
    assert any(NAME in text for text in copy[0]["named_in"]["outbox"])
    assert (done["compacted"], done["erased"]["records"], done["erased"]["audit"]) == (True, 1, 0)
    assert done["erased"]["masked"]["outbox"] > 0
    assert _held(ran) == set()
    ran("pull", "--full")
    assert _held(ran) == set()
    assert _figures(ran) == before
    ran.clock.move(timedelta(hours=1))
    ran("run")
    assert _held(ran) == set()
    assert ran.json("audit", "verify")["holds"] is True
    (entry,) = ran.json("audit", "list", "--what", "erased")["entries"]
    assert (entry["target"], entry["why"]) == (contact, "by lin")


def test_a_sole_trader_loses_the_name_and_keeps_the_balance(ran: Shell) -> None:
    _contact, account = _dunned_contact(ran)
    ((trader,),) = _rows(ran, "SELECT name FROM accounts WHERE record_id = ?", account)
    before, entities = _figures(ran)[:2], _rows(ran, "SELECT record_id, entity FROM accounts")

    copy = ran.json("erase", "export", f"{ZOHO}:{account}")
    done = ran.json("erase", "account", f"{ZOHO}:{account}", *_WHO)
    ran("pull", "--full")

    assert copy[0]["rows"]["invoices"]
    assert done["erased"]["records"] == 2
    assert _figures(ran)[:2] == before
    assert _rows(ran, "SELECT record_id, entity FROM accounts") == entities
    assert not _rows(ran, "SELECT 1 FROM accounts WHERE system = ? AND name = ?", ZOHO, trader)


def test_what_is_not_stored_or_would_name_the_person_is_refused(ran: Shell) -> None:
    contact, _account = _dunned_contact(ran)
    ((name,),) = _rows(ran, "SELECT name FROM contacts WHERE record_id = ?", contact)

    ran("erase", "contact", f"{ZOHO}:nobody", *_WHO, code=2)
    ran("erase", "export", "nowhere:1", code=2)
    refused = ran(
        "erase", "contact", f"{ZOHO}:{contact}", "--by", "lin", "--reason", f"{name} asked", code=2
    )

    assert name not in refused.stderr
    assert _rows(ran, "SELECT count(*) FROM erased") == [(0,)]


def test_a_copy_is_shown_in_both_languages(ran: Shell) -> None:
    contact, account = _dunned_contact(ran)
    ((name,),) = _rows(ran, "SELECT name FROM contacts WHERE record_id = ?", contact)

    english = ran("erase", "export", f"{ZOHO}:{contact}", "--lang", "en").stdout
    chinese = ran("erase", "export", f"{ZOHO}:{account}", "--lang", "zh").stdout

    assert name in english
    assert "Texts that name the person" in english
    assert name in chinese
    assert "invoices" in chinese
    assert "提及本人的文本" in chinese


def test_it_can_be_done_again(ran: Shell) -> None:
    contact, _account = _dunned_contact(ran)
    ran("erase", "contact", f"{ZOHO}:{contact}", *_WHO)

    again = ran.json("erase", "contact", f"{ZOHO}:{contact}", *_WHO)

    assert (again["erased"]["records"], again["erased"]["masked"]) == (1, {})
    assert _rows(ran, "SELECT count(*) FROM erased") == [(1,)]
