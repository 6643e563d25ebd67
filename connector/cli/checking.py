"""``zixin order-check`` and ``zixin identity``: one order, one code, names that may be one company."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from connector.cli.output import print_json, print_table, say
from connector.cli.session import AsOfOption, ConfigOption, ExitCode, JsonFlag, end, opened
from connector.cli.session import parse_day as day_of
from connector.flow.checking import check_stored, data_age_hours
from connector.flow.fields import reason_text
from connector.flow.matching import Duplicate, find_duplicates, name_tools
from connector.store.accounts import entity_names, entity_of
from connector.store.engine import reading
from connector.store.groups import load_group_book
from connector.texts.catalogue import LANGUAGES, Texts
from connector.wiring.jobs import assess_by_calendar
from scoring.assessment import Reason
from scoring.identity import NameMatch, ParsedName, UsccCheck, check_uscc, match_names, parse_name
from scoring.money import Money, UnknownCurrencyError, to_money
from scoring.ordercheck import CounterOffer, OrderDecision, OrderRequest

__all__ = ["add_commands"]

DEFAULT_CONFIG = Path("zixin.toml")
BLOCKED = 3  # the order is held or stopped
Language = Annotated[str, typer.Option("--lang", help="zh or en.")]
CompanyLanguage = Annotated[
    str | None, typer.Option("--lang", help="zh or en; the company's by default.")
]

identity_app = typer.Typer(
    help="Check a company code, compare company names.", no_args_is_help=True
)


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("order-check")(order_check)
    app.add_typer(identity_app, name="identity")


def order_check(
    ref: Annotated[
        str, typer.Argument(help="connection:record id, company code, entity or exact name.")
    ],
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
    as_of: AsOfOption = None,
    lang: CompanyLanguage = None,
    *,
    prepaid: Annotated[
        bool, typer.Option("--prepaid", help="All is paid before delivery.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Tell whether an order may go on, why, and what would let it pass; 3 when it is blocked."""
    _known_language(lang)
    with opened(config) as zixin:
        day = day_of(as_of, zixin.clock.today())
        policy, calendar = zixin.policy_on(day), zixin.calendar(day)
        with reading(zixin.engine) as conn:
            entity = entity_of(conn, ref)
            if entity is None:
                end(
                    ExitCode.WRONG_USE,
                    f"no one company is named {ref!r}; pull first, or try its id",
                )
            name = entity_names(conn)[entity]
            book = load_group_book(
                conn, [entity], zixin.rates, policy_currency=policy.currency, as_of=day
            )
            systems = set(book.accounts.filter(book.accounts["entity"] == entity)["system"])
            age = None
            if day == zixin.clock.today():  # of a past day nobody knows any more
                age = data_age_hours(conn, systems, zixin.clock.now())
        decided = assess_by_calendar(zixin)(book, policy, day)
        unit = currency or str(decided.figures(entity)["currency"])
        order = OrderRequest(
            amount=_money("AMOUNT", amount, unit),
            terms_days=terms,
            discount_percent=None if discount is None else _number("--discount", discount),
            prepaid=prepaid,
            deposit=None if deposit is None else _money("--deposit", deposit, unit),
            segment=segment,
        )
        decision = check_stored(decided, entity, order, age_hours=age, calendar=calendar)
        texts = Texts(lang or zixin.config.company.language)
    if as_json:
        print_json(decision)
    else:
        _print_decision(decision, name, texts)
    raise typer.Exit(ExitCode.WELL if decision.passes else BLOCKED)


def _known_language(lang: str | None) -> None:
    if lang not in {None, *LANGUAGES}:
        end(ExitCode.WRONG_USE, f"--lang {lang!r}: there are {' and '.join(LANGUAGES)}")


