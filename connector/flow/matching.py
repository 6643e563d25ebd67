"""Names that may mean one company, over all stored accounts (credit-management 12.2).

Builds the tools that the comparison borrows: traditional to simplified characters, pinyin, and the
closeness of two texts.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import msgspec
import sqlalchemy as sa
from opencc import OpenCC
from pypinyin import lazy_pinyin
from rapidfuzz.distance import JaroWinkler

from connector.store.erased import ERASED
from connector.store.tables import accounts
from scoring.identity import (
    NameMatch,
    NameTools,
    candidates,
    check_uscc,
    match_parsed,
    parse_name,
)

__all__ = ["Duplicate", "NamedAccount", "duplicates", "find_duplicates", "name_tools"]


class NamedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account by its reference, name and code as they stand in the CRM."""

    account: str
    name: str
    uscc: str | None = None


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """Two accounts that may be one company, or a branch and its head."""

    first: NamedAccount
    second: NamedAccount
    match: NameMatch


@lru_cache(maxsize=1)
def name_tools() -> NameTools:
    """Build the tools once: their dictionaries take a moment to load."""
    convert = OpenCC("t2s").convert
    return NameTools(
        simplified=convert,
        pinyin=lru_cache(maxsize=50_000)(lambda text: "".join(lazy_pinyin(text))),
        closeness=lambda first, second: float(JaroWinkler.similarity(first, second)),
    )


def find_duplicates(conn: sa.Connection) -> list[Duplicate]:
    """Compare all accounts that stand in a CRM."""
    statement = (
        sa.select(accounts.c.system, accounts.c.record_id, accounts.c.name, accounts.c.uscc)
        .where(accounts.c.gone_at.is_(None), accounts.c.name != ERASED)
        .order_by(accounts.c.system, accounts.c.record_id)
    )
    return duplicates(
        [
            NamedAccount(account=f"{row.system}:{row.record_id}", name=row.name, uscc=row.uscc)
            for row in conn.execute(statement)
        ],
        name_tools(),
    )


def duplicates(named: Sequence[NamedAccount], tools: NameTools) -> list[Duplicate]:
    """List the pairs that may be one company, the surest first.

    Equal codes make a pair whatever the names say; different valid codes never do.
    """
    codes = [_code(account) for account in named]
    parsed = [parse_name(account.name, tools) for account in named]
    found = []
    for first, second in sorted({*candidates(parsed), *_same_code(codes)}):
        one, other = codes[first], codes[second]
        if one is not None and one == other:
            match = NameMatch(score=1.0, decision="suggest", why=("same_code",), automatic=True)
        elif one is not None and other is not None:
            continue
        else:
            match = match_parsed(parsed[first], parsed[second], tools)
        if match.decision != "none":
            found.append(Duplicate(first=named[first], second=named[second], match=match))
    return sorted(found, key=lambda pair: (-pair.match.score, pair.first.account))


def _code(account: NamedAccount) -> str | None:
    check = check_uscc(account.uscc) if account.uscc else None
    return check.normalised if check is not None and check.valid else None


def _same_code(codes: Sequence[str | None]) -> set[tuple[int, int]]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, code in enumerate(codes):
        if code is not None:
            groups[code].append(index)
    return {pair for group in groups.values() for pair in combinations(group, 2)}
