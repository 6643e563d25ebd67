"""init, config check, connect, doctor and provision."""

import base64
import socket
from pathlib import Path
from threading import Thread

import msgspec
import pytest
import requests
import typer

from adapters.port import ProvisionStep
from connector.cli.sandboxes import by_hand
from connector.work.channels import renew_channels
from sandbox.zoho import ZohoOrg
from tests.connector.cli.shell import FXIAOKE, ZOHO, Shell, invoke
from tests.journeys.harness import CONNECTION_NAMES, open_here

NAMES = list(CONNECTION_NAMES.items())
WRONG = """
    [company]
    time_zone = "Mars/Olympus"
    [store]
    url = "oracle://scott:tiger@db/credit"
    [schedule]
    pull_minute = 5
    [[connections]]
    name = "a b"
    vendor = "sap"
"""


def zoho_fields(shell: Shell, module: str) -> set[str]:
    crm = shell.installation.crms.crm("zoho")
    assert isinstance(crm, ZohoOrg)
    return {str(field) for field in crm.state.modules[module].fields}


def test_init_writes_a_configuration_a_policy_and_a_key_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "zixin"

    result = invoke("init", str(folder))

    assert result.exit_code == 0
    assert {path.name for path in folder.iterdir()} == {"zixin.toml", "policy.toml", "zixin.key"}
    key = folder / "zixin.key"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(key.read_text(), validate=True)) == 32
    assert key.read_text() not in result.stdout
    assert invoke("config", "check", "--config", str(folder / "zixin.toml")).exit_code == 0


def test_init_never_overwrites(tmp_path: Path) -> None:
    invoke("init", str(tmp_path))
    (tmp_path / "policy.toml").unlink()
    kept = {name: (tmp_path / name).read_bytes() for name in ("zixin.toml", "zixin.key")}

    result = invoke("init", str(tmp_path))

    assert result.exit_code == 0
    assert result.stdout.count("is there already") == 2
    assert (tmp_path / "policy.toml").is_file()
    assert kept == {name: (tmp_path / name).read_bytes() for name in kept}


def test_two_keys_are_never_alike(tmp_path: Path) -> None:
    for name in ("a", "b"):
        invoke("init", str(tmp_path / name))

    assert (tmp_path / "a/zixin.key").read_text() != (tmp_path / "b/zixin.key").read_text()


def test_init_into_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")

    result = invoke("init", str(tmp_path / "notes"))

    assert result.exit_code == 2
    assert "notes" in result.stderr
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_good_configuration_is_in_order(shell: Shell) -> None:
    assert f"{ZOHO}, {FXIAOKE}" in shell("config", "check").stdout
    assert shell.json("config", "check") == {"ok": True, "connections": [ZOHO, FXIAOKE]}


def test_every_mistake_is_told_at_once_with_its_key_path(tmp_path: Path) -> None:
    config = tmp_path / "zixin.toml"
    config.write_text(WRONG)

    told = invoke("config", "check", "--config", str(config))
    listed = invoke("config", "check", "--json", "--config", str(config))

    places = {"company.time_zone", "store.url", "schedule.pull_minute", "connections[0].vendor"}
    assert (told.exit_code, told.stdout) == (2, "")
    assert all(place in told.stderr for place in places)
    assert "tiger" not in told.stderr
    assert (listed.exit_code, listed.stderr) == (2, "")
    document = msgspec.json.decode(listed.stdout)
    assert document["ok"] is False
    assert {mistake["path"] for mistake in document["mistakes"]} == places
    assert {mistake["code"] for mistake in document["mistakes"]} == {
        *("unknown", "must_look", "unknown_key_near", "none_of")
    }
    assert all(mistake["message"] for mistake in document["mistakes"])


def test_mistakes_of_a_configuration_are_told_in_its_tongue(tmp_path: Path) -> None:
    config = tmp_path / "zixin.toml"
    told = {}
    for language in ("zh", "en"):
        config.write_text(f"schedule.pull_minutes = 0\ncompany.language = '{language}'")
        told[language] = [
            invoke(*command.split(), "--config", str(config)).stderr
            for command in ("config check", "run")
        ]

    assert told == {
        "zh": [f"{config}：发现 1 处错误：\n  schedule.pull_minutes：不得小于 1\n"] * 2,
        "en": [f"{config} has 1 mistake(s):\n  schedule.pull_minutes: starts at 1\n"] * 2,
    }


