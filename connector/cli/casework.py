"""``zixin case``: blocked orders (授信审批单), who released or rejected them, and what is due."""

from typing import Annotated, Any

import msgspec
import typer

from connector.cli.output import print_json, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonFlag,
    LangOption,
    chosen_texts,
    company_if_named,
    opened,
    parse_money,
    refusals_told,
)
from connector.cli.sheet_table import print_sheet
from connector.flow.decisions import DecisionError
from connector.flow.fields import reason_text
from connector.flow.reports.sheets import Cell, Sheet
from connector.store.accounts import entity_names
from connector.store.cases import StoredCase, find_cases
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.jobs import cases_of
from scoring.assessment import Reason
from scoring.ordercheck import OrderRequest

__all__ = ["add_commands", "shown_case"]

IdArgument = Annotated[str, typer.Argument(help="As zixin case list names it.")]
ByOption = Annotated[str, typer.Option("--by", help="Who decides; kept in the audit log.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the case.")]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(help="Blocked orders and what was decided.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("release")(release_command)
    group.command("reject")(reject_command)
    group.command("recheck")(recheck_command)
    app.add_typer(group, name="case")


def shown_case(stored: StoredCase) -> dict[str, Any]:
    """Show a case as a document, with its id, its order's number and its supporters."""
    document: dict[str, Any] = msgspec.to_builtins(stored.case)
    supporters = list(stored.supporters)
    more = {"id": stored.id, "account": str(stored.account), "number": stored.number}
    return document | more | {"author": stored.author, "supporters": supporters}


def list_command(
    config: ConfigOption = DEFAULT_CONFIG,
    state: Annotated[str | None, typer.Option(help="open, may_pass, released or rejected.")] = None,
    ref: Annotated[str | None, typer.Option("--account", help="One company.")] = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List cases, the newest first, with why they were blocked and what the latest check says."""
    with opened(config) as zixin, reading(zixin.engine) as conn:
        texts = chosen_texts(zixin, lang)
        entity = company_if_named(conn, ref, texts)
        states = None if state is None else [state]
        found, names = find_cases(conn, states=states, entity=entity), entity_names(conn)
    if as_json:
        print_json({"cases": [shown_case(stored) for stored in found]})
        return
    rows = [
        _row(stored, names.get(stored.entity or "", str(stored.account)), texts) for stored in found
    ]
    columns = ("id", "company", "state", "why", "amount")
    print_sheet(Sheet.of(texts, "cases", columns, rows, words=4), texts)


def _row(stored: StoredCase, name: str, texts: Texts) -> list[Cell]:
    case = stored.case
    reasons = [
        f"{rule.code} {reason_text(Reason(rule.reason, rule.params), texts)}"
        for rule in case.latest.fired
        if rule.reaction != "warn"
    ]
    told = [f"{texts.day(event.on)} {event.by}: {event.reason}" for event in case.history]
    return [
        "\n".join([stored.id, texts.day(case.opened_on), stored.number or ""]),
        name,
        texts.say(f"case.state.{case.state}"),
        "\n".join([*reasons, *told[-1:]]),
        case.order.amount,
    ]


def release_command(
    case_id: IdArgument,
    by: ByOption,
    reason: ReasonOption,
    config: ConfigOption = DEFAULT_CONFIG,
    amount: Annotated[str | None, typer.Option(help="Release only so much.")] = None,
    deposit: Annotated[str | None, typer.Option(help="On condition of this deposit.")] = None,
    terms: Annotated[
        int | None, typer.Option(help="On condition of so many days to pay.", min=0)
    ] = None,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Let a blocked order pass: whole, in part, or with a condition."""
    with opened(config) as zixin:
        texts, desk = chosen_texts(zixin, lang), cases_of(zixin)
        with refusals_told(texts):
            order = _changed(_case(zixin, case_id), amount, deposit, terms)
            stored = desk.release(case_id, by=by, reason=reason, order=order)
    code = "case.released" if stored.case.state == "released" else "case.needs_votes"
    _show(stored, texts, code, as_json=as_json)


def _case(zixin: Zixin, case_id: str) -> StoredCase:
    with reading(zixin.engine) as conn:
        for stored in find_cases(conn):
            if stored.id == case_id:
                return stored
    raise DecisionError("unknown_case", id=case_id)


def _changed(
    stored: StoredCase, amount: str | None, deposit: str | None, terms: int | None
) -> OrderRequest | None:
    """Make the order as it is released; ``None``: as it was asked for."""
    asked = stored.case.order
    changes: dict[str, Any] = {
        name: parse_money(f"--{name}", text, asked.amount.currency)
        for name, text in (("amount", amount), ("deposit", deposit))
        if text is not None
    }
    if terms is not None:
        changes["terms_days"] = terms
    return msgspec.structs.replace(asked, **changes) if changes else None


def reject_command(
    case_id: IdArgument,
    by: ByOption,
    reason: ReasonOption,
    config: ConfigOption = DEFAULT_CONFIG,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Reject a blocked order for good."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
        with refusals_told(texts):
            stored = cases_of(zixin).reject(case_id, by=by, reason=reason)
    _show(stored, texts, "case.rejected", as_json=as_json)


def recheck_command(
    case_id: Annotated[str | None, typer.Argument(help="One case; all by default.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    lang: LangOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Check cases again on today's facts; each assessment does so by itself."""
    with opened(config) as zixin:
        texts, desk = chosen_texts(zixin, lang), cases_of(zixin)
        with refusals_told(texts):
            changed = desk.recheck(case_id)
    if as_json:
        print_json({"changed": [shown_case(stored) for stored in changed]})
        return
    say(texts.say("case.rechecked", count=len(changed)))
    for stored in changed:
        say(f"{stored.id}: {texts.say(f'case.state.{stored.case.state}')}")


def _show(stored: StoredCase, texts: Texts, code: str, *, as_json: bool) -> None:
    if as_json:
        print_json(shown_case(stored))
    else:
        released = stored.case.released
        amount = texts.money((released or stored.case.order).amount, whole=False)
        say(texts.say(code, id=stored.id, amount=amount))
