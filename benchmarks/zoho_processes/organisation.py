"""Runs a Zoho sandbox with this many accounts and invoices until its standard input ends.

Usage: ``python -m benchmarks.zoho_processes.organisation ACCOUNTS [INVOICES]``. It prints
its address and credentials as one line of JSON once it answers.
"""

import sys

import msgspec

from benchmarks.trade import a_company
from benchmarks.zoho_processes.reading import Target
from sandbox.server import open_sandbox
from sandbox.zoho import ZohoOptions

__all__: list[str] = []


def main() -> None:
    """Fill the sandbox, say where it is, and wait: who started us ends us by closing the pipe."""
    company = a_company("zoho", *(int(each) for each in sys.argv[1:]))
    options = ZohoOptions(provisioned=True, bulk_job_seconds=0.0)
    with open_sandbox(company, only="zoho", zoho_options=options) as sandbox:
        ready = Target(url=sandbox.url("zoho"), credentials=sandbox.crm("zoho").credentials())
        sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
