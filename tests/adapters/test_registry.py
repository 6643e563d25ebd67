"""From a connection's settings to its port, whichever vendor it names."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.registry import VENDORS, consent_page, open_port, redeem_code, verifier_for
from adapters.settings import ConnectionSettings, MissingSettingError, Secret
from adapters.tokens import MemoryTokenStore, Sealer
from tests.contract.bench import ZOHO, open_bench


def some_settings(vendor: str, **changes: Any) -> ConnectionSettings:
    return ConnectionSettings(name="acme", vendor=vendor, **changes)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_port_is_opened_for_each_vendor(vendor: str) -> None:
    port = open_port(some_settings(vendor), store=MemoryTokenStore(), sealer=Sealer(bytes(32)))

    assert (port.system, port.vendor) == ("acme", vendor)
    assert (port.usage().calls, port.usage().credits) == (0, 0)


def test_an_unknown_vendor_is_named() -> None:
    with pytest.raises(ValueError, match="vendor 'siebel' is not one of zoho, fxiaoke"):
        open_port(some_settings("siebel"), store=MemoryTokenStore(), sealer=Sealer(bytes(32)))


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_verifier_needs_its_secret(vendor: str) -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)

    with pytest.raises(MissingSettingError):
        verifier_for(some_settings(vendor), now=lambda: at, nonce=lambda: "n")


def test_a_grant_code_of_the_vendor_is_redeemed() -> None:
    with open_bench(ZOHO) as bench:
        secret = redeem_code(
            bench.vendor.settings(bench.crm, bench.url), bench.crm.credentials()["grant_code"]
        )

    assert secret


def test_a_vendor_without_grants_says_so() -> None:
    settings = some_settings("fxiaoke")

    assert consent_page(settings, "https://here.test", "s") is None
    with pytest.raises(ValueError, match="no grant codes"):
        redeem_code(settings, "code")


def test_the_consent_page_is_the_vendors() -> None:
    settings = some_settings("zoho", secrets={"client_id": Secret("1000.A")})

    page = consent_page(settings, "https://here.test", "s")

    assert page is not None
    assert page.startswith("https://accounts.zoho.com/oauth/v2/auth?")


def test_settings_show_no_secret() -> None:
    settings = some_settings("zoho", secrets={"client_secret": Secret("top-secret")})

    assert "top-secret" not in f"{settings!r} {settings}"
    assert settings.secret("client_secret") == "top-secret"
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
