"""watch list, review list and worklist on the command line: documents, tables, empty states."""

import pytest
from rich.cells import cell_len

from tests.connector.cli.shell import AS_OF, Shell

COMMANDS = (("watch", "list"), ("review", "list"), ("worklist",))


@pytest.mark.usefixtures("ran")
def test_the_documents_agree_with_what_the_crms_were_told(shell: Shell) -> None:
    views = [
        view
        for vendor in shell.installation.crms.names()
        for view in shell.installation.crms.crm(vendor).accounts()
    ]

    watched = shell.json("watch", "list")
    reviews = shell.json("review", "list", "--due-within", "30")
    work = shell.json("worklist")

    assert watched["as_of"] == AS_OF.isoformat()
    assert {one["name"] for one in watched["watched"]} <= {view.name for view in views}
    assert all(one["signals"] or one["kept"] for one in watched["watched"])
    high = shell.json("watch", "list", "--level", "high")["watched"]
    assert [one for one in watched["watched"] if one["level"] == "high"] == high
    due = [one["due_on"] for one in reviews["reviews"]]
    assert due == sorted(due)
    scores = [one["urgency"]["score"] for one in work["work"]]
    assert scores
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.usefixtures("ran")
def test_tables_fit_the_screen(
    command: tuple[str, ...], width: int, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = {"NO_COLOR": "1", "COLUMNS": str(width)}
    monkeypatch.setattr("tests.connector.cli.shell._TERMINAL", terminal)

    for lang in ("zh", "en"):
        tables = [
            line
            for line in shell(*command, "--lang", lang).stdout.splitlines()
            if line.startswith(" ")
        ]
        assert max(map(cell_len, tables)) <= width


def test_before_the_first_pull_each_list_says_that_it_is_empty(shell: Shell) -> None:
    said = [shell(*command, "--lang", "en").stdout for command in COMMANDS]

    assert "nobody is on it" in said[0]
    assert "nothing is due" in said[1]
    assert "nobody needs to be asked" in said[2]
    assert "no claim is near its end" in said[2]


@pytest.mark.usefixtures("pulled")
def test_a_year_without_announced_holidays_is_provisional(shell: Shell) -> None:
    known = shell.json("worklist")
    later = shell.json("worklist", "--as-of", "2031-03-31")
    told = shell("worklist", "--as-of", "2031-03-31", "--lang", "en").stdout

    assert (known["calendar_provisional"], later["calendar_provisional"]) == (False, True)
    assert "2031 are not announced" in told
    assert shell.json("review", "list")["calendar_provisional"] is False


def test_an_unknown_level_is_wrong_use(shell: Shell) -> None:
    assert "attention, watch, high" in shell("watch", "list", "--level", "x", code=2).stderr