def test_a_configuration_that_is_not_there_is_a_mistake_with_a_remedy(tmp_path: Path) -> None:
    for command in ("config check", "run", "doctor", "parked list"):
        result = invoke(*command.split(), "--config", str(tmp_path / "zixin.toml"))

        assert result.exit_code == 2
        assert "zixin init" in result.stderr


def test_the_policy_is_checked_with_the_configuration(shell: Shell) -> None:
    text = shell.installation.config.read_text(encoding="utf-8")
    shell.installation.config.write_text(f'policy = "policy.toml"\n{text}', encoding="utf-8")

    assert "policy.toml" in shell("config", "check", code=2).stderr
    (shell.installation.folder / "policy.toml").write_text("no_such_key = 1\n")
    document = shell.json("config", "check", code=2)
    assert document["source"] == "policy.toml"
    assert [mistake["path"] for mistake in document["mistakes"]] == ["no_such_key"]
    assert "no_such_key" in shell("run", code=2).stderr


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"file:zixin.key"', '"file:lost.key"', "store.key"),
        ("sqlite:///zixin.db", "sqlite:////no/such/folder/zixin.db", "store.url"),
        ('"env:SANDBOX_ZOHO_CLIENT_SECRET"', '"env:NOWHERE"', "client_secret"),
    ],
)
def test_what_cannot_be_opened_is_named_by_its_key(
    old: str, new: str, place: str, shell: Shell
) -> None:
    shell.installation.edit(old, new)

    result = shell("run", code=2)

    assert place in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("vendor", "name"), NAMES)
def test_connect_proves_the_credentials_and_keeps_the_token_sealed(
    vendor: str, name: str, shell: Shell
) -> None:
    result = shell("connect", vendor, name)

    assert f"{name} 已连接" in result.stdout
    assert "zixin doctor" not in result.stdout
    assert (shell.installation.folder / "zixin.db").is_file()


