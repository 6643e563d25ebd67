"""train, backtest and forecast on the books of a small company."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.store.book import load_book
from connector.store.engine import reading
from scoring.fitted_card import card_of, card_toml
from scoring.model.late_fitting import LEAST_SETTLED
from scoring.model.late_model import late_cards_of
from scoring.model.sample import open_of
from scoring.policy import Policy, load_policy
from tests.connector.cli.shell import AS_OF, Shell, a_shell
from tests.journeys.harness import open_here

BIG, MONTHS = 60, 18


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A company with enough settled invoices for a model of lateness, read once; fitting changes nothing."""
    folder = tmp_path_factory.mktemp("big") / "zixin"
    with (
        pytest.MonkeyPatch.context() as patch,
        a_shell(folder, patch, accounts=BIG, months=MONTHS) as ready,
    ):
        ready("pull")
        yield ready


def owed(shell: Shell) -> dict[str, int]:
    with open_here(shell.installation, shell.clock) as zixin:
        with reading(zixin.engine) as conn:
            book = load_book(conn, None, zixin.rates, policy_currency="CNY")
        rows = open_of(book, Policy().behaviour, AS_OF)
    sums: dict[str, int] = {}
    for currency, amount in rows.select("currency", "open").iter_rows():
        sums[currency] = sums.get(currency, 0) + amount
    return sums


@pytest.mark.usefixtures("pulled")
def test_a_forecast_s_weeks_add_up_to_what_is_open(shell: Shell) -> None:
    document = shell.json("forecast", "--weeks", "6")

    sums: dict[str, int] = {}
    for week in document["weeks"]:
        sums[week["currency"]] = sums.get(week["currency"], 0) + week["expected"]
        assert 0 <= week["low"] <= week["high"]
    assert sums == owed(shell)
    weeks = [week["week"] for week in document["weeks"] if week["currency"] == "CNY"]
    assert weeks == [1, 2, 3, 4, 5, 6, None]


@pytest.mark.usefixtures("pulled")
def test_a_forecast_is_a_table_in_the_company_s_tongue(shell: Shell) -> None:
    assert "回款预测" in shell("forecast").stdout

    shell.installation.edit("[company]\n", '[company]\nlanguage = "en"\n')

    told = shell("forecast", "--weeks", "2").stdout
    assert "Cash forecast" in told
    assert "later or never" in told


def test_before_the_first_pull_there_is_nothing_to_forecast_or_replay(shell: Shell) -> None:
    assert "无可预测" in shell("forecast").stdout
    assert shell.json("forecast")["weeks"] == []
    assert "无从回测" in shell("backtest").stdout
    assert shell.json("backtest")["ratings"] == []


@pytest.mark.usefixtures("pulled")
def test_a_backtest_tells_ratings_and_cash_at_month_ends(shell: Shell, tmp_path: Path) -> None:
    document = shell.json("backtest", "--months", "4", "--report", str(tmp_path / "report"))

    ends = ["2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31"]
    assert [month["on"] for month in document["ratings"]] == ends
    assert all(sum(month["counts"].values()) > 0 for month in document["ratings"])
    assert {check["on"] for check in document["cash"]} == set(ends[:3])  # the last is not over
    assert all(0 <= c["low"] <= c["high"] <= c["open"] for c in document["cash"])
    page = (tmp_path / "report" / "backtest.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 2
    assert "Ratings at month ends" in page
    assert "各月末评级分布" in page


@pytest.mark.usefixtures("pulled")
def test_a_backtest_s_past_does_not_change_with_what_comes_later(shell: Shell) -> None:
    earlier: Any = shell.json("backtest", "--months", "2", "--as-of", "2026-01-31")
    later: Any = shell.json("backtest", "--months", "4")

    on = earlier["ratings"][-1]["on"]
    assert on == date(2026, 1, 31).isoformat()
    assert earlier["ratings"][-1] in later["ratings"]


@pytest.mark.usefixtures("pulled")
def test_a_backtest_prints_its_tables(shell: Shell) -> None:
    told = shell("backtest", "--months", "3").stdout

    for words in ("各月末评级分布", "各等级之后发生了什么", "月末后 4 周回款"):
        assert words in told


@pytest.mark.usefixtures("pulled")
def test_few_defaults_are_not_measurable_yet(shell: Shell) -> None:
    shell.installation.edit("[company]\n", '[company]\nlanguage = "en"\n')

    result = shell("train", "card", code=3)

    assert "not measurable yet: " in result.stderr
    assert "50 are needed" in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("pulled")
def test_few_settled_invoices_are_not_measurable_yet(shell: Shell) -> None:
    shell.installation.edit("[company]\n", '[company]\nlanguage = "en"\n')

    result = shell("train", "lateness", "--as-of", "2025-09-30", code=3)

    assert f"{LEAST_SETTLED} are needed" in result.stderr


def test_lateness_is_fitted_and_written_as_data(big: Shell, tmp_path: Path) -> None:
    out, report = tmp_path / "late.json", tmp_path / "report"

    result = big("train", "lateness", "--out", str(out), "--report", str(report))

    cards = late_cards_of(out.read_bytes())
    assert cards.late.trained.n >= LEAST_SETTLED
    assert result.stdout == ""
    page = (report / "training.html").read_text(encoding="utf-8")
    assert "fitted card" in page
    assert "rule: own late share per due weekday" in page


def test_defaults_enough_make_a_card(big: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound itself is the method's; here it is lowered to what a small company has."""
    monkeypatch.setattr("connector.flow.training.LEAST_BADS", 2)

    told = big("train", "card").stdout

    card = card_of(told)
    assert card.trained.n_bad >= 2
    assert card.target == "default event in the next 12 months"
    assert load_policy(card_toml(card)).scorecard.fitted == card


def test_without_the_extra_training_says_what_to_install(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitting = ("connector.flow.training", "scoring.model.late_fitting", "scoring.model.trees")
    for name in fitting:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    result = shell("train", "lateness", code=2)

    assert 'pip install "zixin[train]"' in result.stderr


def test_a_file_that_cannot_be_written_is_wrong_use(big: Shell, tmp_path: Path) -> None:
    result = big("train", "lateness", "--out", str(tmp_path / "no" / "late.json"), code=2)

    assert "cannot be written" in result.stderr
