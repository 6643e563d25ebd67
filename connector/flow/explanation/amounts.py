"""The money: exposure, the limit's waterfall, security, segments, the group of companies, losses."""

from collections.abc import Iterator

from connector.flow.explanation.words import NONE, Section, Words
from scoring.explain import AmountStep, Company, Explanation, Security, Segment

__all__ = ["amount_sections"]

#: Lines that are left out when they have no value: they never apply to most customers.
_SILENT = {"not_applicable", "nothing", "not_combined"}
#: Lines that are left out where they only repeat another.
_ECHOES = {"need": "need_seasonal", "allowed": "unsecured", "computed_limit": "limit"}
_ECHOES |= {"capacity": "unsecured", "effective_limit": "limit"}


def amount_sections(explanation: Explanation, words: Words) -> Iterator[Section]:
    """Show how the limit came about, what is used of it, and what may be lost."""
    yield _limit(explanation, words)
    yield _exposure(explanation, words)
    if explanation.company is not None:
        yield _company(explanation.company, words)
    yield _losses(explanation, words)


def _limit(explanation: Explanation, words: Words) -> Section:
    kept = {step.method: step for step in _own(explanation) if step.unused is None}
    shown = [
        step
        for method, step in kept.items()
        if step.bound or method not in _ECHOES or step.value != kept[_ECHOES[method]].value
    ]
    return Section(
        title=words.say("explain.limit"),
        lines=tuple(_limit_lines(explanation, words)),
        columns=words.columns("line", "amount", "from"),
        rows=tuple(_line(step, words) for step in shown),
        right=(1,),
    )


def _own(explanation: Explanation) -> list[AmountStep]:
    """List the lines that are not shown as another's input already."""
    return [step for step in explanation.limit if step.method != "high_credit"]


def _limit_lines(explanation: Explanation, words: Words) -> Iterator[str]:
    if explanation.limit_bound_by is not None:
        yield words.say("explain.bound_by", what=words.say(f"method.{explanation.limit_bound_by}"))
    if explanation.starter_only:
        yield words.say("explain.starter_only")
    off = [step.method for step in _own(explanation) if step.unused == "switched_off"]
    if off:
        yield words.say("explain.methods_off", what=words.each("method", off))
    silent = {*_SILENT, "switched_off", None}
    idle = [step for step in _own(explanation) if step.unused not in silent]
    if idle:
        yield words.say("explain.not_used", what=words.listed(_idle(one, words) for one in idle))
    yield from (_security(one, words) for one in explanation.security)
    yield from (_segment(one, words) for one in explanation.segments)


def _idle(step: AmountStep, words: Words) -> str:
    """Say a method that did not count: its amount, where it has one, and why."""
    name, why = words.say(f"method.{step.method}"), words.say(f"skipped.{step.unused}")
    if step.value is None:
        return words.say("change.because", what=name, why=why)
    amount = words.say("explain.input", what=name, value=words.money(step.value))
    return words.say("change.because", what=amount, why=why)


def _line(step: AmountStep, words: Words) -> tuple[str, str, str]:
    parts = [
        words.say(
            "explain.input",
            what=words.say(f"input.{one.code}"),
            value=words.figure(one.value, one.unit),
        )
        for one in step.inputs
    ]
    if step.value is None:
        parts = []
    if step.unused is not None:
        parts.append(words.say(f"skipped.{step.unused}"))
    if step.bound:
        parts.append(words.say("explain.bound"))
    name = words.say(f"method.{step.method}")
    return (name, words.money(step.value), words.listed(parts))


def _security(one: Security, words: Words) -> str:
    return words.say(
        "explain.security" if one.counts else "explain.security_void",
        kind=words.say(f"security.{one.kind}")
        if words.texts.knows(f"security.{one.kind}")
        else one.kind,
        amount=one.amount,
        until=words.day(one.valid_to),
    )


def _segment(one: Segment, words: Words) -> str:
    exposure = NONE if one.exposure is None else words.money(one.exposure)
    return words.say("explain.segment", segment=one.segment, limit=one.limit, exposure=exposure)


def _exposure(explanation: Explanation, words: Words) -> Section:
    kept = [
        step
        for step in explanation.exposure
        if step.method in {"ar", "exposure"} or (step.value is not None and step.value.minor)
    ]
    over = explanation.exposure_over
    return Section(
        title=words.say("explain.exposure"),
        lines=() if over is None else (words.say(f"component_over.{over}"),),
        columns=words.columns("line", "amount", "from"),
        rows=tuple(_line(step, words) for step in kept),
        right=(1,),
    )


def _company(company: Company, words: Words) -> Section:
    lines = [
        words.say("explain.group_of", top=company.top, parent=company.parent),
        words.say(
            "explain.group_amounts",
            limit=words.money(company.limit),
            exposure=words.money(company.exposure),
            headroom=words.money(company.headroom),
        ),
    ]
    if company.parent_supports:
        lines.append(words.say("ladder.why.parent_supports"))
    if company.ring_fenced:
        lines.append(words.say("explain.ring_fenced"))
    return Section(title=words.say("explain.company"), lines=tuple(lines))


def _losses(explanation: Explanation, words: Words) -> Section:
    losses = explanation.losses
    pd = None if losses.pd is None else words.figure(losses.pd, "share")
    lines = [words.say("explain.provision", amount=losses.provision)]
    if losses.expected_loss is not None:
        lgd = words.figure(losses.lgd, "share")
        lines.append(
            words.say("explain.expected_loss", amount=losses.expected_loss, pd=pd, lgd=lgd)
        )
    rows = tuple(
        (
            words.say(f"feature.{row.bucket}"),
            words.money(row.amount),
            words.figure(row.rate, "share"),
        )
        for row in losses.rows
    )
    return Section(
        title=words.say("explain.losses"),
        lines=tuple(lines),
        columns=words.columns("ageing", "amount", "rate") if rows else (),
        rows=rows,
        right=(1, 2),
    )
