"""Logs: one line an event on standard error, without secrets or customer data.

Events carry codes, counts, connection names and record ids; never names, amounts, bodies or tokens.
What gets into one all the same is taken out before it is written (``redaction.py``).
"""

from connector.log.lines import set_up_logging

__all__ = ["set_up_logging"]
