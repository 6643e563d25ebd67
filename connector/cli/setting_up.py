"""Commands of the administrator: init, config check, connect, disconnect, doctor, provision."""

import base64
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from adapters.port import Finding, FindingLevel, ProvisionStep
from connector.cli.mistakes import config_told, mistake_rows
from connector.cli.output import print_json, print_table, say
from connector.cli.session import DEFAULT_CONFIG, ConfigOption, ExitCode, JsonFlag, end, opened
from connector.config import ConfigError, example_text, language_of, load_config
from connector.texts.catalogue import Texts
from connector.wiring import Zixin, configured_policy
from connector.wiring.consent import NoConsent, consent_desk
from connector.wiring.granting import (
    adopt_stored,
    consent_address,
    give_back,
    new_key,
    redeem_grant,
)
from connector.wiring.private_files import open_files
from connector.wiring.service import late_findings

__all__ = ["add_commands"]

MESSAGES_SHOWN = 3
CONSENT_SECONDS = 300
_MARKS = {
    FindingLevel.OK: Text("ok", style="green"),
    FindingLevel.WARNING: Text("warning", style="yellow"),
    FindingLevel.ERROR: Text("error", style="red"),
}

NameArgument = Annotated[str, typer.Argument(help="The connection's name in the configuration.")]


CodeOption = Annotated[
    str | None,
    typer.Option(help="A grant code of Zoho's API console; good once, for some minutes."),
]
StoreOption = Annotated[
    Path | None,
    typer.Option(help="The CSV in which a Zoho SDK keeps its tokens.", exists=True, dir_okay=False),
]
PortOption = Annotated[
    int, typer.Option(min=1, max=65_535, help="Where the browser comes back to.")
]
NewKeyOption = Annotated[
    str | None,
    typer.Option(
        "--new-key",
        metavar="SECRET",
        help="Only make a random key for this secret of the connection (callback_key, apl_key).",
    ),
]
ConsentFlag = Annotated[
    bool, typer.Option("--consent", help="Ask for consent in a browser on this machine.")
]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(init)
    config_app = typer.Typer(help="The configuration.", no_args_is_help=True)
    config_app.command("check")(config_check)
    app.add_typer(config_app, name="config")
    app.command()(connect)
    app.command()(disconnect)
    app.command()(doctor)
    app.command()(provision)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write the files.")] = Path(),
) -> None:
    """Write a commented configuration, the credit policy and a key. Nothing is overwritten."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        end(ExitCode.WRONG_USE, f"{folder} cannot be made a folder: {error.strerror}")
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    for name, text, private in (
        ("zixin.toml", example_text(), False),
        ("policy.toml", example_text("policy.example.toml"), False),
        ("zixin.key", key, True),
    ):
        path = folder / name
        if path.exists():
            say(f"{path} is there already, left as it is")
            continue
        path.touch(mode=0o600 if private else 0o644)
        path.write_text(text, encoding="utf-8")
        say(f"{path} written")
    say("Next: enter your connections in zixin.toml, then: zixin config check")


def config_check(config: ConfigOption = DEFAULT_CONFIG, *, as_json: JsonFlag = False) -> None:
    """Check a configuration and the policy it names; report every mistake at once with its key path."""
    texts = Texts(language_of(config))
    try:
        found = load_config(config)
        configured_policy(found, config.parent)
    except ConfigError as error:
        if as_json:
            mistakes = mistake_rows(error.mistakes, texts)
            print_json({"ok": False, "source": error.source, "mistakes": mistakes})
            end(ExitCode.WRONG_USE)
        end(ExitCode.WRONG_USE, config_told(error, texts))
    names = [connection.name for connection in found.connections]
    if as_json:
        print_json({"ok": True, "connections": names})
    else:
        connections = ", ".join(names) or texts.say("mistake.word.none")
        say(texts.say("config.in_order", file=str(config), connections=connections))


def connect(
    vendor: Annotated[str, typer.Argument(help="zoho or fxiaoke")],
    name: NameArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    code: CodeOption = None,
    from_sdk_store: StoreOption = None,
    port: PortOption = 8765,
    new_secret: NewKeyOption = None,
    *,
    consent: ConsentFlag = False,
) -> None:
    """Prove that a connection's credentials work and keep its token sealed.

    With --code, --from-sdk-store, or after a --consent, the refresh token is taken first and written
    to the file that secrets.refresh_token names. For --consent the client must allow the redirect to
    http://127.0.0.1:PORT/consent. With --new-key nothing is asked of the CRM: a key is written to the
    file that the secret names, and the one before it goes to the file of SECRET_old.
    """
    if sum((consent, *(given is not None for given in (code, from_sdk_store, new_secret)))) > 1:
        told = "--code, --from-sdk-store, --consent and --new-key: name one of them"
        end(ExitCode.WRONG_USE, told)
    with opened(config) as zixin:
        found, texts = zixin.connection(name), zixin.company_texts
        if found.vendor != vendor:
            told = texts.say("connect.other_vendor", name=name, vendor=found.vendor, asked=vendor)
            end(ExitCode.WRONG_USE, told)
        if new_secret is not None:
            _make_key(zixin, name, new_secret)
            return
        if consent:
            say(texts.say("connect.token", file=_granted_in_a_browser(zixin, name, port)))
        elif code is not None:
            say(texts.say("connect.token", file=redeem_grant(zixin, name, code)))
        elif from_sdk_store is not None:
            say(texts.say("connect.token", file=adopt_stored(zixin, name, from_sdk_store)))
        findings = zixin.connect(name)
    _tell_connected(name, findings, texts)


def _tell_connected(name: str, findings: Sequence[Finding], texts: Texts) -> None:
    """Say that the connection stands and how much is still to do, or end with what is refused."""
    errors = [finding for finding in findings if finding.level == FindingLevel.ERROR]
    credentials = [finding for finding in errors if finding.topic == "credentials"]
    if credentials:
        end(ExitCode.CRM, "\n".join(f"{f.message}; {f.remedy}" for f in credentials))
    say(texts.say("connect.done", name=name))
    if errors:
        say(texts.say("connect.todo", count=len(errors), name=name))


def _make_key(zixin: Zixin, name: str, secret: str) -> None:
    file, kept = new_key(zixin, name, secret)
    texts = zixin.company_texts
    say(texts.say("connect.key", file=file))
    if kept:
        say(texts.say("connect.key_before", secret=f"{secret}_old"))


def disconnect(name: NameArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """End a connection's tokens at its CRM and forget them here; nothing else is deleted."""
    with opened(config) as zixin:
        ended = give_back(zixin, name)
        say(zixin.company_texts.say("connect.ended" if ended else "connect.forgotten", name=name))


