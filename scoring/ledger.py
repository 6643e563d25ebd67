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

from scoring.losses import default_records, reversed_payments, worlds_of, written_elsewhere
from scoring.money import minor_digits
from scoring.rates import Conversion, Rate, split_known
from scoring.unapplied import unapplied_money, within_payments

__all__ = ["DAYS_BASE", "NOTHING", "Ledger", "day_key", "ledger_of", "timeline"]

DAYS_BASE = 2**24  # holds every day a date can name, before and after 1970
NOTHING = 2**32 - 1  # no row number
_PRICED = ("items", "payments", "orders", "write_offs", "returns", "credit_records", "notes")
_NO_PAYMENT = 2**32 - 1  # the payment of an allocation is not in the Book


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Ledger:
    """Frames keyed by the entity's row number ``e`` and the claim's row number ``i``.

    ``entities``: e, entity, currency, identity, terms_days, unit (minor units of one major),
    first_on (the first fact), taken_on (a customer since, if that is earlier).
    ``claims`` (invoices, sorted by e and issued): item, e, issued, due, amount, raw, disputed,
    disputed_on, closed_on and conceded (the dispute's end, and that it went to the customer); the
    row number is ``i``.
    ``applied`` (sorted by i and date): i, e, p, on (value date), at (from when it counts), until
    (when a returned payment undid it; null: it stands), world (after how many returns), cash, written (a write-off), amount, raw,
    issued, due, claim (the invoice's amount), rest (open after it), parts (payments so far).
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
    keyed = {
        name: file[name].with_columns(target.gather(file[name]["e"]).alias("target"))
        for name in _PRICED
    }
    returned = reversed_payments(keyed["returns"])
    claims, lost_claims = _claims(keyed["items"], convert)
    allocations = within_payments(frames["allocations"], frames["payments"])
    laid, lost_laid = _laid_on_claims(keyed, allocations, claims, convert)
    laid = _clipped(worlds_of(laid, returned))
    applied, lost_applied = _applied(laid, convert)
    payments = keyed["payments"].join(returned, on="payment", how="left", maintain_order="left")
    keyed["payments"] = payments
    spare, lost_spare = unapplied_money(keyed, allocations, claims, laid, convert)
    orders, lost_orders = _orders(keyed["orders"], convert)
    notes, lost_notes = _notes(keyed["notes"], frames["returns"], convert)
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


def _laid_on_claims(
    keyed: Mapping[str, pl.DataFrame],
    allocations: pl.DataFrame,
    claims: pl.DataFrame,
    convert: Conversion,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """List what was laid on each claim, in the claim's currency, sorted by claim and date."""
    target = claims.select(
        "item",
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"),
        "e",
        "issued",
        "due",
        "target",
        pl.col("currency").alias("claim_currency"),
        pl.col("raw").alias("claim_raw"),
        pl.col("amount").alias("claim"),
    )
    payments = keyed["payments"].select(
        "payment",
        # By id, so that two payments on one day are laid in the same order whoever lists them.
        pl.col("payment").rank("ordinal").cast(pl.UInt32).alias("p"),
        pl.col("e").alias("payer"),
        "account",
    )
    cash = (
        allocations.select("payment", "item", "currency", "amount", pl.col("paid_on").alias("on"))
        .join(target, on="item", how="inner")
        .join(payments, on="payment", how="left")
        .with_columns(
            pl.lit(value=True).alias("cash"),
            pl.lit(value=False).alias("written"),
            pl.col("p").fill_null(_NO_PAYMENT),
        )
    )
    notes = (
        keyed["items"]
        .filter((pl.col("kind") == "credit_note") & pl.col("applies_to").is_not_null())
        .select(
            pl.col("applies_to").alias("item"),
            "currency",
            "amount",
            pl.col("issued_on").alias("on"),
            pl.col("e").alias("payer"),
            "account",
        )
        .join(target, on="item", how="inner")
    )
    written = _no_account(keyed["write_offs"]).join(target, on="item", how="inner")
    others = [
        part.with_columns(
            pl.lit(0, pl.UInt32).alias("p"),
            pl.lit(value=False).alias("cash"),
            pl.lit(value=is_loss).alias("written"),
            pl.lit(None, pl.String).alias("payment"),
        ).select(cash.columns)
        for part, is_loss in ((notes, False), (written, True))
    ]
    both = pl.concat([cash, *others]).drop("item")
    laid = convert(both.rename({"amount": "own"}), {"own": "amount"}, "currency", "claim_currency")
    known, lost = split_known(laid, "on")
    # One date: credit notes before cash, so that the excess is cash; what is left is written off.
    return known.rename({"amount": "laid"}).sort("i", "on", "written", "cash", "p"), lost


def _no_account(write_offs: pl.DataFrame) -> pl.DataFrame:
    return write_offs.select(
        "item",
        "currency",
        "amount",
        pl.col("written_off_on").alias("on"),
        pl.col("e").alias("payer"),
        pl.lit(None, pl.String).alias("account"),
    )


def _clipped(laid: pl.DataFrame) -> pl.DataFrame:
    """Add ``raw``, the part that still fits on its claim, and the running totals around it."""
    first = _starts_claim()
    total = pl.col("laid").cum_sum()
    before = _at_first(first, total - pl.col("laid"))
    return laid.with_columns((total - before).alias("total")).with_columns(
        pl.min_horizontal("total", "claim_raw").alias("filled"),
        pl.min_horizontal(pl.col("total") - pl.col("laid"), "claim_raw").alias("filled_before"),
        pl.max_horizontal("on", "issued", "since").alias("at"),
    )


