"""``zixin demo``: two sandbox CRMs with a sample company, and the whole job done on them."""

import base64
import os
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.port import CreditField
from connector.cli.output import Step, print_json, print_table, progress, say
from connector.cli.sandboxes import (
    CALLBACK_KEY,
    CONNECTION_NAMES,
    ZONE,
    by_hand,
    open_company,
    sandbox_config,
    sandbox_environment,
    wait_for_the_end,
)
from connector.cli.serving import serving
from connector.cli.session import JsonFlag
from connector.cli.working import pass_of, print_pass
from connector.flow.fields import field_values
from connector.flow.run import RunReport, RunWish, run_once
from connector.store.accounts import entity_names
from connector.store.assessments import latest_assessments
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring import Zixin, open_zixin
from connector.wiring.jobs import job_of
from sandbox.company.generate import generate
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.server import Sandbox
from scoring.assessment import NOT_RATED, Assessment
from scoring.policy import GRADES

__all__ = ["add_commands"]

WORST_SHOWN = 8
BAR_WIDTH = 40


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("demo")(demo)


def demo(
    accounts: Annotated[int, typer.Option(help="Customers of the sample company.")] = 300,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 1,
    port: Annotated[int, typer.Option(help="Where our receiver listens; 0: any.")] = 0,
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the two passes.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Start two sandbox CRMs, do the whole job twice, and show what was found and written."""
    company = generate(accounts, seed=seed, as_of=datetime.now(ZONE).date())
    with (
        open_company(company, seed=seed) as running,
        tempfile.TemporaryDirectory(prefix="zixin-demo-") as folder,
        _connected(running, Path(folder), port or _free_port()) as zixin,
    ):
        with progress(quiet=as_json) as step:
            passes = [_pass(zixin, step), _pass(zixin, step)]
        if as_json:
            print_json({"passes": [pass_of(report) for report in passes]})
        else:
            _print_result(zixin, running, passes)
        if not once:
            _serve(zixin, running)


@contextmanager
def _connected(running: Sandbox, folder: Path, port: int) -> Iterator[Zixin]:
    """Write a configuration for the sandbox, open it, and create the credit fields in both CRMs."""
    (folder / "zixin.toml").write_text(sandbox_config(running, port=port), encoding="utf-8")
    (folder / "zixin.key").write_text(base64.b64encode(os.urandom(32)).decode())
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


def _print_result(zixin: Zixin, running: Sandbox, passes: Sequence[RunReport]) -> None:
    print_pass(passes[0], title="First pass: read, rate, write back 读取、评级、写回")
    print_pass(passes[1], title="Second pass: nothing is left to write 第二遍：无可写")
    with reading(zixin.engine) as conn:
        assessments = [stored.assessment for stored in latest_assessments(conn)]
        names = entity_names(conn)
    texts = Texts(zixin.config.company.language)
    _print_ratings(assessments)
    overdue = sorted(
        (one for one in assessments if one.overdue is not None and one.oldest_days),
        key=lambda one: -(one.oldest_days or 0),
    )
    rows = [
        (names[one.entity], str(field_values(one, texts)[CreditField.SUMMARY]))
        for one in overdue[:WORST_SHOWN]
    ]
    print_table(
        ("customer 客户", "what sales reads in the CRM 销售在 CRM 里看到"),
        rows,
        title="Longest overdue 逾期最久",
    )
    _print_conclusion(assessments, passes[0])
    for vendor in running.names():
        say(f"Look at it as sales would: {running.url(vendor)}/_sandbox/  ({vendor})")


def _print_ratings(assessments: Sequence[Assessment]) -> None:
    counts = Counter(assessment.rating for assessment in assessments)
    longest = max(counts.values(), default=1)
    rows = [
        (grade, str(counts[grade]), "█" * max(1, counts[grade] * BAR_WIDTH // longest))
        for grade in (*GRADES, NOT_RATED)
        if counts[grade]
    ]
    print_table(("rating 评级", "customers 客户数", ""), rows, right=("customers 客户数",))


def _print_conclusion(assessments: Sequence[Assessment], first: RunReport) -> None:
    """Say in two sentences what a salesperson would want to know."""
    held = sum(assessment.hold != "none" for assessment in assessments)
    tasks = sum(report.tasks_created for report in first.connections.values())
    say(
        f"{len(assessments)} customers of both CRMs are rated; {held} of them get no new orders on "
        f"credit for now; {tasks} overdue tasks stand with their owners and close when paid."
    )
    say(
        f"两个 CRM 共 {len(assessments)} 家客户完成评级；{held} 家暂停赊销；"
        f"{tasks} 个逾期任务已交给负责人，付款后自动关闭。"
    )


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
        say(f"Serving at {address}; book a payment in a sandbox CRM and watch. Ctrl-C ends it.")
        wait_for_the_end()
