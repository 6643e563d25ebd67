"""What the demonstration shows: in both languages, on narrow and wide screens."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest
from rich.cells import cell_len

from connector.cli.demo_result import print_next, print_passes, print_portfolio, print_worst
from connector.flow.run import ConnectionReport, RunReport
from connector.texts.catalogue import Texts
from sandbox.company.credit_files import add_credit_files
from sandbox.company.generate import generate
from scoring.assess import Assessments, assess
from scoring.holdings import holdings
from scoring.portfolio import portfolio
from tests.builders import a_rate
from tests.company_book import book_of
from tests.credit_files import with_groups

AS_OF = date(2026, 11, 27)
RATES = {"USD": a_rate("7.1"), "EUR": a_rate("7.8")}


@cache
def _decided() -> tuple[Assessments, dict[str, str]]:
    company = generate(60, 18, seed=2, as_of=AS_OF)
    add_credit_files(company, seed=2)
    names = {customer.key: customer.name for customer in company.customers}
    return assess(book_of(company), with_groups(), AS_OF), names


def _shown(lang: str) -> None:
    decided, names = _decided()
    assessments, texts = list(decided.rows()), Texts(lang)
    found = portfolio(holdings(decided), decided.policy, RATES, AS_OF)
    print_portfolio(found, assessments, AS_OF, texts)
    print_worst(assessments, names, texts)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("columns", [80, 120])
def test_tables_fit_the_screen(
    lang: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    _shown(lang)
    lines = [line for line in capsys.readouterr().out.splitlines() if line[:1] in "│┃┏┡└"]

    assert len(lines) > 20
    assert max(cell_len(line) for line in lines) <= columns


def test_the_portfolio_counts_who_needs_attention(capsys: pytest.CaptureFixture[str]) -> None:
    frame = _decided()[0].frame
    listed = frame["watch_level"].is_in(["watch", "high"]).sum()
    held, stopped = ((frame["hold"] == word).sum() for word in ("hold", "stop"))
    _shown("en")
    out = capsys.readouterr().out

    assert f"{listed} customers are on the watch list" in out
    assert f"new orders of {held} are held, deliveries to {stopped} are stopped" in out
    assert "Expected loss in a year CN¥" in out


def test_grades_come_best_first_and_the_worst_customers_worst_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _shown("en")
    cells = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    scale = ["AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D", "NR"]
    grades = [row[1].strip() for row in cells if row[1].strip() in scale]
    worst = [row[2].strip() for row in cells if row[2].strip() in scale]

    assert grades == sorted(grades, key=scale.index)
    assert worst == sorted(worst, key=scale.index, reverse=True)
    assert worst[0] == "D"
    assert len(worst) == 10


def test_the_second_pass_says_that_nothing_was_left(capsys: pytest.CaptureFixture[str]) -> None:
    pulled = {"accounts": 3, "invoices": 1200, "statements": 4, "credit_records": 5}
    first = RunReport(
        connections={"crm": ConnectionReport(pulled=pulled, fields_written=69)}, assessed=3
    )
    second = RunReport(connections={"crm": ConnectionReport()})
    print_passes([first, second], Texts("en"))
    out = capsys.readouterr().out

    assert "1,200" in out
    assert "papers of credit files read │     9 │" in out
    assert "The second pass wrote 0 fields" in out


def test_a_kept_demo_names_its_commands_and_another_how_to_keep_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_next(Path("demo"), "uscc:1", Texts("en"))
    kept = capsys.readouterr().out
    print_next(None, "uscc:1", Texts("en"))
    gone = capsys.readouterr().out

    assert "zixin explain uscc:1 --config demo/zixin.toml" in kept
    assert "zixin policy simulate demo/draft.toml --config demo/zixin.toml" in kept
    assert "zixin demo --once --keep demo" in gone
