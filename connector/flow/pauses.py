"""What pauses dunning, account by account, from the Book: promises, repayment plans, blocks."""

from collections import defaultdict
from datetime import date
from typing import Any

import msgspec
import polars as pl

from connector.flow.task_text import PromiseMade
from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.dunning import Block, Pauses, Plan
from scoring.known import known
from scoring.money import Money
from scoring.policy import Policy
from scoring.promises import open_promises, promises_at

__all__ = ["AccountPauses", "pauses_of"]

_BROKEN = ("broken", "partial")
_Row = dict[str, Any]


class AccountPauses(msgspec.Struct, frozen=True, kw_only=True):
    """One account's pauses, and its promises, the oldest first."""

    pauses: Pauses = Pauses()
    promises: tuple[PromiseMade, ...] = ()


def pauses_of(
    book: Book, policy: Policy, as_of: date, calendar: WorkCalendar
) -> dict[str, AccountPauses]:
    """Gather what pauses each account of the book; an account without any is left out."""
    blocks, plans = _decided(book, as_of)
    rows = promises_at(book, policy, as_of, calendar).sort("made_on", "promise")
    made = _by_account(rows)
    promised = _promised(open_promises(book, policy, as_of, calendar))
    currencies = dict(book.entities.select("entity", "currency").iter_rows())
    found = {}
    for account, entity in book.accounts.select("account", "entity").iter_rows():
        own = made.get(account, [])
        pauses = Pauses(
            promised=promised.get(account, frozenset()),
            plans=tuple(
                msgspec.structs.replace(plan, broken=_broken_since(plan, own))
                for plan in plans.get(entity, ())
            ),
            blocks=tuple(blocks.get(entity, ())),
        )
        if own or pauses != Pauses():
            told = tuple(_told(row, currencies[entity]) for row in own)
            found[account] = AccountPauses(pauses=pauses, promises=told)
    return found


def _decided(book: Book, as_of: date) -> tuple[dict[str, list[Block]], dict[str, list[Plan]]]:
    """Read the approved blocks and repayment plans of each entity."""
    blocks: defaultdict[str, list[Block]] = defaultdict(list)
    plans: defaultdict[str, list[Plan]] = defaultdict(list)
    for row in known(book, "decisions", as_of).sort("from_on", "decision").to_dicts():
        span = {"from_on": row["from_on"], "to_on": row["to_on"]}
        if row["kind"] == "dunning_block":
            blocks[row["entity"]].append(Block(scope=row["scope"], **span))
        elif row["kind"] == "repayment_plan":
            plans[row["entity"]].append(Plan(**span))
    return blocks, plans


def _by_account(rows: pl.DataFrame) -> dict[str, list[_Row]]:
    grouped: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows.to_dicts():
        grouped[row["account"]].append(row)
    return grouped


def _promised(rows: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Name the items, or the account itself, that an open promise still holds back."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows.filter("pauses").to_dicts():
        names[row["account"]].add(row["item"] or row["account"])
    return {account: frozenset(held) for account, held in names.items()}


def _broken_since(plan: Plan, promises: list[_Row]) -> int:
    """Count the promises made under a plan that were not kept."""
    return sum(row["made_on"] >= plan.from_on and row["status"] in _BROKEN for row in promises)


def _told(row: _Row, currency: str) -> PromiseMade:
    return PromiseMade(
        made_on=row["made_on"],
        promised_on=row["promised_on"],
        amount=None if row["amount"] is None else Money(row["amount"], currency),
        status=row["status"],
    )
