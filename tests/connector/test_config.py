"""The configuration is checked as a whole, and secrets stay hidden."""

from datetime import time
from pathlib import Path

import pytest

from connector.config import (
    ConfigError,
    ConnectionConfig,
    example_text,
    language_of,
    load_config,
)
from connector.wiring.connections import connection_settings
from scoring.document import Mistake, Word, mistake


def config_file(folder: Path, text: str) -> Path:
    """Write a configuration file."""
    path = folder / "zixin.toml"
    path.write_text(text, encoding="utf-8")
    return path


def places(folder: Path, text: str) -> set[str]:
    """Load a faulty configuration and name the places of its mistakes."""
    with pytest.raises(ConfigError) as caught:
        load_config(config_file(folder, text))
    return {found.path for found in caught.value.mistakes}


def test_example_loads(tmp_path: Path) -> None:
    config = load_config(config_file(tmp_path, example_text()))

    assert [connection.vendor for connection in config.connections] == ["zoho", "fxiaoke"]


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    text = """
        [company]
        time_zone = "Mars/Olympus"
        [schedule]
        pull_minute = 5
        assess_at = "25:00"
        [rates]
        per_unit = { USD = "seven" }
        [[connections]]
        name = "a"
        vendor = "sap"
    """

    assert places(tmp_path, text) == {
        "company.time_zone",
        "schedule.pull_minute",
        "rates.per_unit.USD",
        "rates.on",
        "connections[0].vendor",
    }


_TIME = {"wanted": Word.TIME_OF_DAY, "given": "'25:00'"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *(
            (
                f"company.time_zone = '{zone}'",
                mistake("company.time_zone", "unknown", given=f"'{zone}'", like="Asia/Shanghai"),
            )
            for zone in ("Mars", "", "Asia", "../x")
        ),
        (
            "store.url = 'oracle://scott:tiger@db'",
            mistake("store.url", "must_look", like="sqlite:///PATH | postgresql+psycopg://…"),
        ),
        (
            "store.url = 'nonsense'",
            mistake("store.url", "must_look", like="sqlite:///PATH | postgresql+psycopg://…"),
        ),
        (
            "[rates]\non = 2026-01-01\nper_unit = { RMB = '1' }",
            mistake("rates.per_unit.RMB", "no_currency", given="'RMB'"),
        ),
        *(
            (
                f"[rates]\non = 2026-01-01\nper_unit = {{ USD = '{rate}' }}",
                mistake("rates.per_unit.USD", "must_be", wanted=Word.POSITIVE, given=f"'{rate}'"),
            )
            for rate in ("0", "-1", "nan", "inf", "")
        ),
        (
            "rates.per_unit = { USD = '7' }",
            mistake("rates.on", "needed_beside", beside="per_unit"),
        ),
        *(
            (f"schedule.{key} = '25:00'", mistake(f"schedule.{key}", "must_be", **_TIME))
            for key in ("full_pull_at", "sweep_at", "assess_at", "dunning_at")
        ),
        (
            "schedule.assess_at = '4:60'",
            mistake("schedule.assess_at", "must_be", wanted=Word.TIME_OF_DAY, given="'4:60'"),
        ),
        ("schedule.pull_minutes = 0", mistake("schedule.pull_minutes", "starts_at", least=1)),
        ("schedule.renew_hours = 0", mistake("schedule.renew_hours", "starts_at", least=1)),
        (
            "[[connections]]\nname = 'a/b'\nvendor = 'zoho'",
            mistake("connections[0].name", "plain_word"),
        ),
        (
            "[[connections]]\nname = ''\nvendor = 'zoho'",
            mistake("connections[0].name", "plain_word"),
        ),
        (
            "[[connections]]\nname = 'a'\nvendor = 'zoho'\nlanguage = 'fr'",
            mistake("connections[0].language", "none_of", given="'fr'", allowed="zh, en"),
        ),
        (
            "[[connections]]\nname = 'a'\nvendor = 'zoho'\naccounts_url = 'http://a.example'",
            mistake("connections[0].accounts_url", "must_look", like="https://…"),
        ),
        (
            "[[connections]]\nname = 'a'\nvendor = 'zoho'\n" * 2,
            mistake("connections[1].name", "twice", names="a"),
        ),
    ],
)
def test_a_broken_rule_is_told_by_its_code(text: str, told: Mistake, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config_file(tmp_path, text))

    assert caught.value.mistakes == [told]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "zh"),
        ("company.language = 'en'", "en"),
        ("company = { language = 'zh', time_zone = 'Mars' }\nstore = 3", "zh"),
        ("company.language = 'fr'", "en"),
        ("company = 3", "en"),
        ("[company", "en"),
    ],
)
def test_the_tongue_is_known_though_the_rest_is_wrong(
    text: str, language: str, tmp_path: Path
) -> None:
    assert language_of(config_file(tmp_path, text)) == language


