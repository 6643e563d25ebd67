"""``zixin identity``: one company code, two names that may be one company, accounts that may be one."""

from typing import Annotated

import msgspec
import typer

from connector.cli.output import print_json, print_table, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    JsonFlag,
    LangOption,
    chosen_texts,
    opened,
    texts_in,
)
from connector.flow.matching import Duplicate, find_duplicates, name_tools
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from scoring.identity import NameMatch, ParsedName, UsccCheck, check_uscc, match_names, parse_name

__all__ = ["add_commands"]

INVALID = 3  # the code is none
Language = Annotated[str, typer.Option("--lang", help="zh or en.")]

identity_app = typer.Typer(
    help="Check a company code, compare company names.", no_args_is_help=True
)


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.add_typer(identity_app, name="identity")


@identity_app.command("check")
def identity_check(
    code: Annotated[str, typer.Argument(help="A unified social credit code.")],
    lang: Language = "zh",
    *,
    as_json: JsonFlag = False,
) -> None:
    """Check a unified social credit code; 3 when it is not valid."""
    check, texts = check_uscc(code), texts_in(lang)
    if as_json:
        print_json(check)
    else:
        _print_code(check, texts)
    raise typer.Exit(ExitCode.WELL if check.valid else INVALID)


def _print_code(check: UsccCheck, texts: Texts) -> None:
    verdict = texts.say("identity.valid" if check.valid else "identity.invalid")
    say(texts.say("identity.code", number=check.normalised, verdict=verdict))
    if check.entity_class is not None:
        say(texts.say("identity.class", what=texts.say(f"uscc.class.{check.entity_class}")))
    for warning in check.warnings:
        say(texts.say(f"identity.{warning}"))
    for repair in check.repairs:
        say(texts.say("identity.repair", number=repair))


@identity_app.command("match")
def identity_match(
    first: Annotated[str, typer.Argument(help="A company name.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    lang: Language = "zh",
    *,
    as_json: JsonFlag = False,
) -> None:
    """Tell whether two names may mean one company, part by part."""
    texts, tools = texts_in(lang), name_tools()
    found = match_names(first, second, tools)
    if as_json:
        print_json(found)
        return
    say(_match_line(first, second, found, texts))
    if found.parts is not None:
        _print_parts(parse_name(first, tools), parse_name(second, tools), found, texts)


def _match_line(first: str, second: str, found: NameMatch, texts: Texts) -> str:
    decision = texts.say(f"identity.decision.{found.decision}")
    line = texts.say(
        "identity.match", first=first, second=second, decision=decision, score=f"{found.score:.2f}"
    )
    return f"{line}\n{texts.say('identity.why', why=_why(found, texts))}"


def _why(found: NameMatch, texts: Texts) -> str:
    return "; ".join(texts.say(f"identity.because.{code}") for code in found.why)


def _print_parts(first: ParsedName, second: ParsedName, found: NameMatch, texts: Texts) -> None:
    shown = msgspec.structs.asdict(found.parts) if found.parts is not None else {}
    said = {
        "brand": (first.brand, second.brand),
        "region": (_place(first), _place(second)),
        "industry": (first.industry, second.industry),
        "form": (_form(first, texts), _form(second, texts)),
    }
    rows = [
        (texts.say(f"identity.part.{part}"), one or "–", other or "–", f"{shown[part]:.2f}")
        for part, (one, other) in said.items()
    ]
    columns = [texts.say(f"identity.{name}") for name in ("part", "first", "second", "similar")]
    print_table(columns, rows, right=columns[-1:])


def _form(name: ParsedName, texts: Texts) -> str:
    return texts.say(f"form.{name.form}") if name.form else ""


def _place(name: ParsedName) -> str:
    place = name.place
    if place is None:
        return ""
    parts = dict.fromkeys((place.province, place.city, place.district))
    return "".join(part for part in parts if part)


@identity_app.command("duplicates")
def identity_duplicates(
    config: ConfigOption = DEFAULT_CONFIG,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List stored accounts that may be one company, the surest first. Nothing is merged."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
        with reading(zixin.engine) as conn:
            found = find_duplicates(conn)
    if as_json:
        print_json(found)
        return
    say(texts.say("identity.duplicates", count=len(found)))
    if found:
        _print_duplicates(found, texts)


def _print_duplicates(found: list[Duplicate], texts: Texts) -> None:
    rows = [
        (
            texts.say(f"identity.decision.{pair.match.decision}"),
            f"{pair.match.score:.2f}",
            f"{pair.first.name}\n{pair.first.account}",
            f"{pair.second.name}\n{pair.second.account}",
            _why(pair.match, texts),
        )
        for pair in found
    ]
    columns = [texts.say(f"identity.{name}") for name in ("decision", "score", "first", "second")]
    columns.append(texts.say("order.why"))
    print_table(columns, rows, right=columns[1:2])
