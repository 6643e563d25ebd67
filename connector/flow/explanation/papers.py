"""The credit file, the statement that was judged, and where the facts come from."""

from collections.abc import Iterator

from connector.flow.explanation.words import NONE, Section, Words
from scoring.explain import DossierItem, Explanation, Statement

__all__ = ["file_sections", "source_section"]


def file_sections(explanation: Explanation, words: Words) -> Iterator[Section]:
    """Show the statement, where there is one, and the file."""
    if explanation.statement is not None:
        yield _statement(explanation.statement, words)
    yield _dossier(explanation, words)


def _statement(statement: Statement, words: Words) -> Section:
    return Section(
        title=words.say("explain.statement"), lines=tuple(_statement_lines(statement, words))
    )


def _statement_lines(statement: Statement, words: Words) -> Iterator[str]:
    if statement.end is not None:
        yield words.say(
            "explain.statement_used",
            end=statement.end,
            months=statement.months,
            basis=words.say(f"basis.{statement.basis}"),
            currency=statement.currency,
        )
    if statement.industry_method is not None:
        how = words.say(f"industry_method.{statement.industry_method}")
        yield words.say("explain.judged_by", how=how)
    if statement.distress_zone is not None:
        before = statement.distress_zone_before
        yield words.say(
            "explain.zone",
            model=words.say(f"feature.{statement.distress_model}"),
            score=words.figure(statement.distress_score, "index"),
            zone=words.say(f"distress_zone.{statement.distress_zone}"),
            before=NONE if before is None else words.say(f"distress_zone.{before}"),
        )
    if statement.flags:
        yield words.each("flag", statement.flags)
    if statement.repeated:
        yield words.say("statement.repeated")
    if statement.refused is not None:
        yield words.say("explain.refused", why=words.say(f"statement.{statement.refused}"))


def _dossier(explanation: Explanation, words: Words) -> Section:
    dossier = explanation.dossier
    present = [item for item in dossier.items if item.present]
    missing = [item.item for item in dossier.items if not item.present]
    lines = [
        words.say(
            "explain.completeness",
            percent=dossier.completeness,
            confidence=words.say(f"confidence.{dossier.confidence}"),
        )
    ]
    if dossier.groups_short:
        lines.append(words.say("explain.groups_short", count=dossier.groups_short))
    if missing:
        lines.append(words.say("explain.items_missing", what=words.each("dossier", missing)))
    if dossier.expiring is not None:
        item = words.say(f"dossier.{dossier.expiring}")
        lines.append(words.say("explain.expiring", what=item, on=dossier.expiring_on))
    if dossier.judicial_check_expired:
        lines.append(words.say("explain.judicial_check_expired"))
    return Section(
        title=words.say("explain.dossier"),
        lines=tuple(lines),
        columns=words.columns("item", "weight", "fresh", "dated", "until") if present else (),
        rows=tuple(_item(item, words) for item in present),
        right=(1, 2),
    )


def _item(item: DossierItem, words: Words) -> tuple[str, ...]:
    return (
        words.say(f"dossier.{item.item}"),
        words.points(item.weight),
        words.figure(item.fresh, "percent"),
        words.day(item.on),
        words.day(item.valid_to),
    )


def source_section(explanation: Explanation, words: Words) -> Section:
    """Say where the facts come from and by what they were judged."""
    rows = tuple(
        (
            words.say(f"source.{source.name}"),
            words.figure(source.rows, "count"),
            words.day(source.newest_on),
            words.figure(source.age_days, "days"),
        )
        for source in explanation.sources
    )
    line = words.say(
        "explain.policy",
        policy=explanation.policy_version,
        engine=explanation.engine_version,
        hash=explanation.inputs_hash[:16],
    )
    return Section(
        title=words.say("explain.sources"),
        lines=(line,),
        columns=words.columns("source", "rows", "newest", "age") if rows else (),
        rows=rows,
        right=(1, 3),
    )
