"""A grant code becomes a refresh token in a private file, and never an output."""

from datetime import date
from pathlib import Path

import pytest
import requests

from adapters.errors import CredentialsRejected
from connector.config import ConfigError
from connector.wiring.granting import consent_address, redeem_grant
from sandbox.company.generate import generate
from tests.journeys.harness import CONNECTION_NAMES, Installation, installed, open_here

TODAY = date(2026, 6, 30)
ZOHO = CONNECTION_NAMES["zoho"]


def a_code(installation: Installation) -> str:
    """Consent at the look-alike's accounts server and take the code from where it sends us."""
    credentials = installation.crms.crm("zoho").credentials()
    answer = requests.get(
        f"{installation.crms.url('zoho')}/oauth/v2/auth",
        params={
            "response_type": "code",
            "client_id": credentials["client_id"],
            "scope": "ZohoCRM.modules.ALL",
            "redirect_uri": "http://127.0.0.1/back",
            "access_type": "offline",
            "prompt": "consent",
        },
        allow_redirects=False,
        timeout=10,
    )
    location = answer.headers["Location"]
    return location.partition("code=")[2].partition("&")[0]


def with_token_file(installation: Installation) -> None:
    """Let the configuration name a file for the refresh token."""
    installation.edit('"env:SANDBOX_ZOHO_REFRESH_TOKEN"', '"file:zoho.token"')


def test_code_becomes_a_private_file_that_the_connection_lives_by(tmp_path: Path) -> None:
    company = generate(5, 3, as_of=TODAY)
    with installed(tmp_path, company, as_of=TODAY, now=True) as installation:
        with_token_file(installation)
        with open_here(installation) as zixin:
            name = redeem_grant(zixin, ZOHO, a_code(installation))
            findings = {found.topic: found.level for found in zixin.port(ZOHO).check()}

    token = tmp_path / name
    assert token.stat().st_mode & 0o077 == 0
    assert token.read_text()
    assert findings["credentials"] == "ok"


def test_an_organisation_of_another_data_centre_is_told_where_to_connect(tmp_path: Path) -> None:
    company = generate(5, 3, as_of=TODAY)
    with installed(tmp_path, company, as_of=TODAY, now=True) as installation:
        with_token_file(installation)
        here = installation.crms.url("zoho")
        with open_here(installation) as zixin:
            for server, told in (
                ("https://accounts.zoho.eu", 'set options.data_centre to "eu"'),
                ("https://accounts.zoho.eu.evil.test", "no accounts server of Zoho's"),
            ):
                with pytest.raises(CredentialsRejected, match=told):
                    redeem_grant(zixin, ZOHO, a_code(installation), accounts_server=server)
            assert not (tmp_path / "zoho.token").exists()
            assert redeem_grant(zixin, ZOHO, a_code(installation), accounts_server=here)


def test_a_vendor_without_consent_says_so(tmp_path: Path) -> None:
    company = generate(5, 3, as_of=TODAY)
    with installed(tmp_path, company, as_of=TODAY, now=True) as installation:
        config = installation.config.read_text(encoding="utf-8")
        fxiaoke = CONNECTION_NAMES["fxiaoke"]
        installation.edit(
            "secrets = { app_id", 'secrets = { refresh_token = "file:fx.token", app_id'
        )
        assert config != installation.config.read_text(encoding="utf-8")
        with (
            open_here(installation) as zixin,
            pytest.raises(ConfigError, match="fxiaoke has no page of consent"),
        ):
            consent_address(zixin, fxiaoke, "http://127.0.0.1/consent", "word")


def test_refused_code_writes_no_file(tmp_path: Path) -> None:
    company = generate(5, 3, as_of=TODAY)
    with installed(tmp_path, company, as_of=TODAY, now=True) as installation:
        with_token_file(installation)
        with open_here(installation) as zixin, pytest.raises(CredentialsRejected):
            redeem_grant(zixin, ZOHO, "1000.stale")

    assert not (tmp_path / "zoho.token").exists()


def test_token_needs_a_file_to_be_kept_in(tmp_path: Path) -> None:
    company = generate(5, 3, as_of=TODAY)
    with (
        installed(tmp_path, company, as_of=TODAY, now=True) as installation,
        open_here(installation) as zixin,
        pytest.raises(ConfigError, match="refresh_token: must look like file:"),
    ):
        redeem_grant(zixin, ZOHO, "1000.code")
