"""``zixin explain``: every number behind a rating and a limit, in 中文 or English."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import print_table, say, write_json
from connector.cli.session import AsOfOption, ConfigOption, ExitCode, JsonFlag, end, opened
from connector.cli.session import parse_day as day_of
from connector.flow.fields import reason_text
from connector.store.accounts import entity_names, entity_of
from connector.store.book import load_book
from connector.store.engine import reading
from connector.texts.catalogue import LANGUAGES, Texts
from connector.wiring.jobs import job_of
from scoring.assess import assess
from scoring.explain import (
    Explanation,
    Feature,
    GroupPoints,
    LimitStep,
    explain,
    explanation_bytes,
)
from scoring.money import Money

__all__ = ["add_commands"]

DEFAULT_CONFIG = Path("zixin.toml")
_SUFFIXES = {"percent": " %", "money": "", "count": "", "index": ""}


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("explain")(explain_command)


def explain_command(
    ref: Annotated[
        str, typer.Argument(help="connection:record id, company code, entity or exact name.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    lang: Annotated[str | None, typer.Option(help="zh or en; the company's by default.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show every number behind a rating and a limit, replayed from the facts of a date."""
    if lang not in {None, *LANGUAGES}:
        end(ExitCode.WRONG_USE, f"--lang {lang!r}: there are {' and '.join(LANGUAGES)}")
    with opened(config) as zixin:
        day = day_of(as_of, zixin.clock.today())
        rules = job_of(zixin, as_of=day).rules
        with reading(zixin.engine) as conn:
            entity = entity_of(conn, ref)
            if entity is None:
                end(
                    ExitCode.WRONG_USE,
                    f"no one company is named {ref!r}; pull first, or try its id",
                )
            names = entity_names(conn)
            book = load_book(conn, [entity], rules.rates, policy_currency=rules.policy.currency)
        decided = assess(book, rules.policy, day, calendar=zixin.calendar(day))
        explanation = explain(decided, entity)
        texts = Texts(lang or zixin.config.company.language)
    if as_json:
        write_json(explanation_bytes(explanation))
    else:
        _print_explanation(explanation, names[entity], texts)


def _print_explanation(explanation: Explanation, name: str, texts: Texts) -> None:
    say(texts.say("explain.title", name=name, as_of=explanation.as_of))
    say(
        texts.say(
            "explain.rating",
            rating=explanation.grade,
            score=explanation.score or "–",
            by_score=explanation.grade_by_score or "–",
            pd=_percent(explanation.pd),
        )
    )
    say(texts.say("explain.internal"))
    say(
        texts.say(
            "explain.policy",
            policy=explanation.policy_version,
            engine=explanation.engine_version,
            hash=explanation.inputs_hash[:16],
        )
    )
    _print_reasons(explanation, texts)
    _print_points(explanation.groups, texts)
    _print_gates(explanation, texts)
    _print_steps("explain.exposure", explanation.exposure, texts)
    _print_steps("explain.limit", explanation.limit, texts)
    _print_features(explanation.features, texts)


def _percent(share: str | None) -> str:
    return "–" if share is None else f"{Decimal(share) * 100:.2f} %"


def _print_reasons(explanation: Explanation, texts: Texts) -> None:
    signs = {"negative": "−", "positive": "+"}
    rows = [
        (signs[reason.sign], reason_text(reason, texts))
        for reason in explanation.assessment.reasons
    ]
    print_table(("", texts.say("explain.reasons")), rows)


def _print_points(groups: Sequence[GroupPoints], texts: Texts) -> None:
    columns = tuple(texts.say(f"explain.col.{name}") for name in ("value", "got", "best"))
    for group in groups:
        rows = [
            (
                texts.say(f"part.{part.code}"),
                part.value or texts.say("explain.missing"),
                part.got or texts.say("explain.unused"),
                part.best,
            )
            for part in group.characteristics
        ]
        share = "–" if group.share is None else f"{Decimal(group.share) * 100:.1f}"
        rows.append((texts.say("explain.total", share=share), "", group.got or "–", group.best))
        print_table((texts.say(f"group.{group.name}"), *columns), rows, right=columns)


def _print_gates(explanation: Explanation, texts: Texts) -> None:
    rows = [
        (texts.say(f"gate.{gate.code}"), gate.cap, texts.say("explain.yes") if gate.fired else "")
        for gate in explanation.gates
    ]
    columns = ("gates", "col.cap", "col.fired")
    print_table(tuple(texts.say(f"explain.{column}") for column in columns), rows)


def _print_steps(title: str, steps: Sequence[LimitStep], texts: Texts) -> None:
    value = texts.say("explain.col.value")
    rows = [
        (
            texts.say(f"method.{step.method}"),
            _figure(step.value, texts),
            texts.say("explain.bound") if step.bound else "",
        )
        for step in steps
    ]
    print_table((texts.say(title), value, ""), rows, right=(value,))


def _print_features(features: Sequence[Feature], texts: Texts) -> None:
    columns = tuple(texts.say(f"explain.col.{name}") for name in ("value", "n", "status"))
    rows = [
        (
            texts.say(f"feature.{feature.code}"),
            _figure(feature.value, texts) + _SUFFIXES.get(feature.unit, ""),
            "" if feature.n is None else str(feature.n),
            "" if feature.status == "ok" else texts.say(f"explain.{feature.status}"),
        )
        for feature in features
    ]
    print_table((texts.say("explain.features"), *columns), rows, right=columns[:2])


def _figure(value: Money | int | str | None, texts: Texts) -> str:
    if isinstance(value, Money):
        return texts.money(value, whole=False)
    return "–" if value is None else str(value)
