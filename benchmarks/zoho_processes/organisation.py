"""Runs a Zoho sandbox with this many accounts until its standard input ends.

Usage: ``python -m benchmarks.zoho_processes.organisation ACCOUNTS``. It prints its address and
credentials as one line of JSON once it answers.
"""

import sys
from dataclasses import replace
from datetime import date

import msgspec

from benchmarks.zoho_processes.reading import Target
from sandbox.company.generate import generate
from sandbox.company.model import Company
from sandbox.server import open_sandbox
from sandbox.zoho import ZohoOptions

__all__: list[str] = []

_AS_OF = date(2026, 11, 20)


def main() -> None:
    """Fill the sandbox, say where it is, and wait: who started us ends us by closing the pipe."""
    with open_sandbox(
        _company(int(sys.argv[1])), only="zoho", zoho_options=ZohoOptions(provisioned=True)
    ) as sandbox:
        ready = Target(url=sandbox.url("zoho"), credentials=sandbox.crm("zoho").credentials())
        sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
        sys.stdout.flush()
        sys.stdin.read()


def _company(accounts: int) -> Company:
    """Return a company all of whose customers stand in Zoho; their trade is left out."""
    company = generate(accounts, 1, seed=1, as_of=_AS_OF)
    return Company(
        name=company.name,
        as_of=company.as_of,
        people=company.people,
        customers=[replace(each, crms=frozenset({"zoho"})) for each in company.customers],
    )


if __name__ == "__main__":
    main()
