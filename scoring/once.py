"""What follows from a policy alone is worked out once for it, and not once an account.

Expressions over columns never change; building them costs a single account as much as running them.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import msgspec

__all__ = ["once"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_MOST = 64  # policies, parts of them and dates a function remembers


def once(make: Callable[_P, _T]) -> Callable[_P, _T]:
    """Remember what a function made of the same policy, or part of one, and the same other values.

    Only for functions whose result nobody changes. Structs count as the same when they are the
    same object: a policy is never changed, and comparing two would cost more than is won.
    """
    kept: dict[tuple[object, ...], tuple[object, _T]] = {}

    @wraps(make)
    def remembered(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        named = tuple(kwargs.items())
        key = tuple(id(each) if isinstance(each, msgspec.Struct) else each for each in args)
        found = kept.get((*key, *named))
        if found is None:
            if len(kept) >= _MOST:
                kept.clear()
            # The arguments stay alive with the result: no other object gets their identity.
            found = kept[*key, *named] = (args, make(*args, **kwargs))
        return found[1]

    return remembered
