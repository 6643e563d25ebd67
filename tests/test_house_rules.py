"""The house's rules that no linter knows: one clock, one door out, no values in SQL, exact money."""

import ast
from functools import cache

import pytest

from tests.house import ROOT, RULES, Found, found_in, packages, template_faults

COMMAND_LINE = "connector/cli/"

#: Where a rule does not hold, and why. What is not broken any more must leave the list.
ALLOWED = {
    "clock": {
        "connector/clock.py::now": "the clock",
        "sandbox/clock.py::now": "the sandbox's clock",
        "sandbox/clock.py::set": "the sandbox's clock",
        "adapters/http.py::-": "the default of what is injected",
        "connector/cli/demo.py::demo": "the day a sandbox's company is made for",
        "connector/cli/sandboxes.py::sandbox": "the day a sandbox's company is made for",
    },
    "sender": {
        "adapters/http.py::-": "the one client",
        "adapters/guard.py::-": "the one door out",
        "sandbox/notifier.py::-": "the look-alike CRM sends its own notifications",
    },
    "sql": {  # numbers and names of ours; a database takes no parameters there
        "connector/flow/erasure.py::_lock": "a table's own name",
        "connector/store/compacting.py::_postgresql": "names of tables, quoted",
        "connector/store/compacting.py::_sqlite": "a number of milliseconds",
        "connector/store/backup.py::_count": "a table's name, quoted",
        "connector/store/bulk.py::copy_rows": "names of table and columns, quoted",
        "connector/store/bulk.py::upsert_rows": "a table's name, quoted",
        "connector/store/dumps.py::_load": "names of schemas, quoted",
        "connector/store/dumps.py::put_beside": "a schema's name, quoted",
        "connector/store/dumps.py::put_in_place": "a schema's name, quoted",
        "connector/store/engine.py::_prepare_sqlite": "a constant",
        "connector/store/engine.py::_prepare_postgresql": "constants",
        "connector/store/presence.py::alone": "a constant",
        "connector/store/presence.py::ask": "a constant",
        "connector/store/presence.py::_on_sqlite": "a constant",
        "connector/wiring/moving.py::_hold": "names of tables, quoted",
    },
    "money": {
        "connector/flow/reports/workbook.py::_put": "Excel's cells are floats",
        "sandbox/company/statements.py::-": "a ratio: revenue over assets",
        "sandbox/zoho/filling_file.py::number": "a JSON number, as Zoho sends it",
        "scoring/financials/distress.py::_ohlson": "an index of prices, in a formula of logarithms",
    },
    "print": {
        "connector/log/lines.py::_console": "where the log goes",
        "connector/log/lines.py::set_up_logging": "where the log goes",
        "connector/log/lines.py::stream": "where the log goes",
        "sandbox/company/highradius.py::main": "a command of its own",
    },
    "markup": {},
}

BREACHES = {
    "clock": [
        "from datetime import UTC, datetime\nat = datetime.now(UTC)",
        "import datetime\nat = datetime.datetime.utcnow()",
        "import datetime as dt\nday = dt.date.today()",
        "import time\nat = time.time()",
        "from time import time\nat = time()",
        "from datetime import datetime\nfield(default_factory=datetime.now)",
    ],
    "sender": [
        "import requests",
        "from requests import Session",
        "import requests.sessions",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import httpx",
        "def later():\n    import urllib3",
    ],
    "sql": [
        "conn.execute(f'SELECT {column} FROM t')",
        "conn.exec_driver_sql('DELETE FROM t WHERE id = ' + id)",
        "cursor.executemany('INSERT INTO t VALUES (%s)' % value, [])",
        "sa.text('state = {}'.format(state))",
        "text(f'id = {id}')",
        "statement = f'UPDATE t SET a = {a}'",
        "statement = 'SELECT a' + ' FROM ' + table",
    ],
    "money": [
        "class Invoice:\n    amount: float",
        "class Invoice:\n    open_amount: 'Decimal' | float | None",
        "def save(credit_limit: float): ...",
        "def exposure(ledger) -> float: ...",
        "total = float(invoice.balance)",
        "sa.Column('amount_minor', sa.Float())",
    ],
    "print": ["print('done')", "import sys\nsys.stdout.write('done')"],
    "markup": [
        "from markupsafe import Markup\nMarkup(name)",
        "import flask\nflask.Markup(name)",
        "Environment(autoescape=False)",
    ],
}

FINE = {
    "clock": "from datetime import datetime, time\nat = clock.now()\nmidnight = time()",
    "sender": "from requests.adapters import BaseAdapter\nfrom urllib.parse import urlsplit",
    "sql": "conn.execute(sa.text('SELECT a FROM t WHERE id = :id'), {'id': id})\nf'SELECTED {n}'",
    "money": "class Invoice:\n    amount: Decimal\n    share: float\ndef paid(on: date) -> Money: ...",
    "print": "console.print('done')",
    "markup": "column.startswith(text, autoescape=True)",
}


@cache
def found() -> dict[str, list[Found]]:
    by_rule: dict[str, list[Found]] = {rule: [] for rule in RULES}
    for path, tree in packages().items():
        for rule, breaches in found_in(path, tree).items():
            by_rule[rule] += breaches
    return by_rule


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rules(rule: str) -> None:
    strangers = [
        f"{each.path}:{each.line}"
        for each in sorted(found()[rule])
        if each.place not in ALLOWED[rule]
        and not (rule == "print" and each.path.startswith(COMMAND_LINE))
    ]

    assert strangers == []


@pytest.mark.parametrize("rule", RULES)
def test_no_exception_outlives_its_reason(rule: str) -> None:
    assert set(ALLOWED[rule]) <= {each.place for each in found()[rule]}


@pytest.mark.parametrize(
    ("rule", "code"), [(rule, code) for rule, codes in BREACHES.items() for code in codes]
)
def test_a_breach_is_found(rule: str, code: str) -> None:
    assert found_in("a.py", ast.parse(code))[rule]


@pytest.mark.parametrize(("rule", "code"), FINE.items())
def test_what_keeps_the_rule_is_let_be(rule: str, code: str) -> None:
    assert found_in("a.py", ast.parse(code))[rule] == []


def test_no_template_switches_escaping_off() -> None:
    templates = [*ROOT.glob("[a-z]*/**/templates/**/*"), *ROOT.glob("[a-z]*/**/*.html")]
    read = [path for path in set(templates) if path.is_file() and path.suffix != ".pyc"]

    assert read
    assert [path for path in read if template_faults(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("text", ["{{ name|safe }}", "{{ a | safe }}", "{% autoescape false %}"])
def test_a_template_that_switches_escaping_off_is_found(text: str) -> None:
    assert template_faults(text)
    assert template_faults("{{ name|safer }} {{ name|e }}") == []
