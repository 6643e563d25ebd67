"""A fault nobody caught ends the command with code 1, and without the message of a foreign error."""

from collections.abc import Iterator

import pytest
import structlog

from connector.cli import main as command_line
from connector.log import set_up_logging
from connector.log.lines import quieten_libraries


@pytest.fixture
def _logging() -> Iterator[None]:
    set_up_logging()
    yield
    quieten_libraries()
    structlog.reset_defaults()


@pytest.mark.usefixtures("_logging")
def test_a_fault_is_logged_by_kind_and_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumble() -> None:
        row = {"name": "Acme Ltd"}
        raise KeyError(row["name"])

    monkeypatch.setattr(command_line, "app", stumble)

    with pytest.raises(SystemExit) as ended:
        command_line.main()

    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "KeyError" in said.err
    assert "in stumble" in said.err
    assert "Acme" not in said.err + said.out
