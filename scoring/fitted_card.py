"""A fitted card at run time: data that was made elsewhere, applied to columns, nothing to train.

A card is a JSON text (``card_text``, ``card_of``), or a table of a policy (``card_toml``). Applying
it needs no more than polars. Sections: credit-management 5.3, scaling and points in step 5. The
fitting is in ``scoring/model/card.py``.
"""

import json
import math
from datetime import date
from itertools import pairwise

import msgspec
import polars as pl

from scoring.document import lies_above, mistake, not_empty, not_twice, refuse

__all__ = [
    "CARD_FIGURES",
    "CardBin",
    "CardError",
    "Characteristic",
    "FittedCard",
    "Scaling",
    "TrainedOn",
    "applied",
    "blend_weight",
    "blended_pd",
    "blended_score",
    "card_of",
    "card_text",
    "card_toml",
]

#: The figures an assessment has when it looks at a card of defaults: payment behaviour.
CARD_FIGURES = (
    *("wadl", "wadl_paid", "days_beyond_terms", "late_amount_percent", "late_count_percent"),
    *("overdue_scored_percent", "max_delay", "in_parts_percent", "n_settled", "age_months"),
    *("delay_trend", "turnover_trend", "volatility"),
)

FORMAT = 1
#: Defaults at which the fitted card weighs as much as the expert card (5.3).
EVEN_BADS = 50
_LEAST, _MOST = 1e-9, 1 - 1e-9


class CardError(ValueError):
    """The text is no card, or the frame lacks what the card reads. Says what and where."""


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """Score = offset + factor · ln(odds good:bad): ``base`` points at ``odds``, double per ``pdo``.

    The defaults are the 100-point scale of the master scale (5.2).
    """

    base: float = 50.0
    odds: float = 19.0
    pdo: float = 10.0

    def __post_init__(self) -> None:
        """Refuse odds and steps that have no logarithm."""
        refuse(*lies_above(0, odds=self.odds, pdo=self.pdo))

    @property
    def factor(self) -> float:
        """Points that multiply the odds by e."""
        return self.pdo / math.log(2)

    @property
    def offset(self) -> float:
        """Points at odds of 1."""
        return self.base - self.factor * math.log(self.odds)

    def score(self, pd: float) -> float:
        """Return the score of a probability of default between 0 and 1, both excluded."""
        return self.offset + self.factor * math.log((1 - pd) / pd)

    def pd(self, score: pl.Expr) -> pl.Expr:
        """Return the probability of default of scores."""
        return 1 / (1 + ((score - self.offset) / self.factor).exp())


class CardBin(msgspec.Struct, frozen=True, kw_only=True):
    """Values under ``below`` (and not in the bin before) get these points; ``None``: no upper end."""

    below: float | None = None
    woe: float
    points: float


