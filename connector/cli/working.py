"""Commands that do the job: pull, assess, push, run."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import msgspec
import typer

from adapters.errors import CrmError
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
from connector.flow.assess import assess_stale
from connector.flow.entities import group_entities
from connector.flow.preview import FieldDiff, waiting_diffs, would_write
from connector.flow.pull import Progress, PullReport, pull
from connector.flow.push import push_due
from connector.flow.reconcile import reconcile
from connector.flow.run import RunReport, RunWish, run_once
from connector.flow.sweep import sweep_ids
from connector.store.accounts import entity_of
from connector.store.engine import reading
from connector.store.records import Saved
from connector.wiring import Zixin
from connector.wiring.jobs import job_of
from connector.work.pauses import paused_systems
from scoring.records import Kind

__all__ = ["add_commands", "pass_of", "print_pass"]

DIFFS_SHOWN = 60
_COUNTED = (
    "fields_written",
    "tasks_created",
    "tasks_updated",
    "tasks_closed",
    "notes_written",
    "parked",
)
NameOption = Annotated[str | None, typer.Argument(help="One connection; all by default.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would differ.")]
Full = Annotated[bool, typer.Option("--full", help="Read everything, find deletions.")]
Sweep = Annotated[
    bool, typer.Option("--sweep", help="Read ids alone, find deletions nobody told of.")
]
AllowMassChange = Annotated[
    bool, typer.Option(help="Believe it when a fifth of all records has disappeared.")
]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("pull")(pull_command)
    app.command("assess")(assess_command)
    app.command("push")(push_command)
    app.command("run")(run_command)


def pull_command(
    name: NameOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    full: Full = False,
    sweep: Sweep = False,
    allow_mass_change: AllowMassChange = False,
    as_json: JsonFlag = False,
) -> None:
    """Read what changed in the CRMs."""
    if full and sweep:
        end(ExitCode.WRONG_USE, "--full and --sweep: name one of them; a full pull sweeps, too")
    reports, failed = {}, []
    with opened(config) as zixin, progress(quiet=as_json) as step:
        each = zixin.config.schedule.computed_each
        read = sweep_ids if sweep else partial(pull, full=full, computed_each=each)
        for system, port in zixin.ports(name).items():
            try:
                reports[system] = read(
                    port,
                    zixin.engine,
                    zixin.clock,
                    allow_mass_change=allow_mass_change,
                    progress=_feed_step(system, step),
                )
            except CrmError as error:
                failed.append(str(error))
        group_entities(zixin.engine, now=zixin.clock.now(), default_currency=zixin.policy.currency)
    _print_pulled(reports, as_json=as_json)
    if failed:
        end(ExitCode.CRM, "\n".join(failed))


def _feed_step(system: str, step: Step) -> Progress:
    def told(kind: Kind, done: int, total: int | None) -> None:
        step(f"{system} {kind}", done, total)

    return told


def _print_pulled(reports: dict[str, PullReport], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                system: {
                    "pulled": report.pulled,
                    "changed": report.total,
                    "api_calls": report.calls,
                    "api_credits": report.credits,
                    "warnings": report.warnings,
                }
                for system, report in reports.items()
            }
        )
        return
    rows = [
        (system, kind.value, str(count), *_told(saved))
        for system, report in reports.items()
        for kind, count in report.pulled.items()
        if (saved := report.feeds.get(kind)) is not None
    ]
    numbers = ("read", "new", "changed", "gone", "parked")
    print_table(("connection", "feed", *numbers), rows, right=numbers)
    for report in reports.values():
        for warning in report.warnings:
            complain(warning)


def _told(saved: Saved) -> tuple[str, ...]:
    return (str(saved.new), str(saved.updated), str(saved.gone), str(saved.problems))


def assess_command(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    account: Annotated[
        str | None, typer.Option(help="One account, as connection:record id.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Rate and set limits from what was pulled; the write-backs wait for `zixin push`."""
    with opened(config) as zixin, progress(quiet=as_json) as step:
        job = job_of(zixin)
        day = day_of(as_of, zixin.clock.today())
        only = None if account is None else [_entity(zixin, account)]
        report = assess_stale(
            zixin.engine,
            job.rules,
            day,
            zixin.clock,
            only=only,
            progress=lambda done, total: step("assess", done, total),
        )
    if as_json:
        figures = {"assessed": report.assessed, "stored": report.stored, "planned": report.planned}
        print_json(figures)
    else:
        say(
            f"{report.assessed} companies assessed as of {day}, {report.stored} with a new result, "
            f"{report.planned} account updates wait for: zixin push"
        )


