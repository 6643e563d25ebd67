"""The plan for sizes past these machines stands on measured figures, and on nothing else."""

import msgspec
import pytest

from benchmarks.scale_plan import MEASURED, Company, load_figures, plan

SMALL = Company(customers=100, invoices=10_000, changes=100, ratings=10)
FIGURES = load_figures(MEASURED)


def values(company: Company, companies: int = 1, hours: float = 4) -> dict[str, float]:
    lines = plan(FIGURES, company, companies, window_hours=hours)
    return {line.what: line.value for line in lines}


def test_every_line_stands_on_a_figure_that_says_where_it_was_measured() -> None:
    lines = plan(FIGURES, SMALL, 1, window_hours=4)

    assert {line.by for line in lines} <= set(FIGURES)
    assert all(figure.measured for figure in FIGURES.values())


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_figure_that_was_not_measured_is_not_made_up(name: str) -> None:
    rest = {other: figure for other, figure in FIGURES.items() if other != name}

    with pytest.raises(KeyError, match=name):
        plan(rest, SMALL, 1, window_hours=4)


def test_ten_times_the_records_need_ten_times_as_much() -> None:
    large = msgspec.structs.replace(SMALL, customers=1_000, invoices=100_000)
    one, ten = values(SMALL), values(large)

    for what in ("database of one company", "first read into PostgreSQL", "Zoho: first read"):
        assert ten[what] == pytest.approx(10 * one[what])


def test_a_shorter_night_needs_more_workers() -> None:
    huge = msgspec.structs.replace(SMALL, invoices=10**9)
    long, short = (
        values(huge, hours=hours)[f"workers for a window of {hours:g} h"] for hours in (8, 1)
    )

    assert 8 * (long - 1) < short <= 8 * long


def test_companies_share_workers_but_not_databases() -> None:
    one, many = values(SMALL), values(SMALL, companies=1_000)

    assert many["databases together"] == pytest.approx(1_000 * one["database of one company"])
    assert many["Zoho: first read"] == one["Zoho: first read"]
