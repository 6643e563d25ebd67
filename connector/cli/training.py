"""``zixin train``, ``zixin backtest``, ``zixin forecast``: models of the own book, and what came of them.

Training needs the extra ``zixin[train]``; backtest and forecast do not.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
import typer

from connector.cli.extra import ask_for_the_extra
from connector.cli.output import complain, print_json, print_table, progress, say, write_json
from connector.cli.session import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    ExitCode,
    JsonFlag,
    day_of,
    end,
    opened,
)
from connector.flow.backtest import CASH_WEEKS, Backtest, backtest
from connector.flow.backtest_page import backtest_page
from connector.store.book import load_book
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.jobs import assess_by_calendar
from scoring.book import Book
from scoring.model.cash import LATER, delay_curves, forecast, weekly
from scoring.model.sample import invoices_of, open_of
from scoring.money import Money

if TYPE_CHECKING:  # this needs the extra, which the command asks for only when it runs
    from connector.flow.training import Trained

__all__ = ["add_commands"]

NOT_YET = 3  # the sample is too small for a model
MOST_MONTHS, MOST_WEEKS = 120, 104
TRAIN_PAGE, BACKTEST_PAGE = "training.html", "backtest.html"

What = Annotated[
    Literal["card", "lateness"], typer.Argument(help="card: defaults; lateness: late payment.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Where to write the card; else standard output.")
]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Folder for a page to keep.")]
MonthsOption = Annotated[int, typer.Option(min=1, max=MOST_MONTHS, help="How far back.")]
WeeksOption = Annotated[int, typer.Option(min=1, max=MOST_WEEKS, help="How far ahead.")]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("train")(train_command)
    app.command("backtest")(backtest_command)
    app.command("forecast")(forecast_command)


def train_command(
    what: What,
    config: ConfigOption = DEFAULT_CONFIG,
    out: OutOption = None,
    report: ReportOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Fit a card on the own book, judge it on the newest part, and write it as data."""
    ask_for_the_extra("connector.flow.training", "training")
    from connector.flow.training import TooFew, train  # noqa: PLC0415 needs the extra

    with opened(config) as zixin, progress() as step:
        day, texts = day_of(as_of, zixin.clock.today()), zixin.company_texts
        book, assess = _book_of(zixin), _assessing(zixin)
        try:
            trained = train(
                what,
                book,
                zixin.policy.behaviour,
                day,
                lambda when: assess(book, when),
                calendar=zixin.calendar(day),
                step=lambda done, total: step("replay", done, total),
            )
        except TooFew as error:
            end(NOT_YET, texts.say(error.code, **error.params))
    if report is not None:
        _write_page(report / TRAIN_PAGE, _training_page(trained, day))
    _write_card(trained.text, out)


def _training_page(trained: "Trained", day: date) -> str:
    from connector.flow.validation.report import validation_page  # noqa: PLC0415 needs the extra

    return validation_page(trained.results, day)


def _write_card(text: str, out: Path | None) -> None:
    if out is None:
        write_json(text.encode())
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        end(ExitCode.WRONG_USE, f"{out} cannot be written: {error}")
    complain(f"the card is in {out}")


