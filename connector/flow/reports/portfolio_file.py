"""The portfolio report as it is shown, printed and kept: figures, sheets, heading."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

from connector.flow.reports.pages import portfolio_sheets, trend_sheet
from connector.flow.reports.sheets import Sheet
from connector.flow.reports.survey import Survey
from connector.flow.reports.trend import ageing_trend
from connector.flow.reports.workbook import write_workbook
from connector.texts.catalogue import Texts
from scoring.portfolio import portfolio

__all__ = ["PortfolioReport", "keep_portfolio", "portfolio_report"]


class PortfolioReport(msgspec.Struct, frozen=True, kw_only=True):
    """``document`` is for machines, ``sheets`` under ``heading`` are for people."""

    document: dict[str, object]
    sheets: list[Sheet]
    heading: str


def portfolio_report(
    survey: Survey,
    texts: Texts,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> PortfolioReport:
    """Show receivables by grade and age, limits, losses, the largest, and what would hurt."""
    day = survey.as_of
    found = portfolio(survey.holdings(progress=progress), survey.policy, survey.rates, day)
    trend = ageing_trend(survey)
    return PortfolioReport(
        document={"portfolio": found, "trend": trend},
        sheets=[*portfolio_sheets(found, texts), trend_sheet(trend, found.currency, texts)],
        heading=texts.say(
            "report.heading", as_of=day, currency=found.currency, policy=found.policy_version
        ),
    )


def keep_portfolio(survey: Survey, texts: Texts, folder: Path, day: date) -> Path:
    """Write the report of a day into a folder and name the file. Raises ``OSError``.

    It stands there whole or not at all; written again, it takes the place of the one before.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"portfolio-{day}.xlsx"
    under_way = path.with_suffix(".part")
    report = portfolio_report(survey, texts)
    write_workbook(report.sheets, under_way, heading=report.heading)
    under_way.chmod(0o600)
    under_way.replace(path)
    return path