def test_a_consent_in_the_browser_becomes_the_connections_token(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-alike's page consents at once and sends the browser back to us."""
    shell.installation.edit('"env:SANDBOX_ZOHO_REFRESH_TOKEN"', '"file:zoho.token"')
    visits: list[Thread] = []

    def say(text: str) -> None:
        if text.startswith("http"):
            visits.append(Thread(target=requests.get, args=(text,), kwargs={"timeout": 10}))
            visits[-1].start()
        typer.echo(text)

    monkeypatch.setattr("connector.cli.setting_up.say", say)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = shell("connect", "zoho", ZOHO, "--consent", "--port", str(port), code=2)
    # Not by ``shell``, which lets no secret pass: the page's address names the client, as it must.
    config = str(shell.installation.config)
    result = invoke("connect", "zoho", ZOHO, "--consent", "--port", str(port), "--config", config)
    for visit in visits:
        visit.join(timeout=10)

    assert f"--port {port}" in refused.stderr
    assert (result.exit_code, f"{ZOHO} 已连接" in result.stdout) == (0, True)
    credentials = shell.installation.crms.crm("zoho").credentials()
    assert not [
        part for part in ("client_secret", "refresh_token") if credentials[part] in result.stdout
    ]
    assert (shell.installation.folder / "zoho.token").read_text(encoding="utf-8")


def test_the_token_of_an_sdk_is_taken_over_and_given_back(shell: Shell, tmp_path: Path) -> None:
    shell.installation.edit('"env:SANDBOX_ZOHO_REFRESH_TOKEN"', '"file:zoho.token"')
    known = shell.installation.crms.crm("zoho").credentials()
    store, other = tmp_path / "tokens.csv", tmp_path / "other.csv"
    row = f"a@b.test,{known['client_id']},{known['refresh_token']},,,\n"
    store.write_text(f"user_mail,client_id,refresh_token\n{row}", encoding="utf-8")
    other.write_text("a,b\n", encoding="utf-8")
    token = shell.installation.folder / "zoho.token"

    assert (
        "no token store"
        in shell("connect", "zoho", ZOHO, "--from-sdk-store", str(other), code=2).stderr
    )
    assert f"{ZOHO} 已连接" in shell("connect", "zoho", ZOHO, "--from-sdk-store", str(store)).stdout
    assert token.stat().st_mode & 0o077 == 0
    with open_here(shell.installation, shell.clock) as zixin:
        renew_channels(zixin.engine, zixin.port(ZOHO), "http://127.0.0.1:9/hook", shell.clock)
    zoho = shell.installation.crms.crm("zoho")
    assert isinstance(zoho, ZohoOrg)
    assert zoho.watch.channels()
    assert "已在 CRM 端注销" in shell("disconnect", ZOHO).stdout
    assert not token.exists()
    assert not zoho.watch.channels()
    token.write_text(known["refresh_token"], encoding="utf-8")
    assert "credentials" in shell("doctor", ZOHO, code=4).stdout  # Zoho knows it no more
    assert "收回应用权限" in shell("disconnect", FXIAOKE).stdout


def test_connect_tells_what_is_still_to_do(bare: Shell) -> None:
    assert f"zixin doctor {ZOHO}" in bare("connect", "zoho", ZOHO).stdout


def test_connect_refuses_the_wrong_vendor_and_unknown_names(shell: Shell) -> None:
    assert f"{ZOHO} 是 zoho 连接" in shell("connect", "fxiaoke", ZOHO, code=2).stderr
    both = shell("connect", "zoho", ZOHO, "--consent", "--code", "1000.x", code=2).stderr
    assert "name one of them" in both
    assert (
        f"nobody：未配置；现有：{ZOHO}, {FXIAOKE}"
        in shell("connect", "zoho", "nobody", code=2).stderr
    )
    assert shell.journal("zoho") == shell.journal("fxiaoke") == []


@pytest.mark.parametrize(
    ("vendor", "variable"),
    [("zoho", "SANDBOX_ZOHO_CLIENT_SECRET"), ("fxiaoke", "SANDBOX_FXIAOKE_APP_SECRET")],
)
def test_a_wrong_secret_is_told_and_never_printed(
    vendor: str, variable: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "not-the-secret-8f3a")

    for command in (("connect", vendor, CONNECTION_NAMES[vendor]), ("doctor",), ("pull",)):
        result = shell(*command, code=4)

        assert "not-the-secret-8f3a" not in result.stdout + result.stderr
        assert "Traceback" not in result.stderr
    assert "已连接" not in result.stdout


def test_the_doctor_finds_nothing_where_all_is_well(shell: Shell) -> None:
    table = shell("doctor").stdout
    found = shell.json("doctor")

    assert table.index(ZOHO) < table.index(FXIAOKE)
    assert "credentials" in table
    assert list(found) == [FXIAOKE, ZOHO]  # a document's keys are sorted
    levels = {finding["level"] for findings in found.values() for finding in findings}
    assert "error" not in levels
    assert set(found[ZOHO][0]) == {"level", "topic", "message", "remedy"}
    assert list(shell.json("doctor", ZOHO)) == [ZOHO]


def test_files_that_others_can_read_are_named_with_the_remedy(shell: Shell) -> None:
    folder = shell.installation.folder
    shell("backup")
    copy = next((folder / "backups").glob("*.db"))
    token = folder / "alerts of ours.secret"
    token.write_text("json://127.0.0.1:1/x", encoding="utf-8")
    shell.installation.edit("[store]", f'[[alerts]]\nname="a"\nurl="file:{token.name}"\n[store]')
    for path in (folder / "zixin.key", folder / "zixin.db", copy):
        assert path.stat().st_mode & 0o077 == 0
        path.chmod(0o640)
    token.chmod(0o604)

    found = shell.json("doctor")["files"]

    told = {finding["remedy"]: finding for finding in found}
    named = [str(path) for path in (folder / "zixin.key", folder / "zixin.db", copy)]
    log_of_the_database = {f"chmod 600 {folder / 'zixin.db'}-{end}" for end in ("wal", "shm")}
    assert set(told) - log_of_the_database == {f"chmod 600 {name}" for name in named} | {
        f"chmod 600 '{token}'"
    }
    assert {finding["level"] for finding in found} == {"warning"}
    assert str(folder / "zixin.key") in told[f"chmod 600 {folder / 'zixin.key'}"]["message"]
    assert "chmod 600" in shell("doctor").stdout
    assert "files" not in shell.json("doctor", ZOHO)

    for path in (folder / "zixin.key", folder / "zixin.db", copy, token):
        path.chmod(0o600)
    assert "files" not in shell.json("doctor")


def test_missing_fields_are_errors_with_a_remedy_until_zoho_is_provisioned(bare: Shell) -> None:
    sick = bare("doctor", ZOHO, code=4)
    missing = [f for f in bare.json("doctor", ZOHO, code=4)[ZOHO] if f["level"] == "error"]

    assert "zixin provision" in sick.stdout
    assert len(missing) > 20
    assert all(finding["remedy"] for finding in missing)

    bare("provision", ZOHO)

    bare("doctor", ZOHO)
    assert {step["state"] for step in bare.json("provision", ZOHO)} == {"exists"}


def test_a_dry_run_of_provision_creates_nothing(bare: Shell) -> None:
    before = zoho_fields(bare, "Accounts"), zoho_fields(bare, "Tasks")

    steps = bare.json("provision", ZOHO, "--dry-run")

    assert {step["state"] for step in steps} == {"planned"}
    assert (zoho_fields(bare, "Accounts"), zoho_fields(bare, "Tasks")) == before
    assert bare.writes() == []
    assert "Credit Rating" in bare("provision", ZOHO, "--dry-run").stdout
    bare("provision", ZOHO)
    assert bare.writes() != []


def test_fenxiang_is_provisioned_by_hand_after_the_printed_list(bare: Shell) -> None:
    bare("doctor", FXIAOKE, code=4)
    printed = bare("provision", FXIAOKE).stdout
    steps = msgspec.convert(bare.json("provision", FXIAOKE), list[ProvisionStep])
    todo = [step for step in steps if step.state == "by_hand"]
    assert todo
    assert all(step.instruction in printed for step in todo)
    bare("doctor", FXIAOKE, code=4)

    assert by_hand(bare.installation.crms, "fxiaoke", steps) == len(todo)

    bare("doctor", FXIAOKE)
    assert {step["state"] for step in bare.json("provision", FXIAOKE)} == {"exists"}


@pytest.mark.parametrize(
    ("vendor", "variable"),
    [("zoho", "SANDBOX_ZOHO_CLIENT_SECRET"), ("fxiaoke", "SANDBOX_FXIAOKE_APP_SECRET")],
)
def test_a_token_kept_earlier_does_not_prove_a_secret_and_outlives_a_wrong_one(
    vendor: str, variable: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = CONNECTION_NAMES[vendor]
    shell("connect", vendor, name)
    monkeypatch.setenv(variable, "mistyped-5c1e")

    shell("connect", vendor, name, code=4)

    shell("pull", name)
    monkeypatch.setenv(variable, shell.installation.environment[variable])
    shell("connect", vendor, name)


def test_the_functions_for_fenxiang_are_printed_without_a_secret(shell: Shell) -> None:
    text = shell("provision", FXIAOKE, "--apl").stdout
    (document,) = shell.json("provision", FXIAOKE, "--apl")

    assert "X-Credit-Signature" in text
    assert "/hooks/HOOK'" in document["text"]
    assert document["name"] == "zixin_event"
    assert document["text"] in text  # no line is broken: it is pasted into the console


def test_the_webhooks_of_zohos_workflows_are_told(shell: Shell) -> None:
    text = shell("provision", ZOHO, "--webhooks").stdout

    assert "URL to Notify 地址" in text
    assert "/hooks/HOOK" in text
    assert "Payment Allocations" in text


def test_a_new_key_is_written_to_its_file_and_the_one_before_is_kept(shell: Shell) -> None:
    shell.installation.edit(
        "secrets = { app_id",
        'secrets = { apl_key = "file:apl.key", apl_key_old = "file:apl-old.key", app_id',
    )
    folder = shell.installation.config.parent
    key, old = folder / "apl.key", folder / "apl-old.key"

    said = shell("connect", "fxiaoke", FXIAOKE, "--new-key", "apl_key").stdout
    first = key.read_text(encoding="utf-8")

    assert "apl.key" in said
    assert first not in said
    assert len(base64.b64decode(first, validate=True)) == 32
    assert key.stat().st_mode & 0o077 == 0
    assert not old.exists()

    assert "apl_key_old" in shell("connect", "fxiaoke", FXIAOKE, "--new-key", "apl_key").stdout
    assert (old.read_text(encoding="utf-8"), key.read_text(encoding="utf-8") != first) == (
        first,
        True,
    )
    told = shell("connect", "fxiaoke", FXIAOKE, "--new-key", "nothing", code=2).stderr
    assert "secrets.nothing" in told
    assert shell.journal("fxiaoke") == []
