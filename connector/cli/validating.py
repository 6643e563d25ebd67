"""``zixin validate``: what the method is worth, on public data or on the company's own book."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from connector.cli.extra import ask_for_the_extra
from connector.cli.output import Step, complain, print_json, print_table, progress, say
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
from connector.clock import SystemClock
from connector.store.book import load_book
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring.jobs import assess_by_calendar

if TYPE_CHECKING:  # these need the extra, which the command asks for only when it runs
    from connector.flow.validation.own_book import OwnBook
    from connector.flow.validation.results import Result

__all__ = ["add_commands"]

PAGE = "validation.html"
SEED = 20260101
_NUMBERS = ("n", "base rate", "AUC", "95% interval", "KS", "Brier", "ECE")

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of the public data; without it, the own book.", exists=True
    ),
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", help=f"Folder for {PAGE}, with pictures.")
]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("validate")(validate_command)


def validate_command(
    config: ConfigOption = DEFAULT_CONFIG,
    data: DataOption = None,
    as_of: AsOfOption = None,
    report: ReportOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Measure how well the method ranks and how true its probabilities are.

    With --data on public data sets, else on the stored facts of the own customers, replayed.
    """
    ask_for_the_extra("connector.flow.validation.own_book", "validating")
    if data is not None:
        day = day_of(as_of, SystemClock(ZoneInfo("UTC")).today())
        results: Sequence[Result] = _on_public_data(data, quiet=as_json)
        own, language = None, "en"
    else:
        day, own, language = _on_own_book(config, as_of, quiet=as_json)
        results = own.results
    if report is not None:
        _write_page(report, results, day, own)
    if as_json:
        print_json(_document(results, own))
    else:
        _print_results(results, own, Texts(language))


def _on_public_data(folder: Path, *, quiet: bool) -> "list[Result]":
    from connector.flow.validation.datasets import DataError  # noqa: PLC0415 needs the extra
    from connector.flow.validation.public import public_results  # noqa: PLC0415 needs the extra

    with progress(quiet=quiet) as step:
        try:
            return public_results(folder, step)
        except DataError as error:
            end(ExitCode.WRONG_USE, str(error))


def _on_own_book(config: Path, as_of: str | None, *, quiet: bool) -> "tuple[date, OwnBook, str]":
    import numpy as np  # noqa: PLC0415 needs the extra

    from connector.flow.validation.own_book import own_book  # noqa: PLC0415 needs the extra

    with opened(config) as zixin, progress(quiet=quiet) as step:
        day = day_of(as_of, zixin.clock.today())
        policy = zixin.policy
        with reading(zixin.engine) as conn:
            book = load_book(conn, None, zixin.rates, policy_currency=policy.currency)
        assess = assess_by_calendar(zixin)
        own = own_book(
            book,
            policy.behaviour,
            day,
            lambda when: assess(book, policy, when).frame,
            np.random.default_rng(SEED),
            step=_replayed(step),
        )
        return day, own, zixin.config.company.language


def _replayed(step: Step) -> Callable[[int, int], None]:
    return lambda done, total: step("replay", done, total)


def _write_page(
    folder: Path, results: "Sequence[Result]", day: date, own: "OwnBook | None"
) -> None:
    from connector.flow.validation.report import validation_page  # noqa: PLC0415 needs the extra

    path = folder / PAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(validation_page(results, day, own), encoding="utf-8")
    except OSError as error:
        end(ExitCode.WRONG_USE, f"{path} cannot be written: {error}")
    complain(f"the report is in {path}")


def _document(results: "Sequence[Result]", own: "OwnBook | None") -> dict[str, Any]:
    document: dict[str, Any] = {"results": [result.figures for result in results]}
    if own is not None:
        document |= {
            "bads": {result.figures.target: result.bads for result in results},
            "needed": own.needed,
            "defaulters": own.defaulters,
            "needed_for_a_card": own.needed_for_a_card,
            "calibration": own.calibration,
            "drift": {"score": own.score_drift, **own.drifts},
            "migration": own.migration,
        }
    return document


def _print_results(results: "Sequence[Result]", own: "OwnBook | None", texts: Texts) -> None:
    rows = [_row(result) for result in results if not result.not_measurable]
    if rows:
        print_table(("data set", "target", "method", *_NUMBERS), rows, right=_NUMBERS)
    if own is not None:
        _print_own(own, texts)
    for sentence in _unmeasured(results, texts):
        say(sentence)


def _row(result: "Result") -> tuple[str, ...]:
    figures = result.figures
    return (
        figures.dataset,
        figures.target,
        figures.method,
        f"{figures.n:,}",
        f"{figures.base_rate:.1%}",
        _number(figures.auc),
        f"{_number(figures.auc_low)}-{_number(figures.auc_high)}",
        _number(figures.ks),
        _number(figures.brier),
        _number(figures.ece),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _unmeasured(results: "Sequence[Result]", texts: Texts) -> list[str]:
    from connector.flow.validation.report import not_measurable  # noqa: PLC0415 needs the extra

    return [not_measurable(result, texts) for result in results if result.not_measurable]


def _print_own(own: "OwnBook", texts: Texts) -> None:
    from connector.flow.validation.report import moves_of  # noqa: PLC0415 needs the extra

    if own.calibration:
        numbers = ("n", "bad", "expected", "observed", "95% interval")
        rows = [
            (
                found.grade,
                f"{found.n:,}",
                f"{found.bads:,}",
                f"{found.expected:.2%}",
                f"{found.observed:.2%}",
                f"{found.low:.2%}-{found.high:.2%}",
            )
            for found in own.calibration
        ]
        title = texts.say("validation.by_grade")
        print_table(("grade", *numbers), rows, title=title, right=numbers)
    _print_drift(own, texts)
    say(_card_sentence(own, texts))
    say(texts.say("validation.migration"))
    say(texts.say("validation.moves", **moves_of(own.migration)))


def _card_sentence(own: "OwnBook", texts: Texts) -> str:
    return texts.say("validation.card_ready", bads=own.defaulters, needed=own.needed_for_a_card)


def _print_drift(own: "OwnBook", texts: Texts) -> None:
    if own.score_drift is None:
        say(texts.say("validation.no_drift"))
        return
    found = {texts.say("validation.score"): own.score_drift, **own.drifts}
    numbers = ("index", "by chance")
    rows = [
        (
            name,
            f"{one.index:.3f}",
            f"{one.by_chance:.3f}",
            texts.say(f"validation.verdict.{one.verdict}"),
        )
        for name, one in found.items()
    ]
    print_table(("", *numbers, ""), rows, title=texts.say("validation.drift"), right=numbers)
