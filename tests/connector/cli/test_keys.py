"""``zixin key rotate`` and ``forget``, and the start with a wrong key."""

import base64

from tests.connector.cli.shell import FXIAOKE, ZOHO, Shell

OTHER = base64.b64encode(bytes([7]) * 32).decode()


def test_a_wrong_key_is_refused_until_it_stands_beside_the_old_one(shell: Shell) -> None:
    shell("parked", "list")
    key = shell.installation.folder / "zixin.key"
    former = key.read_text(encoding="utf-8")
    key.write_text(OTHER, encoding="utf-8")

    refused = shell("parked", "list", code=2)
    assert "store.key" in refused.stderr
    assert "store.old_keys" in refused.stderr
    assert "zixin key forget" in refused.stderr
    assert OTHER not in refused.stderr

    (key.parent / "zixin.key.old").write_text(former, encoding="utf-8")
    shell.installation.edit(
        'key = "file:zixin.key"', 'key = "file:zixin.key"\nold_keys = ["file:zixin.key.old"]'
    )
    told = shell("key", "rotate").stdout
    assert "store.old_keys" in told
    assert former not in told

    shell.installation.edit('old_keys = ["file:zixin.key.old"]', "")
    shell("parked", "list")


def test_an_old_key_that_is_none_is_named_by_its_place(shell: Shell) -> None:
    (shell.installation.folder / "short.key").write_text("c2hvcnQ=", encoding="utf-8")
    shell.installation.edit(
        'key = "file:zixin.key"', 'key = "file:lost.key"\nold_keys = ["file:short.key"]'
    )

    told = shell("parked", "list", code=2).stderr

    assert "store.key" in told
    assert "store.old_keys[0]" in told
    assert "c2hvcnQ" not in told


LOST = ("--by", "Li Na", "--reason", "the disk died")


def test_a_lost_key_is_given_up_and_the_connections_to_be_connected_anew_are_named(
    shell: Shell,
) -> None:
    shell("connect", "zoho", ZOHO)
    shell("connect", "fxiaoke", FXIAOKE)
    (shell.installation.folder / "zixin.key").write_text(OTHER, encoding="utf-8")
    shell("parked", "list", code=2)

    told = shell("key", "forget", *LOST).stdout

    assert f"zixin connect zoho {ZOHO}" in told
    assert f"zixin connect fxiaoke {FXIAOKE}" in told
    (entry,) = shell.json("audit", "list", "--what", "key_forgotten")["entries"]
    assert entry["why"] == "by Li Na: the disk died"
    shell("connect", "zoho", ZOHO)
    shell("pull", ZOHO)


def test_a_key_that_fits_is_not_given_up(shell: Shell) -> None:
    shell("connect", "zoho", ZOHO)

    refused = shell("key", "forget", *LOST, code=2)

    assert "zixin key rotate" in refused.stderr
    assert shell.json("audit", "list", "--what", "key_forgotten")["entries"] == []


def test_who_gives_a_key_up_says_who_and_why(shell: Shell) -> None:
    shell("parked", "list")
    (shell.installation.folder / "zixin.key").write_text(OTHER, encoding="utf-8")

    shell("key", "forget", "--by", "Li Na", code=2)
    shell("key", "forget", "--reason", "lost", code=2)
    shell("key", "forget", "--by", " ", "--reason", "lost", code=2)

    shell("parked", "list", code=2)
