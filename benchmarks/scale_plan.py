"""Plans past these machines: what a size needs, worked out from measured figures alone.

``python -m benchmarks.scale_plan [--measured FILE] [--window HOURS]`` prints a table for each plan.
The figures stand in ``measured.json``, each with where it was measured; a figure that is missing
ends the program. What a company is like (its size, its changes in a day) is assumed, and printed.
"""

import argparse
import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

__all__ = ["Company", "Figure", "Line", "load_figures", "plan"]

MILLION = 1_000_000
MEASURED = Path(__file__).with_name("measured.json")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure: ``value`` of ``unit`` ``per`` so many, and where it was measured."""

    value: float
    unit: str
    per: float = 1
    measured: str

    @property
    def each(self) -> float:
        """The value for one."""
        return self.value / self.per


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """What is assumed of a company. ``ratings`` change in a day, ``changes`` are of invoices."""

    customers: int
    invoices: int
    changes: int
    ratings: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a plan: what, how much, and how it was worked out."""

    what: str
    value: float
    unit: str
    by: str


Figures = Mapping[str, Figure]


def load_figures(path: Path) -> dict[str, Figure]:
    """Read measured figures. Raises ``msgspec.ValidationError``."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Figure])


def plan(figures: Figures, company: Company, companies: int, *, window_hours: float) -> list[Line]:
    """Work out what so many companies need. Raises ``KeyError`` for a figure not measured.

    All grows with the number of records; the largest customer alone bounds a process's memory.
    """
    return [
        *_database(figures, company, companies),
        *_nightly(figures, company, companies, window_hours),
        *_by_day(figures, company, companies),
        *_first(figures, company),
        *_zoho(figures, company),
        *_fxiaoke(figures, company),
    ]


def _database(figures: Figures, company: Company, companies: int) -> list[Line]:
    size = company.invoices * figures["database_bytes_an_invoice"].each / 1e9
    return [
        _line("database of one company", size, "GB", "database_bytes_an_invoice"),
        _line("databases together", size * companies, "GB", "database_bytes_an_invoice"),
    ]


def _nightly(figures: Figures, company: Company, companies: int, window: float) -> list[Line]:
    """Everybody is assessed anew each night, chunk by chunk, by all workers together.

    What was measured is taken for as many customers and for as many invoices: the larger counts.
    """
    by_invoices = company.invoices * figures["decide_cpu_seconds"].each
    by_customers = company.customers * figures["decide_cpu_seconds_by_customer"].each
    hours = max(by_invoices, by_customers) * companies / 3600
    pure = company.invoices * figures["assess_seconds"].each * companies / 3600
    return [
        _line("rate everybody anew: processor", hours, "hours", "decide_cpu_seconds"),
        _line("of it the method itself", pure, "hours", "assess_seconds"),
        _line(
            f"workers for a window of {window:g} h",
            math.ceil(hours / window),
            "",
            "decide_cpu_seconds",
        ),
        _line(
            "memory of a process, largest customer of 100,000",
            figures["worker_peak_mb"].value,
            "MB",
            "worker_peak_mb",
        ),
    ]


def _by_day(figures: Figures, company: Company, companies: int) -> list[Line]:
    seconds = company.changes * figures["change_cpu_seconds"].each * companies
    return [
        _line("changes of a day: processor", seconds / 3600, "hours", "change_cpu_seconds"),
        _line("workers for them, all day", math.ceil(seconds / 86_400), "", "change_cpu_seconds"),
    ]


def _first(figures: Figures, company: Company) -> list[Line]:
    """The first read is one feed after another: it is one process's, whatever else there is."""
    return [
        _line(f"first read into {name}", company.invoices / figures[key].each / 3600, "hours", key)
        for name, key in (
            ("SQLite", "sqlite_rows_per_second"),
            ("PostgreSQL", "postgres_rows_per_second"),
        )
    ]


def _zoho(figures: Figures, company: Company) -> list[Line]:
    day = figures["zoho_credits_a_day"].value
    first = company.invoices * figures["zoho_full_read_credits"].each
    write = company.ratings * figures["zoho_write_credits"].each
    polls = figures["zoho_quiet_day_credits"].value
    return [
        _line("Zoho: first read", first, "credits", "zoho_full_read_credits"),
        _line("Zoho: first read, share of a day's", 100 * first / day, "%", "zoho_credits_a_day"),
        _line(
            "Zoho: polls and writes of a day", polls + write, "credits", "zoho_quiet_day_credits"
        ),
        _line(
            "Zoho: polls and writes, share of a day's",
            100 * (polls + write) / day,
            "%",
            "zoho_credits_a_day",
        ),
    ]


def _fxiaoke(figures: Figures, company: Company) -> list[Line]:
    calls = (company.customers + company.invoices) * figures["fxiaoke_full_read_calls"].each
    hours = calls / figures["fxiaoke_calls_per_second"].each / 3600
    return [
        _line("纷享销客: first read", calls, "calls", "fxiaoke_full_read_calls"),
        _line("纷享销客: first read at the limit", hours, "hours", "fxiaoke_calls_per_second"),
    ]


def _line(what: str, value: float, unit: str, by: str) -> Line:
    return Line(what=what, value=value, unit=unit, by=by)


_PLANS = (
    (
        "1,000 companies, a database each",
        Company(customers=1_000, invoices=20_000, changes=500, ratings=50),
        1_000,
    ),
    (
        "One company of 100 million invoices",
        Company(customers=1_000_000, invoices=100 * MILLION, changes=500_000, ratings=20_000),
        1,
    ),
)


def main() -> None:
    """Print the plans and the figures they stand on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measured", type=Path, default=MEASURED, help="the measured figures")
    parser.add_argument("--window", type=float, default=4, help="hours of a night")
    chosen = parser.parse_args()
    figures, console = load_figures(chosen.measured), Console(width=132)
    for title, company, companies in _PLANS:
        sizes = ", ".join(
            f"{name} {value:,}" for name, value in msgspec.structs.asdict(company).items()
        )
        lines = plan(figures, company, companies, window_hours=chosen.window)
        table = Table("", "value", "unit", "by", title=f"{title} (assumed of each: {sizes})")
        for line in lines:
            table.add_row(
                line.what,
                f"{line.value:,.4g}" if line.value < 100 else f"{line.value:,.0f}",
                line.unit,
                line.by,
            )
        console.print(table)
    table = Table("figure", "value", "unit", "per", "measured", title="Measured")
    for name, figure in figures.items():
        table.add_row(name, f"{figure.value:g}", figure.unit, f"{figure.per:,.0f}", figure.measured)
    console.print(table)


if __name__ == "__main__":
    main()
