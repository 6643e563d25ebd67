"""Lines of ours and of the libraries, in both forms."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from connector.log import set_up_logging
from connector.log.faults import fault_told
from connector.log.lines import StandardError, quieten_libraries
from connector.work.retry import error_note

SECRET = "1000.0a1b2c3d4e5f60718293a4b5c6d7e8f9.9f8e7d6c5b4a39281706f5e4d3c2b1a0"
LIBRARIES = ("waitress", "alembic.runtime", "urllib3.connectionpool", "apscheduler.x", "requests")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"

Lines = Callable[[], list[str]]


@pytest.fixture(params=["console", "json"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lines(form: str, capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    level = logging.getLogger().level
    set_up_logging(as_json=form == "json")

    def told() -> list[str]:
        return capsys.readouterr().err.splitlines()

    yield told
    quieten_libraries()
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_a_line_of_ours_is_redacted(lines: Lines, form: str) -> None:
    structlog.get_logger().warning("refused: %s" % SECRET, system="zoho", client_secret="hush-1")  # noqa: UP031

    (line,) = lines()
    assert SECRET not in line
    assert "hush-1" not in line
    assert "zoho" in line
    assert "warning" in line
    assert re.search(TIME, line)
    if form == "json":
        assert json.loads(line)["client_secret"] == "***"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_line_of_a_library_has_level_and_time_and_is_redacted(
    library: str, lines: Lines, form: str
) -> None:
    logging.getLogger(library).warning("sent %s to %s\nforged line", SECRET, "a.person@example.com")

    (line,) = lines()
    assert SECRET not in line
    assert "a.person@" not in line
    assert "warning" in line
    assert library in line
    assert re.search(TIME, line)
    if form == "json":
        assert json.loads(line)["level"] == "warning"


def test_what_libraries_tell_below_a_warning_is_left_out(lines: Lines) -> None:
    logging.getLogger("urllib3.connectionpool").debug("GET /path?x=1")

    assert lines() == []


def test_a_line_with_wrong_arguments_is_told_without_them(lines: Lines) -> None:
    record = logging.makeLogRecord({"name": "apprise", "msg": "%d sent", "args": (SECRET,)})
    (ours,) = (each for each in logging.getLogger().handlers if isinstance(each, StandardError))
    ours.handle(record)

    (line,) = lines()
    assert SECRET not in line
    assert "apprise" in line


def _fail(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("library", ["", "apscheduler"])
def test_a_fault_is_told_by_place_and_kind(lines: Lines, library: str) -> None:
    log: Any = logging.getLogger(library) if library else structlog.get_logger()
    try:
        _fail(ValueError(f"no number: 'Acme Ltd'\n2026-01-01 [info] forged {SECRET}"))
    except ValueError:
        log.exception("a step failed")

    told = lines()
    assert "ValueError" in "".join(told)
    assert "test_lines.py" in "".join(told)
    assert not {each for each in told if "Acme" in each or "forged" in each or SECRET in each}
    assert all(line.startswith("  | ") for line in told[1:])  # in JSON there are none


def _caught(error: BaseException) -> str:
    try:
        _fail(error)
    except type(error) as caught:
        return fault_told((type(caught), caught, caught.__traceback__))
    return ""


def test_what_a_database_stumbled_over_is_left_out() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as conn, pytest.raises(sa.exc.OperationalError) as caught:
        conn.execute(sa.text("insert into nowhere values (:name)"), {"name": "Acme Ltd"})

    told = fault_told((caught.type, caught.value, caught.tb))

    assert "no such table: nowhere" in told
    assert "Acme" not in told
    assert "Acme" not in error_note(caught.value)


def test_causes_come_first_and_foreign_messages_do_not_come() -> None:
    outer = RuntimeError("Acme Ltd")
    outer.__cause__ = PermissionError(13, "Permission denied", "/home/acme")
    told = _caught(outer)

    assert told.index("PermissionError: Permission denied") < told.index("RuntimeError")
    assert "cme" not in told


def test_no_handler_stays_behind_after_several_beginnings(lines: Lines) -> None:
    set_up_logging()
    set_up_logging(as_json=True)
    logging.getLogger("alembic").warning("once")

    assert len(lines()) == 1
