"""``zixin policy``: check, hand in, compare, try over the book, and activate by a second person."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import print_json, print_table, progress, say
from connector.cli.session import AsOfOption, ConfigOption, ExitCode, JsonFlag, end, opened
from connector.cli.session import parse_day as day_of
from connector.flow.policies import (
    PolicyRefused,
    Simulation,
    activate_version,
    hand_in,
    last_shadows,
    set_aside,
    simulate,
    values_that_differ,
)
from connector.store.accounts import entity_names
from connector.store.engine import reading
from connector.store.policies import all_versions, find_version, version_on
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.jobs import assess_by_calendar
from scoring.comparison import Comparison, Side
from scoring.money import Money
from scoring.policy import Policy, PolicyError, load_policy

__all__ = ["add_commands"]

DEFAULT_CONFIG = Path("zixin.toml")
CHANGES_SHOWN = 25
IN_FORCE = "active"

ByOption = Annotated[str, typer.Option("--by", help="Who does this; written into the audit log.")]
VersionArgument = Annotated[
    str, typer.Argument(help="A stored version, a policy file, or `active` for the one in force.")
]

app = typer.Typer(help="The credit policy: versions, what-if, activation.", no_args_is_help=True)


def add_commands(parent: typer.Typer) -> None:
    """Add these commands to the application."""
    parent.add_typer(app, name="policy")


@app.command("check")
def check_command(file: Path, *, as_json: JsonFlag = False) -> None:
    """Check a policy file; report every mistake at once with its key path."""
    try:
        policy = load_policy(_text_of(file))
    except PolicyError as error:
        if as_json:
            print_json({"ok": False, "mistakes": [str(mistake) for mistake in error.mistakes]})
        end(ExitCode.WRONG_USE, str(error))
    if as_json:
        print_json({"ok": True, "version": policy.version, "mistakes": []})
    else:
        say(f"{file}: version {policy.version}, no mistakes")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        end(ExitCode.WRONG_USE, f"{file}: cannot be read: {error}")


@app.command("add")
def add_command(
    file: Path,
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    note: Annotated[str, typer.Option(help="What it is meant to change.")] = "",
) -> None:
    """Hand in a policy as a draft. A stored version never changes."""
    with opened(config) as zixin:
        try:
            policy = hand_in(
                zixin.engine, _text_of(file), author=by, note=note, now=zixin.clock.now()
            )
        except (PolicyError, PolicyRefused) as error:
            end(ExitCode.WRONG_USE, str(error))
    say(f"{policy.version}: stored as a draft; try it with: zixin policy simulate {policy.version}")


@app.command("list")
def list_command(config: ConfigOption = DEFAULT_CONFIG, *, as_json: JsonFlag = False) -> None:
    """List the versions and which one is in force."""
    with opened(config) as zixin:
        with reading(zixin.engine) as conn:
            versions = all_versions(conn)
            current = version_on(conn, zixin.clock.today())
            shadows = last_shadows(conn)
        name = zixin.policy.version if current is None else current.version
    if as_json:
        print_json({"in_force": name, "versions": versions, "shadows": shadows})
        return
    rows = [
        (one.version, one.state, one.author, f"{one.created_at:%Y-%m-%d %H:%M}", one.note)
        for one in versions
    ]
    print_table(("version", "state", "author", "handed in", "note"), rows)
    for version, both in shadows.items():
        say(
            f"{version} in the shadow: {both.grade_changes} grades, {both.limit_changes} limits and "
            f"{both.hold_changes} holds of {both.accounts} would change"
        )
    source = "" if current else " (from the configuration; none was activated)"
    say(f"in force: {name}{source}")


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
        found = values_that_differ(_policy(zixin, before), _policy(zixin, after))
    if as_json:
        print_json([{"key": key, "before": old, "after": new} for key, old, new in found])
        return
    print_table(("key", before, after), found)
    say(f"{len(found)} values differ")


def _policy(zixin: Zixin, name: str) -> Policy:
    """Find a policy by version, file or ``active``; ends the command when there is none."""
    if name == IN_FORCE:
        return zixin.policy
    with reading(zixin.engine) as conn:
        stored = find_version(conn, name)
    if stored is not None:
        return _loaded(stored.toml)
    if not Path(name).is_file():
        end(ExitCode.WRONG_USE, f"{name!r} is neither a stored version nor a file")
    return _loaded(_text_of(Path(name)))


def _loaded(toml: str) -> Policy:
    try:
        return load_policy(toml)
    except PolicyError as error:
        end(ExitCode.WRONG_USE, str(error))


@app.command("simulate")
def simulate_command(
    draft: VersionArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    lang: Annotated[str | None, typer.Option(help="zh or en; the company's by default.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Run a draft over the book, today's or a past date's: who changes, what it costs. Writes nothing."""
    with opened(config) as zixin, progress(quiet=as_json) as step:
        today = zixin.clock.today()
        day = day_of(as_of, today)
        pair = zixin.policy_on(day), _policy(zixin, draft)
        try:
            found = simulate(
                zixin.engine,
                assess_by_calendar(zixin),
                pair,
                zixin.rates,
                day,
                progress=lambda done, total: step("simulate", done, total),
            )
        except PolicyRefused as error:
            end(ExitCode.WRONG_USE, str(error))
        with reading(zixin.engine) as conn:
            names = entity_names(conn)
        texts = Texts(lang or zixin.config.company.language)
    if as_json:
        print_json({"as_of": day, **_document(found)})
    else:
        _print_simulation(found, names, texts, day, currency=pair[0].currency)


