"""Pictures of a validation as inline SVG: nothing to load, readable in black and white."""

import math
from collections.abc import Sequence
from html import escape

from connector.flow.validation.results import Result
from scoring.model.pictures import Curves

__all__ = ["bands", "calibration", "intervals", "ks", "roc"]

Points = Sequence[tuple[float, float]]

_SIDE, _EDGE = 220, 30
_BAD, _GOOD, _LINE = "#b3261e", "#1f5fa8", "#8a8f98"
_WIDE, _ROW, _NAMES = 760, 22, 330


def roc(curves: Curves, title: str) -> str:
    """Draw found against false alarms."""
    return _square(title, _diagonal() + _path(curves.roc, _GOOD))


def ks(curves: Curves, title: str) -> str:
    """Draw both cumulative distributions over the share of rows, from the lowest risk."""
    both = _path(curves.bad_below, _BAD) + _path(curves.good_below, _GOOD)
    return _square(f"{title} · {curves.ks:.3f}", both)


def bands(curves: Curves, title: str) -> str:
    """Draw how bad and good spread over bands of the score."""
    top = max((share for pair in curves.bands for share in pair), default=0.0) or 1.0
    width = _SIDE / max(1, len(curves.bands))
    bars = []
    for number, (bad, good) in enumerate(curves.bands):
        x = _EDGE + number * width
        bars.append(_bar(x, width, bad / top, f'fill="{_BAD}" fill-opacity="0.7"'))
        bars.append(_bar(x, width, good / top, f'fill="none" stroke="{_GOOD}"'))
    return _square(title, "".join(bars))


def calibration(curves: Curves, title: str) -> str:
    """Draw observed against expected, both ends of the scale fitted to the points."""
    top = max((value for point in curves.calibration for value in point), default=0.0) or 1.0
    scaled = [(expected / top, observed / top) for expected, observed in curves.calibration]
    dots = "".join(
        f'<circle cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="3.5" fill="{_BAD}"/>' for x, y in scaled
    )
    return _square(f"{title} · 0–{top:.0%}", _diagonal() + _path(scaled, _LINE) + dots)


def intervals(results: Sequence[Result], title: str) -> str:
    """Draw each measurable method's AUC with its interval, one line each, over a scale to 1."""
    shown = [result.figures for result in results if result.figures.auc is not None]
    low = min((f.auc_low for f in shown if f.auc_low is not None), default=0.5)
    start = min(0.5, math.floor(low * 10) / 10)
    bottom = _ROW * (len(shown) + 1)
    lines = [_tick(start, tenth / 10, bottom) for tenth in range(round(start * 10), 11)]
    for number, figures in enumerate(shown):
        y = _ROW * (number + 1)
        ends = (figures.auc_low or start, figures.auc or start, figures.auc_high or 1.0)
        left, middle, right = (_across(start, value) for value in ends)
        lines.append(
            f'<text x="0" y="{y + 4}">{escape(figures.method)}</text>'
            f'<line x1="{left:.1f}" y1="{y}" x2="{right:.1f}" y2="{y}" stroke="{_LINE}" '
            f'stroke-width="3"/><circle cx="{middle:.1f}" cy="{y}" r="4.5" fill="{_GOOD}"/>'
            f'<text x="{_WIDE - 40}" y="{y + 4}">{figures.auc:.3f}</text>'
        )
    return _svg(_WIDE, bottom + _ROW, title, "".join(lines))


def _across(start: float, value: float) -> float:
    return _NAMES + (value - start) / (1 - start) * (_WIDE - _NAMES - 60)


def _tick(start: float, value: float, bottom: int) -> str:
    x = _across(start, value)
    return (
        f'<line x1="{x:.1f}" y1="8" x2="{x:.1f}" y2="{bottom - 8}" stroke="{_LINE}" '
        f'stroke-opacity="0.35"/><text x="{x:.1f}" y="{bottom + 8}" text-anchor="middle">'
        f"{value:.1f}</text>"
    )


def _svg(width: int, height: int, title: str, body: str) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-size="12" font-family="sans-serif"><title>{escape(title)}</title>{body}</svg>'
    )


def _square(title: str, body: str) -> str:
    frame = (
        f'<rect x="{_EDGE}" y="{_EDGE}" width="{_SIDE}" height="{_SIDE}" fill="none" '
        f'stroke="{_LINE}"/>'
    )
    ends = "".join(
        f'<text x="{x}" y="{y}" text-anchor="end">{text}</text>'
        for x, y, text in (
            (_EDGE - 4, _EDGE + _SIDE, "0"),
            (_EDGE - 4, _EDGE + 10, "1"),
            (_EDGE + _SIDE, _EDGE + _SIDE + 14, "1"),
        )
    )
    caption = f'<text x="{_EDGE}" y="{_EDGE - 10}">{escape(title)}</text>'
    size = _SIDE + 2 * _EDGE
    return _svg(size, size, title, frame + ends + caption + body)


def _x(share: float) -> float:
    return _EDGE + share * _SIDE


def _y(share: float) -> float:
    return _EDGE + (1 - share) * _SIDE


def _path(points: Points, colour: str) -> str:
    shown = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return f'<polyline points="{shown}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _diagonal() -> str:
    return (
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="{_LINE}" '
        f'stroke-dasharray="4 4"/>'
    )


def _bar(x: float, width: float, share: float, style: str) -> str:
    height = share * _SIDE
    return (
        f'<rect x="{x + 1:.1f}" y="{_EDGE + _SIDE - height:.1f}" width="{width - 2:.1f}" '
        f'height="{height:.1f}" {style}/>'
    )
