"""Runs a Zoho sandbox with this many accounts and invoices until its standard input ends.

Usage: ``python -m benchmarks.zoho_processes.organisation ACCOUNTS [INVOICES [LARGEST [EACH]]]``:
so many invoices are the first customer's, and each so-manieth customer pays late. It prints its
address and credentials as one line of JSON once it answers. A number on its standard input changes
as many invoices, spread over all; a line tells when that is done.
"""

import sys

import msgspec

from benchmarks.trade import a_company
from benchmarks.zoho_processes.reading import Target
from sandbox.lookalike import LookAlike
from sandbox.server import open_sandbox
from sandbox.zoho import ZohoOptions

__all__: list[str] = []


def main() -> None:
    """Fill the sandbox, say where it is, and wait: who started us ends us by closing the pipe."""
    accounts, invoices, largest, each = [*map(int, sys.argv[1:]), 0, 0, 1][:4]
    company = a_company("zoho", accounts, invoices, largest=largest, overdue_each=each)
    options = ZohoOptions(provisioned=True, bulk_job_seconds=0.0)
    with open_sandbox(company, only="zoho", zoho_options=options) as sandbox:
        ready = Target(url=sandbox.url("zoho"), credentials=sandbox.crm("zoho").credentials())
        sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
        sys.stdout.flush()
        for wished in sys.stdin:
            _change(sandbox.crm("zoho"), int(wished))
            print("done", flush=True)


def _change(crm: LookAlike, count: int) -> None:
    """Raise the amounts of so many invoices, as people in the CRM would."""
    rows = crm.records("Invoices")
    for row in rows[:: len(rows) // count][:count]:
        raised = float(str(row["Grand_Total"])) + 1
        crm.put_record("Invoices", {"Grand_Total": raised}, str(row["id"]))


if __name__ == "__main__":
    main()