def _applied(laid: pl.DataFrame, convert: Conversion) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Convert what fits on the claims.

    The running total is converted, not each part: a claim that is settled in its own currency is
    settled to the last minor unit in the entity's.
    """
    stands = pl.col("until").is_null() | (pl.col("at") < pl.col("until"))
    fits = laid.filter(stands & (pl.col("filled") > pl.col("filled_before")))
    columns = {"filled": "now", "filled_before": "was"}
    known = convert(fits, columns, "claim_currency", "target").with_columns(
        (pl.col("now") - pl.col("was")).alias("amount"),
        (pl.col("filled") - pl.col("filled_before")).alias("raw"),
    )
    applied, lost = split_known(known, "at")
    return timeline(applied), lost


def timeline(parts: pl.DataFrame) -> pl.DataFrame:
    """Add to parts sorted by claim and date what is open after each, and how many payments so far.

    Needs i, e, p, on, at, until, world, cash, written, amount, raw, issued, due, claim.
    """
    first = _starts_claim()
    again = ~first & (pl.col("p") == pl.col("p").shift())
    payment = (pl.col("cash") & ~again).cast(pl.Int64)
    total, count = pl.col("amount").cum_sum(), payment.cum_sum()
    return parts.select(
        *("i", "e", "p", "on", "at", "until", "world", "cash", "written", "amount", "raw"),
        *("issued", "due", "claim"),
        (pl.col("claim") - total + _at_first(first, total - pl.col("amount"))).alias("rest"),
        (count - _at_first(first, count - payment)).alias("parts"),
    )


def _starts_claim() -> pl.Expr:
    """Tell where another claim begins, or the same one seen after a payment was returned."""
    another = pl.col("i") != pl.col("i").shift().fill_null(NOTHING)
    return another | (pl.col("world") != pl.col("world").shift())


def _at_first(first: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(first).then(value).forward_fill()


def _orders(orders: pl.DataFrame, convert: Conversion) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split what an order still takes up along the chain, each part once (7.1).

    Where nobody tells what was delivered, all that is not invoiced counts as still on order. A
    deposit covers what is delivered first.
    """
    out = pl.col("delivered").fill_null(0)
    deposit = pl.col("deposit").fill_null(0)
    shipped = (out - pl.col("invoiced")).clip(lower_bound=0)
    rest = (pl.col("amount") - pl.max_horizontal("invoiced", out)).clip(lower_bound=0)
    standing = (
        orders.filter((pl.col("status") == "open") & ~pl.col("prepaid"))
        .with_columns(shipped.alias("shipped"), rest.alias("rest"), deposit.alias("deposit"))
        .with_columns(
            (pl.col("shipped") - pl.col("deposit")).clip(lower_bound=0).alias("raw_delivered"),
            (pl.col("rest") - (pl.col("deposit") - pl.col("shipped")).clip(lower_bound=0))
            .clip(lower_bound=0)
            .alias("raw"),
        )
        .filter((pl.col("raw") > 0) | (pl.col("raw_delivered") > 0))
        .drop("amount", "delivered")
    )
    columns = {"raw": "amount", "raw_delivered": "delivered"}
    known = convert(standing, columns, "currency", "target")
    kept, lost = split_known(known, "ordered_on")
    return kept.select("e", "ordered_on", "deliver_on", "amount", "delivered"), lost


def _notes(
    notes: pl.DataFrame, returns: pl.DataFrame, convert: Conversion
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Convert notes receivable; a returned bill that names a note dishonours it."""
    dishonoured = (
        returns.filter(pl.col("kind") == "dishonoured_bill")
        .group_by(pl.col("payment").alias("note"))
        .agg(pl.col("returned_on").min().alias("dishonoured_on"))
    )
    joined = notes.rename({"amount": "raw"}).join(dishonoured, on="note", how="left")
    kept, lost = split_known(
        convert(joined, {"raw": "amount"}, "currency", "target"), "received_on"
    )
    columns = ("e", "kind", "received_on", "due_on", "ended_on", "dishonoured_on", "amount")
    return kept.select(columns), lost


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
    changes = pl.concat(
        [
            claims.select("e", pl.col("issued").alias("on"), "amount"),
            applied.select("e", pl.col("at").alias("on"), -pl.col("amount")),
            applied.filter(pl.col("until").is_not_null()).select(
                "e", pl.col("until").alias("on"), "amount"
            ),
        ]
    )
    days = changes.group_by("e", "on").agg(pl.col("amount").sum()).sort("e", "on")
    first = pl.col("e") != pl.col("e").shift().fill_null(NOTHING)
    total = pl.col("amount").cum_sum()
    return days.select(
        "e",
        "on",
        (total - _at_first(first, total - pl.col("amount"))).alias("ar"),
        day_key(pl.col("e"), pl.col("on")).alias("key"),
    )


def day_key(entity: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Pack an entity and a day into one number that sorts like the pair."""
    return entity.cast(pl.Int64) * DAYS_BASE + (day.cast(pl.Int32) + DAYS_BASE // 2)


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
        names.with_columns(unit.alias("unit"))
        .join(first, on="e", how="left", maintain_order="left")
        .with_columns(pl.min_horizontal("since", "first_on").alias("taken_on"))
        .drop("since")
    )
