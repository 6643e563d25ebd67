"""The whole policy: one document with a version, checked when read."""

import tomllib
from collections.abc import Iterator
from typing import ClassVar, Literal

import msgspec

from scoring.document import Check, DocumentError, Mistake, mistake, read_document, written
from scoring.dunning import DunningPolicy
from scoring.limitation import LimitationPolicy
from scoring.money import UnknownCurrencyError, minor_digits
from scoring.policy.behaviour import BehaviourPolicy, DefaultEventPolicy
from scoring.policy.dossier import DossierPolicy
from scoring.policy.financials import FinancialsPolicy
from scoring.policy.gates import GatePolicy
from scoring.policy.grades import DEFAULT_GRADES, GradePolicy, check_grades
from scoring.policy.limits import ExposurePolicy, LimitPolicy
from scoring.policy.ordercheck import OrderCheckPolicy
from scoring.policy.part import Part
from scoring.policy.promises import PromisePolicy
from scoring.policy.provision import ProvisionPolicy
from scoring.policy.review import ReviewPolicy
from scoring.policy.scorecard import ScorecardPolicy, check_card
from scoring.policy.terms import TermsPolicy
from scoring.policy.warning import WarningPolicy, WatchPolicy

__all__ = ["GroupName", "Policy", "PolicyError", "left_to_defaults", "load_policy"]

GroupName = Literal["payment", "financial", "history", "qualitative"]


class PolicyError(DocumentError):
    """The policy text does not hold what it must; ``mistakes`` lists everything found."""


def _check_version(version: str) -> Iterator[Mistake]:
    if not version.strip() or version != version.strip():
        yield mistake("version", "version")


def _check_currency(currency: str) -> Iterator[Mistake]:
    try:
        minor_digits(currency)
    except UnknownCurrencyError:
        yield mistake("currency", "no_currency", given=written(currency))


class Policy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole policy. ``groups`` are the scorecard groups that have data and are in use."""

    version: str = "default-1"
    currency: str = "CNY"
    groups: tuple[GroupName, ...] = ("payment",)
    unrated_terms_days: int = 30
    unrated_review_months: int = 3
    behaviour: BehaviourPolicy = BehaviourPolicy()
    default_event: DefaultEventPolicy = DefaultEventPolicy()
    scorecard: ScorecardPolicy = ScorecardPolicy()
    gates: GatePolicy = GatePolicy()
    limits: LimitPolicy = LimitPolicy()
    exposure: ExposurePolicy = ExposurePolicy()
    watch: WatchPolicy = WatchPolicy()
    warning: WarningPolicy = WarningPolicy()
    financials: FinancialsPolicy = FinancialsPolicy()
    dossier: DossierPolicy = DossierPolicy()
    promises: PromisePolicy = PromisePolicy()
    order_check: OrderCheckPolicy = OrderCheckPolicy()
    terms: TermsPolicy = TermsPolicy()
    review: ReviewPolicy = ReviewPolicy()
    provision: ProvisionPolicy = ProvisionPolicy()
    dunning: DunningPolicy = DunningPolicy()
    limitation: LimitationPolicy = LimitationPolicy()
    grades: tuple[GradePolicy, ...] = DEFAULT_GRADES

    CHECKS: ClassVar[tuple[Check, ...]] = (
        (("version",), _check_version),
        (("currency",), _check_currency),
        (("groups", "scorecard"), check_card),
        (("grades",), check_grades),
    )

    def __post_init__(self) -> None:
        """Refuse a nameless version, an unknown currency, and a card or bands that do not hold."""
        mistakes = [
            found
            for names, check in self.CHECKS
            for found in check(*(getattr(self, name) for name in names))
        ]
        if mistakes:
            raise DocumentError(mistakes)

    def grade(self, name: str) -> GradePolicy:
        """Find a grade's row. Raises ``KeyError`` for ``NR`` and other words."""
        for row in self.grades:
            if row.grade == name:
                return row
        raise KeyError(name)


def load_policy(toml_text: str) -> Policy:
    """Read a policy. What it leaves out has the default.

    Raises:
        PolicyError: Lists every unknown key, wrong value and broken rule with its key path.
    """
    try:
        return read_document(toml_text, Policy)
    except DocumentError as error:
        raise PolicyError(error.mistakes) from error


def left_to_defaults(toml_text: str) -> tuple[str, ...]:
    """Name the sections a policy leaves out, so that this version's defaults decide.

    Of the card these are the groups in use. Defaults may change with a later version; who wants to
    decide a section states it. Raises ``PolicyError`` for a text that is no policy.
    """
    policy, stated = load_policy(toml_text), tomllib.loads(toml_text)
    sections = [
        field.name
        for field in msgspec.structs.fields(Policy)
        if isinstance(field.default, msgspec.Struct) or field.name == "grades"
    ]
    groups = [name for name in policy.groups if name not in stated.get("scorecard", {})]
    return (
        *(name for name in sections if name not in stated and name != "scorecard"),
        *(f"scorecard.{name}" for name in groups),
    )
