"""Random credit files: statements, records, promises, collateral, decisions, earlier assessments.

A file is drawn from one seed, so that a case with many companies stays small; the ledger beside it
(``books``) is drawn value by value and shrinks.
"""

from datetime import date, timedelta
from random import Random

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from scoring.policy import GRADES
from tests.builders import AS_OF, Row, a_promise, a_record, days_ago
from tests.oracle.books import books
from tests.oracle.statement_books import random_statements
from tests.scoring.limit_rows import a_collateral, a_decision, changed

__all__ = ["filed_books"]

_CURRENCIES = ("CNY", "CNY", "CNY", "USD", "JPY", "KWD")
_INDUSTRIES = (None, None, "C26", "F51", "E47", "I65")
_SIZES = (None, None, "large", "public", "sme")
_FACTORS = ("character", "capacity", "capital", "collateral", "conditions")
_NEGATIVE = (
    *("lawsuit", "lawsuit", "penalty", "equity_pledge", "equity_freeze", "tax_arrears", "lawsuit"),
    *("abnormal_list", "penalty", "lawsuit", "equity_pledge", "chattel_mortgage", "enforcement"),
    *("dishonest", "serious_violation", "insolvency", "distressed_extension"),
)
_NOTED = (
    *("longer_terms_asked", "failed_call", "failed_call", "failed_call", "payment_method"),
    *("guarantor_trouble", "ring_fence"),
)
_PAPERS = (
    "ownership",
    "contacts",
    "evidence",
    "judicial_check",
    "contract",
    "balance_confirmation",
)
_COLLATERAL = (
    "cash_deposit",
    "bank_guarantee",
    "property",
    "parent_guarantee",
    "personal_guarantee",
)
_SIGNALS = ("E1", "E3", "E6", "E7", "E9", "E11", "E14", "E22")
_WATCH = ("normal", "normal", "normal", "attention", "watch", "high")


@st.composite
def filed_books(draw: DrawFn, *, entities: int = 2) -> list[Row]:
    """Draw the rows of a book whose entities have credit files."""
    rows = draw(books(entities=entities))
    found = []
    for row in rows:
        if row.frame != "entities":
            found.append(row)
            continue
        random = Random(draw(st.integers(0, 2**32)))
        master = changed(row, industry=random.choice(_INDUSTRIES), size_class=random.choice(_SIZES))
        if random.randrange(12) == 0:
            master = changed(master, identity=random.choice(("missing", "invalid", "conflict")))
        found += [master, *_file(random, str(row.values["entity"]), rows)]
    return found


def _file(random: Random, entity: str, rows: list[Row]) -> list[Row]:
    """Fill a file: some have much, some little, some nothing; a few are in good order."""
    fill = random.choice((0, 1, 3, 3, 3))
    if not fill:
        return []
    own = [row for row in rows if row.values["entity"] == entity]
    sound = fill == 3 and random.randrange(2) == 0
    return [
        *random_statements(random, entity, random.choice(_CURRENCIES), random.randrange(fill + 1)),
        *(_sound(random, entity) if sound else _records(random, entity, fill)),
        *_promises(random, entity, own, random.randrange(fill + 1)),
        *_collateral(random, entity, random.randrange(fill)),
        *_decisions(random, entity, random.randrange(fill)),
        *_earlier(random, entity),
    ]


def _day(random: Random, oldest: int = 500) -> date:
    return days_ago(random.randrange(-20, oldest))


def _maybe(random: Random, value: date, of: int = 2) -> date | None:
    return None if random.randrange(of) else value


def _records(random: Random, entity: str, fill: int) -> list[Row]:
    makers = (_registry, _bureau, _reference, _tax, _appraisal, _insurance, _change)
    found = []
    for number in range(random.randrange(4 * fill + 1)):
        kind = random.randrange(10)
        if kind < len(makers):
            row = makers[kind](random, entity)
        elif kind == 7:
            row = _dated(random, entity, random.choice(_NEGATIVE))
        elif kind == 8:
            row = _dated(random, entity, random.choice(_NOTED))
        else:
            row = _dated(random, entity, random.choice(_PAPERS))
        found.append(changed(row, record=f"{entity}r{number}"))
    return found


