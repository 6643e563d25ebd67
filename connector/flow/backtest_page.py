"""The backtest as one page to keep: pictures and tables in 中文 and English, nothing to load."""

from collections.abc import Sequence
from html import escape

from connector.flow.backtest import CASH_WEEKS, Backtest, CashCheck, MonthRatings
from connector.flow.backtest_drawing import WIDE, columns, groups_picture, legend, svg
from connector.texts.catalogue import Texts
from scoring.money import Money

__all__ = ["backtest_page"]

_ZH, _EN = Texts("zh"), Texts("en")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1000px;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2rem .6rem;border-bottom:1px solid #d5d9df;text-align:right}"
    "th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}"
)
_HIGH, _EDGE = 240, 34


def backtest_page(found: Backtest) -> str:
    """Write the page: grades by month and group, moves, what followed each grade, cash and forecast."""
    parts = [
        f"<h1>{_both('backtest.title')}</h1>",
        f"<p>{_both('backtest.made', as_of=found.as_of)}</p>",
        f"<h2>{_both('backtest.ratings')}</h2>",
        _ratings_picture(found.ratings),
        *_groups(found),
        f"<h2>{_both('validation.migration')}</h2>",
        _migration_table(found),
        f"<h2>{_both('backtest.after')}</h2>",
        _after_table(found),
        f"<h2>{_both('backtest.cash', weeks=CASH_WEEKS)}</h2>",
    ]
    for currency in sorted({check.currency for check in found.cash}):
        checks = [check for check in found.cash if check.currency == currency]
        parts += [_cash_picture(checks, currency), _cash_table(checks)]
    return (
        '<!doctype html>\n<html lang="zh"><head><meta charset="utf-8">'
        f"<title>{_both('backtest.title')}</title><style>{_STYLE}</style></head>\n<body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _both(code: str, **values: object) -> str:
    zh, en = _ZH.say(code, **values), _EN.say(code, **values)
    return escape(zh if zh == en else f"{zh} / {en}")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "\n".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _groups(found: Backtest) -> list[str]:
    if not found.groups:
        return []
    title = _both("backtest.groups")
    picture = groups_picture(found.groups, title, _both("backtest.watched"), str)
    return [f"<h2>{title}</h2>", picture]


def _ratings_picture(months: Sequence[MonthRatings]) -> str:
    """Draw one column a month, the best grade at the bottom, with the grades' colours below."""
    shown = [month for month in months if sum(month.counts.values())]
    if not shown:
        return f"<p>{_both('backtest.nothing')}</p>"
    width = (WIDE - 2 * _EDGE) / len(shown)
    drawn = "".join(
        _month(month, _EDGE + number * width, width) for number, month in enumerate(shown)
    )
    names = legend(tuple(shown[0].counts), _EDGE, _HIGH - 4)
    return svg(_both("backtest.ratings"), drawn + names, _HIGH)


def _month(month: MonthRatings, x: float, width: float) -> str:
    label = f'<text x="{x + 1:.1f}" y="{_HIGH - 26}">{month.on:%y-%m}</text>'
    return columns(month.counts, x, _HIGH - 40, width, _HIGH - 64) + label


def _migration_table(found: Backtest) -> str:
    moved = found.migration
    rows = [
        [grade, *(f"{count:,}" if count else "" for count in counts)]
        for grade, counts in zip(moved.grades, moved.counts, strict=True)
        if any(counts)
    ]
    return _table(["", *(escape(grade) for grade in moved.grades)], rows)


def _after_table(found: Backtest) -> str:
    names = ("grade", "posted", "late", "watched", "defaults")
    rows = [
        [
            one.grade,
            f"{one.posted:,}",
            "–" if one.late is None else f"{one.late:.1%}",
            f"{one.watched:,}",
            f"{one.defaults:,}",
        ]
        for one in found.after
    ]
    return _table([_both(f"backtest.col.{name}") for name in names], rows)


def _cash_picture(checks: Sequence[CashCheck], currency: str) -> str:
    """Draw the band that was forecast for each month end, and a dot for what came."""
    top = max(max(check.high, check.came) for check in checks) or 1
    width = (WIDE - 2 * _EDGE) / len(checks)

    def y(amount: int) -> float:
        return _HIGH - 30 - (_HIGH - 50) * amount / top

    marks = []
    for number, check in enumerate(checks):
        x = _EDGE + (number + 0.5) * width
        marks.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y(check.low):.1f}" y2="{y(check.high):.1f}" '
            f'stroke="#8a8f98" stroke-width="6"/>'
            f'<line x1="{x - 7:.1f}" x2="{x + 7:.1f}" y1="{y(check.expected):.1f}" '
            f'y2="{y(check.expected):.1f}" stroke="#1b1f24" stroke-width="2"/>'
            f'<circle cx="{x:.1f}" cy="{y(check.came):.1f}" r="4" fill="#1f5fa8"/>'
            f'<text x="{x - 14:.1f}" y="{_HIGH - 12}">{check.on:%y-%m}</text>'
        )
    title = f"{_both('backtest.cash', weeks=CASH_WEEKS)} · {escape(currency)}"
    return svg(title, "".join(marks), _HIGH)


def _cash_table(checks: Sequence[CashCheck]) -> str:
    names = ("on", "open", "expected", "band", "came")
    rows = []
    for check in checks:
        amounts = (check.open, check.expected, check.low, check.high, check.came)
        owed, expected, low, high, came = (
            _EN.money(Money(minor, check.currency)) for minor in amounts
        )
        rows.append([check.on.isoformat(), owed, expected, f"{low} – {high}", came])
    return _table([_both(f"backtest.col.{name}") for name in names], rows)
