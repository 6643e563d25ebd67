"""The credit policy (信用政策): every number of the method as data, with a version.

The defaults are starting values, not facts about the world. Amounts are in major units of the
policy's currency; shares are fractions of 1 unless a name ends in ``_percent``. One module a
subject; ``whole`` puts them together.
"""

from scoring.policy.behaviour import BehaviourPolicy, DefaultEventPolicy
from scoring.policy.dossier import DossierItemPolicy, DossierPolicy
from scoring.policy.financial import FinancialGroupPolicy
from scoring.policy.financials import FinancialsPolicy
from scoring.policy.gates import GatePolicy
from scoring.policy.grades import DEFAULT_GRADES, GradePolicy
from scoring.policy.history import BureauProviderPolicy, HistoryGroupPolicy
from scoring.policy.limits import ExposurePolicy, LimitPolicy
from scoring.policy.ordercheck import OrderCheckPolicy
from scoring.policy.part import GRADES, CharacteristicPolicy, Curve, Part
from scoring.policy.promises import PromisePolicy
from scoring.policy.provision import ProvisionPolicy
from scoring.policy.qualitative import QualitativeGroupPolicy
from scoring.policy.review import ReviewPolicy
from scoring.policy.scorecard import PaymentGroupPolicy, ProspectPolicy, ScorecardPolicy
from scoring.policy.terms import TermsPolicy
from scoring.policy.warning import WarningPolicy, WatchPolicy
from scoring.policy.whole import GroupName, Policy, PolicyError, left_to_defaults, load_policy

__all__ = [
    "DEFAULT_GRADES",
    "GRADES",
    "BehaviourPolicy",
    "BureauProviderPolicy",
    "CharacteristicPolicy",
    "Curve",
    "DefaultEventPolicy",
    "DossierItemPolicy",
    "DossierPolicy",
    "ExposurePolicy",
    "FinancialGroupPolicy",
    "FinancialsPolicy",
    "GatePolicy",
    "GradePolicy",
    "GroupName",
    "HistoryGroupPolicy",
    "LimitPolicy",
    "OrderCheckPolicy",
    "Part",
    "PaymentGroupPolicy",
    "Policy",
    "PolicyError",
    "PromisePolicy",
    "ProspectPolicy",
    "ProvisionPolicy",
    "QualitativeGroupPolicy",
    "ReviewPolicy",
    "ScorecardPolicy",
    "TermsPolicy",
    "WarningPolicy",
    "WatchPolicy",
    "left_to_defaults",
    "load_policy",
]
