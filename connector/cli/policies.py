"""``zixin policy``: check, hand in, compare, try over the book, and activate by a second person."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from connector.cli.mistakes import mistake_rows, mistakes_told
from connector.cli.output import complain, print_json, print_table, progress, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    ExitCode,
    JsonFlag,
    LangOption,
    chosen_texts,
    day_of,
    end,
    opened,
    refusals_told,
    texts_in,
)
from connector.cli.simulating import print_simulation, simulation_document
from connector.flow.policies import (
    IN_FORCE,
    activate_version,
    hand_in,
    set_shadow,
    values_that_differ,
)
from connector.flow.simulation import last_shadows, simulate
from connector.store.accounts import entity_names
from connector.store.engine import reading
from connector.store.policies import StoredPolicy, all_versions, find_version, version_on
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.jobs import assess_both_by_calendar
from scoring.fitted_card import CardError, card_of, card_toml
from scoring.policy import Policy, PolicyError, left_to_defaults, load_policy

__all__ = ["add_commands"]


ByOption = Annotated[str, typer.Option("--by", help="Who does this; written into the audit log.")]
CardOption = Annotated[
    Path | None, typer.Option("--card", help="A card of `zixin train card`, to be blended in.")
]
VersionArgument = Annotated[
    str, typer.Argument(help="A stored version, a policy file, or `active` for the one in force.")
]

app = typer.Typer(help="The credit policy: versions, what-if, activation.", no_args_is_help=True)


def add_commands(parent: typer.Typer) -> None:
    """Add these commands to the application."""
    parent.add_typer(app, name="policy")


@app.command("check")
def check_command(
    file: Path,
    card: CardOption = None,
    lang: Annotated[str, typer.Option("--lang", help="zh or en.")] = "zh",
    *,
    as_json: JsonFlag = False,
) -> None:
    """Check a policy file: every mistake at once with its key path, and what is left to defaults."""
    texts = texts_in(lang)
    toml = _text_of(file, card)
    try:
        policy = load_policy(toml)
    except PolicyError as error:
        if as_json:
            print_json({"ok": False, "mistakes": mistake_rows(error.mistakes, texts)})
        complain(texts.say("policy.mistakes", file=str(file), count=len(error.mistakes)))
        end(ExitCode.WRONG_USE, mistakes_told(error.mistakes, texts))
    defaults = left_to_defaults(toml)
    if as_json:
        document = {"ok": True, "version": policy.version, "mistakes": [], "defaults": defaults}
        print_json(document)
        return
    say(texts.say("policy.checked", file=str(file), version=policy.version))
    if defaults:
        say(texts.say("policy.defaults", sections=", ".join(defaults)))


def _text_of(file: Path, card: Path | None = None) -> str:
    """Read a policy file, with a fitted card written into it; ends the command where it cannot."""
    toml = _read(file)
    if card is None:
        return toml
    try:
        return f"{toml}\n{card_toml(card_of(_read(card)))}"
    except CardError as error:
        end(ExitCode.WRONG_USE, f"{card}: {error}")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        end(ExitCode.WRONG_USE, f"{file}: cannot be read: {error}")


@app.command("add")
def add_command(
    file: Path,
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    card: CardOption = None,
    note: Annotated[str, typer.Option(help="What it is meant to change.")] = "",
) -> None:
    """Hand in a policy as a draft. A stored version never changes."""
    toml = _text_of(file, card)
    with opened(config) as zixin:
        texts = zixin.company_texts
        with refusals_told(texts), _mistakes_told(texts):
            policy = hand_in(
                zixin.engine,
                toml,
                author=by,
                note=note,
                configured=zixin.configured,
                now=zixin.clock.now(),
            )
    say(texts.say("policy.stored", version=policy.version))


@app.command("list")
def list_command(config: ConfigOption = DEFAULT_CONFIG, *, as_json: JsonFlag = False) -> None:
    """List the versions, where each stands, and which one is in force."""
    with opened(config) as zixin:
        today = zixin.clock.today()
        with reading(zixin.engine) as conn:
            versions = all_versions(conn, today)
            current = version_on(conn, today)
            shadows = last_shadows(conn)
        name = zixin.configured.version if current is None else current.version
        zone = zixin.config.zone
        texts = zixin.company_texts
    if as_json:
        print_json({"in_force": name, "versions": versions, "shadows": shadows})
        return
    columns = ("version", "state", "from", "author", "handed_in", "note")
    print_table(
        [texts.say(f"policy.col.{column}") for column in columns],
        [_version_row(one, texts, zone) for one in versions],
    )
    for version, both in shadows.items():
        counts = {"grades": both.grade_changes, "limits": both.limit_changes}
        holds, accounts = both.hold_changes, both.accounts
        said = {"version": version, **counts, "holds": holds, "accounts": accounts}
        say(texts.say("policy.shadowed", **said))
    say(texts.say("policy.in_force" if current else "policy.configured", version=name))


def _version_row(one: StoredPolicy, texts: Texts, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        one.version,
        texts.say(f"policy.state.{one.state}"),
        "\n".join(day.isoformat() for day in one.from_on),
        one.author,
        f"{one.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        one.note,
    )


@app.command("diff")
def diff_command(
    before: VersionArgument,
    after: VersionArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show every value in which two policies differ."""
    with opened(config) as zixin:
        texts = zixin.company_texts
        found = values_that_differ(_policy(zixin, before, texts), _policy(zixin, after, texts))
    if as_json:
        print_json([{"key": key, "before": old, "after": new} for key, old, new in found])
        return
    if found:
        print_table((texts.say("policy.col.key"), before, after), found)
    say(texts.say("policy.differ", count=len(found)))


