"""The backtest as one page to keep: pictures and tables in 中文 and English, nothing to load."""

from collections.abc import Sequence
from html import escape

from connector.flow.backtest import CASH_WEEKS, Backtest, CashCheck, MonthRatings
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
_WIDE, _HIGH, _EDGE = 900, 240, 34
#: From the best grade to the worst, and grey for those not rated.
_COLOURS = (
    *("#0b5d3b", "#1f8a5a", "#63b58b", "#b6d7a8", "#f2d16b", "#eea243", "#dd6b3d", "#b3261e"),
    *("#5f1010", "#2b0505", "#b9bec6"),
)


def backtest_page(found: Backtest) -> str:
    """Write the page: grades by month, moves, what followed each grade, cash against forecast."""
    parts = [
        f"<h1>{_both('backtest.title')}</h1>",
        f"<p>{_both('backtest.made', as_of=found.as_of)}</p>",
        f"<h2>{_both('backtest.ratings')}</h2>",
        _ratings_picture(found.ratings),
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


def _svg(title: str, body: str, height: int = _HIGH) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {_WIDE} {height}" width="{_WIDE}" height="{height}" '
        f'font-size="11" font-family="sans-serif"><title>{title}</title>{body}</svg>'
    )


def _ratings_picture(months: Sequence[MonthRatings]) -> str:
    """Draw one column a month, the best grade at the bottom, with the grades' colours below."""
    shown = [month for month in months if sum(month.counts.values())]
    if not shown:
        return f"<p>{_both('backtest.nothing')}</p>"
    width = (_WIDE - 2 * _EDGE) / len(shown)
    columns = "".join(
        _column(month, _EDGE + number * width, width) for number, month in enumerate(shown)
    )
    names = "".join(
        f'<rect x="{_EDGE + 62 * number}" y="{_HIGH - 14}" width="11" height="11" '
        f'fill="{colour}"/><text x="{_EDGE + 62 * number + 15}" y="{_HIGH - 4}">{escape(grade)}</text>'
        for number, (grade, colour) in enumerate(zip(shown[0].counts, _COLOURS, strict=True))
    )
    return _svg(_both("backtest.ratings"), columns + names)


def _column(month: MonthRatings, x: float, width: float) -> str:
    total, tall = sum(month.counts.values()), _HIGH - 64
    parts, y = [], _HIGH - 40.0
    for count, colour in zip(month.counts.values(), _COLOURS, strict=True):
        height = tall * count / total
        y -= height
        parts.append(
            f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{width - 2:.1f}" '
            f'height="{height:.1f}" fill="{colour}"/>'
        )
    label = f'<text x="{x + 1:.1f}" y="{_HIGH - 26}">{month.on:%y-%m}</text>'
    return "".join(parts) + label


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
    width = (_WIDE - 2 * _EDGE) / len(checks)

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
    return _svg(f"{_both('backtest.cash', weeks=CASH_WEEKS)} · {escape(currency)}", "".join(marks))


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
