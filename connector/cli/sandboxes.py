"""The sandbox CRMs from the command line, and a configuration that connects to them."""

import base64
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from adapters.port import ProvisionStep
from connector.cli.output import say
from connector.cli.sandbox_mapping import SANDBOX_MAPPING
from connector.cli.session import AsOfOption, ExitCode, day_of, end
from sandbox.clock import SandboxClock
from sandbox.company.credit_files import add_credit_files
from sandbox.company.csv_load import LoadError, load
from sandbox.company.generate import generate
from sandbox.company.model import Company
from sandbox.faults import FaultRule
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.fxiaoke.options import TenantOptions
from sandbox.server import Sandbox, open_sandbox
from sandbox.zoho import ZohoOptions, ZohoOrg

__all__ = [
    "Receivables",
    "add_commands",
    "by_hand",
    "open_company",
    "sample_company",
    "sandbox_config",
    "sandbox_environment",
    "write_config",
]

ZONE = ZoneInfo("Asia/Shanghai")
CONNECTION_NAMES = {"zoho": "zoho-sandbox", "fxiaoke": "fxiaoke-sandbox"}
_SECRETS = {
    "zoho": ("client_id", "client_secret", "refresh_token"),
    "fxiaoke": ("app_id", "app_secret", "permanent_code"),
}
CHANNEL_TOKEN = "sandbox-channel-token"  # noqa: S105 the sandbox's secrets are public
CALLBACK_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
UNLIMITED_CREDITS = 100_000_000
MONTHS = 26  # 24 whole months to look back over, after a first one
POLICY = "policy.toml"
#: The sample company has whole credit files, so its policy rates by all four groups (ADR 10).
POLICY_TEXT = 'version = "sample-1"\ngroups = ["payment", "financial", "history", "qualitative"]\n'
HOOK_WORDS = {"zoho": "sandbox-hook-zoho", "fxiaoke": "sandbox-hook-fxiaoke"}


class Receivables(StrEnum):
    """The best module for claims that the Fenxiang look-alike has: 应收单, 回款计划, or 订单."""

    NOTES = "notes"
    PLANS = "plans"
    ORDERS = "orders"


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("sandbox")(sandbox)


def sandbox(
    zoho: Annotated[int, typer.Option(help="Port of the Zoho look-alike; 0: any.")] = 8801,
    fxiaoke: Annotated[int, typer.Option(help="Port of the Fenxiang look-alike; 0: any.")] = 8802,
    accounts: Annotated[int, typer.Option(help="Customers of the sample company.")] = 300,
    months: Annotated[int, typer.Option(help="Months of trade behind them.")] = MONTHS,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 1,
    load_from: Annotated[
        Path | None, typer.Option("--load", help="Fill from CSV files in this folder instead.")
    ] = None,
    only: Annotated[str | None, typer.Option(help="zoho or fxiaoke; both by default.")] = None,
    receivables: Annotated[
        Receivables, typer.Option(help="What the Fenxiang look-alike keeps claims in.")
    ] = Receivables.NOTES,
    as_of: AsOfOption = None,
    faults: Annotated[
        Path | None, typer.Option(help="A JSON list of faults to play from the start.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--write-config", help="Write a configuration that connects to it, and its key."
        ),
    ] = None,
    *,
    provisioned: Annotated[
        bool, typer.Option(help="The credit fields exist from the start.")
    ] = False,
    unlimited: Annotated[bool, typer.Option(help="Lift the CRMs' call and credit limits.")] = False,
    books: Annotated[
        bool, typer.Option(help="Zoho's organisation keeps its ledger in Zoho Books as well.")
    ] = False,
) -> None:
    """Run two look-alike CRMs on this machine, for trying and testing. Ends with Ctrl-C."""
    _check_only(only)
    day = day_of(as_of, datetime.now(ZONE).date())
    company = _company(load_from, only, accounts=accounts, months=months, seed=seed, day=day)
    running = open_company(
        company,
        ports=(zoho, fxiaoke),
        only=only,
        clock=SandboxClock(noon(day)) if as_of else None,
        seed=seed,
        provisioned=provisioned,
        unlimited=unlimited,
        books=books,
        receivables=receivables,
    )
    with running:
        if faults is not None:
            _play(running, faults)
        if config is not None:
            write_config(running, config, unlimited=unlimited)
        _tell_where(running)
        wait_for_the_end()