def _sound(random: Random, entity: str) -> list[Row]:
    """Make every paper, fresh and mostly good, and perhaps one that is neither."""

    def fresh(kind: str, **columns: object) -> Row:
        row = a_record(kind, entity=entity, known_on=days_ago(random.randrange(80)))
        return changed(row, **columns)

    found = [
        fresh("registry", status="active", event_on=days_ago(random.choice((300, 2000, 6000)))),
        fresh("bureau", source="score-100", value=float(random.randrange(40, 101))),
        fresh("tax_grade", status=random.choice("AAB")),
        *(
            fresh(
                "reference", source=f"s{n}", value=float(random.randrange(60, 101)), channel="phone"
            )
            for n in range(3)
        ),
        *(
            fresh("appraisal", status=factor, value=float(random.randrange(2, 6)), source="ann")
            for factor in _FACTORS
        ),
        *(fresh(kind) for kind in random.sample(_PAPERS, random.choice((4, 6, 6)))),
    ]
    found = random.sample(found, len(found) - random.choice((0, 0, 2)))
    if random.randrange(3) == 0:
        found += _records(random, entity, 1)[:1]
    return [changed(row, record=f"{entity}r{number}") for number, row in enumerate(found)]


def _dated(random: Random, entity: str, kind: str, **columns: object) -> Row:
    """Make a record with days of every sort; its status is one that its kind may have."""
    known_on = _day(random)
    status = {
        "lawsuit": ("defendant", "plaintiff", None),
        "dishonest": ("our_claim", None),
        "payment_method": ("worse", "third_party", "better"),
        "balance_confirmation": ("signed", "refused"),
    }.get(kind, (None,))
    days = {
        "event_on": _maybe(random, known_on - timedelta(days=random.randrange(-30, 900)), 3),
        "valid_to": _maybe(random, _day(random, 100), 4),
        "ended_on": _maybe(random, _day(random, 100), 4),
    }
    amount = {"amount": random.randrange(1, 10**8), "currency": random.choice(_CURRENCIES)}
    row = a_record(kind, entity=entity, known_on=known_on, status=random.choice(status))
    return changed(row, **days, **(amount if random.randrange(2) else {}), **columns)


def _registry(random: Random, entity: str) -> Row:
    kind = random.choice(("registry", "registry", "paid_in"))
    status = random.choice((*("active",) * 8, None, "revoked", "liquidation"))
    founded = days_ago(random.choice((100, 340, 400, 1500, 5000)))
    amount, currency = random.choice(((None, None), (10 ** random.randrange(5, 10), "CNY")))
    days = {"event_on": founded, "ended_on": None, "amount": amount, "currency": currency}
    return (
        _dated(random, entity, kind)
        if kind == "paid_in"
        else changed(_dated(random, entity, kind), status=status, **days)
    )


def _bureau(random: Random, entity: str) -> Row:
    source = random.choice(("score-100", "ten-grades", "unheard-of"))
    grade = random.choice((*GRADES, None)) if source == "ten-grades" else None
    value = random.choice((None, float(random.randrange(-5, 110))))
    return _dated(random, entity, "bureau", source=source, status=grade, value=value)


def _reference(random: Random, entity: str) -> Row:
    value = float(random.randrange(0, 101))
    channel = random.choice(("phone", "letter", "self", None))
    source = random.choice(("s1", "s2", "s3"))
    return _dated(random, entity, "reference", value=value, channel=channel, source=source)


def _tax(random: Random, entity: str) -> Row:
    return _dated(random, entity, "tax_grade", status=random.choice("ABMCDX"))


def _appraisal(random: Random, entity: str) -> Row:
    value = float(random.choice((1, 2, 3, 4, 4, 5, 6)))
    source = random.choice(("ann", "bob"))
    factor = random.choice(_FACTORS)
    return _dated(random, entity, "appraisal", status=factor, value=value, source=source)


def _insurance(random: Random, entity: str) -> Row:
    status = random.choice(("in_force", "in_force", "refused", "withdrawn"))
    cover = random.choice((None, 90.0, 75.5))
    source = random.choice(("i1", "i2"))
    return _dated(random, entity, "insurance", status=status, value=cover, source=source)


