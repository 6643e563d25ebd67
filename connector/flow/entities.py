"""Which accounts are one company: legal entities over all connections (credit-management 12).

A valid unified social credit code (统一社会信用代码) makes one entity of accounts in different
connections. Inside one connection two accounts with one code and different names contradict each
other: each stays by itself until a person has decided. Grouping again changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.store.engine import in_one_commit, upsert
from connector.store.entity_currency import currencies_of_open_items
from connector.store.erased import ERASED
from connector.store.problems import IDENTITY, Problem, replace_problems
from connector.store.staleness import mark_stale
from connector.store.tables import accounts, entities, stale
from scoring.identity import UsccCheck, check_uscc, normalise_name

__all__ = ["Grouping", "group_entities"]

_NO_ENTITY = ""  # of an account that is gone
_IDS_PER_STATEMENT = 1000


class Grouping(msgspec.Struct, frozen=True):
    """What grouping did: entities written, accounts that moved, contradictions that stand."""

    entities: int = 0
    moved: int = 0
    conflicts: int = 0


class _Member(msgspec.Struct, frozen=True, kw_only=True):
    """An account to be grouped."""

    system: str
    record_id: str
    name: str
    uscc: str | None
    currency: str | None
    entity: str | None
    uscc_key: str | None
    gone: bool
    check: UsccCheck | None

    @property
    def key(self) -> tuple[str, str]:
        return (self.system, self.record_id)

    @property
    def code(self) -> str | None:
        """The valid code, or ``None``."""
        return self.check.normalised if self.check is not None and self.check.valid else None


class _Company(msgspec.Struct, frozen=True, kw_only=True):
    """An entity with its accounts, in order."""

    entity: str
    identity: str
    members: tuple[_Member, ...]


def group_entities(engine: sa.Engine, *, now: datetime, default_currency: str = "CNY") -> Grouping:
    """Group the accounts that are new or changed, with all that share a code with them.

    Entities whose currency rests on their open items are looked at again when those changed.
    """
    return in_one_commit(engine, lambda conn: _group(conn, now, default_currency))


def _group(conn: sa.Connection, now: datetime, default_currency: str) -> Grouping:
    members = _affected(conn)
    companies = _companies([member for member in members if not member.gone])
    moved = _assign(conn, members, companies)
    _write_entities(conn, companies, default_currency)
    _recheck_currencies(conn, {company.entity for company in companies})
    if moved:
        _drop_empty(conn)
    problems = [problem for company in companies for problem in _problems(company, companies, now)]
    replace_problems(conn, IDENTITY, [member.key for member in members], problems)
    conflicts = sum(problem.reason == "uscc_conflict" for problem in problems)
    return Grouping(entities=len(companies), moved=moved, conflicts=conflicts)


def _affected(conn: sa.Connection) -> list[_Member]:
    """Load accounts to be grouped, and those that share a former or present code with them."""
    dirty = _members(conn, accounts.c.entity.is_(None))
    keys = {code for member in dirty for code in (member.code, member.uscc_key) if code}
    found = {member.key: member for member in dirty}
    for chunk in _chunks(sorted(keys)):
        known = _members(conn, accounts.c.uscc_key.in_(chunk))
        found.update({member.key: member for member in known})
    return [found[key] for key in sorted(found)]


def _members(conn: sa.Connection, which: sa.ColumnElement[bool]) -> list[_Member]:
    return [
        _Member(
            system=row.system,
            record_id=row.record_id,
            name=row.name,
            uscc=row.uscc,
            currency=row.currency,
            entity=row.entity,
            uscc_key=row.uscc_key,
            gone=row.gone_at is not None,
            check=check_uscc(row.uscc) if row.uscc else None,
        )
        for row in conn.execute(sa.select(accounts).where(which))
    ]


def _companies(members: Sequence[_Member]) -> list[_Company]:
    by_code: dict[str, list[_Member]] = {}
    alone: list[_Company] = []
    for member in members:
        if member.code is not None:
            by_code.setdefault(member.code, []).append(member)
        else:
            identity = "missing" if member.check is None else "invalid"
            alone.append(_alone(member, identity))
    together = [
        company for code, sharing in by_code.items() for company in _of_one_code(code, sharing)
    ]
    return sorted([*alone, *together], key=lambda company: company.entity)


def _alone(member: _Member, identity: str) -> _Company:
    entity = f"{member.system}:{member.record_id}"
    return _Company(entity=entity, identity=identity, members=(member,))


def _of_one_code(code: str, sharing: list[_Member]) -> list[_Company]:
    """One company, but for accounts of a connection that contradicts itself."""
    names: dict[str, set[str]] = {}
    for member in sharing:
        known = names.setdefault(member.system, set())
        if member.name != ERASED:  # it contradicts nobody
            known.add(normalise_name(member.name))
    agreed = [member for member in sharing if len(names[member.system]) <= 1]
    contradicting = [member for member in sharing if len(names[member.system]) > 1]
    companies = [_alone(member, "conflict") for member in contradicting]
    if agreed:
        companies.append(_Company(entity=f"uscc:{code}", identity="ok", members=tuple(agreed)))
    return companies


def _assign(conn: sa.Connection, members: Sequence[_Member], companies: Iterable[_Company]) -> int:
    """Write each account's entity; companies whose members changed have to be assessed again."""
    wanted = {member.key: company.entity for company in companies for member in company.members}
    changed = [
        member
        for member in members
        if (member.entity, member.uscc_key) != (wanted.get(member.key, _NO_ENTITY), member.code)
    ]
    if changed:
        statement = (
            accounts.update()
            .where(
                accounts.c.system == sa.bindparam("of_system"),
                accounts.c.record_id == sa.bindparam("of_record"),
            )
            .values(entity=sa.bindparam("to_entity"), uscc_key=sa.bindparam("to_key"))
        )
        conn.execute(statement, [_new_place(member, wanted) for member in changed])
    touched = {wanted[member.key] for member in changed if member.key in wanted}
    bereft = {member.uscc_key for member in changed if member.gone and member.uscc_key}
    _mark_members(
        conn,
        [
            company
            for company in companies
            if company.entity in touched or company.members[0].code in bereft
        ],
    )
    return len(changed)


