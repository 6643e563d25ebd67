"""``zixin validate`` on the own book, and what it says where it cannot be done."""

import sys
from pathlib import Path

import pytest

from tests.connector.cli.shell import AS_OF, Shell, invoke

ON = AS_OF.isoformat()


@pytest.mark.usefixtures("pulled")
def test_own_book_says_what_cannot_be_measured_yet(shell: Shell, tmp_path: Path) -> None:
    document = shell.json("validate", "--as-of", ON, "--report", str(tmp_path / "report"))

    targets = {row["target"]: row for row in document["results"]}
    default = targets["default event in the next 12 months"]
    assert {default[key] for key in ("auc", "auc_low", "auc_high", "ks", "brier", "ece")} == {None}
    assert document["needed"] == 30
    assert set(document["bads"]) == set(targets)
    page = (tmp_path / "report" / "validation.html").read_text(encoding="utf-8")
    assert "尚无法衡量" in page


@pytest.mark.usefixtures("pulled")
def test_table_for_people_has_the_sentence_in_the_companys_language(shell: Shell) -> None:
    said = shell("validate", "--as-of", ON).stdout

    assert "尚无法衡量" in said
    assert "至少 30" in said


def test_folder_without_the_data_names_the_missing_file(tmp_path: Path) -> None:
    result = invoke("validate", "--data", str(tmp_path))

    assert result.exit_code == 2
    assert "american_bankruptcy_union.csv.gz is not there" in result.stderr


def test_without_the_extra_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("connector.flow.validation")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpy", None)

    result = invoke("validate", "--data", str(tmp_path))

    assert result.exit_code == 2
    assert 'pip install "zixin[train]"' in result.stderr
