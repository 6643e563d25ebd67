"""All signals in the order of the method's table."""

from scoring.warning.payment import RULES as PAYMENT
from scoring.warning.records import RULES as RECORDS
from scoring.warning.rule import Rule
from scoring.warning.trade import RULES as TRADE

__all__ = ["CODES", "RULES"]

RULES: tuple[Rule, ...] = tuple(
    sorted((*PAYMENT, *TRADE, *RECORDS), key=lambda rule: int(rule.code[1:]))
)
#: E1 … E24.
CODES = tuple(rule.code for rule in RULES)