class Characteristic(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of the card. A missing value gets ``missing_points``."""

    name: str
    coefficient: float
    iv: float
    bins: tuple[CardBin, ...]
    missing_woe: float
    missing_points: float

    def __post_init__(self) -> None:
        """Refuse bins that overlap, or leave a value without points."""
        cuts = [found.below for found in self.bins]
        known = [cut for cut in cuts if cut is not None]
        ordered = all(low < high for low, high in pairwise(known))
        closed = bool(cuts) and cuts[-1] is None and len(known) == len(cuts) - 1
        refuse((ordered and closed, mistake("bins", "card_bins", name=self.name)))


class TrainedOn(msgspec.Struct, frozen=True, kw_only=True):
    """What a card was fitted on: first and last day of the sample, rows, and bad rows."""

    first: date | None = None
    last: date | None = None
    n: int
    n_bad: int


class FittedCard(msgspec.Struct, frozen=True, kw_only=True):
    """A weight-of-evidence card as data. The score is the sum of the points."""

    version: str
    target: str
    trained: TrainedOn
    scaling: Scaling
    intercept: float
    characteristics: tuple[Characteristic, ...]
    whole_points: bool = False
    format: int = FORMAT

    def __post_init__(self) -> None:
        """Refuse another format, and a card that reads nothing or a figure twice."""
        other = mistake("format", "must_equal", given=self.format, wanted=FORMAT)
        refuse(
            (self.format == FORMAT, other),
            *not_empty(characteristics=self.characteristics),
            not_twice("characteristics", [found.name for found in self.characteristics]),
        )


def card_text(card: FittedCard) -> str:
    """Write a card as JSON; ``card_of`` reads the same card from it."""
    return msgspec.json.format(msgspec.json.encode(card), indent=1).decode() + "\n"


def card_of(text: str | bytes) -> FittedCard:
    """Read a card.

    Raises:
        CardError: The text is no card of this format, has no characteristics, or the bins of one
            are not in order.
    """
    try:
        return msgspec.json.decode(text, type=FittedCard)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CardError(f"this is no fitted card: {error}") from error


def card_toml(card: FittedCard) -> str:
    """Write a card as the table ``[scorecard.fitted]`` of a policy."""
    values = msgspec.to_builtins(card, builtin_types=(date,))
    characteristics = ",\n".join(f"  {_toml(found)}" for found in values.pop("characteristics"))
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "\n".join(
        ["[scorecard.fitted]", *lines, f"characteristics = [\n{characteristics},\n]\n"]
    )


def _toml(value: object) -> str:
    """Write a value in one line; what is ``None`` in a table is left out of it."""
    if isinstance(value, dict):
        known = [f"{key} = {_toml(each)}" for key, each in value.items() if each is not None]
        return f"{{ {', '.join(known)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def applied(frame: pl.DataFrame, card: FittedCard) -> pl.DataFrame:
    """Add points (a struct, one field a characteristic), score and pd to each row.

    Null and NaN are missing. Columns the card does not read are left as they are.

    Raises:
        CardError: A characteristic's column is not there.
    """
    missing = sorted({found.name for found in card.characteristics} - set(frame.columns))
    if missing:
        raise CardError(f"the card reads columns that are not there: {missing}")
    points = [_points(found).alias(found.name) for found in card.characteristics]
    score = pl.sum_horizontal(pl.col("points").struct.unnest())
    return (
        frame.with_columns(pl.struct(points).alias("points"))
        .with_columns(score.alias("score"))
        .with_columns(card.scaling.pd(pl.col("score")).alias("pd"))
    )


def _points(characteristic: Characteristic) -> pl.Expr:
    value = pl.col(characteristic.name).cast(pl.Float64).fill_nan(None)
    points = pl.lit(characteristic.bins[-1].points)
    for found in reversed(characteristic.bins[:-1]):
        points = pl.when(value < found.below).then(found.points).otherwise(points)
    return pl.when(value.is_null()).then(characteristic.missing_points).otherwise(points)


def blend_weight(bads: int, *, even: int = EVEN_BADS) -> float:
    """Return the weight of the fitted card beside the expert card: n_bad / (n_bad + 50) (5.3)."""
    return bads / (bads + even)


def blended_score(expert: pl.Expr, fitted: pl.Expr, bads: int) -> pl.Expr:
    """Mix two scores of the same scale. Where one is missing the other holds alone."""
    weight = blend_weight(bads)
    return pl.coalesce(expert * (1 - weight) + fitted * weight, expert, fitted)


def blended_pd(expert: pl.Expr, fitted: pl.Expr, bads: int) -> pl.Expr:
    """Mix two probabilities of default in log-odds, which is the same as mixing their scores."""
    mixed = blended_score(_log_odds(expert), _log_odds(fitted), bads)
    return 1 / (1 + (-mixed).exp())


def _log_odds(pd: pl.Expr) -> pl.Expr:
    inside = pd.clip(_LEAST, _MOST)
    return (inside / (1 - inside)).log()
