"""Do two names mean one company? Score and decision (credit-management 12.2)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations
from typing import Literal

import msgspec

from scoring.identity.names import NameTools, ParsedName, parse_name
from scoring.identity.regions import Place

__all__ = [
    "Alias",
    "Company",
    "NameDecision",
    "NameMatch",
    "NameParts",
    "candidates",
    "match_companies",
    "match_names",
    "match_parsed",
]

NameDecision = Literal["suggest", "queue", "branch", "none"]
SUGGEST_FROM, QUEUE_FROM = 0.95, 0.80
_BRAND, _PART = 0.55, 0.15
_PINYIN = 0.9
_ONE_SIDED = 0.5
_SHORT_BRAND = 2
_LARGEST_BLOCK = 150


class NameParts(msgspec.Struct, frozen=True, kw_only=True):
    """How alike the parts are, 0 to 1."""

    brand: float
    region: float
    industry: float
    form: float


class NameMatch(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome. ``why`` are codes, the decisive first.

    ``automatic``: a second key is equal, so that a suggested merge may be done by itself.
    """

    score: float
    decision: NameDecision
    parts: NameParts | None = None
    why: tuple[str, ...] = ()
    automatic: bool = False


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A former name (曾用名) or another one, with the days it was in use."""

    name: str
    from_on: date | None = None
    to_on: date | None = None


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a company. ``keys`` are telephone, bank account, tax id, domain, normalised.

    ``code`` is its unified social credit code where that is valid.
    """

    name: str
    code: str | None = None
    aliases: tuple[Alias, ...] = ()
    keys: frozenset[str] = frozenset()


def match_names(first: str, second: str, tools: NameTools) -> NameMatch:
    """Compare two names."""
    return match_parsed(parse_name(first, tools), parse_name(second, tools), tools)


def match_companies(
    first: Company, second: Company, tools: NameTools, *, on: date | None = None
) -> NameMatch:
    """Compare two companies by codes, then by their names, former ones in use on ``on`` too.

    The names that fit best decide. Without ``on`` every alias counts.
    """
    if first.code is not None and second.code is not None:
        if first.code == second.code:
            return NameMatch(score=1.0, decision="suggest", why=("same_code",), automatic=True)
        return NameMatch(score=0.0, decision="none", why=("other_code",))
    best = match_names(first.name, second.name, tools)
    for one in _names(first, on):
        for other in _names(second, on):
            found = match_names(one, other, tools)
            if found.score > best.score and found.decision != "none":
                best = msgspec.structs.replace(found, why=("former_name", *found.why))
    if best.decision != "suggest":
        return best
    shared = bool(first.keys & second.keys)
    why = best.why if shared else (*best.why, "no_second_key")
    return msgspec.structs.replace(best, automatic=shared, why=why)


def _names(company: Company, on: date | None) -> list[str]:
    valid = [
        alias.name
        for alias in company.aliases
        if on is None
        or (
            (alias.from_on is None or alias.from_on <= on)
            and (alias.to_on is None or on <= alias.to_on)
        )
    ]
    return [company.name, *valid]


def match_parsed(first: ParsedName, second: ParsedName, tools: NameTools) -> NameMatch:
    """Compare two names taken apart: weighted parts, then what forbids a merge."""
    if not first.brand or not second.brand:
        return NameMatch(score=0.0, decision="none", why=("no_brand",))
    if first == second:
        whole = NameParts(brand=1.0, region=1.0, industry=1.0, form=1.0)
        return NameMatch(score=1.0, decision="suggest", parts=whole, why=("same_name",))
    parts = NameParts(
        brand=_brand(first, second, tools),
        region=_region(first.place, second.place),
        industry=_industry(first, second, tools),
        form=_said(first.form, second.form, float(first.form == second.form)),
    )
    score = _BRAND * parts.brand + _PART * (parts.region + parts.industry + parts.form)
    decision, why = _decide(first, second, parts, round(score, 4))
    return NameMatch(score=round(score, 4), decision=decision, parts=parts, why=why)


