"""What lies ahead: warnings, holds, terms, reviews, what people decided."""

from collections.abc import Iterator, Mapping

from connector.flow.explanation.headline import used_up
from connector.flow.explanation.words import NONE, Section, Words
from connector.flow.fields import reason_text, signal_text
from scoring.assessment import Reason
from scoring.explain import Decision, Explanation
from scoring.warning import Signal

__all__ = ["outlook_sections"]


def outlook_sections(
    explanation: Explanation, words: Words, people: Mapping[str, str]
) -> Iterator[Section]:
    """Show warnings, what holds orders, terms, reviews and decisions."""
    yield _warnings(explanation, words)
    yield _rules(explanation, words)
    yield _terms(explanation, words)
    yield _review(explanation, words)
    if explanation.decisions:
        yield _decisions(explanation, words, people)


def _warnings(explanation: Explanation, words: Words) -> Section:
    title = words.say("explain.warnings")
    kept = (words.say("explain.kept_on_list"),) if explanation.review.kept_on_list else ()
    if not explanation.signals:
        return Section(title=title, lines=(words.say("explain.no_warning"), *kept))
    level = words.say(f"watch.{explanation.assessment.watch_level}")
    line = words.say("explain.warning_points", points=explanation.warning_points, level=level)
    return Section(
        title=title,
        lines=(line, *kept),
        columns=words.columns("signal", "level", "evidence", "since"),
        rows=tuple(_signal(signal, words) for signal in explanation.signals),
    )


def _signal(signal: Signal, words: Words) -> tuple[str, ...]:
    return (
        f"{signal.code} {words.say(f'warning.{signal.code}')}",
        words.say(f"level.{signal.level}"),
        signal_text(signal, words.texts),
        words.day(signal.first_on),
    )


def _rules(explanation: Explanation, words: Words) -> Section:
    title = words.say("explain.rules")
    exempt = explanation.exempt
    lines = (words.say("explain.exempt", rules=words.listed(exempt)),) if exempt else ()
    if used_up(explanation.assessment):
        lines = (words.say("explain.no_room"), *lines)
    elif not explanation.rules:
        lines = (words.say("explain.no_rule"), *lines)
    rows = tuple(
        (
            rule.code,
            words.say(f"order.reaction.{rule.reaction}"),
            reason_text(Reason(rule.reason, rule.params), words.texts),
        )
        for rule in explanation.rules
    )
    columns = words.columns("rule", "reaction", "why") if rows else ()
    return Section(title=title, lines=lines, columns=columns, rows=rows)


def _terms(explanation: Explanation, words: Words) -> Section:
    return Section(title=words.say("explain.terms"), lines=tuple(_term_lines(explanation, words)))


def _term_lines(explanation: Explanation, words: Words) -> Iterator[str]:
    terms = explanation.terms
    if terms.days is None:
        yield words.say("explain.no_terms")
    elif terms.prepay_only:
        yield words.say("explain.prepay_only")
    else:
        deposit = words.figure(terms.deposit_percent, "percent")
        yield words.say("explain.terms_given", days=terms.days, deposit=deposit)
    agreed = terms.agreed if terms.agreed is not None else terms.usual
    yield words.say(
        "explain.terms_bounds",
        agreed=words.figure(agreed, "days"),
        most=words.figure(terms.most, "days"),
    )
    if terms.instruments:
        yield words.say("explain.instruments", what=words.each("instrument", terms.instruments))
    if terms.legal is not None:
        yield words.say(f"legal_terms.{terms.legal}")


def _review(explanation: Explanation, words: Words) -> Section:
    review = explanation.review
    lines = [
        words.say("explain.review_never")
        if review.last_on is None
        else words.say("explain.review_last", on=review.last_on),
        words.say(
            "explain.review_missed"
            if review.next_on < explanation.as_of
            else "explain.review_next",
            on=review.next_on,
        ),
        words.say("explain.limit_until", until=words.day(review.limit_valid_to)),
    ]
    if review.limit_expired:
        lines.append(words.say("explain.limit_expired"))
    if review.asked_on is not None:
        lines.append(words.say("explain.review_asked", on=review.asked_on))
    if review.due:
        lines.append(words.say("explain.review_due", why=words.each("review_due", review.due)))
    return Section(title=words.say("explain.review"), lines=tuple(lines))


def _decisions(explanation: Explanation, words: Words, people: Mapping[str, str]) -> Section:
    return Section(
        title=words.say("explain.decisions"),
        columns=words.columns("decision", "content", "from_day", "until", "why", "who"),
        rows=tuple(
            (*_decision(one, words), people.get(one.decision, "")) for one in explanation.decisions
        ),
    )


def _decision(one: Decision, words: Words) -> tuple[str, ...]:
    content = [one.grade, None if one.amount is None else words.money(one.amount), one.scope]
    return (
        words.say(f"decided.{one.kind}"),
        words.listed(part for part in content if part) or NONE,
        words.day(one.from_on),
        words.day(one.to_on),
        one.reason,
    )
