"""``zixin decide`` and ``zixin promise``: what people decide and what customers promise."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from connector.cli.output import print_json, print_table, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    JsonFlag,
    RefArgument,
    company_if_named,
    day_of,
    end,
    opened,
    refusals_told,
)
from connector.flow.decisions import Decision, Wish, list_decisions
from connector.flow.promises import add_promise, list_promises
from connector.store.accounts import entity_names
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring.jobs import desk_of
from scoring.money import Money, UnknownCurrencyError, to_money

__all__ = ["add_commands"]

#: Command → the kind of decision it drafts.
KINDS = {
    "override": "override",
    "limit": "limit",
    "temporary": "temporary_limit",
    "segment": "segment_limit",
    "hold": "hold",
    "exemption": "exemption",
    "block": "dunning_block",
    "plan": "repayment_plan",
    "review": "review",
    "note": "watch_note",
}
ByOption = Annotated[str, typer.Option("--by", help="Who decides; kept in the audit log.")]
IdArgument = Annotated[str, typer.Argument(help="As zixin decide list names it.")]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(
        help="Decisions of people (人工决定), four eyes each.", no_args_is_help=True
    )
    for name, kind in KINDS.items():
        group.command(name, help=f"Draft a decision: {kind}.")(_drafter(kind))
    group.command("approve")(approve_command)
    group.command("reject")(reject_command)
    group.command("end")(end_command)
    group.command("list")(list_command)
    app.add_typer(group, name="decide")
    promises = typer.Typer(help="Promises to pay (付款承诺).", no_args_is_help=True)
    promises.command("add")(promise_command)
    promises.command("list")(promises_command)
    app.add_typer(promises, name="promise")


def _drafter(kind: str):  # type: ignore[no-untyped-def] # noqa: ANN202 typer reads it
    def command(
        ref: RefArgument,
        by: ByOption,
        reason: Annotated[str, typer.Option(help="A reason code, as your policy lists them.")],
        text: Annotated[str, typer.Option(help="Why, in at least 20 characters.")],
        config: ConfigOption = DEFAULT_CONFIG,
        grade: Annotated[str | None, typer.Option(help="The grade, for an override.")] = None,
        amount: Annotated[str | None, typer.Option(help="An amount, for a limit.")] = None,
        currency: Annotated[str | None, typer.Option(help="Its currency; the policy's.")] = None,
        scope: Annotated[
            str | None, typer.Option(help="The segment, or the rule exempted.")
        ] = None,
        starts: Annotated[str | None, typer.Option("--from", help="First day; today.")] = None,
        until: Annotated[str | None, typer.Option("--until", help="Last day.")] = None,
        evidence: Annotated[str | None, typer.Option(help="Where the evidence lies.")] = None,
        *,
        as_json: JsonFlag = False,
    ) -> None:
        with opened(config) as zixin:
            desk = desk_of(zixin)
            wish = Wish(
                kind=kind,
                ref=ref,
                reason=reason,
                text=text,
                author=by,
                from_on=day_of(starts, desk.today),
                to_on=None if until is None else day_of(until, desk.today),
                grade=grade,
                amount=None if amount is None else _money(amount, currency or desk.policy.currency),
                scope=scope,
                evidence=evidence,
            )
            with refusals_told(zixin.company_texts):
                decision = desk.draft(wish)
        _show(decision, zixin.company_texts, "decision.drafted", as_json=as_json)

    return command


def approve_command(
    decision_id: IdArgument,
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Approve a draft that somebody else wrote; the next run decides by it."""
    with opened(config) as zixin, refusals_told(zixin.company_texts):
        decision = desk_of(zixin).approve(decision_id, by)
    code = "decision.approved" if decision.state == "approved" else "decision.needs_votes"
    _show(decision, zixin.company_texts, code, as_json=as_json)


def reject_command(
    decision_id: IdArgument,
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Reject a draft."""
    with opened(config) as zixin, refusals_told(zixin.company_texts):
        decision = desk_of(zixin).reject(decision_id, by)
    _show(decision, zixin.company_texts, "decision.rejected", as_json=as_json)


def end_command(
    decision_id: IdArgument,
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: JsonFlag = False,
) -> None:
    """End an approved decision today."""
    with opened(config) as zixin, refusals_told(zixin.company_texts):
        decision = desk_of(zixin).end(decision_id, by)
    _show(decision, zixin.company_texts, "decision.ended", as_json=as_json)


def list_command(
    config: ConfigOption = DEFAULT_CONFIG,
    state: Annotated[str | None, typer.Option(help="draft, approved, rejected or ended.")] = None,
    ref: Annotated[str | None, typer.Option("--account", help="One company.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List decisions, the newest first."""
    with opened(config) as zixin, reading(zixin.engine) as conn:
        texts = zixin.company_texts
        found = list_decisions(conn, state=state, entity=company_if_named(conn, ref, texts))
        names = entity_names(conn)
    if as_json:
        print_json({"decisions": found})
        return
    rows = [
        (
            each.id,
            each.state,
            each.kind,
            names.get(each.entity or "", each.account),
            each.grade or (texts.money(each.amount) if each.amount else each.scope or ""),
            f"{texts.day(each.from_on)} – {texts.day(each.to_on) if each.to_on else ''}",
            f"{each.author} / {each.approver or '–'}",
            each.text,
        )
        for each in found
    ]
    names_of = ("id", "state", "kind", "company", "content", "days", "who", "text")
    print_table(tuple(texts.say(f"decision.col.{name}") for name in names_of), rows)


def promise_command(
    ref: RefArgument,
    amount: Annotated[str, typer.Argument(help="The amount promised.")],
    on: Annotated[str, typer.Argument(help="The day promised, like 2026-12-15.")],
    by: ByOption,
    config: ConfigOption = DEFAULT_CONFIG,
    item: Annotated[
        str | None, typer.Option(help="The number of one invoice; all by default.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Its currency; the policy's.")] = None,
) -> None:
    """Note a customer's promise to pay; an earlier open one for the same is superseded."""
    with opened(config) as zixin:
        desk = desk_of(zixin)
        money = _money(amount, currency or desk.policy.currency)
        day = day_of(on, desk.today)
        with refusals_told(zixin.company_texts):
            add_promise(desk, ref, money, day, by=by, item=item)
    say(zixin.company_texts.say("promise.added", amount=money, on=day))


def promises_command(
    config: ConfigOption = DEFAULT_CONFIG,
    ref: Annotated[str | None, typer.Option("--account", help="One company.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List promises to pay, the newest day first."""
    with opened(config) as zixin, reading(zixin.engine) as conn:
        texts = zixin.company_texts
        found = list_promises(conn, company_if_named(conn, ref, texts))
    if as_json:
        print_json({"promises": found})
        return
    rows = [
        (
            each.company,
            texts.money(each.amount),
            texts.day(each.made_on),
            texts.day(each.promised_on),
            each.item or "",
            each.source,
        )
        for each in found
    ]
    names = ("company", "amount", "made", "promised", "item", "source")
    print_table(tuple(texts.say(f"promise.col.{name}") for name in names), rows, right=("amount",))


def _money(text: str, currency: str) -> Money:
    try:
        return to_money(Decimal(text.replace(",", "")), currency)
    except (InvalidOperation, UnknownCurrencyError, ValueError):
        end(ExitCode.WRONG_USE, f"{text!r} {currency} is no amount; write it like 250000 or 12.50")


def _show(decision: Decision, texts: Texts, code: str, *, as_json: bool) -> None:
    if as_json:
        print_json(decision)
    else:
        say(texts.say(code, id=decision.id, kind=decision.kind, on=decision.from_on))
