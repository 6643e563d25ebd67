"""The one place that names the vendors: from a connection's settings to its port and verifier.

Adding a CRM means one folder beside ``zoho`` and ``fxiaoke`` and one line in ``_VENDORS``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from requests.adapters import BaseAdapter

from adapters.budget import Spending
from adapters.callbacks import Callbacks, NoCallbacks
from adapters.events import Hint, Verified
from adapters.functions import FunctionText
from adapters.fxiaoke.events import open_events
from adapters.fxiaoke.functions import function_texts
from adapters.fxiaoke.port import open_fxiaoke
from adapters.gate import Places
from adapters.http import Deadlines, HttpClient, Pace
from adapters.lines import Lines
from adapters.port import CrmPort
from adapters.settings import ConnectionSettings, Secret
from adapters.slots import MemorySlots, Slots
from adapters.tokens import Sealer, TokenStore
from adapters.zoho import auth as zoho_auth
from adapters.zoho.callbacks import job_verifiers
from adapters.zoho.port import open_zoho, zoho_verifier
from adapters.zoho.sdk_store import stored_refresh_token
from adapters.zoho.workflow_texts import webhook_texts

__all__ = [
    "VENDORS",
    "EventCodec",
    "consent_page",
    "functions_for",
    "hints_for",
    "job_verifiers_for",
    "open_port",
    "redeem_code",
    "revoke",
    "stored_token",
    "verifier_for",
]


class EventCodec(Protocol):
    """Proves the origin of a vendor's messages and says what they ask to read again.

    Both methods raise ``ForgedMessage`` for bytes that are not the vendor's, and nothing else.
    """

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove the origin of the raw body."""
        ...

    def parse_hints(self, body: bytes) -> tuple[Hint, ...]:
        """Say which records changed, created and deleted ones alike."""
        ...


@dataclass(frozen=True, slots=True)
class _Vendor:
    open: Callable[[ConnectionSettings, TokenStore, Sealer, Lines, Slots, Callbacks], CrmPort]
    verifier: Callable[[ConnectionSettings, Callable[[], datetime], Callable[[], str]], EventCodec]
    functions: Callable[[ConnectionSettings, str], tuple[FunctionText, ...]]
    consent_page: Callable[[ConnectionSettings, str, str], str] | None = None
    redeem_code: Callable[[ConnectionSettings, HttpClient, str, str, str], Secret] | None = None
    stored_token: Callable[[ConnectionSettings, Path], Secret] | None = None
    revoke: Callable[[ConnectionSettings, HttpClient], None] | None = None
    job_verifiers: Callable[[ConnectionSettings], Mapping[str, EventCodec]] | None = None


_VENDORS = {
    "zoho": _Vendor(
        lambda settings, store, sealer, lines, slots, callbacks: open_zoho(
            settings, store, sealer, lines=lines, slots=slots, callbacks=callbacks
        ),
        lambda settings, _now, nonce: zoho_verifier(settings, nonce),
        consent_page=zoho_auth.authorisation_url,
        redeem_code=zoho_auth.redeem_code,
        stored_token=stored_refresh_token,
        revoke=zoho_auth.revoke,
        functions=webhook_texts,
        job_verifiers=job_verifiers,
    ),
    "fxiaoke": _Vendor(
        lambda settings, store, sealer, lines, slots, _callbacks: open_fxiaoke(
            settings, store, sealer, lines=lines, slots=slots
        ),
        lambda settings, now, nonce: open_events(settings, now=now, nonce=nonce),
        functions=function_texts,
    ),
}
VENDORS = tuple(_VENDORS)


