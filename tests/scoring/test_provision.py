"""Loss provision by ageing and expected loss by grade."""

from decimal import Decimal

import pytest

from scoring.policy import load_policy
from scoring.provision import LOSS_BUCKETS, loss_rates
from tests.builders import AS_OF, a_steady_payer, an_entity, an_invoice, days_ago
from tests.scoring.limit_rows import a_collateral, figures


@pytest.mark.parametrize(
    ("days", "provision"),
    [
        *((0, 500), (1, 2_000), (30, 2_000), (31, 10_000), (60, 10_000), (61, 25_000)),
        *((90, 25_000), (91, 50_000), (180, 50_000), (181, 75_000), (365, 75_000)),
        (366, 100_000),
    ],
)
def test_each_bucket_has_its_rate(days: int, provision: int) -> None:
    item = an_invoice(amount=100_000, issued_on=days_ago(days + 30), due_on=days_ago(days))

    assert figures(item)["provision"] == provision


def test_the_sum_is_rounded_once_and_half_up() -> None:
    """0.5 % of 100 fen is half a fen, 2 % of 25 is another half: together one."""
    rows = [
        an_invoice("a", amount=100, due_on=AS_OF),
        an_invoice("b", amount=25, due_on=days_ago(1)),
    ]

    assert figures(rows[0])["provision"] == 1
    assert figures(*rows)["provision"] == 1


def test_the_buckets_of_the_matrix_sum_to_the_receivable() -> None:
    rows = [an_invoice(f"i{n}", amount=n, due_on=days_ago(n * 40)) for n in range(1, 12)]
    found = figures(rows)

    assert sum(found[bucket] for bucket in LOSS_BUCKETS) == found["ar"] == 66
    assert found["age_over_90"] == sum(found[bucket] for bucket in LOSS_BUCKETS[4:])


def test_expected_loss_is_pd_times_lgd_times_what_may_be_drawn() -> None:
    """A: 0.92 % x 60 % x 40,000.00 = 220.80; drawn is nothing yet."""
    rows = a_steady_payer(amount=4_000_000)
    drawn = load_policy("[provision]\nexposure_at_default = 'exposure'")

    assert figures(rows)["expected_loss"] == 22_080
    assert figures(rows, policy=drawn)["expected_loss"] == 0
    assert figures(rows, a_collateral("cash_deposit", 3_000_000))["expected_loss"] == 5_520


def test_who_has_no_grade_has_no_expected_loss() -> None:
    assert figures(an_entity())["expected_loss"] is None


def test_own_roll_rates_make_loss_rates() -> None:
    rolls = (Decimal("0.1"), Decimal("0.5"), Decimal("0.8"))

    assert loss_rates(rolls, Decimal("0.5")) == (Decimal("0.020"), Decimal("0.20"), Decimal("0.40"))
