"""Early warning (风险预警): the signals E1 to E24 of every entity (credit-management 10).

One module a family: how a customer pays, how it buys, what its credit file tells. ``warned`` works
the levels out in columns; ``signals_of`` reads one row as sentences' codes and numbers; ``alerts``
says what is new since the last time.
"""

from scoring.warning.signals import Alert, Change, Signal, alerts, signals_of
from scoring.warning.warned import CODES, warned

__all__ = ["CODES", "Alert", "Change", "Signal", "alerts", "signals_of", "warned"]
