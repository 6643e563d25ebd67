"""Zoho's data centres: where each has its servers, and which hosts are Zoho's.

A token answer names the API host to call. It is followed only to a host of this list or to the one
configured: whoever could change it would be given every token. (zoho-crm 1.1)
"""

import re
from urllib.parse import SplitResult, urlsplit

import msgspec

__all__ = ["CENTRES", "Centre", "centre_of", "content_of", "is_zohos_api", "is_zohos_own"]


class Centre(msgspec.Struct, frozen=True):
    """One data centre: its accounts server, its API, and where files are uploaded if known."""

    accounts: str
    api: str
    content: str = ""


CENTRES = {
    "us": Centre(
        "https://accounts.zoho.com", "https://www.zohoapis.com", "https://content.zohoapis.com"
    ),
    "eu": Centre(
        "https://accounts.zoho.eu", "https://www.zohoapis.eu", "https://content.zohoapis.eu"
    ),
    "in": Centre(
        "https://accounts.zoho.in", "https://www.zohoapis.in", "https://content.zohoapis.in"
    ),
    "cn": Centre(
        "https://accounts.zoho.com.cn",
        "https://www.zohoapis.com.cn",
        "https://content.zohoapis.com.cn",
    ),
    "au": Centre(
        "https://accounts.zoho.com.au",
        "https://www.zohoapis.com.au",
        "https://content.zohoapis.com.au",
    ),
    "jp": Centre(
        "https://accounts.zoho.jp", "https://www.zohoapis.jp", "https://content.zohoapis.jp"
    ),
    "ca": Centre(
        "https://accounts.zohocloud.ca", "https://www.zohoapis.ca", "https://upload.zohocloud.ca"
    ),
    "sa": Centre("https://accounts.zoho.sa", "https://www.zohoapis.sa", "https://files.zoho.sa"),
    "uk": Centre("https://accounts.zoho.uk", "https://www.zohoapis.uk"),
}
#: Environments of an organisation put their word in place of ``www``.
_ENVIRONMENTS = ("www", "sandbox", "developer")
_APIS = {
    f"{label}.{urlsplit(centre.api).netloc.removeprefix('www.')}"
    for centre in CENTRES.values()
    for label in _ENVIRONMENTS
}

_HOST = re.compile(r"[a-z0-9.-]+")
#: Zoho's domains, one or two a data centre: files are given out by hosts that no document lists.
_DOMAINS = tuple(
    f".{urlsplit(address).netloc.partition('.')[2]}"
    for centre in CENTRES.values()
    for address in (centre.accounts, centre.api)
)


def is_zohos_api(url: str) -> bool:
    """Tell whether an address is that of one of Zoho's APIs, over TLS and its usual port."""
    parts = _parts(url)
    return parts.scheme == "https" and parts.netloc in _APIS and parts.path in {"", "/"}


def is_zohos_own(url: str) -> bool:
    """Tell whether an address is on one of Zoho's domains, over TLS and its usual port."""
    parts = _parts(url)
    plain = _HOST.fullmatch(parts.netloc) is not None
    return parts.scheme == "https" and plain and parts.netloc.endswith(_DOMAINS)


def content_of(api: str) -> str:
    """Return the host that takes files beside an API of Zoho's.

    Empty: it is not known, or the API is none of Zoho's.
    """
    domain = _parts(api).netloc.partition(".")[2]
    for centre in CENTRES.values():
        if is_zohos_own(api) and domain == urlsplit(centre.api).netloc.partition(".")[2]:
            return centre.content
    return ""


def centre_of(accounts_server: str) -> str | None:
    """Name the data centre of an accounts server; ``None``: it is none of Zoho's."""
    for code, centre in CENTRES.items():
        if accounts_server.rstrip("/") == centre.accounts:
            return code
    return None


def _parts(url: str) -> SplitResult:
    """Take an address apart; what is none has no parts."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")