def _change(random: Random, entity: str) -> Row:
    status = random.choice(("legal_representative", "shareholders", "capital_cut", "address"))
    return _dated(random, entity, "change", status=status)


def _promises(random: Random, entity: str, own: list[Row], count: int) -> list[Row]:
    items = [str(r.values["item"]) for r in own if r.frame == "items"]
    found = []
    for number in range(count):
        made_on = _day(random, 450)
        promised_on = made_on + timedelta(days=random.choice((0, 3, 10, 40)))
        found.append(
            a_promise(
                f"{entity}pr{number}",
                item=random.choice((None, None, *items[:3])),
                amount=random.choice((50, 20_000, 900_000, 9_000_000)),
                made_on=made_on,
                promised_on=promised_on,
                cancelled_on=random.choice((None, None, None, promised_on)),
                superseded_on=random.choice((None, None, made_on, promised_on + timedelta(1))),
                entity=entity,
                currency=random.choice(_CURRENCIES),
            )
        )
    return found


def _collateral(random: Random, entity: str, count: int) -> list[Row]:
    return [
        a_collateral(
            random.choice(_COLLATERAL),
            random.randrange(1, 10**8),
            entity=entity,
            collateral=f"{entity}k{number}",
            currency=random.choice(_CURRENCIES),
            valid_from=_day(random, 100),
            valid_to=_maybe(random, _day(random, 100)),
            registered=random.randrange(3) > 0,
            haircut=random.choice((None, None, 0.25)),
        )
        for number in range(count)
    ]


def _decisions(random: Random, entity: str, count: int) -> list[Row]:
    kinds = ("override", "limit", "temporary_limit", "hold", "exemption", "review", "watch_note")
    found = []
    for number in range(count):
        from_on = _day(random, 220)
        kind = random.choice(kinds)
        row = a_decision(
            kind,
            entity=entity,
            decision=f"{entity}d{number}",
            from_on=from_on,
            to_on=_maybe(random, from_on + timedelta(days=random.choice((5, 60, 200)))),
            grade=random.choice(GRADES) if kind == "override" else None,
            scope=random.choice(("R3", "R6", "r13")) if kind == "exemption" else None,
        )
        money = {"currency": random.choice(_CURRENCIES), "amount": random.randrange(10**8)}
        found.append(changed(row, **money) if kind.endswith("limit") else row)
    return found


def _earlier(random: Random, entity: str) -> list[Row]:
    """What the last assessment said, and which signals were on before."""
    if not random.randrange(4):
        return []
    on, place = _day(random, 300), random.randrange(len(GRADES) - 1)
    names = ("entity", "as_of", "grade", "score_grade", "score", "currency", "limit", "exposure")
    grade = random.choice((GRADES[place], GRADES[place], GRADES[min(9, place + 2)], None))
    values: list[object] = [entity, on, grade, random.choice((*(GRADES[place],) * 3, None))]
    values += [random.choice((None, float(random.randrange(0, 101)))), random.choice(_CURRENCIES)]
    amounts = (None, 0, 5_000_000, 1_000_000, 8_000_000, random.randrange(10**8))
    values += [random.choice(amounts), None]
    days = {"upgraded_on": _maybe(random, on - timedelta(days=random.randrange(0, 300)), 3)}
    days["limit_raised_on"] = _maybe(random, on - timedelta(days=random.randrange(0, 300)), 3)
    previous = dict(zip(names, values, strict=True)) | {"watch_level": random.choice(_WATCH)}
    signals = [_signal(random, entity, n) for n in range(random.choice((0, 0, 1, 3)))]
    return [Row("previous", previous | days), *signals]


def _signal(random: Random, entity: str, number: int) -> Row:
    first = _day(random, 200)
    last = min(first + timedelta(days=random.randrange(0, 90)), AS_OF)
    values = {"signal": f"{entity}s{number}", "entity": entity, "code": random.choice(_SIGNALS)}
    return Row("signals", values | {"first_on": first, "last_on": max(first, last)})
