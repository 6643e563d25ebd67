"""Rules over the values of a table: each says at once what must hold and how its breach is told.

Where values are named, a name is the key the mistake is told at: ``starts_at(0, days=self.days)``.
A value of ``None`` keeps every rule.
"""

import operator
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise

from scoring.document.mistakes import DocumentError, Mistake, mistake, written

__all__ = [
    "Rule",
    "in_order",
    "lies_above",
    "lies_above_to",
    "lies_between",
    "not_empty",
    "not_twice",
    "one_of",
    "refuse",
    "starts_at",
]

#: Whether a rule is kept, and the mistake where it is not.
Rule = tuple[bool, Mistake]
_Number = Decimal | int | float

_SIGNS = {"<": operator.lt, "<=": operator.le}


def refuse(*rules: Rule) -> None:
    """Raise ``DocumentError`` with every rule that is not kept."""
    mistakes = [broken for kept, broken in rules if not kept]
    if mistakes:
        raise DocumentError(mistakes)


def starts_at(least: int, /, **values: _Number | None) -> Iterator[Rule]:
    """Make the rules that values are ``least`` or more."""
    for key, value in values.items():
        yield value is None or value >= least, mistake(key, "starts_at", least=least)


def lies_above(above: int, /, **values: _Number | None) -> Iterator[Rule]:
    """Make the rules that values are more than ``above``."""
    for key, value in values.items():
        yield value is None or value > above, mistake(key, "lies_above", above=above)


def lies_above_to(above: int, most: int, /, **values: _Number | None) -> Iterator[Rule]:
    """Make the rules that values are more than ``above`` and no more than ``most``."""
    for key, value in values.items():
        kept = value is None or above < value <= most
        yield kept, mistake(key, "lies_above_to", above=above, most=most)


def lies_between(least: int, most: int, /, **values: _Number | None) -> Iterator[Rule]:
    """Make the rules that values lie between two numbers, both included."""
    for key, value in values.items():
        kept = value is None or least <= value <= most
        yield kept, mistake(key, "lies_between", least=least, most=most)


def in_order(rule: str, table: object, *, at: str = "") -> Rule:
    """Make a rule of an inequality over fields of a table, such as ``0 < hold_days < stop_days``."""
    words = rule.split()
    values = [Decimal(word) if word[0].isdecimal() else getattr(table, word) for word in words[::2]]
    signs = [_SIGNS[word] for word in words[1::2]]
    kept = all(sign(low, high) for sign, (low, high) in zip(signs, pairwise(values), strict=True))
    return kept, mistake(at, "order", rule=rule)


def not_empty(**values: Collection[object]) -> Iterator[Rule]:
    """Make the rules that texts and lists hold something."""
    for key, value in values.items():
        yield bool(value), mistake(key, "empty")


def not_twice(key: str, names: Collection[str]) -> Rule:
    """Make the rule that no name stands twice."""
    given = list(names)
    twice = sorted({name for name in given if given.count(name) > 1})
    return not twice, mistake(key, "twice", names=", ".join(twice))


def one_of(allowed: Collection[str], named: Mapping[str, str]) -> Iterator[Rule]:
    """Make the rules that the words at these keys are known ones."""
    known = ", ".join(allowed)
    for key, word in named.items():
        yield word in allowed, mistake(key, "none_of", given=written(word), allowed=known)
