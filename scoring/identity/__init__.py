"""Who a customer is: the unified social credit code, and names that may mean one company."""

from scoring.identity.matching import (
    Alias,
    Company,
    NameDecision,
    NameMatch,
    NameParts,
    candidates,
    match_companies,
    match_names,
    match_parsed,
)
from scoring.identity.names import NameTools, ParsedName, normalise_name, parse_name
from scoring.identity.uscc import (
    UsccCheck,
    check_uscc,
    organisation_code_fits,
    uscc_check_character,
)

__all__ = [
    "Alias",
    "Company",
    "NameDecision",
    "NameMatch",
    "NameParts",
    "NameTools",
    "ParsedName",
    "UsccCheck",
    "candidates",
    "check_uscc",
    "match_companies",
    "match_names",
    "match_parsed",
    "normalise_name",
    "organisation_code_fits",
    "parse_name",
    "uscc_check_character",
]
