"""A shell beside CRMs that have the credit fields, and one beside CRMs that lack them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connector.cli.shell import Shell, a_shell


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