def _decide(
    first: ParsedName, second: ParsedName, parts: NameParts, score: float
) -> tuple[NameDecision, tuple[str, ...]]:
    if first.branch != second.branch:
        # The place of a branch says nothing about its head company.
        alike = score - _PART * parts.region + _PART >= QUEUE_FROM and parts.form > 0
        related = alike and not _short_and_unequal(first, second)
        return ("branch", ("branch",)) if related else ("none", _against(parts))
    if parts.form == 0:
        return "none", ("other_form",)
    if parts.region == 0:
        return "none", ("other_region",)
    if _short_and_unequal(first, second):
        return "none", ("short_brand",)
    if score >= SUGGEST_FROM:
        return "suggest", ("similar",)
    return ("queue", ("similar",)) if score >= QUEUE_FROM else ("none", _against(parts))


def _against(parts: NameParts) -> tuple[str, ...]:
    return ("other_industry",) if parts.industry < _ONE_SIDED else ("similar",)


def _short_and_unequal(first: ParsedName, second: ParsedName) -> bool:
    """Tell whether a short trade name stands against another one.

    It is part of many longer ones, so it has to be equal: in sound, where one is in Latin letters.
    """
    if first.brand == second.brand:
        return False
    short = min(len(first.brand), len(second.brand)) <= _SHORT_BRAND
    return short and (first.sound != second.sound or _latin(first) == _latin(second))


def _latin(name: ParsedName) -> bool:
    return name.brand.isascii()


def _said(first: object, second: object, alike: float) -> float:
    """A part that one side lacks says little; one that both lack speaks not against them."""
    if not first and not second:
        return 1.0
    return alike if first and second else _ONE_SIDED


def _brand(first: ParsedName, second: ParsedName, tools: NameTools) -> float:
    if first.brand == second.brand:
        return 1.0
    written = tools.closeness(first.brand, second.brand)
    spoken = _PINYIN * tools.closeness(first.sound, second.sound)
    return max(written, spoken)


def _region(first: Place | None, second: Place | None) -> float:
    """1 for one place or a broader one around it, 0 for different ones."""
    if first is None or second is None:
        return _said(first, second, 1.0)
    pairs = (
        (first.province, second.province),
        (first.city, second.city),
        (first.district, second.district),
    )
    differ = first != second and any(one and other and one != other for one, other in pairs)
    return 0.0 if differ else 1.0


def _industry(first: ParsedName, second: ParsedName, tools: NameTools) -> float:
    if first.industry == second.industry:
        return 1.0
    if not first.industry or not second.industry:
        return _ONE_SIDED
    same = first.kind == second.kind != ""
    if _latin(first) != _latin(second):
        return 1.0 if same else 0.0
    return max(0.8 if same else 0.0, tools.closeness(first.industry, second.industry))


def candidates(names: Sequence[ParsedName]) -> list[tuple[int, int]]:
    """Name the pairs worth comparing, by their places in ``names``, each once and in order.

    Pairs share two neighbouring characters of the trade name, a whole word, or its sound. A block
    that is too large is parted by place: what everybody has in common tells nothing.
    """
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        for key in _keys(name):
            blocks[key].append(index)
    pairs: set[tuple[int, int]] = set()
    for block in blocks.values():
        for part in _small_enough(block, names):
            pairs.update(combinations(part, 2))
    return sorted(pair for pair in pairs if _possible(names[pair[0]], names[pair[1]]))


def _possible(first: ParsedName, second: ParsedName) -> bool:
    """Tell whether place and legal form leave it open that two names mean one company."""
    if first.branch != second.branch:
        return True
    if first.form and second.form and first.form != second.form:
        return False
    return _region(first.place, second.place) > 0 and not _short_and_unequal(first, second)


def _keys(name: ParsedName) -> set[str]:
    brand = name.brand
    if not brand:
        return set()
    keys = {f"sound:{name.sound}"} if name.sound else set()
    if _latin(name):
        return keys | {word for word in brand.split() if len(word) > _SHORT_BRAND} | {brand}
    if len(brand) <= _SHORT_BRAND:
        return keys | {brand}
    return keys | {brand[place : place + 2] for place in range(len(brand) - 1)}


def _small_enough(block: list[int], names: Sequence[ParsedName]) -> Iterable[list[int]]:
    if len(block) <= _LARGEST_BLOCK:
        return [block]
    parted: defaultdict[tuple[object, str], list[int]] = defaultdict(list)
    for index in block:
        place = names[index].place
        parted[(place and (place.province, place.city), names[index].brand)].append(index)
    return parted.values()
