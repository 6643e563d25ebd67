"""Financial analysis (财务分析): statements in, ratios, distress scores and points out."""

from scoring.financials.analysis import MEASURES, analysed, peers_known
from scoring.financials.group import financial_group, financial_shares
from scoring.financials.industry import Standards, standards_of
from scoring.financials.peers import peers_of
from scoring.financials.statements import StatementMistake, sound, statement_mistakes

__all__ = [
    "MEASURES",
    "Standards",
    "StatementMistake",
    "analysed",
    "financial_group",
    "financial_shares",
    "peers_known",
    "peers_of",
    "sound",
    "standards_of",
    "statement_mistakes",
]
