"""No tracked file holds a secret; what looks like one is made up and stands on a list."""

import re
import subprocess
from functools import cache

import pytest

from tests.house import ROOT

#: Each with one group: the secret itself. (reliability S20)
PATTERNS = {
    "private key": r"(-----BEGIN [A-Z ]*PRIVATE KEY)",
    "Zoho token": r"\b(1000\.[0-9a-f]{32}\.[0-9a-f]{32})\b",
    "our API token": r"\b(cc_[A-Za-z0-9_-]{43})\b",
    "AWS key": r"\b(AKIA[0-9A-Z]{16})\b",
    "forge or chat token": (
        r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60}|glpat-[\w-]{20}|xox[abprs]-[\w-]{10})"
    ),
    "JSON web token": r"\b(eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})",
    "key of 32 bytes": r"(?<![\w+/=-])([A-Za-z0-9+/_-]{43}=)(?![\w+/=])",
    "named secret": (
        r"(?i)\b[\w.-]*(?:secret|(?:refresh|access)_?token|permanent_?code|encoding_?aes_?key"
        r"|passw(?:or)?d|api_?key)[\"']?\s*[:=]\s*[\"'](?!env:|file:)([^\s\"'{}<>$]{8,})[\"']"
    ),
    "password in an address": r"\b[a-z][a-z0-9+]*://[^\s/:@\"'{}<>]+:([^\s/@\"'{}<>]{3,})@",
}

MADE_UP = {
    # The sandbox's own, public by design.
    "1000.zixin-sandbox-refresh.token",
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",  # 0123456789abcdef, twice
    "sandbox-app-secret-fxiaoke",
    "sandbox-permanent-code-fxiaoke",
    "zixin-sandbox-client-secret",
    # What tests send and look for.
    "1000.0a1b2c3d4e5f60718293a4b5c6d7e8f9.9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "1000.dead.dead",
    "1000.r3fresh",
    "1000.wrong",
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWZ=",  # the same, spelt wrongly
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG=",
    "customer",
    "nonsense-with-a-token",
    "perm-code-1",
    "s3cret-app",
    "s3cret-client",
    "tiger",
    "w0rd",
    "word",
    # What documentation leaves to be filled in.
    "PASSWORD",
}


def looks_secret(text: str) -> list[str]:
    """Find what looks like a secret in a text."""
    return [found for pattern in PATTERNS.values() for found in re.findall(pattern, text)]


@cache
def tracked() -> dict[str, list[str]]:
    """Find what looks like a secret in each tracked file of text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {
        name: looks_secret((ROOT / name).read_text(encoding="utf-8", errors="replace"))
        for name in listed.stdout.split("\0")
        if name and (ROOT / name).is_file()
    }


def test_no_tracked_file_holds_a_secret() -> None:
    assert len(tracked()) > 500

    # Files alone: what this prints is kept.
    assert [name for name, found in tracked().items() if set(found) - MADE_UP] == []


def test_what_is_made_up_is_still_used() -> None:
    here = "tests/test_no_secrets.py"
    used = {each for name, found in tracked().items() if name != here for each in found}

    assert used >= MADE_UP


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "token = 1000." + "ab" * 16 + "." + "0f" * 16,
        "cc_" + "aZ3" * 14 + "x",
        "AKIA" + "Q7" * 8,
        "ghp_" + "a1" * 18,
        "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiJ6aXhpbiJ9.c2lnbmF0dXJl",
        "key: " + "k1B" * 14 + "A=",
        'client_secret = "' + "8f1c0d2e" + '"',
        "{'refreshToken': '" + "abcd1234" + "'}",
        "postgresql+psycopg://zixin:" + "hunter2" + "@db/zixin",
    ],
)
def test_a_secret_is_found(text: str) -> None:
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        'client_secret = "env:ZOHO_CLIENT_SECRET"',
        'key = "file:zixin.key"',
        "--hash=sha256:" + "0a" * 32,
        "https://user@example.com/a:b@c",
        'password = "{}"',
    ],
)
def test_a_reference_is_no_secret(text: str) -> None:
    assert looks_secret(text) == []
