"""What a credit manager reads first: the rating, the money, the hold, and the reasons."""

from collections.abc import Iterator
from decimal import Decimal

from connector.flow.explanation.words import NONE, Section, Words
from connector.flow.fields import reason_text
from scoring.assessment import NOT_RATED, Assessment
from scoring.explain import Explanation

__all__ = ["headline", "reasons", "used_up"]

_WITHOUT_LIMIT = 999  # the assessment's word for something owed without a limit
_SIGNS = {"negative": "−", "positive": "+"}


def headline(explanation: Explanation, words: Words) -> Section:
    """Say who, how good, how much, and whether anything holds new orders."""
    title = words.say("explain.title", name=explanation.name, as_of=explanation.as_of)
    return Section(title=title, lines=tuple(_lines(explanation, words)))


def _lines(explanation: Explanation, words: Words) -> Iterator[str]:
    said = explanation.assessment
    yield _rating(explanation, words)
    yield words.say(
        "explain.money",
        limit=words.money(said.limit),
        exposure=words.money(said.exposure),
        available=words.money(said.available),
        utilisation=_utilisation(said.utilisation, words),
    )
    yield _overdue(explanation, words)
    yield words.say("explain.watch", level=words.say(f"watch.{said.watch_level}"))
    yield _orders(said, words)
    yield from (words.say(f"remark.{remark}") for remark in explanation.remarks)


def _orders(said: Assessment, words: Words) -> str:
    """Say whether new orders may come, and why not."""
    hold = words.say(f"hold.{said.hold}")
    if said.hold_reason is not None:
        why = reason_text(said.hold_reason, words.texts)
        return words.say("explain.hold", hold=hold, why=why)
    return words.say("explain.full" if used_up(said) else "explain.orders", hold=hold)


def used_up(said: Assessment) -> bool:
    """Tell whether nothing is left of the limit, so that any order would go over it."""
    return said.available is not None and said.available.minor <= 0


def _utilisation(percent: Decimal | None, words: Words) -> str:
    """Say how much of the limit is used; of no limit nothing can be used in percent."""
    if percent is None or percent >= _WITHOUT_LIMIT:
        return NONE
    return words.figure(str(percent), "percent")


def _rating(explanation: Explanation, words: Words) -> str:
    said = explanation.assessment
    if said.rating == NOT_RATED:
        return words.say("explain.not_rated")
    pd = None if explanation.pd is None else words.figure(explanation.pd, "share")
    return words.say(
        "explain.rating",
        rating=f"{said.rating}{explanation.modifier or ''}",
        outlook=words.say(f"outlook.{said.outlook}"),
        trend=words.say(f"trend.{said.outlook}"),
        score=words.score(explanation.score),
        pd=pd,
    )


def _overdue(explanation: Explanation, words: Words) -> str:
    said = explanation.assessment
    if said.overdue is None:
        return words.say("explain.amounts_unknown")
    if not said.overdue.minor:
        return words.say("explain.nothing_overdue")
    return words.say("explain.overdue", amount=said.overdue, days=said.oldest_days)


def reasons(explanation: Explanation, words: Words) -> Section:
    """List the reasons; each tells what would improve it."""
    lines = tuple(
        f"{_SIGNS[reason.sign]} {reason_text(reason, words.texts)}"
        for reason in explanation.assessment.reasons
    )
    return Section(title=words.say("explain.reasons"), lines=lines or (words.say("explain.none"),))
