"""What the product is run by parses, names real commands, and keeps its promises of safety."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from connector.cli.main import app
from connector.config import load_config

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
BINARY = "/opt/zixin/bin/zixin"
OURS = ("web", "worker", "scheduler")


def instructions() -> list[tuple[str, str]]:
    """Read the Containerfile: each instruction with its arguments, lines joined."""
    text = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [
        (word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines)
    ]


def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def settings_of(unit: Path) -> dict[str, list[str]]:
    """Read a unit: the values of each setting, in their order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def commands_named() -> Iterator[tuple[str, list[str]]]:
    """Tell every command line of ours that these files start."""
    for name, service in compose()["services"].items():
        if name in OURS:
            yield f"compose {name}", service["command"]
    for unit in UNITS:
        binary, *arguments = settings_of(unit)["ExecStart"][0].split()
        assert binary == BINARY
        yield unit.name, arguments
    [told] = [rest for word, rest in instructions() if word == "CMD" and "python" not in rest]
    yield "Containerfile", yaml.safe_load(told)


@pytest.mark.parametrize(("where", "line"), list(commands_named()))
def test_every_command_that_is_started_exists(where: str, line: list[str]) -> None:
    known: Any = typer.main.get_command(app)
    command, *options = line

    assert command in known.commands, where
    flags = {flag for each in known.commands[command].params for flag in each.opts}
    assert {option for option in options if option.startswith("--")} <= flags


def test_the_image_is_built_apart_and_runs_as_nobody_special() -> None:
    found = instructions()
    stages = [place for place, (word, _) in enumerate(found) if word == "FROM"]
    last = found[stages[-1] :]

    assert len(stages) == 2
    assert {found[place][1].split()[0] for place in stages} == {"${PYTHON_IMAGE}"}
    assert found[0][0] == "ARG"
    assert ("USER", "10001:10001") in last
    assert ("VOLUME", "/data") in last
    assert not any("pip" in rest for word, rest in last if word == "RUN")
    [check] = [rest for word, rest in last if word == "HEALTHCHECK"]
    assert "/healthz" in check
    assert any("--require-hashes" in rest for word, rest in found if word == "RUN")


def test_all_that_the_image_copies_is_there_and_reaches_the_builder() -> None:
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for name in rest.split()[:-1]:
                assert (ROOT / name).exists(), name
                assert f"!{name}" in let_in


def test_every_part_is_composed_without_rights_it_does_not_need() -> None:
    services = compose()["services"]

    assert set(services) == {"postgres", *OURS}
    for name in OURS:
        service = services[name]
        assert service["read_only"] is True
        assert service["user"] == "10001:10001"
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert "data:/data" in service["volumes"]
        assert service["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["web"]["ports"] == ["127.0.0.1:8080:8080"]
    assert "ports" not in services["postgres"]
    assert services["postgres"]["networks"] == ["inside"]
    assert compose()["networks"]["inside"]["internal"] is True


def test_no_password_stands_in_the_compose_file() -> None:
    document = compose()
    used = {secret for each in document["services"].values() for secret in each["secrets"]}

    assert used == set(document["secrets"])
    for secret in document["secrets"].values():
        assert secret["file"].startswith("./deploy/compose/secrets/")
    for service in document["services"].values():
        for name, value in service["environment"].items():
            assert not re.search("PASSWORD|SECRET|TOKEN|KEY", name) or str(value).startswith(
                "/run/secrets/"
            )
    assert "deploy/compose/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_composed_configuration_is_in_order_and_names_the_secrets_there_are() -> None:
    path = ROOT / "deploy" / "compose" / "zixin.toml"
    config = load_config(path)
    named = set(re.findall(r"/run/secrets/(\w+)", path.read_text(encoding="utf-8")))

    assert config.store.url == "postgresql+psycopg://zixin@postgres/zixin"
    assert named | {"pgpass", "postgres_password"} == set(compose()["secrets"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_hardened_and_ends_gently(unit: Path) -> None:
    found = settings_of(unit)
    wanted = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "User": "zixin",
        "StateDirectory": "zixin",
        "KillSignal": "SIGTERM",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    }

    assert {name: found[name][0] for name in wanted} == wanted
    assert int(found["TimeoutStopSec"][0]) > 30  # work under way has 30 seconds to end


def test_each_part_has_its_unit() -> None:
    names = {unit.name for unit in UNITS}

    assert names == {
        "zixin.service",
        "zixin-scheduler.service",
        "zixin-web@.service",
        "zixin-worker@.service",
    }


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """The binary is put in the place of one that exists here; everything else is as shipped."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine: the units are only parsed")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(BINARY, sys.executable)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )

    about_ours = [line for line in done.stderr.splitlines() if "zixin" in line]
    assert about_ours == []
