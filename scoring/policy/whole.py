"""The whole policy: one document with a version, checked when read."""

from typing import Literal

from scoring.document import DocumentError, read_document
from scoring.dunning import DunningPolicy
from scoring.limitation import LimitationPolicy
from scoring.money import minor_digits
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

__all__ = ["GroupName", "Policy", "PolicyError", "load_policy"]

GroupName = Literal["payment", "financial", "history", "qualitative"]


class PolicyError(DocumentError):
    """The policy text does not hold what it must; ``mistakes`` lists everything found."""


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

    def __post_init__(self) -> None:
        """Refuse an unknown currency, no or repeated groups, and bands that are not monotone."""
        minor_digits(self.currency)
        if not self.groups or len(set(self.groups)) != len(self.groups):
            raise ValueError("groups names each scorecard group in use once, at least one")
        check_card(self.groups, self.scorecard)
        check_grades(self.grades)

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
