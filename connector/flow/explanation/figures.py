"""Every figure that was measured, group by group, with its observations and how far it holds."""

from collections.abc import Iterator

from connector.flow.explanation.words import Section, Words
from scoring.explain import FIGURES, Explanation, Feature

__all__ = ["figure_sections"]


def figure_sections(explanation: Explanation, words: Words) -> Iterator[Section]:
    """Show the figures of each group; those nobody could measure in one line."""
    for group in FIGURES:
        features = [one for one in explanation.features if one.group == group]
        if features:
            yield _group(group, features, words)


def _group(group: str, features: list[Feature], words: Words) -> Section:
    known = [one for one in features if one.value is not None]
    unknown = [one.code for one in features if one.value is None]
    lines = (words.say("explain.no_data", what=words.each("feature", unknown)),) if unknown else ()
    return Section(
        title=words.say("explain.figures", group=words.say(f"figures.{group}")),
        lines=lines,
        columns=words.columns("figure", "value", "n", "window", "status") if known else (),
        rows=tuple(_feature(one, words) for one in known),
        right=(1, 2, 3),
    )


def _feature(one: Feature, words: Words) -> tuple[str, ...]:
    window = "" if one.window_months is None else words.figure(one.window_months, "months")
    return (
        words.say(f"feature.{one.code}"),
        words.figure(one.value, one.unit),
        "" if one.n is None else words.figure(one.n, "count"),
        window,
        words.say(_status(one)),
    )


def _status(one: Feature) -> str:
    """Tell few observations from a ratio of which a part was estimated."""
    estimated = one.group == "financial" and one.status == "thin"
    return "status.estimated" if estimated else f"status.{one.status}"