def _number(where: str, text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        end(ExitCode.WRONG_USE, f"{where} {text!r} is no number; write it like 12500.50")
    if not value.is_finite() or value < 0:
        end(ExitCode.WRONG_USE, f"{where} {text!r} starts at 0")
    return value


def _money(where: str, text: str, currency: str) -> Money:
    try:
        return to_money(_number(where, text), currency.upper())
    except UnknownCurrencyError as error:
        end(ExitCode.WRONG_USE, str(error))


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


@identity_app.command("check")
def identity_check(
    code: Annotated[str, typer.Argument(help="A unified social credit code.")],
    lang: Language = "zh",
    *,
    as_json: JsonFlag = False,
) -> None:
    """Check a unified social credit code; 3 when it is not valid."""
    _known_language(lang)
    check, texts = check_uscc(code), Texts(lang)
    if as_json:
        print_json(check)
    else:
        _print_code(check, texts)
    raise typer.Exit(ExitCode.WELL if check.valid else BLOCKED)


def _print_code(check: UsccCheck, texts: Texts) -> None:
    verdict = texts.say("identity.valid" if check.valid else "identity.invalid")
    say(texts.say("identity.code", number=check.normalised, verdict=verdict))
    if check.entity_class is not None:
        say(texts.say("identity.class", what=texts.say(f"uscc.class.{check.entity_class}")))
    for warning in check.warnings:
        say(texts.say(f"identity.{warning}"))
    for repair in check.repairs:
        say(texts.say("identity.repair", number=repair))


@identity_app.command("match")
def identity_match(
    first: Annotated[str, typer.Argument(help="A company name.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    lang: Language = "zh",
    *,
    as_json: JsonFlag = False,
) -> None:
    """Tell whether two names may mean one company, part by part."""
    _known_language(lang)
    tools = name_tools()
    found = match_names(first, second, tools)
    if as_json:
        print_json(found)
        return
    texts = Texts(lang)
    say(_match_line(first, second, found, texts))
    if found.parts is not None:
        _print_parts(parse_name(first, tools), parse_name(second, tools), found, texts)


def _match_line(first: str, second: str, found: NameMatch, texts: Texts) -> str:
    decision = texts.say(f"identity.decision.{found.decision}")
    line = texts.say(
        "identity.match", first=first, second=second, decision=decision, score=f"{found.score:.2f}"
    )
    return f"{line}\n{texts.say('identity.why', why=_why(found, texts))}"


def _why(found: NameMatch, texts: Texts) -> str:
    return "; ".join(texts.say(f"identity.because.{code}") for code in found.why)


def _print_parts(first: ParsedName, second: ParsedName, found: NameMatch, texts: Texts) -> None:
    shown = msgspec.structs.asdict(found.parts) if found.parts is not None else {}
    said = {
        "brand": (first.brand, second.brand),
        "region": (_place(first), _place(second)),
        "industry": (first.industry, second.industry),
        "form": (_form(first, texts), _form(second, texts)),
    }
    rows = [
        (texts.say(f"identity.part.{part}"), one or "–", other or "–", f"{shown[part]:.2f}")
        for part, (one, other) in said.items()
    ]
    columns = [texts.say(f"identity.{name}") for name in ("part", "first", "second", "similar")]
    print_table(columns, rows, right=columns[-1:])


def _form(name: ParsedName, texts: Texts) -> str:
    return texts.say(f"form.{name.form}") if name.form else ""


def _place(name: ParsedName) -> str:
    place = name.place
    if place is None:
        return ""
    parts = dict.fromkeys((place.province, place.city, place.district))
    return "".join(part for part in parts if part)


@identity_app.command("duplicates")
def identity_duplicates(
    config: ConfigOption = DEFAULT_CONFIG,
    lang: CompanyLanguage = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List stored accounts that may be one company, the surest first. Nothing is merged."""
    _known_language(lang)
    with opened(config) as zixin:
        with reading(zixin.engine) as conn:
            found = find_duplicates(conn)
        texts = Texts(lang or zixin.config.company.language)
    if as_json:
        print_json(found)
        return
    say(texts.say("identity.duplicates", count=len(found)))
    if found:
        _print_duplicates(found, texts)


def _print_duplicates(found: list[Duplicate], texts: Texts) -> None:
    rows = [
        (
            texts.say(f"identity.decision.{pair.match.decision}"),
            f"{pair.match.score:.2f}",
            f"{pair.first.name}\n{pair.first.account}",
            f"{pair.second.name}\n{pair.second.account}",
            _why(pair.match, texts),
        )
        for pair in found
    ]
    columns = [texts.say(f"identity.{name}") for name in ("decision", "score", "first", "second")]
    columns.append(texts.say("order.why"))
    print_table(columns, rows, right=columns[1:2])
