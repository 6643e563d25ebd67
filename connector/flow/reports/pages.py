"""What each report shows: portfolio and ageing as sheets, in a language."""

from collections.abc import Iterable, Sequence

from connector.flow.reports.sheets import Cell, Percent, Sheet, moneys
from connector.texts.catalogue import Texts
from scoring.ageing import Aged, AgeingReport, TrendPoint
from scoring.assessment import NOT_RATED
from scoring.holdings import AGEING, LeftOut
from scoring.portfolio import Line, Portfolio
from scoring.stress import DELAY_DAYS

__all__ = ["ageing_sheets", "portfolio_sheets", "trend_sheet"]

_RISK = ("exposure", "limit", "overdue", "expected_loss", "provision")
_HELD = ("ar", "overdue", "exposure")


def portfolio_sheets(found: Portfolio, texts: Texts) -> list[Sheet]:
    """Lay out a portfolio: sums by grade and segment, the largest, and what threatens."""
    industries = [
        _named(line, line.name or texts.say("report.no_segment")) for line in found.segments
    ]
    grades = [_named(line, line.name) for line in found.grades]
    page = _Page(found, texts)
    return [
        page.of_lines("grade_ageing", "grade", grades, (*AGEING, "ar")),
        page.of_lines("grade_risk", "grade", grades, _RISK),
        page.of_lines("segment_risk", "segment", industries, ("ar", *_RISK)),
        page.top(),
        page.of_lines("holds", "hold", page.said(found.holds, "hold"), _HELD),
        page.of_lines("watch", "level", page.said(found.watch_levels, "watch"), _HELD),
        page.key_figures(),
        page.stress(),
        *_left_out(found.left_out, texts),
    ]


Named = tuple[str, Line]


def _named(line: Line, name: str) -> Named:
    return name, line


class _Page:
    """The sheets of one portfolio."""

    def __init__(self, found: Portfolio, texts: Texts) -> None:
        self._found, self._texts = found, texts
        self._currency = found.currency

    def said(self, lines: Iterable[Line], group: str) -> list[Named]:
        return [(self._texts.say(f"{group}.{line.name}"), line) for line in lines]

    def of_lines(
        self, code: str, first: str, lines: Sequence[Named], amounts: Sequence[str]
    ) -> Sheet:
        named = [*lines, (self._texts.say("report.total"), self._found.total)]
        rows = [
            [name, line.customers, *moneys([getattr(line, one) for one in amounts], self._currency)]
            for name, line in named
        ]
        return Sheet.of(self._texts, code, (first, "customers", *amounts), rows, totals=1)

    def top(self) -> Sheet:
        rows = [
            [
                *(one.name, one.rating),
                *moneys([one.exposure, one.limit, one.overdue], self._currency),
                Percent(one.share),
            ]
            for one in self._found.top
        ]
        columns = ("company", "grade", "exposure", "limit", "overdue", "share")
        return Sheet.of(self._texts, "top", columns, rows, words=2)

    def key_figures(self) -> Sheet:
        collection, say = self._found.collection, self._texts.say
        figures: list[tuple[str, Cell]] = [
            (say("report.figure.concentration"), _digits(self._found.concentration, 4)),
            (
                say("report.figure.effectiveness", since=collection.since),
                _percent(collection.effectiveness),
            ),
            (say("report.figure.dso"), _digits(collection.dso)),
            (say("report.figure.best_possible_dso"), _digits(collection.best_possible_dso)),
            (say("report.figure.days_delinquent"), _digits(collection.days_delinquent)),
            (
                say("report.figure.promises_kept", count=collection.promises),
                _percent(collection.promises_kept),
            ),
            (
                say("report.figure.overridden", alarm=self._found.override_alarm),
                _percent(self._found.overridden),
            ),
        ]
        return Sheet.of(self._texts, "key_figures", ("figure", "value"), figures)

    def stress(self) -> Sheet:
        found, say = self._found.stress, self._texts.say
        names = {one.entity: one.name for one in self._found.top}
        top = names.get(found.top_defaults or "", "–")
        told = [
            (say("report.stress.expected_loss"), found.expected_loss),
            (say("report.stress.doubled_pd"), found.expected_loss_doubled_pd),
            (say("report.stress.top_defaults", name=top), found.top_loss),
            (say("report.stress.delay", days=DELAY_DAYS), found.delay_capital),
        ]
        rows = [[name, *moneys([minor], self._currency)] for name, minor in told]
        return Sheet.of(self._texts, "stress", ("story", "amount"), rows)


def ageing_sheets(found: AgeingReport, texts: Texts) -> list[Sheet]:
    """Lay out an ageing: each customer in its currency, the sums, and who is in no sum."""
    amounts = (*AGEING, "ar", "overdue")
    customers = [
        [one.name, _grade(one.rating, texts), one.currency, *_amounts(one)]
        for one in found.customers
    ]
    totals = [[one.currency, *_amounts(one)] for one in found.totals]
    whole = texts.say("report.total_in", currency=found.currency)
    return [
        Sheet.of(texts, "ageing", ("company", "grade", "currency", *amounts), customers, words=3),
        Sheet.of(
            texts,
            "ageing_totals",
            ("currency", *amounts),
            [*totals, [whole, *_amounts(found.total)]],
            totals=1,
        ),
        *_left_out(found.left_out, texts),
    ]


def _amounts(one: Aged) -> list[Cell]:
    return moneys([getattr(one, name) for name in (*AGEING, "ar", "overdue")], one.currency)


def _grade(rating: str, texts: Texts) -> str:
    return texts.say("report.not_rated") if rating == NOT_RATED else rating


def _left_out(left_out: Sequence[LeftOut], texts: Texts) -> list[Sheet]:
    """Name who is in no sum; nothing where everybody is in it."""
    rows = [[one.name, one.currency] for one in left_out]
    return [Sheet.of(texts, "left_out", ("company", "currency"), rows, words=2)] if rows else []


def _percent(value: float | None) -> Percent | None:
    return None if value is None else Percent(value)


def _digits(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


def trend_sheet(points: Sequence[TrendPoint], currency: str, texts: Texts) -> Sheet:
    """Lay out how receivables moved, as they were seen at each month end."""
    rows = [
        [
            *(texts.day(point.on), point.customers),
            *moneys([point.ar, point.overdue, point.over_90], currency),
            Percent(point.overdue * 100 / point.ar) if point.ar else None,
        ]
        for point in points
    ]
    columns = ("day", "customers", "ar", "overdue", "age_over_90", "overdue_share")
    return Sheet.of(texts, "trend", columns, rows)
