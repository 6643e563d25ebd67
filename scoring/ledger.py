"""The Ledger (往来账): a Book made ready for scoring, once, for every date.

Entities become row numbers, amounts are converted to the entity's currency, payments and credit
notes are laid on their invoices in order of date. Nothing here depends on a date or a policy, so
one Ledger serves any number of assessments; rows carry the date from which they exist.

Rules (credit-management 2.1): an applied credit note reduces its invoice from its issue date; what
exceeds an invoice becomes unapplied; so does cash whose invoice is not known, or not yet issued.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from scoring.beside import beside
from scoring.chain import notes_receivable, open_orders
from scoring.keys import NOTHING, at_first, day_key, of_day_key
from scoring.laying import applied_to_claims, clipped, laid_on_claims
from scoring.losses import default_records, reversed_payments, worlds_of, written_elsewhere
from scoring.money import minor_digits
from scoring.rates import Conversion, Rate, split_known
from scoring.unapplied import unapplied_money, within_payments

__all__ = ["Ledger", "ledger_of"]

_PRICED = ("items", "payments", "orders", "write_offs", "returns", "credit_records", "notes")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Ledger:
    """Frames keyed by the entity's row number ``e`` and the claim's row number ``i``.

    ``entities``: e, entity, currency, identity, terms_days, unit (minor units of one major),
    first_on (the first fact), taken_on (a customer since, if that is earlier).
    ``claims`` (invoices, sorted by e and issued): item, e, issued, due, amount, raw, disputed,
    disputed_on, closed_on and conceded (the dispute's end, and that it went to the customer); the
    row number is ``i``.
    ``applied`` (sorted by i and date): i, e, p, on (value date), at (from when it counts), until
    (when a returned payment undid it; null: it stands), world (after how many returns), cash,
    written (a write-off), amount, raw, issued, due, claim (the invoice's amount), rest (open after
    it), parts (payments so far).
    ``spare`` (unapplied): e, account, on, until (null: still unapplied), cash, amount, raw,
    currency.
    ``balance`` (sorted by e and day): e, on, ar, the gross receivable at the end of that day, and
    key, both as one number (``day_key``).
    ``orders``: e, ordered_on, deliver_on, amount (still to be delivered), delivered (but not yet
    invoiced), both net of the order's deposit.
    ``notes`` (receivable): e, kind, received_on, due_on, ended_on, dishonoured_on, amount.
    ``facts``: e, on of payments, credit notes and orders.
    ``returned`` (payments that bounced): e, on. ``written`` (write-offs of no known claim): e, on,
    amount. ``setbacks`` (public records that are default events): e, code, on, until.
    ``unconvertible``: e, on, currency of facts that have no exchange rate.
    ``file``: the Book's frames with ``e`` in front, by name; ``records``: its credit records, by
    kind.

    ``amount`` is in the entity's currency, ``raw`` in the document's own.
    """

    entities: pl.DataFrame
    claims: pl.DataFrame
    applied: pl.DataFrame
    spare: pl.DataFrame
    balance: pl.DataFrame
    orders: pl.DataFrame
    notes: pl.DataFrame
    facts: pl.DataFrame
    returned: pl.DataFrame
    written: pl.DataFrame
    setbacks: pl.DataFrame
    unconvertible: pl.DataFrame
    file: Mapping[str, pl.DataFrame]
    records: Mapping[str, pl.DataFrame]


def ledger_of(frames: Mapping[str, pl.DataFrame], rates: Mapping[str, Rate], base: str) -> Ledger:
    """Lay out a Book's checked frames. ``base`` is the currency the rates are priced in."""
    convert = Conversion(rates, base)
    names = frames["entities"].select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("e"),
        *("entity", "currency", "identity", "terms_days", "since"),
    )
    file = {name: _keyed(frame, names) for name, frame in frames.items() if name != "entities"}
    target = names["currency"]
    keyed = {name: file[name].hstack([target[file[name]["e"]].alias("target")]) for name in _PRICED}
    returned = reversed_payments(keyed["returns"])
    claims, lost_claims = _claims(keyed["items"], convert)
    allocations = within_payments(frames["allocations"], frames["payments"])
    laid, lost_laid = laid_on_claims(keyed, allocations, claims, convert)
    laid = clipped(worlds_of(laid, returned))
    applied, lost_applied = applied_to_claims(laid, convert)
    payments = keyed["payments"].join(returned, on="payment", how="left", maintain_order="left")
    keyed["payments"] = payments
    spare, lost_spare = unapplied_money(keyed, allocations, claims, laid, convert)
    orders, lost_orders = open_orders(keyed["orders"], convert)
    notes, lost_notes = notes_receivable(keyed["notes"], frames["returns"], convert)
    written, lost_written = written_elsewhere(keyed["write_offs"], claims, convert)
    facts = _facts(keyed)
    return Ledger(
        entities=_entities(names, claims, facts),
        claims=claims.drop("currency", "target"),
        applied=applied,
        spare=spare,
        balance=_balance(claims, applied),
        orders=orders,
        notes=notes,
        facts=facts,
        returned=keyed["returns"].select("e", pl.col("returned_on").alias("on")),
        written=written,
        setbacks=default_records(keyed["credit_records"]),
        unconvertible=pl.concat(
            [
                *(lost_claims, lost_laid, lost_applied, lost_spare, lost_orders, lost_notes),
                lost_written,
            ]
        ),
        file=file,
        records=_by_kind(file["credit_records"]),
    )