def _new_place(member: _Member, wanted: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    return {
        "of_system": member.system,
        "of_record": member.record_id,
        "to_entity": wanted.get(member.key, _NO_ENTITY),
        "to_key": None if member.gone else member.code,
    }


def _mark_members(conn: sa.Connection, companies: Iterable[_Company]) -> None:
    by_system: dict[str, set[str]] = {}
    for company in companies:
        for member in company.members:
            by_system.setdefault(member.system, set()).add(member.record_id)
    for system, ids in sorted(by_system.items()):
        mark_stale(conn, system, ids)


def _write_entities(
    conn: sa.Connection, companies: Sequence[_Company], default_currency: str
) -> None:
    if not companies:
        return
    open_items = currencies_of_open_items(conn, _needing_items(companies))
    rows = []
    for company in companies:
        currency, basis = _currency(company, open_items.get(company.entity), default_currency)
        first = company.members[0]
        rows.append(
            {
                "entity": company.entity,
                "name": first.name,
                "uscc": first.code,
                "identity": company.identity,
                "currency": currency,
                "currency_basis": basis,
            }
        )
    update = ("name", "uscc", "identity", "currency", "currency_basis")
    conn.execute(upsert(conn, entities, update=update), rows)


def _needing_items(companies: Iterable[_Company]) -> list[str]:
    return [company.entity for company in companies if _agreed_currency(company) is None]


def _agreed_currency(company: _Company) -> str | None:
    named = {member.currency for member in company.members if member.currency}
    return named.pop() if len(named) == 1 else None


def _currency(company: _Company, of_items: str | None, default: str) -> tuple[str, str]:
    agreed = _agreed_currency(company)
    if agreed is not None:
        return agreed, "accounts"
    if of_items is not None:
        return of_items, "items"
    named = sorted(member.currency for member in company.members if member.currency)
    return (named[0] if named else default), "default"


def _recheck_currencies(conn: sa.Connection, written: Collection[str]) -> None:
    """Look again at entities whose items decide the currency and have changed."""
    statement = (
        sa.select(entities.c.entity, entities.c.currency)
        .join(accounts, accounts.c.entity == entities.c.entity)
        .join(
            stale,
            sa.and_(
                stale.c.system == accounts.c.system, stale.c.account_id == accounts.c.record_id
            ),
        )
        .where(entities.c.currency_basis != "accounts")
        .distinct()
    )
    before = {
        row.entity: row.currency for row in conn.execute(statement) if row.entity not in written
    }
    of_items = currencies_of_open_items(conn, sorted(before))
    for entity, currency in sorted(of_items.items()):
        if currency != before[entity]:
            conn.execute(
                entities.update()
                .where(entities.c.entity == entity)
                .values(currency=currency, currency_basis="items")
            )


def _drop_empty(conn: sa.Connection) -> None:
    """Remove entities that lost their last account; their assessments stay as history."""
    in_use = sa.exists().where(accounts.c.entity == entities.c.entity, accounts.c.gone_at.is_(None))
    conn.execute(entities.delete().where(~in_use))


def _problems(company: _Company, companies: Sequence[_Company], now: datetime) -> Iterable[Problem]:
    first = company.members[0]
    if company.identity == "invalid" and first.check is not None:
        repair = first.check.repair
        hint = f"; perhaps {repair} is meant" if repair else ""
        detail = f"the code {first.check.normalised} does not pass its check{hint}"
        yield _problem(first, "uscc_invalid", detail, now)
    if company.identity == "conflict":
        rivals = sorted(
            other.members[0].record_id
            for other in companies
            if other.identity == "conflict"
            and other.members[0].code == first.code
            and other.members[0].system == first.system
        )
        detail = f"the code {first.code} stands at accounts {', '.join(rivals)} of different names"
        yield _problem(first, "uscc_conflict", detail, now)


def _problem(member: _Member, reason: str, detail: str, now: datetime) -> Problem:
    return Problem(
        system=member.system,
        topic=IDENTITY,
        record_id=member.record_id,
        account_id=member.record_id,
        reason=reason,
        detail=detail,
        seen_at=now,
    )


def _chunks(items: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(items), _IDS_PER_STATEMENT):
        yield items[start : start + _IDS_PER_STATEMENT]
