"""Random books for property tests: every case of the method, in small."""

from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from scoring.rates import Rate
from tests.builders import (
    AS_OF,
    Row,
    a_credit_note,
    a_payment,
    a_rate,
    a_return,
    a_write_off,
    an_allocation,
    an_entity,
    an_invoice,
    an_order,
    days_ago,
)
from tests.scoring.limit_rows import a_note, changed

__all__ = ["RATES", "books"]

RATES: dict[str, Rate] = {"USD": a_rate("7.1234"), "JPY": a_rate("0.0487"), "KWD": a_rate("23.1")}
_CURRENCIES = ("CNY", "CNY", "CNY", "USD", "JPY", "KWD")

_amounts = st.one_of(
    st.integers(1, 500), st.integers(10_000, 3_000_000), st.integers(1_000_000, 90_000_000)
)
_days = st.integers(-30, 800)
_ANY_DELAY = (-40, -3, 0, 2, 4, 20, 20, 35, 95, 130)
_PROMPT = (-40, -3, 0, 2)


@st.composite
def books(draw: DrawFn, *, entities: int = 2) -> list[Row]:
    """Draw the rows of a book with a few entities; their rates are ``RATES``."""
    rows: list[Row] = []
    for number in range(1, entities + 1):
        rows += draw(_one_entity(f"E{number}"))
    return rows


@st.composite
def _one_entity(draw: DrawFn, entity: str) -> list[Row]:
    currency = draw(st.sampled_from(_CURRENCIES))
    terms = draw(st.sampled_from((None, 0, 30, 60)))
    delays = draw(st.sampled_from((_ANY_DELAY, _PROMPT, _PROMPT)))
    rows = [an_entity(entity, currency=currency, terms_days=terms)]
    for number in range(draw(st.integers(0, 14))):
        rows += draw(_invoice(f"{entity}i{number}", entity, currency, delays))
    for number in range(draw(st.integers(0, 3))):
        rows.append(draw(_loose_payment(f"{entity}u{number}", entity, currency)))
    if draw(st.booleans()):
        rows.append(draw(_credit_note(f"{entity}c", entity, currency, None)))
    if draw(st.booleans()):
        rows.append(draw(_order(f"{entity}o", entity, currency)))
    if draw(st.integers(0, 2)) == 0:
        rows += draw(_note(f"{entity}n", entity, currency))
    return rows


def _currency(own: str) -> st.SearchStrategy[str]:
    return st.sampled_from((own,) * 6 + ("USD", "CNY"))


