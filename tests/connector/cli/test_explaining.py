"""explain: every number behind a rating, in two tongues, for any date."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from connector.store.assessments import StoredAssessment, latest_assessments
from connector.store.engine import reading
from tests.connector.cli.shell import ACCOUNTS, AS_OF, ZOHO, Shell
from tests.journeys.clerk import clerks_of
from tests.journeys.harness import open_here

EARLIER = (AS_OF - timedelta(days=60)).isoformat()


def stored(shell: Shell) -> list[StoredAssessment]:
    with open_here(shell.installation, shell.clock) as zixin, reading(zixin.engine) as conn:
        return latest_assessments(conn)


def pretty(document: bytes) -> str:
    return msgspec.json.format(document, indent=1).decode() + "\n"


def book_a_payment(shell: Shell) -> str:
    """Pay the oldest open invoice in Zoho the day after; tell its account."""
    clerk = clerks_of(shell.installation.crms)["zoho"]
    item = min(clerk.owed(), key=lambda owed: owed.due_on)
    clerk.pay([(item, item.amount)], on=AS_OF + timedelta(days=1))
    clerk.close()
    return f"{ZOHO}:{item.account}"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("信用评估", "评级", "付款行为")),
        ("en", ("Credit assessment", "Rating", "payment behaviour")),
    ],
)
@pytest.mark.usefixtures("ran")
def test_it_is_told_in_both_tongues(lang: str, words: tuple[str, ...], shell: Shell) -> None:
    view = shell.installation.crms.crm("zoho").accounts()[0]

    told = shell("explain", f"{ZOHO}:{view.id}", "--lang", lang).stdout

    assert view.name in told
    assert AS_OF.isoformat() in told
    assert all(word in told for word in words), told
    assert view.rating in told


@pytest.mark.usefixtures("ran")
def test_the_company_s_tongue_is_the_default(shell: Shell) -> None:
    name = shell.installation.crms.crm("zoho").accounts()[0].name
    assert "评级" in shell("explain", name).stdout

    shell.installation.edit("[company]\n", '[company]\nlanguage = "en"\n')

    told = shell("explain", name).stdout
    assert "Rating" in told
    assert "评级" not in told
    assert "zh and en" in shell("explain", name, "--lang", "fr", code=2).stderr


@pytest.mark.usefixtures("ran")
def test_the_document_is_the_stored_explanation_byte_for_byte(shell: Shell) -> None:
    kept = stored(shell)

    assert len(kept) == ACCOUNTS
    for each in kept[::4]:
        told = shell("explain", each.assessment.entity, "--json").stdout
        assert told == pretty(each.explanation)


@pytest.mark.usefixtures("pulled")
def test_a_past_year_is_explained_by_the_calendar_it_was_decided_with(shell: Shell) -> None:
    day = "2024-10-10"  # after a week of holidays with make-up workdays
    shell("assess", "--as-of", day)

    for each in stored(shell)[::4]:
        told = shell("explain", each.assessment.entity, "--as-of", day, "--json").stdout
        assert told == pretty(each.explanation)


def test_facts_after_the_date_do_not_matter(shell: Shell) -> None:
    account = book_a_payment(shell)
    shell("pull")
    days = (EARLIER, AS_OF.isoformat(), (AS_OF + timedelta(days=1)).isoformat())
    before, on_the_day, after = (
        shell("explain", account, "--as-of", day, "--json").stdout for day in days
    )

    other = book_a_payment(shell)
    shell.clock.move(timedelta(days=1))
    shell("pull")

    assert shell("explain", account, "--as-of", EARLIER, "--json").stdout == before
    assert shell("explain", account, "--as-of", days[1], "--json").stdout == on_the_day
    owed = [open_amount(document) for document in (on_the_day, after)]
    assert owed[0] > owed[1]
    assert other.startswith(ZOHO)


@pytest.mark.usefixtures("ran")
def test_a_past_day_is_replayed_with_the_bytes_that_were_stored(shell: Shell) -> None:
    kept = {each.assessment.entity: each.explanation for each in stored(shell)}
    account = book_a_payment(shell)
    shell.clock.move(timedelta(days=1))
    shell("run")
    newer = {each.assessment.entity: each.explanation for each in stored(shell)}
    changed = [entity for entity in kept if newer[entity] != kept[entity]]

    for entity in [*changed[:2], *list(kept)[:2]]:
        for options in ((), ("--anew",)):
            day = ("--as-of", AS_OF.isoformat())
            told = shell("explain", entity, *day, *options, "--json").stdout
            assert told == pretty(kept[entity]), (entity, options)
    difference = msgspec.json.decode(shell("explain", account, "--change", "--json").stdout)
    assert difference["from_on"] == AS_OF.isoformat()
    assert difference["exposure_before"] != difference["exposure_after"]
    only = shell("explain", account, "--lang", "en", "--change").stdout
    assert ("Used " in only, "Reasons" in only) == (True, False)
    report = shell("explain", account, "--lang", "en").stdout
    assert f"Change since {AS_OF}" in report
    assert (
        "As recorded on that day"
        in shell("explain", account, "--lang", "en", "--as-of", AS_OF.isoformat()).stdout
    )


@pytest.mark.usefixtures("pulled")
def test_a_day_nobody_decided_is_worked_out(shell: Shell) -> None:
    told = shell(
        "explain", f"{ZOHO}:{account_id(shell)}", "--as-of", EARLIER, "--lang", "en"
    ).stdout

    assert "Worked out from the facts dated up to that day" in told
    assert "There is no earlier assessment to compare with" in told
    assert EARLIER in told


@pytest.mark.usefixtures("pulled")
def test_every_figure_is_shown_on_request(shell: Shell) -> None:
    ref = f"{ZOHO}:{account_id(shell)}"

    short, full = (
        shell("explain", ref, "--lang", "en", *more).stdout for more in ((), ("--full",))
    )

    assert "average days delinquent" not in short
    assert "average days delinquent" in full


def account_id(shell: Shell) -> str:
    found: str = shell.installation.crms.crm("zoho").accounts()[0].id
    return found


def open_amount(document: str) -> Decimal:
    steps = msgspec.json.decode(document)["exposure"]
    return Decimal(next(step["value"]["minor"] for step in steps if step["method"] == "ar"))


@pytest.mark.usefixtures("ran")
def test_explaining_stores_nothing(shell: Shell) -> None:
    kept = stored(shell)

    shell("explain", kept[0].assessment.entity, "--as-of", EARLIER, "--json")

    assert stored(shell) == kept


@pytest.mark.usefixtures("pulled")
def test_a_stranger_is_wrong_use(shell: Shell) -> None:
    for ref in ("nobody", f"{ZOHO}:404", "", ":"):
        result = shell("explain", ref, code=2)

        assert (result.stdout, f"“{ref}”" in result.stderr) == ("", True)


def test_before_the_first_pull_nobody_is_known(shell: Shell) -> None:
    told = shell("explain", "nobody", "--json", "--lang", "en", code=2).stderr
    assert "pull first" in told