def _policy(zixin: Zixin, name: str, texts: Texts) -> Policy:
    """Find a policy by version, file or ``active``; ends the command when there is none."""
    if name == IN_FORCE:
        return zixin.policy
    with reading(zixin.engine) as conn:
        stored = find_version(conn, name, zixin.clock.today())
    if stored is None and not Path(name).is_file():
        end(ExitCode.WRONG_USE, texts.say("policy.neither", name=name))
    with _mistakes_told(texts):
        return load_policy(_read(Path(name)) if stored is None else stored.toml)


@contextmanager
def _mistakes_told(texts: Texts) -> Iterator[None]:
    """End the command with every mistake of a policy's text."""
    try:
        yield
    except PolicyError as error:
        end(ExitCode.WRONG_USE, mistakes_told(error.mistakes, texts))


@app.command("simulate")
def simulate_command(
    draft: VersionArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Run a draft over the book, today's or a past date's: who changes, what it costs. Writes nothing."""
    with opened(config) as zixin, progress(quiet=as_json) as step:
        texts = chosen_texts(zixin, lang)
        day = day_of(as_of, zixin.clock.today())
        pair = zixin.policy_on(day), _policy(zixin, draft, texts)
        with refusals_told(texts):
            found = simulate(
                zixin.engine,
                assess_both_by_calendar(zixin),
                pair,
                zixin.rates,
                day,
                progress=lambda done, total: step("simulate", done, total),
            )
        with reading(zixin.engine) as conn:
            names = entity_names(conn)
    if as_json:
        print_json(simulation_document(found, day))
    else:
        print_simulation(found, names, texts, day, currency=pair[0].currency)


@app.command("shadow")
def shadow_command(
    version: str,
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    stop: Annotated[bool, typer.Option("--stop", help="Make it a plain draft again.")] = False,
) -> None:
    """Let a draft run in the shadow: it is compared after each night's assessment."""
    with opened(config) as zixin:
        texts = zixin.company_texts
        now, today = zixin.clock.now(), zixin.clock.today()
        with refusals_told(texts):
            set_shadow(zixin.engine, version, on=not stop, author=by, today=today, now=now)
    say(texts.say("policy.untried" if stop else "policy.tried", version=version))


@app.command("activate")
def activate_command(
    version: str,
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    from_on: Annotated[
        str | None, typer.Option("--from", help="In force from this day; today by default.")
    ] = None,
) -> None:
    """Put a version in force, or an earlier one again. Who handed it in cannot approve it."""
    with opened(config) as zixin:
        texts = zixin.company_texts
        today = zixin.clock.today()
        day = day_of(from_on, today)
        with refusals_told(texts):
            activate_version(
                zixin.engine,
                version,
                approver=by,
                from_on=day,
                today=today,
                now=zixin.clock.now(),
                currency=zixin.policy.currency,
            )
    say(texts.say("policy.activated", version=version, day=day))
