"""The configuration is checked as a whole, and secrets stay hidden."""

from pathlib import Path

import pytest

from connector.config import (
    ConfigError,
    ConnectionConfig,
    connection_settings,
    example_text,
    load_config,
)


def config_file(folder: Path, text: str) -> Path:
    """Write a configuration file."""
    path = folder / "zixin.toml"
    path.write_text(text, encoding="utf-8")
    return path


def places(folder: Path, text: str) -> set[str]:
    """Load a faulty configuration and name the places of its mistakes."""
    with pytest.raises(ConfigError) as caught:
        load_config(config_file(folder, text))
    return {mistake.path for mistake in caught.value.mistakes}


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
        "company",
        "schedule.pull_minute",
        "rates",
        "connections[0].vendor",
    }


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
        name="a", vendor="zoho", secrets={"x": "env:NOWHERE", "y": "file:no", "z": "plain"}
    )
    with pytest.raises(ConfigError) as caught:
        connection_settings(connection, tmp_path, {})

    assert [mistake.path.rsplit(".", 1)[1] for mistake in caught.value.mistakes] == ["x", "y", "z"]
