"""T16, at the adapters: no operation under any fault tells a secret or a customer's name."""

import logging
from itertools import cycle

import pytest

from adapters.errors import CrmError
from connector.log.faults import fault_told
from connector.log.redaction import redacted_text
from connector.work.retry import error_note
from sandbox.faults import FaultKind
from tests.contract.bench import Bench, Vendor
from tests.contract.fault_matrix import OPERATIONS, cell

PERSON = "Wilhelmina Canary 金丝雀"
TOKEN = "c" * 43  # the channel's, in tests/contract/fault_matrix.py
PLACES = [(name, vendor) for name, each in OPERATIONS.items() for vendor in each.vendors]
#: Each operation with one fault of its own, each fault with some operation.
SOME = [(*place, fault) for place, fault in zip(PLACES, cycle(FaultKind), strict=False)]
OURS = ("adapters", "connector", "webhooks")


def told_by(error: object) -> str:
    """Tell all that an error says anywhere."""
    if not isinstance(error, CrmError):
        return ""
    caught = (type(error), error, error.__traceback__)
    return f"{error} {error!r} {error.user_message} {error_note(error)} {fault_told(caught)}"


def nothing_leaks(
    vendor: Vendor, operation: str, fault: FaultKind, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    hidden: list[str] = [PERSON, TOKEN]

    def hear(bench: Bench, found: object) -> None:
        told.append(told_by(found))
        known = bench.crm.credentials()
        hidden.extend(known[name] for name in vendor.secrets if not name.endswith("id"))

    with caplog.at_level(logging.DEBUG):
        cell(vendor, operation, fault, name=PERSON, hear=hear)
    ours = [one.getMessage() for one in caplog.records if one.name.startswith(OURS)]
    theirs = [redacted_text(one.getMessage()) for one in caplog.records]
    everything = "\n".join([*told, *ours, *theirs])

    assert not [secret for secret in hidden if secret in everything]
    assert "Zoho-oauthtoken 1000" not in everything
    caplog.clear()


@pytest.mark.parametrize(
    ("operation", "vendor", "fault"), SOME, ids=lambda part: getattr(part, "name", part)
)
def test_nothing_leaks(
    vendor: Vendor, operation: str, fault: FaultKind, caplog: pytest.LogCaptureFixture
) -> None:
    nothing_leaks(vendor, operation, fault, caplog)


@pytest.mark.full
@pytest.mark.parametrize("fault", list(FaultKind))
def test_nothing_leaks_from_any_operation(
    fault: FaultKind, caplog: pytest.LogCaptureFixture
) -> None:
    for operation, vendor in PLACES:
        nothing_leaks(vendor, operation, fault, caplog)
