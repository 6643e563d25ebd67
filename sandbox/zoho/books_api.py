"""What Zoho Books answers: lists by page with their filters and orders, and single records."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from sandbox.zoho.books import ORGANISATION_ID, TABLES, Books, BooksRow
from sandbox.zoho.books_limits import BooksError

__all__ = ["show_credited", "show_full", "show_list", "show_one", "show_organisations", "show_row"]

Body = dict[str, object]

_PER_PAGE = 200
_SINGULAR: Final = {
    "contacts": "contact",
    "invoices": "invoice",
    "customerpayments": "payment",
    "creditnotes": "creditnote",
}
_NAMES: Final = {
    "contacts": "Contact",
    "invoices": "Invoice",
    "customerpayments": "Payment",
    "creditnotes": "Credit note",
}
_ORDERS: Final = {
    "contacts": ("contact_name", "created_time", "last_modified_time"),
    "invoices": (
        *("customer_name", "invoice_number", "date", "due_date", "total", "balance"),
        "created_time",
    ),
    "customerpayments": ("customer_name", "payment_number", "date", "amount", "created_time"),
    "creditnotes": ("customer_name", "creditnote_number", "date", "total", "created_time"),
}
_EQUAL: Final = {
    "contacts": ("zcrm_account_id", "zcrm_contact_id", "contact_name", "contact_type"),
    "invoices": ("customer_id", "invoice_number", "status"),
    "customerpayments": ("customer_id", "payment_mode"),
    "creditnotes": ("customer_id", "creditnote_number", "status"),
}
#: Parameter → the date it bounds, and whether from below.
_BOUNDS: Final = {
    "date_start": ("date", True),
    "date_end": ("date", False),
    "due_date_start": ("due_date", True),
    "due_date_end": ("due_date", False),
}
#: What ``filter_by`` may name, as the status that rows then have.
_STATUSES: Final = {
    "contacts": {"Active": {"active"}, "Inactive": {"inactive"}},
    "invoices": {
        "Draft": {"draft"},
        "Sent": {"sent"},
        "Void": {"void"},
        "Paid": {"paid"},
        "OverDue": {"overdue"},
        "PartiallyPaid": {"partially_paid"},
        "Unpaid": {"sent", "viewed", "unpaid", "overdue", "partially_paid"},
    },
    "customerpayments": {},
    "creditnotes": {"Open": {"open"}, "Closed": {"closed"}, "Draft": {"draft"}, "Void": {"void"}},
}
_ZERO = Decimal(0)


def show_organisations(books: Books) -> Body:
    """``GET /organizations``: the one there is, or none where Books is not used."""
    found = {
        "organization_id": ORGANISATION_ID,
        "name": books.options.company_name,
        "currency_code": books.options.base_currency,
        "time_zone": books.options.zone_name,
        "is_default_org": True,
    }
    return _well(organizations=[found] if books.options.books else [])


def show_list(books: Books, table: str, args: Mapping[str, str]) -> Body:
    """Answer a list. Raises ``BooksError`` for parameters that Books does not take."""
    page = _number(args, "page", 1)
    per_page = _number(args, "per_page", _PER_PAGE)
    if per_page > _PER_PAGE:
        raise _invalid("per_page")
    rows = _sorted(books, table, args)
    part = rows[(page - 1) * per_page : page * per_page]
    shown = [show_row(books, table, row) for row in part]
    context = {
        "page": page,
        "per_page": per_page,
        "has_more_page": len(rows) > page * per_page,
        "report_name": _NAMES[table] + "s",
        "applied_filter": args.get("filter_by", "Status.All"),
        "sort_column": args.get("sort_column", "created_time"),
        "sort_order": args.get("sort_order", "D"),
    }
    return _well(**{table: shown}, page_context=context)


def show_one(books: Books, table: str, record_id: str) -> Body:
    """Answer one record, with what a list leaves out. Raises ``BooksError`` where there is none."""
    return _well(**{_SINGULAR[table]: show_full(books, table, _row(books, table, record_id))})


def show_credited(books: Books, record_id: str) -> Body:
    """``GET /creditnotes/{id}/invoices``: what a credit note was applied to."""
    _row(books, "creditnotes", record_id)
    credited = [
        {
            "creditnote_id": record_id,
            "creditnotes_invoice_id": part.id,
            "invoice_id": part.invoice,
            "invoice_number": books.tables["invoices"][part.invoice]["invoice_number"],
            "date": part.on,
            "credited_amount": _json(part.amount),
        }
        for part in books.applications(record_id)
    ]
    return _well(invoices_credited=credited)


def show_row(books: Books, table: str, row: BooksRow) -> Body:
    """Return a record as a list shows it."""
    shown = {name: _json(value) for name, value in row.items() if name != "amount_refunded"}
    for name in ("created_time", "last_modified_time"):
        at = datetime.fromtimestamp(int(str(row[name])), books.options.zone)
        shown[name] = at.strftime("%Y-%m-%dT%H:%M:%S%z")
    if table == "contacts":
        return _contact(books, shown)
    customer = books.tables["contacts"].get(str(row["customer_id"]), {})
    shown["customer_name"] = customer.get("contact_name", "")
    return shown | _DERIVED[table](books, row)


def show_full(books: Books, table: str, row: BooksRow) -> Body:
    """Return a record with what a list leaves out."""
    return {**show_row(books, table, row), **_more(books, table, row)}


def _contact(books: Books, shown: Body) -> Body:
    links = {name: shown.get(name) or "" for name in ("zcrm_account_id", "zcrm_contact_id")}
    defaults: Body = {"contact_type": "customer", "status": "active", "company_name": ""}
    found = {**defaults, **shown, "is_linked_with_zohocrm": any(links.values())}
    if books.options.books_lists_links:
        return {**found, **links}
    return {name: value for name, value in found.items() if name not in links}


def _invoice(books: Books, row: BooksRow) -> Body:
    today = books.clock.now().astimezone(books.options.zone).date()
    paid = [each for each in books.settlements(str(row["invoice_id"])) if each.is_payment]
    return {
        "status": books.invoice_status(row, today),
        "balance": _json(books.balance("invoices", row)),
        "exchange_rate": 1.0,
        "last_payment_date": max((each.on for each in paid), default=""),
    }


def _payment(books: Books, row: BooksRow) -> Body:
    numbers = [
        str(books.tables["invoices"][part.invoice]["invoice_number"])
        for part in books.applications(str(row["payment_id"]))
    ]
    return {
        "status": row.get("status", "success"),
        "payment_mode": row.get("payment_mode", "banktransfer"),
        "unused_amount": _json(books.balance("customerpayments", row)),
        "invoice_numbers": ", ".join(numbers),
    }


def _creditnote(books: Books, row: BooksRow) -> Body:
    left = books.balance("creditnotes", row)
    own = str(row.get("status") or "open")
    status = own if own in {"draft", "void"} else "open" if left > 0 else "closed"
    return {"status": status, "balance": _json(left)}


_DERIVED: Final[dict[str, Callable[[Books, BooksRow], Body]]] = {
    "invoices": _invoice,
    "customerpayments": _payment,
    "creditnotes": _creditnote,
}


def _more(books: Books, table: str, row: BooksRow) -> Body:
    """Return what only the record itself tells."""
    if table == "contacts":
        return {name: row.get(name) or "" for name in ("zcrm_account_id", "zcrm_contact_id")}
    if table != "customerpayments":
        return {}
    parts = []
    for part in books.applications(str(row["payment_id"])):
        invoice = books.tables["invoices"][part.invoice]
        parts.append(
            {
                "invoice_id": part.invoice,
                "invoice_payment_id": part.id,
                "invoice_number": invoice["invoice_number"],
                "date": invoice["date"],
                "invoice_amount": _json(invoice["total"]),
                "amount_applied": _json(part.amount),
                "balance_amount": _json(books.balance("invoices", invoice)),
            }
        )
    return {"amount_refunded": _json(row.get("amount_refunded", _ZERO)), "invoices": parts}


def _sorted(books: Books, table: str, args: Mapping[str, str]) -> list[BooksRow]:
    column = args.get("sort_column", "created_time")
    order = args.get("sort_order", "D")
    if column not in _ORDERS[table]:
        raise _invalid("sort_column")
    if order not in {"A", "D"}:
        raise _invalid("sort_order")
    rows = _matching(books, table, args)
    rows.sort(key=lambda row: (_place(books, table, row, column), int(str(row[TABLES[table]]))))
    return rows[::-1] if order == "D" else rows


def _place(books: Books, table: str, row: BooksRow, column: str) -> tuple[float, str]:
    value = row.get(column)
    if value is None:
        value = show_row(books, table, row).get(column)
    return (float(value), "") if isinstance(value, Decimal | float | int) else (0.0, str(value))


def _matching(books: Books, table: str, args: Mapping[str, str]) -> list[BooksRow]:
    since, statuses = _since(books, args), _wanted_statuses(table, args)
    wanted = {name: args[name] for name in _EQUAL[table] if name in args}
    bounds = [(*_BOUNDS[name], args[name]) for name in _BOUNDS if name in args]
    found = [
        row
        for row in books.tables[table].values()
        if since is None or int(str(row["last_modified_time"])) >= since
    ]
    if not wanted and not bounds and statuses is None:
        return found
    return [
        row for row in found if _is_meant(show_full(books, table, row), wanted, bounds, statuses)
    ]


def _is_meant(
    full: Body,
    wanted: Mapping[str, str],
    bounds: list[tuple[str, bool, str]],
    statuses: set[str] | None,
) -> bool:
    return (
        all(str(full.get(name)) == value for name, value in wanted.items())
        and all(
            str(full.get(name, "")) >= bound if least else str(full.get(name, "")) <= bound
            for name, least, bound in bounds
        )
        and (statuses is None or full["status"] in statuses)
    )


def _since(books: Books, args: Mapping[str, str]) -> int | None:
    """Read ``last_modified_time``; a bare + arrived as a space, and that is no offset."""
    text = args.get("last_modified_time")
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid("last_modified_time") from None
    if at.tzinfo is None:
        raise _invalid("last_modified_time")
    return int(at.timestamp()) if books.options.books_filters_modified else None


def _wanted_statuses(table: str, args: Mapping[str, str]) -> set[str] | None:
    wanted = args.get("filter_by", "Status.All")
    area, _, name = wanted.partition(".")
    if wanted == "Status.All":
        return None
    if area != "Status" or name not in _STATUSES[table]:
        raise _invalid("filter_by")
    return set(_STATUSES[table][name])


def _row(books: Books, table: str, record_id: str) -> BooksRow:
    row = books.tables[table].get(record_id)
    if row is None:
        raise BooksError(1002, f"{_NAMES[table]} does not exist.", status=404)
    return row


def _number(args: Mapping[str, str], name: str, default: int) -> int:
    text = args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise _invalid(name)
    return int(text)


def _json(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _invalid(name: str) -> BooksError:
    return BooksError(2, f"Invalid value passed for {name}")


def _well(**roots: object) -> Body:
    return {"code": 0, "message": "success", **roots}
