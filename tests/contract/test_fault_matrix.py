"""Every fault × every operation ends in its outcome class (reliability 3), within six calls."""

import pytest

from sandbox.faults import FaultKind
from tests.contract.bench import VENDORS, Vendor
from tests.contract.fault_matrix import MOST_CALLS, MOST_REPEATED, OPERATIONS, cell, outage

#: The CRM's own word: nothing was done, and why.
REFUSED = {FaultKind.RATE_LIMIT: "RateLimited", FaultKind.QUOTA: "QuotaExhausted"}
#: Late, or for a token that can be had anew: done all the same.
PASSING = frozenset({FaultKind.SLOW, FaultKind.SLOW_BODY, FaultKind.STALE_TOKEN})
#: A file that came as something else: what it would have said of each record, the CRM itself shows.
NO_FILE = frozenset({FaultKind.HTML_200, FaultKind.TRUNCATED_JSON, FaultKind.BROKEN_BYTES})
#: Operations where a fault ends otherwise than a read's or a write's usually do.
ELSE = {
    ("bulk: upload", FaultKind.RATE_LIMIT): "RateLimited",
    ("bulk: look", FaultKind.QUOTA): "OutcomeUnknown",  # the job works on, and nobody can look
    ("bulk: result", FaultKind.QUOTA): "OutcomeUnknown",
    **{("bulk: result", kind): "OutcomeUnknown" for kind in NO_FILE},
    ("bulk: start", FaultKind.MISSING_ENTRY): "well",  # its answer has no list
    ("books", FaultKind.QUOTA): "CrmUnavailable",  # it rests, and the CRM goes on
}


def expected(vendor: str, operation: str, fault: FaultKind) -> str:
    """Name the outcome class of a cell."""
    if (operation, fault) in ELSE:
        return ELSE[operation, fault]
    if fault in PASSING:
        return "well"
    if not OPERATIONS[operation].writes:
        return "QuotaExhausted" if fault is FaultKind.QUOTA else "well"
    if fault in REFUSED:
        return REFUSED[fault]
    if fault is FaultKind.MISSING_ENTRY and vendor == "fxiaoke":
        return "well"  # each record has an answer of its own, without a list
    return "OutcomeUnknown"


@pytest.mark.parametrize("fault", list(FaultKind))
@pytest.mark.parametrize(
    ("operation", "vendor"),
    [(name, vendor) for name, each in OPERATIONS.items() for vendor in each.vendors],
    ids=lambda part: part if isinstance(part, str) else part.name,
)
def test_a_fault_ends_in_its_class(vendor: Vendor, operation: str, fault: FaultKind) -> None:
    found = cell(vendor, operation, fault)

    assert found.outcome == expected(vendor.name, operation, fault)
    assert 1 <= found.calls <= MOST_CALLS


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_an_outage_is_not_multiplied(vendor: Vendor) -> None:
    found = outage(vendor)

    assert found.units == 180
    assert 1 <= found.most_of_a_unit <= MOST_CALLS
    assert 0 < found.repeated <= MOST_REPEATED