def _entity(zixin: Zixin, account: str) -> str:
    with reading(zixin.engine) as conn:
        found = entity_of(conn, account)
    if found is None:
        end(ExitCode.WRONG_USE, f"no account {account!r}; write it as connection:record id")
    return found


def push_command(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Write what waits in the outbox to the CRMs."""
    with opened(config) as zixin:
        if dry_run:
            with reading(zixin.engine) as conn:
                _print_diffs(waiting_diffs(conn, zixin.names), as_json=as_json)
            return
        job = job_of(zixin)
        report = push_due(zixin.engine, job.ports, zixin.clock, rng=job.rng)
        resting = _resting(zixin)
    if as_json:
        print_json(report)
    else:
        rows = [
            (system, *(str(getattr(counts, column)) for column in _COUNTED))
            for system, counts in report.systems.items()
        ]
        titles = tuple(column.replace("_", " ") for column in _COUNTED)
        print_table(("connection", *titles), rows, right=titles)
    for sentence in (*report.alarms, *resting.values()):
        complain(sentence)
    if resting:
        end(ExitCode.CRM)
    if any(counts.parked for counts in report.systems.values()):
        end(ExitCode.PARKED)


def _resting(zixin: Zixin) -> dict[str, str]:
    """Say which connections take nothing for now, by name; what they miss waits in the outbox."""
    with reading(zixin.engine) as conn:
        paused = paused_systems(conn, zixin.clock.now())
    return {
        name: f"{name} rests, its write-backs wait: {paused[name]}"
        for name in zixin.names
        if name in paused
    }


def run_command(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = None,
    *,
    full: Full = False,
    allow_mass_change: AllowMassChange = False,
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Pull, assess, plan and push once. Exit code 0: all well; 3: some records are parked; 4: a CRM is out of reach."""
    with opened(config) as zixin, progress(quiet=as_json) as step:
        job = job_of(zixin)
        day = day_of(as_of, zixin.clock.today())
        if dry_run:
            for port in job.ports.values():
                pull(
                    port,
                    zixin.engine,
                    zixin.clock,
                    computed_each=job.computed_each,
                    progress=_feed_step(port.system, step),
                )
            now = zixin.clock.now()
            group_entities(zixin.engine, now=now, default_currency=zixin.policy.currency)
            diffs = would_write(job, day)
        else:
            reconcile(job)
            wish = RunWish(as_of=day, full=full, allow_mass_change=allow_mass_change)
            report = run_once(
                job,
                wish,
                step=lambda what, whom, done, total: step(f"{whom} {what}".strip(), done, total),
            )
        resting = _resting(zixin)
    if dry_run:
        _print_diffs(diffs, as_json=as_json)
        return
    if as_json:
        print_json(pass_of(report))
    else:
        print_pass(report)
    _end_run(report, resting)


def _end_run(report: RunReport, resting: Mapping[str, str]) -> None:
    """Say what went wrong, each connection once, and end with the code for it."""
    unread = {name for name, one in report.connections.items() if one.error}
    unwritten = [sentence for name, sentence in resting.items() if name not in unread]
    for sentence in (*report.errors, *unwritten, *report.alarms):
        complain(sentence)
    if unread or unwritten:
        end(ExitCode.CRM)
    if report.parked:
        end(ExitCode.PARKED)


def pass_of(report: RunReport) -> object:
    """Return one pass as the JSON document has it."""
    return msgspec.to_builtins(report)


def print_pass(report: RunReport, title: str = "") -> None:
    """Print one pass as a table, a column for each connection."""
    rows = [
        (f"{kind} read", *(str(one.pulled.get(kind, 0)) for one in report.connections.values()))
        for kind in ("accounts", "invoices", "payments")
    ]
    rows += [
        (name.replace("_", " "), *(str(getattr(one, name)) for one in report.connections.values()))
        for name in (*_COUNTED, "api_calls", "api_credits")
    ]
    systems = tuple(report.connections)
    print_table(("", *systems), rows, title=title, right=systems)
    say(f"{report.assessed} companies assessed; {report.seconds:.1f} seconds")


def _print_diffs(diffs: Sequence[FieldDiff], *, as_json: bool) -> None:
    if as_json:
        print_json(diffs)
        return
    rows = [(diff.account, diff.field.value, diff.old, diff.new) for diff in diffs[:DIFFS_SHOWN]]
    print_table(("account", "field", "now", "would be"), rows)
    if len(diffs) > DIFFS_SHOWN:
        say(f"and {len(diffs) - DIFFS_SHOWN} more; --json lists all")
    say(f"{len(diffs)} fields would change; nothing was written")
