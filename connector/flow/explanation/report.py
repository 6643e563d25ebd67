"""The whole report, part by part, in the order a credit manager asks."""

from collections.abc import Iterator, Mapping

from connector.flow.explanation.amounts import amount_sections
from connector.flow.explanation.change import change_sections
from connector.flow.explanation.figures import figure_sections
from connector.flow.explanation.headline import headline, reasons
from connector.flow.explanation.outlook import outlook_sections
from connector.flow.explanation.papers import file_sections, source_section
from connector.flow.explanation.rating import rating_sections
from connector.flow.explanation.words import Section, Words, trimmed
from connector.texts.catalogue import Texts
from scoring.difference import Difference
from scoring.explain import Explanation

__all__ = ["change_of", "report_of"]


def report_of(
    explanation: Explanation,
    change: Difference | None,
    texts: Texts,
    *,
    people: Mapping[str, str] | None = None,
    full: bool = False,
) -> Iterator[Section]:
    """Make the report of one record; ``change`` is the difference to the assessment before.

    ``people`` tells who made each decision, by its id. ``full`` adds every figure that was measured;
    without it those behind the points are shown.
    """
    words = Words(texts)
    return map(trimmed, _sections(explanation, change, words, people=people or {}, full=full))


def change_of(change: Difference | None, texts: Texts) -> Iterator[Section]:
    """Make the part of the report that tells what changed since the assessment before."""
    return change_sections(change, Words(texts))


def _sections(
    explanation: Explanation,
    change: Difference | None,
    words: Words,
    *,
    people: Mapping[str, str],
    full: bool,
) -> Iterator[Section]:
    yield headline(explanation, words)
    yield reasons(explanation, words)
    yield from rating_sections(explanation, words)
    yield from file_sections(explanation, words)
    yield from amount_sections(explanation, words)
    yield from outlook_sections(explanation, words, people)
    if full:
        yield from figure_sections(explanation, words)
    yield from change_sections(change, words)
    yield source_section(explanation, words)