@st.composite
def _invoice(draw: DrawFn, item: str, entity: str, own: str, delays: tuple[int, ...]) -> list[Row]:
    amount, issued_on = draw(_amounts), days_ago(draw(_days))
    disputed_on = issued_on + timedelta(days=draw(st.integers(0, 120)))
    closed_on = disputed_on + timedelta(days=draw(st.sampled_from((1, 20, 59, 61))))
    outcome = draw(st.sampled_from((None, None, "for_customer", "against_customer")))
    invoice = an_invoice(
        item,
        amount=amount,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=draw(st.sampled_from((-1, 0, 15, 30, 60)))),
        entity=entity,
        currency=draw(_currency(own)),
        disputed=draw(st.sampled_from((0, 0, 0, amount // 2, amount * 2))),
        disputed_on=draw(st.sampled_from((None, disputed_on))),
        dispute_closed_on=None if outcome is None else closed_on,
        dispute_outcome=outcome,
    )
    rows = [invoice, *draw(_settlement(invoice, own, delays))]
    if delays != _PROMPT and draw(st.integers(0, 9)) == 0:
        rows.append(draw(_write_off(invoice)))
    return rows


@st.composite
def _write_off(draw: DrawFn, invoice: Row) -> Row:
    values = invoice.values
    issued, amount = values["issued_on"], values["amount"]
    assert isinstance(issued, date)
    assert isinstance(amount, int)
    row = a_write_off(
        draw(st.sampled_from((str(values["item"]), str(values["item"]), "gone"))),
        amount=max(1, amount // draw(st.sampled_from((1, 1, 2, 300)))),
        written_off_on=issued + timedelta(days=draw(st.sampled_from((10, 100, 200, 400)))),
        entity=str(values["entity"]),
        currency=str(values["currency"]),
    )
    return Row(row.frame, row.values | {"write_off": f"w-{values['item']}"})


@st.composite
def _settlement(draw: DrawFn, invoice: Row, own: str, delays: tuple[int, ...]) -> list[Row]:
    """Pay in no, one or more parts, some on one day, some too much; perhaps credit a part."""
    values, rows = invoice.values, list[Row]()
    due, amount = values["due_on"], values["amount"]
    assert isinstance(due, date)
    assert isinstance(amount, int)
    # Who pays promptly leaves open only what is not due yet.
    prompt = delays == _PROMPT and due < AS_OF - timedelta(days=10)
    splits = ((1,), (1,), (1,), (2, 2), (2, 2, 2), (3, 3, 1))
    parts = draw(st.sampled_from(splits if prompt else ((), (3,), *splits)))
    for number, divisor in enumerate(parts):
        paid_on = due + timedelta(days=draw(st.sampled_from(delays)))
        payment = a_payment(
            f"{values['item']}p{number}",
            amount=max(1, amount // divisor) + draw(st.sampled_from((0, 0, 0, 7, 500))),
            paid_on=paid_on,
            entity=str(values["entity"]),
            currency=str(values["currency"]),
        )
        rows += [payment, an_allocation(payment, invoice)]
        if draw(st.integers(0, 19)) == 0:
            rows.append(_laid_twice(payment, invoice))
        if not prompt and draw(st.integers(0, 9)) == 0:
            back = paid_on + timedelta(days=draw(st.sampled_from((0, 2, 20, 150))))
            rows.append(a_return(payment, returned_on=back))
    if draw(st.integers(0, 5)) == 0:
        entity, item = str(values["entity"]), str(values["item"])
        rows.append(draw(_credit_note(f"{item}c", entity, own, item)))
    return rows


def _laid_twice(payment: Row, invoice: Row) -> Row:
    """Lay a payment on an invoice once more: somebody's mistake."""
    row = an_allocation(payment, invoice)
    return changed(row, allocation=f"{row.values['allocation']}+")


@st.composite
def _credit_note(draw: DrawFn, item: str, entity: str, own: str, applies_to: str | None) -> Row:
    return a_credit_note(
        item,
        amount=draw(_amounts),
        issued_on=days_ago(draw(_days)),
        applies_to=applies_to,
        entity=entity,
        currency=draw(_currency(own)),
    )


@st.composite
def _loose_payment(draw: DrawFn, payment: str, entity: str, own: str) -> Row:
    return a_payment(
        payment,
        amount=draw(_amounts),
        paid_on=AS_OF - timedelta(days=draw(st.sampled_from((0, 5, 6, 7, 8, 30, 200)))),
        entity=entity,
        currency=draw(_currency(own)),
    )


@st.composite
def _order(draw: DrawFn, order: str, entity: str, own: str) -> Row:
    row = an_order(
        order,
        amount=draw(_amounts),
        invoiced=draw(st.sampled_from((0, 100, 20_000))),
        ordered_on=days_ago(draw(st.integers(-3, 40))),
        deliver_on=draw(st.sampled_from((None, days_ago(-10), days_ago(-60), days_ago(-61)))),
        status=draw(st.sampled_from(("open", "open", "open", "draft", "closed"))),
        prepaid=draw(st.sampled_from((False, False, False, True))),
        entity=entity,
        currency=draw(_currency(own)),
    )
    delivered = draw(st.sampled_from((None, 0, 150, 50_000)))
    return changed(row, delivered=delivered, deposit=draw(st.sampled_from((None, 0, 70, 30_000))))


@st.composite
def _note(draw: DrawFn, note: str, entity: str, own: str) -> list[Row]:
    row = a_note(
        note,
        draw(st.sampled_from(("bank_acceptance", "commercial_acceptance"))),
        draw(_amounts),
        entity=entity,
        currency=draw(_currency(own)),
        received_on=days_ago(draw(st.integers(-3, 90))),
        due_on=days_ago(draw(st.integers(-90, 20))),
        ended_on=draw(st.sampled_from((None, None, days_ago(-5), days_ago(5)))),
    )
    bounced = a_return(a_payment(note, entity=entity), kind="dishonoured_bill")
    return [row, bounced] if draw(st.integers(0, 3)) == 0 else [row]
