"""The validation as one page to keep: tables and pictures in 中文 and English, nothing to load."""

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from itertools import groupby

from connector.flow.validation import drawing
from connector.flow.validation.own_book import OwnBook
from connector.flow.validation.results import Figures, Result
from connector.texts.catalogue import Texts
from scoring.model.drift import Drift
from scoring.model.metrics import MIN_BADS
from scoring.model.migration import Migration

__all__ = ["moves_of", "not_measurable", "validation_page"]

_ZH, _EN = Texts("zh"), Texts("en")
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem;border-bottom:1px solid #d5d9df;text-align:right}
th{background:#f3f5f7;vertical-align:bottom}
th:first-child,td:first-child,.word{text-align:left}
.pictures{display:flex;flex-wrap:wrap;gap:.5rem}
figure{margin:0}
svg{max-width:100%;height:auto}
"""


def validation_page(results: Sequence[Result], as_of: date, own: OwnBook | None = None) -> str:
    """Write the page: figures, intervals by target, pictures of each method; the own book's tables."""
    parts = [
        f"<h1>{_both('validation.title')}</h1>",
        f"<p>{_both('validation.made', as_of=as_of)}</p>",
        f"<h2>{_both('validation.figures')}</h2>",
        _figures_table(results),
        *_sentences(results),
    ]
    for place, group in groupby(results, key=lambda one: (one.figures.dataset, one.figures.target)):
        parts += _place(" · ".join(place), list(group))
    if own is not None:
        parts += _own(own)
    return (
        '<!doctype html>\n<html lang="zh"><head><meta charset="utf-8">'
        f"<title>{_both('validation.title')}</title><style>{_STYLE}</style></head>\n<body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def not_measurable(result: Result, texts: Texts) -> str:
    """Say of a figure that the sample is too small, what there is, and what is needed."""
    figures = result.figures
    return texts.say(
        "validation.not_measurable",
        target=f"{figures.dataset}, {figures.target}, {figures.method}",
        n=figures.n,
        bads=result.bads,
        goods=figures.n - result.bads,
        needed=MIN_BADS,
    )


def _both(code: str, **values: object) -> str:
    zh, en = _ZH.say(code, **values), _EN.say(code, **values)
    return escape(zh if zh == en else f"{zh} / {en}")


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Write a table of cells; the first ``words`` columns are text."""

    def row(cells: Iterable[str], tag: str) -> str:
        shown = (
            f'<{tag} class="word">{cell}</{tag}>' if place < words else f"<{tag}>{cell}</{tag}>"
            for place, cell in enumerate(cells)
        )
        return f"<tr>{''.join(shown)}</tr>"

    body = "\n".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(heads, 'th')}</thead><tbody>\n{body}</tbody></table>"


def _figures_table(results: Sequence[Result]) -> str:
    names = ("dataset", "target", "method", "n", "bads", "base_rate", "auc", "interval", "ks")
    heads = [_both(f"validation.{name}") for name in (*names, "brier", "ece")]
    return _table(heads, [_figures_row(result) for result in results], words=3)


def _figures_row(result: Result) -> list[str]:
    figures: Figures = result.figures
    low, high = _number(figures.auc_low), _number(figures.auc_high)
    return [
        escape(figures.dataset),
        escape(figures.target),
        escape(figures.method),
        f"{figures.n:,}",
        f"{result.bads:,}",
        f"{figures.base_rate:.1%}",
        _number(figures.auc),
        "–" if figures.auc is None else f"{low} – {high}",
        _number(figures.ks),
        _number(figures.brier),
        _number(figures.ece),
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _sentences(results: Sequence[Result]) -> list[str]:
    return [
        f"<p>{escape(not_measurable(result, texts))}</p>"
        for result in results
        if result.not_measurable
        for texts in (_ZH, _EN)
    ]


def _place(name: str, results: Sequence[Result]) -> list[str]:
    """One target: the intervals side by side, then each method's pictures."""
    measured = [result for result in results if result.curves is not None]
    if not measured:
        return []
    parts = [
        f"<h2>{escape(name)}</h2>",
        drawing.intervals(measured, _both("validation.intervals")),
    ]
    for result in measured:
        parts += [f"<h3>{escape(result.figures.method)}</h3>", _pictures(result)]
    return parts


def _pictures(result: Result) -> str:
    curves = result.curves
    if curves is None:
        return ""
    shown = [
        drawing.roc(curves, _ZH.say("validation.roc")),
        drawing.ks(curves, _ZH.say("validation.ks_curves")),
        drawing.bands(curves, _ZH.say("validation.bands")),
    ]
    codes = ["validation.roc", "validation.ks_curves", "validation.bands"]
    if curves.calibration:
        shown.append(drawing.calibration(curves, _ZH.say("validation.calibration")))
        codes.append("validation.calibration")
    pairs = zip(shown, codes, strict=True)
    figures = (
        f"<figure>{picture}<figcaption>{escape(_EN.say(code))}</figcaption></figure>"
        for picture, code in pairs
    )
    return f'<div class="pictures">{"".join(figures)}</div>'


def _own(own: OwnBook) -> list[str]:
    ready = _both("validation.card_ready", bads=own.defaulters, needed=own.needed_for_a_card)
    return [
        f"<p>{ready}</p>",
        f"<h2>{_both('validation.by_grade')}</h2>",
        _grades_table(own),
        f"<h2>{_both('validation.drift')}</h2>",
        _drift_table(own),
        f"<h2>{_both('validation.migration')}</h2>",
        f"<p>{_both('validation.moves', **moves_of(own.migration))}</p>",
        _migration_table(own.migration),
    ]


def _grades_table(own: OwnBook) -> str:
    names = ("grade", "n", "bads", "expected", "observed", "interval")
    rows = [
        [
            escape(grade.grade),
            f"{grade.n:,}",
            f"{grade.bads:,}",
            f"{grade.expected:.2%}",
            f"{grade.observed:.2%}",
            f"{grade.low:.2%} – {grade.high:.2%}",
        ]
        for grade in own.calibration
    ]
    return _table([_both(f"validation.{name}") for name in names], rows)


def _drift_table(own: OwnBook) -> str:
    if own.score_drift is None:
        return f"<p>{_both('validation.no_drift')}</p>"
    rows = [_drift_row(_both("validation.score"), own.score_drift)]
    rows += [_drift_row(escape(name), found) for name, found in own.drifts.items()]
    names = ("characteristic", "index", "by_chance", "verdict")
    return _table([_both(f"validation.{name}") for name in names], rows)


def _drift_row(name: str, found: Drift) -> list[str]:
    verdict = _both(f"validation.verdict.{found.verdict}")
    return [name, f"{found.index:.3f}", f"{found.by_chance:.3f}", verdict]


def moves_of(found: Migration) -> dict[str, object]:
    """Return what the sentence about moves of grades is filled with."""
    return {
        "pairs": found.pairs,
        "moves": found.moves,
        "jumps": _share(found.jumps),
        "reversals": _share(found.reversals),
    }


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _migration_table(found: Migration) -> str:
    rows = [
        [escape(grade), *(str(count) if count else "" for count in counts)]
        for grade, counts in zip(found.grades, found.counts, strict=True)
    ]
    return _table(["", *(escape(grade) for grade in found.grades)], rows)