def _write_page(path: Path, page: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        end(ExitCode.WRONG_USE, f"{path} cannot be written: {error}")
    complain(f"the report is in {path}")


def _book_of(zixin: Zixin) -> Book:
    with reading(zixin.engine) as conn:
        return load_book(conn, None, zixin.rates, policy_currency=zixin.policy.currency)


def _assessing(zixin: Zixin) -> Callable[[Book, date], pl.DataFrame]:
    assess = assess_by_calendar(zixin)
    return lambda book, when: assess(book, zixin.policy, when).frame


def backtest_command(
    config: ConfigOption = DEFAULT_CONFIG,
    months: MonthsOption = 24,
    as_of: AsOfOption = None,
    report: ReportOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Replay the own book at past month ends: ratings, what followed, cash forecast against cash."""
    with opened(config) as zixin, progress(quiet=as_json) as step:
        day, texts = day_of(as_of, zixin.clock.today()), zixin.company_texts
        book, assess = _book_of(zixin), _assessing(zixin)
        found = backtest(
            book,
            zixin.policy.behaviour,
            day,
            lambda when: assess(book, when),
            months=months,
            step=lambda done, total: step("replay", done, total),
        )
    if report is not None:
        _write_page(report / BACKTEST_PAGE, backtest_page(found))
    if as_json:
        print_json(found)
    else:
        _print_backtest(found, texts)


def _print_backtest(found: Backtest, texts: Texts) -> None:
    if not found.ratings:
        say(texts.say("backtest.nothing"))
        return
    grades = tuple(found.ratings[0].counts)
    rows = [
        (month.on.isoformat(), *(str(count or "") for count in month.counts.values()))
        for month in found.ratings
    ]
    print_table(("", *grades), rows, title=texts.say("backtest.ratings"), right=grades)
    names = [texts.say(f"backtest.col.{name}") for name in _AFTER]
    after = [
        (
            one.grade,
            str(one.posted),
            "–" if one.late is None else f"{one.late:.1%}",
            str(one.watched),
            str(one.defaults),
        )
        for one in found.after
    ]
    print_table(names, after, title=texts.say("backtest.after"), right=names[1:])
    _print_cash(found, texts)


_AFTER = ("grade", "posted", "late", "watched", "defaults")


def _print_cash(found: Backtest, texts: Texts) -> None:
    names = [texts.say(f"backtest.col.{name}") for name in ("on", "open", "expected", "band")]
    came = texts.say("backtest.col.came")
    rows = []
    for check in found.cash:
        amounts = (check.open, check.expected, check.low, check.high, check.came)
        owed, expected, low, high, paid = (
            texts.money(Money(minor, check.currency)) for minor in amounts
        )
        rows.append((check.on.isoformat(), owed, expected, f"{low} – {high}", paid))
    title = texts.say("backtest.cash", weeks=CASH_WEEKS)
    print_table((*names, came), rows, title=title, right=(*names[1:], came))


def forecast_command(
    config: ConfigOption = DEFAULT_CONFIG,
    weeks: WeeksOption = 13,
    as_of: AsOfOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Forecast the cash that open invoices will bring, by week, with an 80 % band."""
    with opened(config) as zixin:
        day, texts = day_of(as_of, zixin.clock.today()), zixin.company_texts
        found = _forecast(_book_of(zixin), zixin, day, weeks)
    rows = found.to_dicts()
    if as_json:
        print_json({"as_of": day, "weeks": [_week(row) for row in rows]})
        return
    if not rows:
        say(texts.say("forecast.nothing"))
        return
    names = [texts.say(f"forecast.col.{name}") for name in ("week", "expected", "band")]
    table = [
        (
            _week_text(row["week"], texts),
            texts.money(Money(row["expected"], row["currency"])),
            _band(row, texts),
        )
        for row in rows
    ]
    print_table(names, table, title=texts.say("forecast.title", as_of=day), right=names[1:])


def _forecast(book: Book, zixin: Zixin, day: date, weeks: int) -> pl.DataFrame:
    rules = zixin.policy.behaviour
    items = open_of(book, rules, day)
    owing = items["customer"].unique().sort().to_list()
    curves = delay_curves(invoices_of(book, rules, day), day, customers=owing)
    return weekly(forecast(items, curves, day, weeks=weeks))


def _week(row: dict[str, Any]) -> dict[str, Any]:
    """Write a week for programs: ``null`` is what comes later than the weeks, or never."""
    return row | {"week": None if row["week"] == LATER else row["week"]}


def _band(row: dict[str, Any], texts: Texts) -> str:
    low, high = (texts.money(Money(row[end], row["currency"])) for end in ("low", "high"))
    return f"{low} – {high}"


def _week_text(week: int, texts: Texts) -> str:
    return texts.say("forecast.later") if week == LATER else str(week)
