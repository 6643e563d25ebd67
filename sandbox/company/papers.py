"""The papers that are asked for and renewed: extracts, checks, references, scores, appraisals."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.company.dossiers import FileOwner, write_record
from sandbox.company.health import Keeping
from sandbox.company.model import Company
from sandbox.company.stories import StoryName

__all__ = ["write_papers"]

_YEAR, _HALF_YEAR, _QUARTER, _MONTH = 360, 175, 88, 29
_FACTORS = ("character", "capacity", "capital", "collateral", "conditions")
_OFFICERS = ("信用专员 周敏", "信用经理 何川")
_SECOND_OPINION_FROM = Decimal(2_500_000)  # bought in a year
_REFEREES = (("bank", "开户银行"), ("trade", "同行供应商甲"), ("trade", "同行供应商乙"))
_CHANNELS = ("phone", "phone", "letter", "self")
_CONTRACT_DAYS = 730
_BUREAU = "score-100"
_TAX_MARKS = ((0.75, "A"), (0.35, "B"), (0.05, "C"))


def write_papers(company: Company, owner: FileOwner, rng: Random) -> None:
    """Append every paper that came in while the file was kept."""
    _extracts(company, owner, rng)
    if owner.keeping is Keeping.BARE:
        return
    _evidence(company, owner, rng)
    _checks(company, owner, rng)
    _scores(company, owner, rng)
    _references(company, owner, rng)
    _appraisals(company, owner, rng)


def _extracts(company: Company, owner: FileOwner, rng: Random) -> None:
    capital = (owner.revenue(owner.first) / 4).quantize(Decimal(10_000))
    for day in owner.renewals(_YEAR, rng):
        write_record(
            company,
            owner,
            "registry",
            day,
            event_on=owner.founded_on,
            status="active",
            amount=max(capital, Decimal(100_000)),
        )
        if owner.keeping is Keeping.BARE:
            return
        write_record(company, owner, "ownership", day)


def _evidence(company: Company, owner: FileOwner, rng: Random) -> None:
    for day in owner.renewals(_YEAR, rng):
        write_record(company, owner, "evidence", day, source="客户开户银行")
    for day in owner.renewals(_CONTRACT_DAYS, rng):
        end = day + timedelta(days=_CONTRACT_DAYS)
        write_record(company, owner, "contract", day, valid_to=end, source="销售合同")
    troubled_from = owner.last - timedelta(days=150)
    for day in owner.renewals(_HALF_YEAR, rng):
        refuses = owner.story is StoryName.IN_DEFAULT and day > troubled_from
        status = "refused" if refuses else "confirmed"
        write_record(company, owner, "balance_confirmation", day, status=status, source="对账单")


def _checks(company: Company, owner: FileOwner, rng: Random) -> None:
    """Look into the courts' lists; more often at those who are weak."""
    day = owner.opened
    while day <= max(owner.kept_until, owner.opened):
        write_record(company, owner, "judicial_check", day, source="中国执行信息公开网")
        every = _QUARTER if owner.health.on(day) > 0.4 else _MONTH
        day += timedelta(days=every - rng.randint(0, 4))


def _scores(company: Company, owner: FileOwner, rng: Random) -> None:
    """Buy a bureau's report twice a year; the tax office grades once a year."""
    bias = rng.uniform(-3, 3)
    recommends = rng.random() < 0.25
    for day in owner.renewals(_HALF_YEAR, rng):
        score = max(2.0, min(99.0, 20 + 76 * owner.health.on(day) + bias + rng.uniform(-1, 1)))
        guideline = (owner.yearly * Decimal("0.35")).quantize(Decimal(10_000))
        write_record(
            company,
            owner,
            "bureau",
            day,
            value=Decimal(round(score)),
            amount=guideline if recommends and guideline else None,
            source=_BUREAU,
        )
    if owner.customer.country != "China":
        return
    for year in range(owner.opened.year - 1, owner.last.year):
        known_on = max(date(year + 1, 4, 30), owner.opened)
        if known_on <= max(owner.kept_until, owner.opened):
            grade = _tax_grade(owner.health.on(date(year, 12, 31)))
            event = date(year, 12, 31)
            write_record(
                company, owner, "tax_grade", known_on, event_on=event, status=grade, source="税务局"
            )


def _tax_grade(health: float) -> str:
    return next((grade for mark, grade in _TAX_MARKS if health >= mark), "D")


def _references(company: Company, owner: FileOwner, rng: Random) -> None:
    channels = [rng.choice(_CHANNELS) for _ in _REFEREES]
    for day in owner.renewals(_YEAR, rng):
        for (status, referee), channel in zip(_REFEREES, channels, strict=True):
            value = 45 + 50 * owner.health.on(day) + rng.uniform(-4, 4)
            write_record(
                company,
                owner,
                "reference",
                day,
                status=status,
                value=Decimal(round(max(0.0, min(100.0, value)))),
                channel=channel,
                source=referee,
            )


def _appraisals(company: Company, owner: FileOwner, rng: Random) -> None:
    """Appraise the five Cs once a year, by two people where much is at stake."""
    officers = _OFFICERS if owner.yearly >= _SECOND_OPINION_FROM else _OFFICERS[:1]
    for day in owner.renewals(_YEAR, rng):
        for factor in _FACTORS:
            seen = owner.health.on(day) - (0.35 if factor == "collateral" else 0.0)
            score = max(1, min(5, round(1 + 4 * seen + rng.uniform(-0.4, 0.4))))
            for officer in officers:
                write_record(
                    company,
                    owner,
                    "appraisal",
                    day,
                    status=factor,
                    value=Decimal(score),
                    source=officer,
                )
