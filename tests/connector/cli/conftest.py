"""A shell beside CRMs that have the credit fields, and one beside CRMs that lack them.

Reading and running once is the beginning of most tests: each is done once and then copied.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connector.cli.shell import Shell, a_shell
from tests.journeys.beginning import Beginning, kept


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Both CRMs have the credit fields."""
    with a_shell(tmp_path / "zixin", monkeypatch) as ready:
        yield ready


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Nobody has created the credit fields yet."""
    with a_shell(tmp_path / "zixin", monkeypatch, provisioned=False) as ready:
        yield ready


@pytest.fixture
def pulled(shell: Shell, after_pull: Beginning) -> Shell:
    """Both CRMs have been read once."""
    after_pull.give(shell.installation)
    return shell


@pytest.fixture
def ran(shell: Shell, after_run: Beginning) -> Shell:
    """The whole job has been done once."""
    after_run.give(shell.installation)
    return shell


@pytest.fixture(scope="session")
def after_pull(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    """What ``zixin pull`` leaves."""
    return _after("pull", tmp_path_factory.mktemp("pulled"))


@pytest.fixture(scope="session")
def after_run(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    """What ``zixin run`` leaves."""
    return _after("run", tmp_path_factory.mktemp("ran"))


def _after(command: str, folder: Path) -> Beginning:
    with pytest.MonkeyPatch.context() as patch, a_shell(folder / "zixin", patch) as shell:
        shell(command)
        return kept(shell.installation)
