"""report: what the credit manager shows, on screens of any width, as JSON and as a workbook."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from rich.cells import cell_len

from connector.flow.reports.trend import month_ends
from connector.store.assessments import StoredAssessment, latest_assessments
from connector.store.engine import reading
from tests.connector.cli.shell import ACCOUNTS, AS_OF, Shell
from tests.journeys.harness import open_here

BUCKETS = ("age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90")


def stored(shell: Shell) -> list[StoredAssessment]:
    with open_here(shell.installation, shell.clock) as zixin, reading(zixin.engine) as conn:
        return latest_assessments(conn)


@pytest.mark.usefixtures("ran")
def test_the_portfolio_sums_what_was_decided(shell: Shell) -> None:
    decided = [each.assessment for each in stored(shell)]

    found = shell.json("report", "portfolio")["portfolio"]

    assert found["total"]["customers"] + len(found["left_out"]) == ACCOUNTS
    for grade in found["grades"]:
        own = [one for one in decided if one.rating == grade["name"]]
        left_out = {one["entity"] for one in found["left_out"]}
        assert grade["customers"] == len([one for one in own if one.entity not in left_out])
        assert sum(grade[bucket] for bucket in BUCKETS) == grade["ar"]
    held = {line["name"]: line["customers"] for line in found["holds"]}
    assert held.get("stop", 0) == sum(one.hold == "stop" for one in decided)
    assert sum(line["ar"] for line in found["segments"]) == found["total"]["ar"]
    assert len(found["top"]) <= 10


@pytest.mark.usefixtures("ran")
def test_the_trend_grows_by_a_day_each_night(shell: Shell) -> None:
    first = shell.json("report", "portfolio")
    shell.clock.move(timedelta(days=1))
    shell("run")

    trend = shell.json("report", "portfolio")["trend"]

    assert [point["on"] for point in trend] == [
        AS_OF.isoformat(),
        (AS_OF + timedelta(days=1)).isoformat(),
    ]
    assert trend[0] == first["trend"][0]
    assert trend[0]["ar"] == first["portfolio"]["total"]["ar"]
    assert trend[0]["overdue"] == first["portfolio"]["total"]["overdue"]


def test_month_ends_are_counted_back() -> None:
    assert month_ends(date(2024, 3, 1), 2) == [date(2024, 1, 31), date(2024, 2, 29)]
    assert month_ends(date(2024, 3, 31), 1) == [date(2024, 3, 31)]


@pytest.mark.parametrize("report", ["portfolio", "ageing", "migration"])
@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.usefixtures("ran")
def test_no_figure_is_cut_on_a_narrow_screen(
    report: str, width: int, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.connector.cli.shell._TERMINAL", {"NO_COLOR": "1", "COLUMNS": str(width)}
    )

    for lang in ("en", "zh"):
        told = shell("report", report, "--lang", lang).stdout

        tables = [line for line in told.splitlines() if line.startswith(" ")]
        assert max(map(cell_len, tables)) <= width
        if report != "migration":
            last = [
                line for line in tables if line.startswith((" Total", " 合计", " all in", " 折合"))
            ]
            assert all(line.rstrip()[-1].isdigit() for line in last), last


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("压力测试", "坏账准备")), ("en", ("Stress test", "Provision"))]
)
@pytest.mark.usefixtures("ran")
def test_the_portfolio_is_told_in_both_tongues(
    lang: str, words: tuple[str, ...], shell: Shell
) -> None:
    told = shell("report", "portfolio", "--lang", lang).stdout

    assert all(word in told for word in words), told
    assert "zh and en" in shell("report", "portfolio", "--lang", "fr", code=2).stderr


@pytest.mark.usefixtures("ran")
def test_the_ageing_names_every_customer_and_currency(shell: Shell) -> None:
    found = shell.json("report", "ageing")

    owing = {each.assessment.entity: each.assessment for each in stored(shell)}
    for one in found["customers"]:
        ageing = owing[one["entity"]].ageing
        assert ageing is not None
        assert one["age_current"] == ageing.current.minor
        assert one["age_over_90"] == ageing.over_90.minor
    totals = {total["currency"]: total["ar"] for total in found["totals"]}
    for currency, total in totals.items():
        assert total == sum(one["ar"] for one in found["customers"] if one["currency"] == currency)
    assert found["total"]["currency"] == "CNY"
    late = [one["overdue"] for one in found["customers"] if one["currency"] == "CNY"]
    assert late == sorted(late, reverse=True)


@pytest.mark.parametrize(("lang", "total"), [("zh", "合计"), ("en", "Total")])
@pytest.mark.usefixtures("ran")
def test_the_workbook_holds_what_the_report_says(
    lang: str, total: str, shell: Shell, tmp_path: Path
) -> None:
    path = tmp_path / "portfolio.xlsx"

    result = shell("report", "portfolio", "--xlsx", str(path), "--lang", lang, "--json")

    assert str(path) in result.stderr
    found = shell.json("report", "portfolio")["portfolio"]
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert sheet[-1][0] == total
    assert sheet[-1][-1] == found["total"]["ar"] / 100
    assert len(sheet) == 2 + len(found["grades"]) + 1


def test_a_workbook_that_cannot_be_written_is_wrong_use(shell: Shell, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "x.xlsx"

    assert "cannot be written" in shell("report", "ageing", "--xlsx", str(nowhere), code=2).stderr


@pytest.mark.usefixtures("ran")
def test_grades_move_between_what_was_decided_and_what_is_worked_out(shell: Shell) -> None:
    found = shell.json("report", "migration")

    assert (found["since"], found["until"]) == ("2026-02-28", AS_OF.isoformat())
    assert (found["stored"], found["replayed"]) == (ACCOUNTS, ACCOUNTS)
    pairs = sum(sum(row) for row in found["counts"])
    assert found["stayed"] + found["better"] + found["worse"] == pairs
    assert len(found["movers"]) == found["better"] + found["worse"]
    now = {each.assessment.entity: each.assessment.rating for each in stored(shell)}
    assert all(now[mover["entity"]] == mover["after"] for mover in found["movers"])
    notches = [mover["notches"] for mover in found["movers"]]
    assert notches == sorted(notches, reverse=True)


@pytest.mark.usefixtures("pulled")
def test_the_earlier_day_comes_first(shell: Shell) -> None:
    said = shell("report", "migration", "--since", "2026-03-31", "--as-of", "2026-03-31", code=2)

    assert "must lie before" in said.stderr


def test_before_the_first_pull_reports_say_that_there_is_nothing(shell: Shell) -> None:
    told = shell("report", "portfolio", "--lang", "en").stdout
    aged = shell("report", "ageing", "--lang", "en").stdout

    assert "nothing is stored yet" in told
    assert "nobody owes anything" in aged
