"""The explanation record as a report a credit manager reads, in 中文 or English. Pure.

A report is sections of lines and tables; who shows it (command line, console) lays them out. What
does not apply is left out or said in one line.
"""

from connector.flow.explanation.report import change_of, report_of
from connector.flow.explanation.words import Section

__all__ = ["Section", "change_of", "report_of"]
