"""Faults on request: what a CRM's API does on a bad day, by rule, deterministic by seed.

The faults of the wire are played by ``wire_faults``. ``rate_limit``, ``quota`` and ``stale_token``
have a vendor's own answer, so the look-alikes ask for them with ``Faults.take``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from random import Random
from threading import Lock
from typing import cast

__all__ = ["VENDOR_KINDS", "FaultKind", "FaultRule", "Faults"]


class FaultKind(StrEnum):
    """What goes wrong. A request is carried out only where the kind says so."""

    ERROR_500 = "error_500"
    ERROR_502_HTML = "error_502_html"
    ERROR_503 = "error_503"  # refused before any work
    ERROR_504_HTML = "error_504_html"
    HTML_200 = "html_200"
    RESET_BEFORE = "reset_before"  # cut before the request is carried out
    RESET_AFTER = "reset_after"  # carried out, then cut before any byte of the answer
    HALF_CLOSE = "half_close"  # carried out, then the server's half of the connection ends
    TRUNCATED_JSON = "truncated_json"  # carried out, and the answer stops half way
    WRONG_LENGTH = "wrong_length"  # carried out; the answer is shorter than it says
    BROKEN_BYTES = "broken_bytes"  # carried out; some bytes in the middle of the answer are others
    MISSING_ENTRY = "missing_entry"  # carried out; the last result of the list is left out
    SLOW = "slow"  # carried out, late: after the client gave up, where it waits less
    SLOW_BODY = "slow_body"  # carried out; the answer comes byte by byte
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    STALE_TOKEN = "stale_token"  # the token that was good until now is dead


#: What the vendor says itself; the others happen on the wire.
VENDOR_KINDS = frozenset({FaultKind.RATE_LIMIT, FaultKind.QUOTA, FaultKind.STALE_TOKEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One rule. ``match`` is ``METHOD /path-prefix``; ``*`` stands for any method.

    ``times`` bounds how often it fires (``None``: for ever); ``probability`` is drawn for each
    matching request from the rule's own ``seed``; ``delay_seconds`` pass before the fault.
    """

    match: str
    kind: FaultKind
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    delay_seconds: float = 0.0

    def covers(self, method: str, path: str) -> bool:
        """Tell whether a request is meant."""
        wanted, _, prefix = self.match.partition(" ")
        return wanted in {"*", method} and path.startswith(prefix)


@dataclass(slots=True)
class _Armed:
    """A rule with its own dice and how often it has fired."""

    rule: FaultRule
    dice: Random
    fired: int = 0

    def fires(self) -> bool:
        if self.rule.times is not None and self.fired >= self.rule.times:
            return False
        if self.dice.random() >= self.rule.probability:
            return False
        self.fired += 1
        return True


@dataclass(slots=True)
class Faults:
    """The rules in force. Safe to use from several threads; the first rule that fires wins."""

    _armed: list[_Armed] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def replace(self, rules: Iterable[FaultRule | Mapping[str, object]]) -> None:
        """Put these rules in force instead of the old ones.

        Raises ``ValueError`` with a sentence about the first rule that cannot be understood; the
        old rules then stay.
        """
        parsed = [rule if isinstance(rule, FaultRule) else _parse(rule) for rule in rules]
        with self._lock:
            self._armed = [_Armed(rule, Random(rule.seed)) for rule in parsed]

    def add(self, rule: FaultRule) -> None:
        """Append one rule."""
        with self._lock:
            self._armed.append(_Armed(rule, Random(rule.seed)))

    def clear(self) -> None:
        """Let everything go well again."""
        self.replace([])

    def take(self, kind: FaultKind | str, method: str, path: str) -> FaultRule | None:
        """Return the rule of this kind that fires for a request, and count it; else ``None``."""
        return self.take_any({FaultKind(kind)}, method, path)

    def take_any(self, kinds: Iterable[FaultKind], method: str, path: str) -> FaultRule | None:
        """Return the first rule of these kinds that fires for a request, and count it."""
        wanted = frozenset(kinds)
        with self._lock:
            for armed in self._armed:
                if armed.rule.kind not in wanted or not armed.rule.covers(method, path):
                    continue
                if armed.fires():
                    return armed.rule
        return None

    def as_json(self) -> list[dict[str, object]]:
        """Return the rules with how often each has ``fired``."""
        with self._lock:
            return [
                {**asdict(armed.rule), "kind": armed.rule.kind.value, "fired": armed.fired}
                for armed in self._armed
            ]


def _parse(rule: Mapping[str, object]) -> FaultRule:
    unknown = set(rule) - set(FaultRule.__dataclass_fields__) - {"fired"}
    if unknown:
        raise ValueError(f"unknown keys in a fault rule: {', '.join(sorted(unknown))}")
    match, times = rule.get("match"), rule.get("times")
    if not isinstance(match, str) or " /" not in match:
        raise ValueError('"match" must read like "POST /path", or "* /path" for any method')
    if rule.get("kind") not in list(FaultKind):
        raise ValueError(f'"kind" must be one of {", ".join(FaultKind)}')
    if times is not None and (not isinstance(times, int) or times < 1):
        raise ValueError('"times" must be a whole number above 0, or null')
    probability = _number(rule, "probability", 1.0)
    if not 0 <= probability <= 1:
        raise ValueError('"probability" must lie between 0 and 1')
    return FaultRule(
        match=match,
        kind=FaultKind(cast("str", rule["kind"])),
        times=times,
        probability=probability,
        seed=int(_number(rule, "seed", 0)),
        delay_seconds=_number(rule, "delay_seconds", 0.0),
    )


def _number(rule: Mapping[str, object], key: str, default: float) -> float:
    value = rule.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f'"{key}" must be a number, 0 or more')
    return float(value)
