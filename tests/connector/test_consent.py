"""The page that takes a consent: on loopback, one answer, and only the answer to our question."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connector.texts.catalogue import LANGUAGES, Texts
from connector.wiring.consent import Consent, ConsentDesk, NoConsent, consent_desk


def _answered(
    *queries: Callable[[ConsentDesk], str], seconds: float = 20.0
) -> tuple[object, list[int]]:
    """Let a browser come back with these queries, one after the other; tell what came of it."""
    with consent_desk(0) as desk, ThreadPoolExecutor(1) as browser:
        visit = browser.submit(
            lambda: [
                requests.get(f"{desk.redirect_uri}?{query(desk)}", timeout=10).status_code
                for query in queries
            ]
        )
        try:
            found: object = desk.wait(seconds)
        except NoConsent as error:
            found = error.code, error.params
        return found, visit.result(timeout=20)


def test_the_answer_to_our_question_is_taken() -> None:
    server = "https%3A%2F%2Faccounts.zoho.eu"
    found, statuses = _answered(
        lambda desk: f"state={desk.state}&code=1000.a&location=eu&accounts-server={server}"
    )

    assert found == Consent(code="1000.a", accounts_server="https://accounts.zoho.eu")
    assert statuses == [200]


def test_a_foreign_answer_is_refused_and_the_waiting_goes_on() -> None:
    found, statuses = _answered(
        lambda _desk: "code=forged",
        lambda _desk: "code=forged&state=guess",
        lambda desk: f"code=ours&state={desk.state}",
    )

    assert found == Consent(code="ours")
    assert statuses == [400, 400, 200]


def test_who_says_no_is_understood() -> None:
    found, _ = _answered(lambda desk: f"error=access_denied&state={desk.state}")

    assert found == ("connect.refused", {"why": "access_denied"})


def test_nobody_is_waited_for_for_ever() -> None:
    with consent_desk(0) as desk, pytest.raises(NoConsent) as caught:
        desk.wait(0.05)
    assert (caught.value.code, caught.value.params) == ("connect.no_answer", {"seconds": "0.05"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_there_is_no_consent_is_said_in_both_languages(language: str) -> None:
    texts = Texts(language)

    assert "300" in texts.say("connect.no_answer", seconds="300")
    assert "access_denied" in texts.say("connect.refused", why="access_denied")


def test_each_question_has_a_word_of_its_own_and_listens_here_alone() -> None:
    with consent_desk(0) as one, consent_desk(0) as other:
        assert one.state != other.state
        assert one.redirect_uri.startswith("http://127.0.0.1:")
