"""What changed since the assessment before, and why: score, grade, limit, hold, warnings."""

from collections.abc import Iterator
from decimal import Decimal

from connector.flow.explanation.words import NONE, Section, Words
from scoring.difference import Cause, Difference, GradeCause

__all__ = ["change_sections"]

_NOTICED = Decimal("0.5")


def change_sections(change: Difference | None, words: Words) -> Iterator[Section]:
    """Say what moved; one line where nothing did or where there is nothing to compare with."""
    if change is None:
        yield Section(title=words.say("explain.change"), lines=(words.say("change.first"),))
        return
    yield Section(
        title=words.say("explain.change_since", on=change.from_on),
        lines=tuple(_lines(change, words)) or (words.say("change.nothing"),),
    )


def _lines(change: Difference, words: Words) -> Iterator[str]:
    yield from _score(change, words)
    yield from _grade(change, words)
    yield from _limit(change, words)
    if change.exposure_before != change.exposure_after:
        amounts = words.money(change.exposure_before), words.money(change.exposure_after)
        yield words.say("change.exposure", before=amounts[0], after=amounts[1])
    yield from _hold(change, words)
    yield from _watch(change, words)
    for code, kinds in (("new", change.decisions_new), ("ended", change.decisions_ended)):
        if kinds:
            yield words.say(f"change.decisions_{code}", what=words.each("decided", kinds))
    if change.completeness_before != change.completeness_after:
        before, after = change.completeness_before, change.completeness_after
        yield words.say("change.completeness", before=before, after=after)
    if change.policy_changed:
        yield words.say("change.policy")


def _score(change: Difference, words: Words) -> Iterator[str]:
    if change.score_change is None:
        if change.score_before != change.score_after:
            before, after = words.score(change.score_before), words.score(change.score_after)
            yield words.say("change.score_began", before=before, after=after)
        return
    if change.score_before == change.score_after and not any(map(_weighs, change.causes)):
        return
    yield words.say(
        "change.score",
        before=words.score(change.score_before),
        after=words.score(change.score_after),
        change=_minus(change.score_change),
        causes=words.listed(_cause(cause, words) for cause in change.causes),
    )


def _weighs(cause: Cause) -> bool:
    """Tell a cause that moved the score from what figures lost."""
    return abs(Decimal(cause.points)) >= _NOTICED


def _minus(points: str) -> str:
    """Write a change with a minus that is as wide as the plus."""
    return points.replace("-", "−")


def _cause(cause: Cause, words: Words) -> str:
    own = f"part.{cause.code}"
    name = words.say(own if words.texts.knows(own) else f"cause.{cause.code}")
    if cause.unit is None or cause.before == cause.after:
        return words.say("change.cause", what=name, points=_minus(cause.points))
    return words.say(
        "change.cause_moved",
        what=name,
        before=words.figure(cause.before, cause.unit),
        after=words.figure(cause.after, cause.unit),
        points=_minus(cause.points),
    )


def _grade(change: Difference, words: Words) -> Iterator[str]:
    if change.rating_before == change.rating_after:
        return
    yield words.say(
        "change.grade",
        before=change.rating_before,
        after=change.rating_after,
        causes=words.listed(_grade_cause(cause, words) for cause in change.grade_causes) or NONE,
    )


def _grade_cause(cause: GradeCause, words: Words) -> str:
    way = "worse" if cause.grades > 0 else "better"
    why = [
        words.say(f"gate.{code}" if words.texts.knows(f"gate.{code}") else f"ladder.why.{code}")
        for code in cause.why
    ]
    step = words.say(f"ladder.{cause.step}")
    said = words.say(f"change.grades_{way}", step=step, count=abs(cause.grades))
    return words.say("change.because", what=said, why=words.listed(why)) if why else said


def _limit(change: Difference, words: Words) -> Iterator[str]:
    if change.limit_before == change.limit_after and change.bound_before == change.bound_after:
        return
    binding = [change.bound_before, change.bound_after]
    told = [NONE if name is None else words.say(f"method.{name}") for name in binding]
    if change.limit_before != change.limit_after:
        amounts = words.money(change.limit_before), words.money(change.limit_after)
        yield words.say("change.limit", before=amounts[0], after=amounts[1], by=told[1])
    if told[0] != told[1]:
        yield words.say("change.bound", before=told[0], after=told[1])
    moved = [line for line in change.limit if line.method in binding and line.method != "limit"]
    for line in moved:
        yield words.say(
            "change.limit_line",
            what=words.say(f"method.{line.method}"),
            before=words.money(line.before),
            after=words.money(line.after),
        )


def _hold(change: Difference, words: Words) -> Iterator[str]:
    if change.hold_before != change.hold_after:
        yield words.say(
            "change.hold",
            before=words.say(f"hold.{change.hold_before}"),
            after=words.say(f"hold.{change.hold_after}"),
        )
    if change.rules_fired:
        yield words.say("change.rules_fired", rules=words.each("rule", change.rules_fired))
    if change.rules_cleared:
        yield words.say("change.rules_cleared", rules=words.each("rule", change.rules_cleared))


def _watch(change: Difference, words: Words) -> Iterator[str]:
    if change.watch_before != change.watch_after:
        yield words.say(
            "change.watch",
            before=words.say(f"watch.{change.watch_before}"),
            after=words.say(f"watch.{change.watch_after}"),
        )
    if change.signals_raised:
        yield words.say("change.raised", what=words.each("warning", change.signals_raised))
    if change.signals_cleared:
        yield words.say("change.cleared", what=words.each("warning", change.signals_cleared))