def _granted_in_a_browser(zixin: Zixin, name: str, port: int) -> str:
    """Let an administrator consent, and tell the file of the token that came of it."""
    try:
        with consent_desk(port) as desk:
            say(zixin.company_texts.say("connect.consent", minutes=CONSENT_SECONDS // 60))
            say(consent_address(zixin, name, desk.redirect_uri, desk.state))
            given = desk.wait(CONSENT_SECONDS)
    except OSError as error:
        end(ExitCode.WRONG_USE, f"--port {port}: {error.strerror}; choose another")
    except NoConsent as refusal:
        end(ExitCode.CRM, zixin.company_texts.say(refusal.code, **refusal.params))
    return redeem_grant(
        zixin,
        name,
        given.code,
        redirect_uri=desk.redirect_uri,
        accounts_server=given.accounts_server,
    )


def doctor(
    name: Annotated[str | None, typer.Argument(help="One connection; all by default.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Look at credentials, scopes, clock, modules, fields and keys; say the remedy for each fault.

    Where ``zixin serve`` has run, its schedules that are overdue are named, too; so are files with
    secrets or customers' data that others on this machine can read.
    """
    with opened(config) as zixin:
        found = {system: port.check() for system, port in zixin.ports(name).items()}
        if name is None:
            beside = {"schedules": late_findings(zixin), "files": open_files(zixin)}
            found |= {topic: findings for topic, findings in beside.items() if findings}
    if as_json:
        print_json(found)
    else:
        for system, findings in found.items():
            _print_findings(system, findings)
    if any(f.level == FindingLevel.ERROR for findings in found.values() for f in findings):
        end(ExitCode.CRM)


def _print_findings(system: str, findings: Sequence[Finding]) -> None:
    """Print what was found; findings with one remedy, such as missing fields, are one row."""
    alike: dict[tuple[FindingLevel, str, str], list[str]] = {}
    for finding in findings:
        group = (finding.level, finding.topic, finding.remedy)
        alike.setdefault(group, []).append(finding.message)
    rows = [
        (_MARKS[level], topic, _folded(messages), remedy)
        for (level, topic, remedy), messages in alike.items()
    ]
    print_table(("", "what", "how it is", "remedy"), rows, title=system)


def _folded(messages: Sequence[str]) -> str:
    shown = list(messages[:MESSAGES_SHOWN])
    if len(messages) > MESSAGES_SHOWN:
        shown.append(f"and {len(messages) - MESSAGES_SHOWN} more of this kind; --json lists all")
    return "\n".join(shown)


def provision(
    name: NameArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is missing.")] = False,
    apl: Annotated[
        bool,
        typer.Option(
            "--apl/", "--webhooks/", help="Print what to enter by hand: functions, webhooks."
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Create the credit fields where the CRM has an interface for it; else print the checklist."""
    if apl:
        _print_functions(name, config, as_json=as_json)
        return
    with opened(config) as zixin:
        steps = zixin.port(name).provision(dry_run=dry_run)
    if as_json:
        print_json(steps)
        return
    _print_steps(name, steps)


def _print_functions(name: str, config: Path, *, as_json: bool) -> None:
    with opened(config) as zixin:
        functions = zixin.functions(name)
    if as_json:
        print_json(functions)
        return
    for function in functions:
        say(f"// ---- {function.name}: {function.language} ----")
        say(function.text)


def _print_steps(name: str, steps: Sequence[ProvisionStep]) -> None:
    rows = [(step.state, step.target, step.label, step.api_name, step.type) for step in steps]
    print_table(("state", "where", "label", "field", "type"), rows, title=name)
    for step in steps:
        if step.state == "by_hand":
            say(step.instruction)