def open_port(
    settings: ConnectionSettings,
    *,
    store: TokenStore,
    sealer: Sealer,
    pace: Pace | None = None,
    deadlines: Deadlines | None = None,
    transport: BaseAdapter | None = None,
    spending: Spending | None = None,
    slots: Slots | None = None,
    places: Places | None = None,
    callbacks: Callbacks | None = None,
) -> CrmPort:
    """Build the port of a connection; nothing is sent yet.

    ``pace`` is the clock and the sleep it lives by, ``transport`` what carries its HTTP calls,
    ``spending`` where a connection with a budget books them, ``slots`` where calls are booked that
    must not come too often, ``places`` where it stands how many are under way (of the last two,
    where none are given, this process keeps them for itself), ``callbacks`` where the vendor tells
    that a job is over (none: it is asked again and again). Raises ``ValueError`` for a vendor, an
    option or a mapping that is not known.
    """
    lines = Lines(
        settings.name,
        pace=pace,
        deadlines=deadlines,
        transport=transport,
        spending=spending,
        places=places,
        route=settings.route,
    )
    return _vendor(settings).open(
        settings, store, sealer, lines, slots or MemorySlots(), callbacks or NoCallbacks()
    )


def verifier_for(
    settings: ConnectionSettings, *, now: Callable[[], datetime], nonce: Callable[[], str]
) -> EventCodec:
    """Build the verifier of a connection's messages.

    Raises ``MissingSettingError`` without its secret, ``ValueError`` for an unusable one.
    """
    return _vendor(settings).verifier(settings, now, nonce)


def job_verifiers_for(settings: ConnectionSettings) -> Mapping[str, EventCodec]:
    """Return who takes what a CRM tells of its jobs, by the token at the end of their path.

    The first is the one in use. None where the vendor tells of no jobs.
    """
    build = _vendor(settings).job_verifiers
    return build(settings) if build else {}


def hints_for(codec: EventCodec, body: bytes) -> tuple[Hint, ...]:
    """Say what a kept message asks to read again. Raises ``ForgedMessage`` for a foreign one."""
    return codec.parse_hints(body)


def consent_page(settings: ConnectionSettings, redirect_uri: str, state: str) -> str | None:
    """Return the page where an administrator consents; ``None``: the vendor has no such step.

    Raises ``MissingSettingError`` without the client's id.
    """
    build = _vendor(settings).consent_page
    return build(settings, redirect_uri, state) if build else None


def redeem_code(
    settings: ConnectionSettings,
    code: str,
    *,
    redirect_uri: str = "",
    accounts_server: str = "",
    http: HttpClient | None = None,
) -> Secret:
    """Exchange a grant code for the refresh token that the connection then lives by.

    ``accounts_server`` is the one that a consent named. Raises ``CrmError``,
    ``MissingSettingError``, and ``ValueError`` for a vendor without grants.
    """
    redeem = _vendor(settings).redeem_code
    if redeem is None:
        raise ValueError(f"{settings.vendor} gives no grant codes: its secrets are configured")
    http = http or HttpClient(settings.name, route=settings.route)
    return redeem(settings, http, code, redirect_uri, accounts_server)


def stored_token(settings: ConnectionSettings, path: Path) -> Secret:
    """Read the refresh token from the file in which the vendor's own SDK keeps it.

    Raises ``ValueError`` for a file without it, and for a vendor without such a file.
    """
    read = _vendor(settings).stored_token
    if read is None:
        raise ValueError(f"{settings.vendor} has no SDK that keeps tokens in a file")
    return read(settings, path)


def revoke(settings: ConnectionSettings, *, http: HttpClient | None = None) -> bool:
    """End the connection's tokens at the vendor; ``False``: the vendor knows no such thing.

    Raises ``Transient``, and ``MissingSettingError`` where there is no token.
    """
    end = _vendor(settings).revoke
    if end is None:
        return False
    end(settings, http or HttpClient(settings.name, route=settings.route))
    return True


def functions_for(settings: ConnectionSettings, callback_url: str) -> tuple[FunctionText, ...]:
    """Return the functions or webhooks that an administrator may enter in the CRM.

    ``callback_url`` holds ``HOOK`` in place of the secret word, which the administrator enters.
    Raises ``ValueError`` for options or a mapping that cannot be read.
    """
    return _vendor(settings).functions(settings, callback_url)


def _vendor(settings: ConnectionSettings) -> _Vendor:
    try:
        return _VENDORS[settings.vendor]
    except KeyError:
        known = ", ".join(_VENDORS)
        raise ValueError(
            f"connection {settings.name!r}: vendor {settings.vendor!r} is not one of {known}"
        ) from None