def test_what_cannot_be_read_is_told_in_english(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"name = '\xff'")

    assert language_of(tmp_path / "none.toml") == language_of(binary) == "en"
    with pytest.raises(ConfigError, match=r"1 mistake\(s\):\n  is not UTF-8 text"):
        load_config(binary)


def test_two_connections_need_two_names(tmp_path: Path) -> None:
    text = '[[connections]]\nname = "a"\nvendor = "zoho"\n' * 2

    assert places(tmp_path, text) == {"connections[1].name"}


def test_plain_http_is_refused_but_for_this_machine(tmp_path: Path) -> None:
    remote = '[[connections]]\nname = "a"\nvendor = "zoho"\nbase_url = "http://crm.example.com"'
    local = remote.replace("crm.example.com", "127.0.0.1:8801")

    assert places(tmp_path, remote) == {"connections[0].base_url"}
    assert load_config(config_file(tmp_path, local)).connections


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="zixin init"):
        load_config(tmp_path / "zixin.toml")


def test_secrets_come_from_the_environment_and_files_and_hide(tmp_path: Path) -> None:
    (tmp_path / "app.secret").write_text("hush\n")
    connection = ConnectionConfig(
        name="a", vendor="zoho", secrets={"client_id": "env:ID", "client_secret": "file:app.secret"}
    )
    settings = connection_settings(connection, tmp_path, {"ID": "me"})

    assert (settings.secret("client_id"), settings.secret("client_secret")) == ("me", "hush")
    assert "hush" not in repr(settings)


def test_every_missing_secret_is_named(tmp_path: Path) -> None:
    connection = ConnectionConfig(
        name="a",
        vendor="zoho",
        secrets={"w": "file:binary", "x": "env:NOWHERE", "y": "file:no", "z": "plain"},
    )
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(ConfigError) as caught:
        connection_settings(connection, tmp_path, {})

    assert [(each.path, each.code) for each in caught.value.mistakes] == [
        ("connections.a.secrets.w", "no_file"),
        ("connections.a.secrets.x", "not_set"),
        ("connections.a.secrets.y", "no_file"),
        ("connections.a.secrets.z", "must_look"),
    ]
    assert "plain" not in str(caught.value)


def test_alerts_and_quiet_hours_are_checked_and_no_address_is_repeated(tmp_path: Path) -> None:
    text = """
        [schedule]
        expire_at = "9"
        workdays_only = ["pull"]
        [quiet]
        hours = "20-8"
        [alerting]
        repeat_hours = 0
    """
    channels = """
        [[alerts]]
        name = "a"
        url = "dingtalk://top-secret-token"
        [[alerts]]
        name = "a"
        url = "env:ALERTS"
        [[alerts]]
        name = "a b"
        url = "env:ALERTS"
    """

    assert places(tmp_path, text) == {
        "schedule.workdays_only[0]",
        "quiet.hours",
        "alerting.repeat_hours",
    }
    assert places(tmp_path, '[schedule]\nexpire_at = "9"') == {"schedule.expire_at"}
    with pytest.raises(ConfigError) as caught:
        load_config(config_file(tmp_path, channels))
    found = {mistake.path for mistake in caught.value.mistakes}
    assert found == {"alerts[0].url", "alerts[1].name", "alerts[2].name"}
    assert "top-secret-token" not in str(caught.value)


def test_quiet_hours_go_over_midnight_and_are_none_by_default(tmp_path: Path) -> None:
    night = load_config(config_file(tmp_path, '[quiet]\nhours = "20:00-08:30"')).quiet
    usual = load_config(config_file(tmp_path, "")).quiet

    assert night.span == (time(20), time(8, 30))
    assert usual.span[0] == usual.span[1]
    assert not usual.days_off


def test_tasks_are_not_to_be_given_in_quiet_hours(tmp_path: Path) -> None:
    night = '[quiet]\nhours = "20:00-09:00"\n'

    assert places(tmp_path, night) == {"schedule.dunning_at"}
    config = load_config(config_file(tmp_path, night + '[schedule]\ndunning_at = "09:00"\n'))
    assert config.schedule.dunning_at == "09:00"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "https://user:w0rd@crm.example.com",
        "https://10.0.0.1",
        "https://crm.example.com:8443",
    ],
)
def test_an_address_that_calls_may_not_go_to_is_refused_and_not_repeated(
    url: str, tmp_path: Path
) -> None:
    path = tmp_path / "zixin.toml"
    path.write_text(f'[[connections]]\nname = "a"\nvendor = "zoho"\nbase_url = "{url}"')

    with pytest.raises(ConfigError) as caught:
        load_config(path)

    assert "connections[0].base_url" in str(caught.value)
    assert url not in str(caught.value)