def _check_only(vendor: str | None) -> None:
    if vendor not in {None, "zoho", "fxiaoke"}:
        end(ExitCode.WRONG_USE, f"--only {vendor!r}: there are zoho and fxiaoke")


def _tell_where(running: Sandbox) -> None:
    for name in running.names():
        say(f"{name}: {running.url(name)}  look at it: {running.url(name)}/_sandbox/")


def noon(day: date) -> datetime:
    """Return noon of a business date."""
    return datetime.combine(day, time(12), ZONE)


def _company(
    folder: Path | None, only: str | None, *, accounts: int, months: int, seed: int, day: date
) -> Company:
    if folder is None:
        return sample_company(accounts, months, seed=seed, day=day)
    try:
        return load(folder, only=only)
    except LoadError as error:
        end(ExitCode.WRONG_USE, str(error))


def sample_company(accounts: int, months: int = MONTHS, *, seed: int, day: date) -> Company:
    """Make the sample company with its credit files."""
    company = generate(accounts, months, seed=seed, as_of=day)
    add_credit_files(company, seed=seed)
    return company


def open_company(
    company: Company,
    *,
    ports: tuple[int, int] = (0, 0),
    only: str | None = None,
    clock: SandboxClock | None = None,
    seed: int = 1,
    provisioned: bool = False,
    unlimited: bool = True,
    books: bool = False,
    receivables: Receivables = Receivables.NOTES,
) -> Sandbox:
    """Fill the look-alikes with a company. ``unlimited`` lifts frequency, daily and credit limits.

    ``books``: Zoho has the ledger in Zoho Books, too. ``receivables``: what Fenxiang has of claims.
    """
    tenant = TenantOptions(provisioned=provisioned, receivables=receivables.value)
    org = ZohoOptions(provisioned=provisioned, books=books)
    if unlimited:
        tenant = replace(tenant, frequency_limit=None, daily_limit=None)
        org = replace(org, credits_per_day=UNLIMITED_CREDITS, books_limited=False)
    try:
        return open_sandbox(
            company,
            zoho_port=ports[0],
            fxiaoke_port=ports[1],
            only=only,
            clock=clock,
            seed=seed,
            zoho_options=org,
            fxiaoke_options=tenant,
        )
    except OSError as error:
        end(ExitCode.WRONG_USE, f"a port of the sandbox is taken ({error}); choose another")


def _play(running: Sandbox, faults: Path) -> None:
    """Load a fault plan: ``{"zoho": [rule, …], "fxiaoke": [rule, …]}``."""
    try:
        plan = msgspec.json.decode(faults.read_bytes(), type=dict[str, list[FaultRule]])
        for name, rules in plan.items():
            running.crm(name).faults.replace(rules)
    except (OSError, msgspec.MsgspecError, KeyError) as error:
        end(ExitCode.WRONG_USE, f"{faults} is no plan of faults: {error}")


def sandbox_environment(running: Sandbox) -> dict[str, str]:
    """Return the sandbox's public secrets under the names its configuration refers to."""
    environment = {"SANDBOX_CHANNEL_TOKEN": CHANNEL_TOKEN, "SANDBOX_CALLBACK_KEY": CALLBACK_KEY}
    for vendor in running.names():
        credentials = running.crm(vendor).credentials()
        for key in _SECRETS[vendor]:
            environment[f"SANDBOX_{vendor}_{key}".upper()] = credentials[key]
        environment[f"SANDBOX_{vendor}_HOOK".upper()] = HOOK_WORDS[vendor]
    return environment