def _claims(items: pl.DataFrame, convert: Conversion) -> tuple[pl.DataFrame, pl.DataFrame]:
    invoices = items.filter(pl.col("kind") == "invoice").select(
        "item",
        "e",
        pl.col("issued_on").alias("issued"),
        pl.col("due_on").alias("due"),
        "currency",
        "target",
        pl.col("amount").alias("raw"),
        pl.col("disputed").alias("raw_disputed"),
        # Without its date a dispute counts as raised on the due date.
        pl.coalesce("disputed_on", "due_on").alias("disputed_on"),
        pl.col("dispute_closed_on").alias("closed_on"),
        (pl.col("dispute_outcome") == "for_customer").fill_null(value=False).alias("conceded"),
    )
    columns = {"raw": "amount", "raw_disputed": "disputed"}
    claims, lost = split_known(convert(invoices, columns, "currency", "target"), "issued")
    return claims.sort("e", "issued"), lost


def _facts(keyed: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    notes = keyed["items"].filter(pl.col("kind") == "credit_note")
    return pl.concat(
        [
            keyed["payments"].select("e", pl.col("paid_on").alias("on")),
            notes.select("e", pl.col("issued_on").alias("on")),
            keyed["orders"].select("e", pl.col("ordered_on").alias("on")),
        ]
    )


def _balance(claims: pl.DataFrame, applied: pl.DataFrame) -> pl.DataFrame:
    amount = pl.col("amount")
    undone = pl.col("until").is_not_null()
    changes = pl.concat(
        [
            claims.lazy().select(day_key(pl.col("e"), pl.col("issued")).alias("key"), amount),
            applied.lazy().select(day_key(pl.col("e"), pl.col("at")).alias("key"), -amount),
            applied.lazy()
            .filter(undone)
            .select(day_key(pl.col("e"), pl.col("until")).alias("key"), amount),
        ]
    )
    entity, day = of_day_key(pl.col("key"))
    first = pl.col("e") != pl.col("e").shift().fill_null(NOTHING)
    total = amount.cum_sum()
    return (
        changes.group_by("key")
        .agg(amount.sum())
        .sort("key")
        .with_columns(entity.alias("e"), day.alias("on"))
        .select("e", "on", (total - at_first(first, total - amount)).alias("ar"), "key")
        .collect()
    )


def _keyed(frame: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Put the row number of each row's entity in front."""
    if not frame.height:
        return frame.clear().select(pl.lit(None, pl.UInt32).alias("e"), pl.all())
    owners = frame.select("entity").join(
        names.select("entity", "e"), on="entity", how="left", maintain_order="left"
    )
    return frame.select(owners["e"], pl.all())


def _by_kind(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
    if not records.height:
        return {}
    parts = records.partition_by("kind", as_dict=True)
    return {str(kind): part for (kind,), part in parts.items()}


def _entities(names: pl.DataFrame, claims: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    first = (
        pl.concat([claims.select("e", pl.col("issued").alias("on")), facts])
        .group_by("e")
        .agg(pl.col("on").min().alias("first_on"))
    )
    units = {currency: 10 ** minor_digits(currency) for currency in names["currency"].unique()}
    unit = pl.col("currency").replace_strict(units, default=None, return_dtype=pl.Int64)
    return (
        beside(names.with_columns(unit.alias("unit")), first)
        .with_columns(pl.min_horizontal("since", "first_on").alias("taken_on"))
        .drop("since")
    )