def _document(found: Simulation) -> dict[str, object]:
    return {"comparison": found.comparison, "changes": found.changes}


def _print_simulation(
    found: Simulation, names: dict[str, str], texts: Texts, day: date, *, currency: str
) -> None:
    both = found.comparison
    say(
        texts.say(
            "simulate.title",
            before=both.before.version,
            after=both.after.version,
            as_of=day,
            accounts=both.accounts,
        )
    )
    _print_sides(both, texts, currency)
    _print_moves(both, texts)
    _print_changes(found, names, texts)


def _print_sides(both: Comparison, texts: Texts, currency: str) -> None:
    def money(amount: object) -> str:
        return texts.say("simulate.amount", amount=amount, currency=currency)

    def row(code: str, before: str, after: str) -> tuple[str, str, str]:
        return texts.say(f"simulate.{code}"), before, after

    def sums(side: Side) -> tuple[str, str, str]:
        return money(side.limits), money(side.expected_loss), money(side.blocked_sales)

    old, new = sums(both.before), sums(both.after)
    rows = [
        row("on_hold", str(both.before.on_hold), str(both.after.on_hold)),
        row("limits", old[0], new[0]),
        row("expected_loss", old[1], new[1]),
        row("blocked_sales", old[2], new[2]),
        row("unknown", str(both.before.unknown), str(both.after.unknown)),
    ]
    columns = (both.before.version, both.after.version)
    print_table(("", *columns), rows, right=columns)
    say(
        texts.say(
            "simulate.changes",
            grades=both.grade_changes,
            limits=both.limit_changes,
            holds=both.hold_changes,
        )
    )


def _print_moves(both: Comparison, texts: Texts) -> None:
    """Print the migration matrix: from (rows) to (columns)."""
    after = list(both.after.grades)
    rows = [
        (old, *(str(row[new]) if new in row else "" for new in after))
        for old in both.before.grades
        if (row := both.moves.get(old)) is not None
    ]
    print_table((texts.say("simulate.from_to"), *after), rows, right=after)


def _print_changes(found: Simulation, names: dict[str, str], texts: Texts) -> None:
    def limit(minor: int | None, currency: str) -> str:
        return "–" if minor is None else texts.money(Money(minor, currency))

    rows = [
        (
            names.get(one.entity, one.entity),
            f"{one.rating_before} → {one.rating_after}",
            f"{limit(one.limit_before, one.currency)} → {limit(one.limit_after, one.currency)}",
            f"{texts.say(f'hold.{one.hold_before}')} → {texts.say(f'hold.{one.hold_after}')}",
        )
        for one in found.changes[:CHANGES_SHOWN]
    ]
    columns = tuple(
        texts.say(f"simulate.col.{name}") for name in ("name", "rating", "limit", "hold")
    )
    print_table(columns, rows)
    left = len(found.changes) - len(rows)
    if left > 0:
        say(texts.say("simulate.more", count=left))


@app.command("shadow")
def shadow_command(version: str, by: ByOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Let a draft run in the shadow: it is compared after each night's assessment."""
    with opened(config) as zixin:
        try:
            set_aside(zixin.engine, version, "shadow", author=by, now=zixin.clock.now())
        except PolicyRefused as error:
            end(ExitCode.WRONG_USE, str(error))
    say(f"{version}: in the shadow")


@app.command("activate")
def activate_command(
    version: str,
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    from_on: Annotated[
        str | None, typer.Option("--from", help="In force from this day; today by default.")
    ] = None,
) -> None:
    """Put a version in force. Who handed it in cannot approve it."""
    with opened(config) as zixin:
        today = zixin.clock.today()
        day = day_of(from_on, today)
        try:
            activate_version(
                zixin.engine,
                version,
                approver=by,
                from_on=day,
                today=today,
                now=zixin.clock.now(),
            )
        except PolicyRefused as error:
            end(ExitCode.WRONG_USE, str(error))
    say(f"{version}: in force from {day}")
