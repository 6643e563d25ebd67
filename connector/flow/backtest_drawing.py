"""Pictures of grades over time: one column a month, the best grade at the bottom; by group."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import groupby

from connector.flow.backtest import GroupMonth

__all__ = ["GRADE_COLOURS", "WIDE", "columns", "groups_picture", "legend", "svg"]

WIDE = 900
#: From the best grade to the worst, and grey for those not rated.
GRADE_COLOURS = (
    *("#0b5d3b", "#1f8a5a", "#63b58b", "#b6d7a8", "#f2d16b", "#eea243", "#dd6b3d", "#b3261e"),
    *("#5f1010", "#2b0505", "#b9bec6"),
)
_WATCH_COLOUR = "#1f3fa8"
_FRAME, _LINE, _PALE = 'fill="none" stroke="#d5d9df"', 'fill="none"', 'fill="#555555"'
_ACROSS, _PANEL_WIDE, _PANEL_HIGH, _GAP = 3, 276, 104, 24
_HEAD, _FOOT, _LEGEND = 20, 16, 30


def svg(title: str, body: str, height: int) -> str:
    """Wrap a drawing as a picture that stands alone or in a page. ``title`` is escaped already."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDE} {height}" '
        f'width="{WIDE}" height="{height}" font-size="11" font-family="sans-serif">'
        f"<title>{title}</title>{body}</svg>"
    )


def columns(counts: Mapping[str, int], x: float, bottom: float, width: float, tall: float) -> str:
    """Draw one month: what share of the customers had each grade, the best at the bottom."""
    total, y, parts = sum(counts.values()), bottom, []
    for count, colour in zip(counts.values(), GRADE_COLOURS, strict=True):
        if count:
            height = tall * count / total
            y -= height
            parts.append(
                f'<rect x="{x + 0.5:.1f}" y="{y:.1f}" width="{width - 1:.1f}" '
                f'height="{height:.1f}" fill="{colour}"/>'
            )
    return "".join(parts)


def legend(grades: Sequence[str], x: int, y: int) -> str:
    """Name the grades' colours in a row."""
    return "".join(
        f'<rect x="{x + 56 * number}" y="{y - 10}" width="11" height="11" fill="{colour}"/>'
        f'<text x="{x + 56 * number + 15}" y="{y}">{escape(grade)}</text>'
        for number, (grade, colour) in enumerate(zip(grades, GRADE_COLOURS, strict=True))
    )


def groups_picture(
    months: Sequence[GroupMonth], title: str, watch: str, name: Callable[[str], str]
) -> str:
    """Draw a panel a group: grades as columns, and a line for the share on the watch list.

    ``months`` come group by group, oldest first; ``name`` gives a group's heading, ``watch`` says
    what the line is.
    """
    panels = [list(found) for _, found in groupby(months, key=lambda month: month.group)]
    rows = -(-len(panels) // _ACROSS)
    pitch = _HEAD + _PANEL_HIGH + _FOOT + 10
    height = rows * pitch + _LEGEND
    body = f'<rect width="{WIDE}" height="{height}" fill="#ffffff"/>'
    for number, panel in enumerate(panels):
        x = _GAP / 2 + number % _ACROSS * (_PANEL_WIDE + _GAP)
        body += _panel(panel, x, number // _ACROSS * pitch + _HEAD, name(panel[0].group))
    if panels:
        body += legend(tuple(panels[0][0].counts), int(_GAP / 2), height - 10)
    body += (
        f'<line x1="660" x2="684" y1="{height - 14}" y2="{height - 14}" stroke="{_WATCH_COLOUR}" '
        f'stroke-width="2"/><text x="690" y="{height - 10}">{escape(watch)}</text>'
    )
    return svg(escape(title), body, height)


def _panel(months: Sequence[GroupMonth], x: float, top: float, heading: str) -> str:
    width, bottom = _PANEL_WIDE / len(months), top + _PANEL_HIGH
    parts = [f'<text x="{x:.1f}" y="{top - 5:.1f}" font-weight="bold">{escape(heading)}</text>']
    line = []
    for number, month in enumerate(months):
        known = sum(month.counts.values())
        if known:
            left = x + number * width
            parts.append(columns(month.counts, left, bottom, width, _PANEL_HIGH))
            line.append(
                f"{left + width / 2:.1f},{bottom - _PANEL_HIGH * month.watched / known:.1f}"
            )
    points, low = " ".join(line), bottom + 12
    end = f'x="{x + _PANEL_WIDE:.1f}" y="{low:.1f}" {_PALE} text-anchor="end"'
    parts += (
        f'<rect x="{x:.1f}" y="{top:.1f}" width="{_PANEL_WIDE}" height="{_PANEL_HIGH}" {_FRAME}/>',
        f'<polyline points="{points}" {_LINE} stroke="#ffffff" stroke-width="4"/>',
        f'<polyline points="{points}" {_LINE} stroke="{_WATCH_COLOUR}" stroke-width="2"/>',
        f'<text x="{x:.1f}" y="{low:.1f}" {_PALE}>{months[0].on:%Y-%m}</text>',
        f"<text {end}>{months[-1].on:%Y-%m}</text>",
    )
    return "".join(parts)
