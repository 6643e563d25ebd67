"""From points to the grade: the groups of the card, the ladder, the gates."""

from collections.abc import Iterator
from decimal import Decimal

from connector.flow.explanation.words import NONE, Section, Words
from connector.flow.fields import reason_text
from scoring.assessment import Reason
from scoring.explain import Blend, CharacteristicPoints, Explanation, GateResult, GroupPoints

__all__ = ["rating_sections"]


def rating_sections(explanation: Explanation, words: Words) -> Iterator[Section]:
    """Show the ladder and the gates that fired, then the points of each group."""
    yield _ladder(explanation, words)
    yield _gates(explanation, words)
    for group in explanation.groups:
        yield _group(group, words)
    if explanation.blend is not None:
        yield _blend(explanation.blend, explanation.score or NONE, words)


def _ladder(explanation: Explanation, words: Words) -> Section:
    title, internal = words.say("explain.ladder"), words.say("explain.internal")
    if explanation.unrated is not None:
        why = words.say(f"ladder.why.{explanation.unrated}")
        return Section(title=title, lines=(words.say("explain.unrated", why=why),))
    if not any(step.why for step in explanation.ladder):
        line = words.say("explain.by_score_alone", grade=explanation.grade)
        return Section(title=title, lines=(line, internal))
    rows = tuple(
        (
            words.say(f"ladder.{step.step}"),
            step.grade or NONE,
            words.listed(_why(code, words) for code in step.why),
        )
        for step in explanation.ladder
    )
    return Section(
        title=title,
        lines=(internal,),
        columns=words.columns("step", "grade", "why"),
        rows=rows,
    )


def _why(code: str, words: Words) -> str:
    """Say why a step moved the grade: a gate, or a reason of the ladder's own."""
    gate = f"gate.{code}"
    return words.say(gate if words.texts.knows(gate) else f"ladder.why.{code}")


def _gates(explanation: Explanation, words: Words) -> Section:
    fired = [gate for gate in explanation.gates if gate.fired]
    quiet = len(explanation.gates) - len(fired)
    rows = tuple(
        (
            words.say(f"gate.{gate.code}"),
            gate.cap,
            words.say(_effect(gate, explanation)),
            reason_text(Reason(gate.reason or gate.code, gate.params), words.texts),
        )
        for gate in fired
    )
    return Section(
        title=words.say("explain.gates"),
        lines=(words.say("explain.quiet_gates" if fired else "explain.no_gate", count=quiet),),
        columns=words.columns("gate", "cap", "effect", "evidence") if rows else (),
        rows=rows,
    )


def _blend(blend: Blend, score: str, words: Words) -> Section:
    """Show how the fitted card was mixed into the score (5.3)."""
    share = Decimal(blend.weight) * 100
    shares = {"own": 100 - share, "share": share, "score": score}
    line = words.say("explain.blended", expert=blend.expert, fitted=blend.fitted, **shares)
    return Section(title=words.say("explain.blend"), lines=(line,))


def _effect(gate: GateResult, explanation: Explanation) -> str:
    """Name what a gate that fired did to the grade."""
    if explanation.unrated is not None:
        return "explain.no_grade"
    return "explain.binds" if gate.binds else "explain.no_effect"


def _group(group: GroupPoints, words: Words) -> Section:
    title = words.say(f"group.{group.name}")
    if group.weight is None:
        return Section(title=title, lines=(words.say("explain.group_not_applicable"),))
    used = [part for part in group.characteristics if part.got is not None]
    missing = [part for part in group.characteristics if part.got is None]
    lines = list(_remarks(group, words))
    if missing:
        names = words.each("part", (part.code for part in missing))
        lines.append(words.say("explain.no_data", what=names))
    total = words.say("explain.total")
    if not used:
        points = {"got": words.points(group.got), "best": words.points(group.weight)}
        return Section(title=title, lines=(*lines, words.say("explain.total_only", **points)))
    rows = [_part(part, words) for part in used]
    rows.append((total, "", words.points(group.got), words.points(group.weight)))
    return Section(
        title=title,
        lines=tuple(lines),
        columns=words.columns("characteristic", "value", "got", "best"),
        rows=tuple(rows),
        right=(1, 2, 3),
    )


def _part(part: CharacteristicPoints, words: Words) -> tuple[str, ...]:
    value = NONE if part.unit is None else words.figure(part.value, part.unit)
    return (
        words.say(f"part.{part.code}"),
        value,
        words.points(part.got),
        words.points(part.best),
    )


def _remarks(group: GroupPoints, words: Words) -> Iterator[str]:
    """Say what was done to the group's points on the way to its total."""
    if group.low:
        share = words.figure(group.raw_share, "share")
        yield words.say("explain.missing_rule", present=group.present, best=group.best, share=share)
    elif group.present != group.best:
        yield words.say("explain.rescaled", present=group.present, best=group.best)
    if group.shrunk_weight is not None:
        yield words.say(
            "explain.shrunk",
            observations=group.observations,
            weight=group.shrunk_weight,
            towards=words.figure(group.shrunk_towards, "share"),
            raw=words.figure(group.raw_share, "share"),
            share=words.figure(group.share, "share"),
        )
    if group.factor not in {None, "1"}:
        yield words.say("explain.factor", factor=group.factor)
    if group.weight != group.best:
        yield words.say("explain.other_weight", weight=group.weight, best=group.best)