def sandbox_config(
    running: Sandbox,
    *,
    port: int = 8080,
    unlimited: bool = True,
    policy: str = "",
    language: str = "",
) -> str:
    """Write a configuration that connects to a running sandbox; ``policy`` is a file beside it.

    Without ``policy`` or ``language`` it is the product's default.
    """
    lines = [
        *([f'policy = "{policy}"\n'] if policy else []),
        '[company]\nname = "Zixin sandbox"\n' + (f'language = "{language}"\n' if language else ""),
        '[store]\nurl = "sqlite:///zixin.db"\nkey = "file:zixin.key"\n',
        '[rates]\non = 2026-11-20\nper_unit = { USD = "7.10", EUR = "8.20", CAD = "5.20" }\n',
        f'[server]\nport = {port}\npublic_url = "http://127.0.0.1:{port}"\n',
    ]
    lines += [_connection_text(running, vendor, unlimited=unlimited) for vendor in running.names()]
    return "\n".join(lines)


def _connection_text(running: Sandbox, vendor: str, *, unlimited: bool) -> str:
    url = running.url(vendor)
    variables = {key: f"SANDBOX_{vendor}_{key}".upper() for key in _SECRETS[vendor]}
    options = ""
    crm = running.crm(vendor)
    if vendor == "zoho":
        variables |= {"channel_token": "SANDBOX_CHANNEL_TOKEN"}
        if isinstance(crm, ZohoOrg) and crm.options.books:
            pace = ", books_calls_per_minute = 0" if unlimited else ""
            options = f'options = {{ ledger = "books"{pace} }}\n'
    else:
        variables |= {"callback_key": "SANDBOX_CALLBACK_KEY"}
        credentials = crm.credentials()
        pace = ", window_calls = 0" if unlimited else ""
        options = f'options = {{ ea = "{credentials["ea"]}", user_id = "{credentials["user_id"]}"{pace} }}\n'
    secrets = ", ".join(f'{key} = "env:{variable}"' for key, variable in variables.items())
    return (
        f'[[connections]]\nname = "{CONNECTION_NAMES[vendor]}"\nvendor = "{vendor}"\n'
        f'base_url = "{url}"\naccounts_url = "{url}"\n'
        f'hook = "env:SANDBOX_{vendor.upper()}_HOOK"\n'
        f"secrets = {{ {secrets} }}\n{options}{SANDBOX_MAPPING[vendor]}"
    )


def write_config(
    running: Sandbox,
    path: Path,
    *,
    port: int = 8080,
    unlimited: bool = True,
    language: str = "",
) -> None:
    """Write configuration, policy, key and an environment file beside each other."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = sandbox_config(running, port=port, unlimited=unlimited, policy=POLICY, language=language)
    path.write_text(text, encoding="utf-8")
    (path.parent / POLICY).write_text(POLICY_TEXT, encoding="utf-8")
    key = path.parent / "zixin.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(base64.b64encode(os.urandom(32)).decode())
    environment = sandbox_environment(running)
    lines = [f"export {name}='{value}'\n" for name, value in environment.items()]
    (path.parent / "sandbox.env").write_text("".join(lines))


def by_hand(running: Sandbox, vendor: str, steps: list[ProvisionStep]) -> int:
    """Do in the sandbox what the checklist asks an administrator to do by hand; tell how many."""
    tenant = running.crm(vendor)
    todo = [step for step in steps if step.state == "by_hand"]
    if not isinstance(tenant, FxiaokeTenant):
        return 0
    for step in todo:
        field = {
            "api_name": step.api_name,
            "label": step.label,
            "type": step.type,
            "options": list(step.options),
            "is_unique": step.unique,
        }
        tenant.add_fields(step.target, [field])
    return len(todo)


def wait_for_the_end() -> None:
    """Wait until the process is asked to end (Ctrl-C or SIGTERM)."""
    hear_of_the_end()()


def hear_of_the_end() -> Callable[[], object]:
    """Listen for Ctrl-C and SIGTERM from now on; returns what waits for the first of them."""
    # A pipe hears of a signal whichever thread takes it and whatever this one is about to do.
    heard, told = os.pipe()
    os.set_blocking(told, False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(told)
    return lambda: os.read(heard, 1)
