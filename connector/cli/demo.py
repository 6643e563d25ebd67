"""``zixin demo``: two sandbox CRMs with a sample company, and the whole job done on them."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.demo_replay import write_replay
from connector.cli.demo_result import print_next, print_passes, print_portfolio, print_worst
from connector.cli.output import Step, print_json, progress, say
from connector.cli.sandboxes import (
    CALLBACK_KEY,
    CONNECTION_NAMES,
    ZONE,
    by_hand,
    open_company,
    sample_company,
    sandbox_environment,
    wait_for_the_end,
    write_config,
)
from connector.cli.serving import serving
from connector.cli.session import ExitCode, JsonFlag, end, texts_in
from connector.cli.working import pass_of
from connector.flow.run import RunReport, RunWish, run_once
from connector.store.accounts import entity_names
from connector.store.assessments import latest_assessments
from connector.store.book import load_book
from connector.store.engine import reading
from connector.wiring import Zixin, open_zixin
from connector.wiring.jobs import assess_by_calendar, job_of
from sandbox.company.stories import StoryName
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.server import Sandbox
from scoring.assessment import Assessment
from scoring.holdings import holdings
from scoring.portfolio import Portfolio, portfolio

__all__ = ["add_commands"]

#: A policy to try against the one in force: what if only payment behaviour counted?
DRAFT_TEXT = 'version = "payment-alone"\ngroups = ["payment"]\n'


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("demo")(demo)


def demo(
    accounts: Annotated[int, typer.Option(help="Customers of the sample company.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 1,
    port: Annotated[int, typer.Option(help="Where our receiver listens; 0: any.")] = 0,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    keep: Annotated[
        Path | None, typer.Option(help="Keep configuration and database in this folder.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            help="Replay 24 months by the customers' stories; pictures go in this folder."
        ),
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the two passes.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Start two sandbox CRMs, do the whole job twice, and show what was found and written."""
    texts_in(lang)
    company = sample_company(accounts, seed=seed, day=datetime.now(ZONE).date())
    with (
        open_company(company, seed=seed) as running,
        _folder(keep) as folder,
        _connected(running, folder, port or _free_port(), lang) as zixin,
    ):
        with progress(quiet=as_json) as step:
            passes = [_pass(zixin, step), _pass(zixin, step)]
            if replay is not None:
                stories = {each.name: StoryName(each.story) for each in company.customers}
                write_replay(zixin, stories, replay, step)
        if as_json:
            print_json({"passes": [pass_of(report) for report in passes]})
        else:
            kept = folder if keep is not None or not once else None
            _print_result(zixin, running, passes, kept)
        if not once:
            _serve(zixin, running)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="zixin-demo-") as folder:
            yield Path(folder)
        return
    if (keep / "zixin.db").exists():
        end(ExitCode.WRONG_USE, f"{keep} holds an earlier demo; name another folder or delete it")
    yield keep


@contextmanager
def _connected(running: Sandbox, folder: Path, port: int, lang: str) -> Iterator[Zixin]:
    """Write a configuration for the sandbox, open it, and create the credit fields in both CRMs."""
    write_config(running, folder / "zixin.toml", port=port, language=lang)
    (folder / "draft.toml").write_text(DRAFT_TEXT, encoding="utf-8")
    zixin = open_zixin(folder / "zixin.toml", environment=sandbox_environment(running))
    for vendor in running.names():
        crm = zixin.port(CONNECTION_NAMES[vendor])
        by_hand(running, vendor, crm.provision(dry_run=False))
    zixin.forget_ports()  # they have read the CRMs' fields before there were credit fields
    try:
        yield zixin
    finally:
        zixin.engine.dispose()


def _pass(zixin: Zixin, step: Step) -> RunReport:
    return run_once(
        job_of(zixin),
        RunWish(as_of=zixin.clock.today()),
        step=lambda what, whom, done, total: step(f"{whom} {what}".strip(), done, total),
    )


def _print_result(
    zixin: Zixin, running: Sandbox, passes: list[RunReport], folder: Path | None
) -> None:
    texts, today = zixin.company_texts, zixin.clock.today()
    with reading(zixin.engine) as conn:
        assessments = [stored.assessment for stored in latest_assessments(conn)]
        names = entity_names(conn)
    print_passes(passes, texts)
    print_portfolio(_portfolio(zixin), assessments, today, texts)
    print_worst(assessments, names, texts)
    print_next(folder, _worth_explaining(assessments), texts)
    for vendor in running.names():
        say(texts.say("demo.look", url=f"{running.url(vendor)}/_sandbox/", crm=vendor))
    say(texts.say("demo.language"))


def _portfolio(zixin: Zixin) -> Portfolio:
    today, policy = zixin.clock.today(), zixin.policy
    with reading(zixin.engine) as conn:
        book = load_book(conn, None, zixin.rates, policy_currency=policy.currency, as_of=today)
    decided = assess_by_calendar(zixin)(book, policy, today)
    return portfolio(holdings(decided), policy, zixin.rates, today)


def _worth_explaining(assessments: list[Assessment]) -> str:
    """Pick a customer with much to tell: on the watch list, with many reasons."""
    listed = [one for one in assessments if one.watch_level in {"watch", "high"}]
    told = max(listed or assessments, key=lambda one: (len(one.reasons), one.entity), default=None)
    return "" if told is None else told.entity


def _free_port() -> int:
    """Find a port for our receiver: the CRMs are told its address before it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _serve(zixin: Zixin, running: Sandbox) -> None:
    """Keep working: a payment booked in a sandbox CRM changes the rating and closes the task."""
    tenant = running.crm("fxiaoke")
    if isinstance(tenant, FxiaokeTenant):  # by hand in its console, as its manual says
        tenant.set_callback(zixin.callback_url(CONNECTION_NAMES["fxiaoke"]), CALLBACK_KEY)
    with serving(zixin) as address:
        say(zixin.company_texts.say("demo.serving", address=address))
        wait_for_the_end()
