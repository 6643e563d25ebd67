"""zixin status: the age of what waits, and whether this machine can do its work."""

import base64
import os
import sqlite3
from datetime import timedelta

from tests.connector.cli.shell import ZOHO, Shell


def test_a_fresh_installation_is_well(ran: Shell) -> None:
    ran.clock.move(timedelta(hours=3))
    found = ran.json("status")

    assert (found["ready"], found["faults"]) == (True, [])
    zoho = {one["connection"]: one for one in found["connections"]}[ZOHO]
    assert zoho["data_seconds"]["accounts"] >= 3 * 3600
    assert (zoho["inbox_seconds"], zoho["unknown_seconds"], zoho["parked"]) == (None, None, 0)
    assert "3 hours" in ran("status", "--lang", "en").stdout
    assert "本机工作正常" in ran("status", "--lang", "zh").stdout


def test_what_waits_is_told_with_its_age(ran: Shell) -> None:
    with sqlite3.connect(ran.installation.folder / "zixin.db") as database:
        database.execute("UPDATE outbox SET state = 'ready', sent_at = created_at WHERE id = 1")
        database.execute(
            "UPDATE outbox SET state = 'parked', last_error = 'RecordConflict: x' WHERE id = 2"
        )
        systems = dict(database.execute("SELECT id, system FROM outbox WHERE id < 3").fetchall())
    ran.clock.move(timedelta(hours=5))

    found = {one["connection"]: one for one in ran.json("status")["connections"]}

    assert found[systems[1]]["unknown_seconds"] >= 5 * 3600
    assert (found[systems[2]]["parked"], found[systems[2]]["conflicts"]) == (1, 1)
    assert found[systems[2]]["parked_seconds"] >= 5 * 3600


def test_another_key_is_refused_with_its_name(ran: Shell) -> None:
    ran("pull")
    other = base64.b64encode(os.urandom(32)).decode()
    (ran.installation.folder / "zixin.key").write_text(other)

    assert "store.key：数据库以另一密钥加密" in ran("status", code=2).stderr


def test_a_schema_that_is_only_half_there_is_refused(ran: Shell) -> None:
    with sqlite3.connect(ran.installation.folder / "zixin.db") as database:
        database.execute("DROP TABLE places")

    assert "places.crowd" in ran("status", code=2).stderr


def test_a_newer_schema_is_refused_in_words(ran: Shell) -> None:
    with sqlite3.connect(ran.installation.folder / "zixin.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    assert "9999" in ran("status", code=2).stderr
