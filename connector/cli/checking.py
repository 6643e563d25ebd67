"""``zixin order-check``: may this order go on, and if not, why and what would let it pass."""

from datetime import date
from typing import Annotated

import msgspec
import typer

from connector.cli.casework import shown_case
from connector.cli.output import print_json, print_table, say
from connector.cli.session import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    ExitCode,
    JsonFlag,
    LangOption,
    RefArgument,
    chosen_texts,
    company_of,
    day_of,
    end,
    opened,
    parse_money,
    parse_number,
)
from connector.flow.checking import Checked
from connector.flow.fields import reason_text
from connector.store.accounts import entity_names
from connector.store.cases import StoredCase
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.jobs import cases_of, checks_of
from scoring.assessment import Reason
from scoring.ordercheck import CounterOffer, OrderDecision, OrderRequest

__all__ = ["add_commands"]

BLOCKED = 3  # the order is held or stopped


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("order-check")(order_check)


def order_check(
    ref: RefArgument,
    amount: Annotated[str, typer.Argument(help="The order's amount, such as 12500.50.")],
    config: ConfigOption = DEFAULT_CONFIG,
    currency: Annotated[
        str | None, typer.Option(help="Its currency; the company's by default.")
    ] = None,
    terms: Annotated[
        int | None, typer.Option(help="Days to pay that are asked for.", min=0)
    ] = None,
    discount: Annotated[str | None, typer.Option(help="Discount asked for, in percent.")] = None,
    deposit: Annotated[str | None, typer.Option(help="Paid before delivery.")] = None,
    segment: Annotated[str | None, typer.Option(help="Product line or selling unit.")] = None,
    number: Annotated[
        str | None, typer.Option("--order", help="Its number, so that it is known again.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Who asks: a blocked order then opens a case (zixin case)."),
    ] = None,
    as_of: AsOfOption = None,
    lang: LangOption = None,
    *,
    prepaid: Annotated[
        bool, typer.Option("--prepaid", help="All is paid before delivery.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Tell whether an order may go on, why, and what would let it pass; 3 when it is blocked."""
    with opened(config) as zixin:
        texts = chosen_texts(zixin, lang)
        day = _day(as_of, zixin.clock.today(), by)
        entity, name = _company(zixin, ref, texts)
        looked_at = checks_of(zixin, day).look_at([entity])
        order = _order(
            amount,
            currency or looked_at.currency(entity),
            terms=terms,
            discount=discount,
            prepaid=prepaid,
            deposit=deposit,
            segment=segment,
        )
        checked = looked_at.check(entity, order)
        case = None if checked.decision.passes else _case_of(zixin, checked, number, by)
    if as_json:
        print_json(msgspec.to_builtins(checked.decision) | {"case": case and shown_case(case)})
    else:
        _print_decision(checked.decision, name, texts)
        _print_case(case, texts)
    raise typer.Exit(ExitCode.WELL if checked.decision.passes or _released(case) else BLOCKED)


def _day(as_of: str | None, today: date, by: str | None) -> date:
    """Read the day to check on; ends the command where a case is to be opened on a past one."""
    day = day_of(as_of, today)
    if by is not None and day != today:
        end(ExitCode.WRONG_USE, "--by opens a case, and a case is of today: leave out --as-of")
    return day


def _company(zixin: Zixin, ref: str, texts: Texts) -> tuple[str, str]:
    """Find the entity that is meant, and its name."""
    with reading(zixin.engine) as conn:
        entity = company_of(conn, ref, texts)
        return entity, entity_names(conn)[entity]


def _order(
    amount: str,
    currency: str,
    *,
    terms: int | None,
    discount: str | None,
    prepaid: bool,
    deposit: str | None,
    segment: str | None,
) -> OrderRequest:
    """Read the order off the arguments; ends the command with a sentence for one that is none."""
    return OrderRequest(
        amount=parse_money("AMOUNT", amount, currency),
        terms_days=terms,
        discount_percent=None if discount is None else parse_number("--discount", discount),
        prepaid=prepaid,
        deposit=None if deposit is None else parse_money("--deposit", deposit, currency),
        segment=segment,
    )


def _case_of(
    zixin: Zixin, checked: Checked, number: str | None, by: str | None
) -> StoredCase | None:
    """Find the release that lets a blocked order pass, or open its case where somebody asks."""
    if checked.decision.as_of != zixin.clock.today():
        return None
    cases = cases_of(zixin)
    released = cases.released(checked.entity, number, checked.decision.order)
    if released is not None or by is None:
        return released
    return cases.open(checked, number=number, by=by)


def _released(case: StoredCase | None) -> bool:
    return case is not None and case.case.state == "released"


def _print_case(case: StoredCase | None, texts: Texts) -> None:
    if case is not None:
        code = "order.case_released" if _released(case) else "order.case_open"
        say(texts.say(code, id=case.id, state=texts.say(f"case.state.{case.case.state}")))


def _print_decision(decision: OrderDecision, name: str, texts: Texts) -> None:
    amount = texts.money(decision.order.amount, whole=False)
    say(texts.say("order.title", name=name, amount=amount, as_of=decision.as_of))
    say(texts.say("order.result", result=texts.say(f"order.result.{decision.result}")))
    rows = [
        (
            rule.code,
            texts.say(f"order.reaction.{rule.reaction}"),
            reason_text(Reason(rule.reason, rule.params), texts),
        )
        for rule in decision.fired
    ]
    columns = tuple(texts.say(f"order.{column}") for column in ("rules", "reaction", "why"))
    if rows:
        print_table(columns, rows)
    else:
        say(texts.say("order.nothing"))
    if decision.unchecked:
        say(texts.say("order.unchecked", rules=", ".join(decision.unchecked)))
    if not decision.passes:
        say(texts.say("order.offers" if decision.offers else "order.no_offer"))
        for offer in decision.offers:
            say(_offer_text(offer, decision.order, texts))


def _offer_text(offer: CounterOffer, asked: OrderRequest, texts: Texts) -> str:
    """Say one counter-offer in a line."""
    order, parts = offer.order, []
    if offer.pay_first is not None:
        due = texts.money(offer.pay_first, whole=False)
        parts.append(texts.say("order.offer.paid_first", amount=due))
    amounts = {"smaller": order.amount, "deposit": order.deposit, "prepay": order.amount}
    amount = amounts.get(offer.kind)
    if amount is not None:
        parts.append(
            texts.say(f"order.offer.{offer.kind}", amount=texts.money(amount, whole=False))
        )
    if order.terms_days != asked.terms_days and not order.prepaid:
        parts.append(texts.say("order.offer.terms", days=order.terms_days))
    if order.discount_percent != asked.discount_percent:
        parts.append(texts.say("order.offer.discount", discount=order.discount_percent))
    if order == asked:
        parts.append(texts.say("order.offer.as_asked"))
    return "· " + "; ".join(parts)
