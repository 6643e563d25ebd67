"""Fenxiang's event callback: prove that it is genuine, answer it, and say what to read again.

The vendor signs with SHA-1 over a fixed concatenation and encrypts with AES-256-CBC; both are its
choice and cannot be changed here. The event carries no values, only the name of a record.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.events import ForgedMessage, Hint, Verified
from adapters.fxiaoke.apl_events import SIGNATURE, AplVerifier
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.settings import mapping_of, options_of
from adapters.fxiaoke.values import ms_to_time, time_to_ms
from adapters.settings import ConnectionSettings

__all__ = [
    "FxiaokeEvents",
    "FxiaokeVerifier",
    "decrypt",
    "encrypt",
    "key_warnings",
    "open_events",
    "sign",
]

MAX_AGE = timedelta(hours=24)  # the vendor delivers late and repeats; dedupe is the strong guard
MAX_BODY_BYTES = 64 * 1024
_BLOCK_BITS = 128
_BLOCK_BYTES = _BLOCK_BITS // 8
_KEY_BYTES = 32
_KEY_CHARACTERS = 44
_REMEDY = "generate one with `openssl rand -base64 32` and paste it into the console"


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the platform posts. ``retry_times`` is absent on some first deliveries."""

    signature: str
    timestamp: int
    nonce: str
    message_id: str
    enterprise_account: str
    encrypted_content: str
    retry_times: int | None = None

    def signed_texts(self) -> tuple[str, ...]:
        retry = () if self.retry_times is None else (str(self.retry_times),)
        before = (str(self.timestamp), self.nonce, self.message_id)
        return (*before, *retry, self.enterprise_account, self.encrypted_content)


class _Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The decrypted event. Types other than ``update`` are undocumented: all mean "read again"."""

    api_name: str
    data_id: str


class FxiaokeVerifier:
    """Verifies callbacks of one connection and reads their hints.

    ``keys`` are the 44-character decoding keys that are accepted, the current one first: two
    during a rotation. ``enterprise_account`` is the tenant's ``ea``; empty accepts any. The
    message id is the vendor's, the same in every repetition: the receiver dedupes on it.
    """

    def __init__(
        self,
        keys: Sequence[str],
        *,
        mapping: FxiaokeMapping,
        now: Callable[[], datetime],
        nonce: Callable[[], str],
        enterprise_account: str = "",
    ) -> None:
        """Take the keys. Raises ``ValueError`` for one that cannot decrypt anything."""
        self._keys = [(key, _decoded(key)) for key in keys]
        self._mapping = mapping
        self._now = now
        self._nonce = nonce
        self._enterprise_account = enterprise_account

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove origin and freshness of the raw body. Raises ``ForgedMessage``, nothing else."""
        _ = headers  # the proof stands in the body
        envelope = _envelope(body)
        key_text, key = self._signing_key(envelope)
        self._must_be_ours(envelope)
        self._must_be_fresh(envelope)
        decrypt(envelope.encrypted_content, key)
        return Verified(
            message_id=envelope.message_id,
            answer=self._answer(key_text, key),
            content_type="application/json",
        )

    def parse_hints(self, body: bytes) -> tuple[Hint, ...]:
        """Say what a verified body asks to read again; nothing for a probe or a foreign object.

        Creation, change, invalidation and deletion are alike: a record that is gone shows itself
        as gone when it is read. Raises ``ForgedMessage`` for a body that was not verified.
        """
        envelope = _envelope(body)
        _, key = self._signing_key(envelope)
        try:
            event = msgspec.json.decode(decrypt(envelope.encrypted_content, key), type=_Event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ()  # a probe of the address: genuine, and about no record
        kinds = self._mapping.kinds_of(event.api_name) if event.data_id else ()
        return tuple(Hint(kind, (event.data_id,)) for kind in kinds)

    def _signing_key(self, envelope: _Envelope) -> tuple[str, bytes]:
        found: tuple[str, bytes] | None = None
        for text, key in self._keys:  # all are tried, so that time tells nothing
            expected = sign(*envelope.signed_texts(), text)
            if hmac.compare_digest(expected.encode(), _bytes(envelope.signature)):
                found = found or (text, key)
        if found is None:
            raise ForgedMessage("the signature does not match")
        return found

    def _must_be_ours(self, envelope: _Envelope) -> None:
        if self._enterprise_account and envelope.enterprise_account != self._enterprise_account:
            raise ForgedMessage("the message is for another tenant")
        if not envelope.message_id:
            raise ForgedMessage("the message has no id")

    def _must_be_fresh(self, envelope: _Envelope) -> None:
        try:
            sent_at = ms_to_time(envelope.timestamp)
        except OverflowError:
            raise ForgedMessage("the timestamp is outside the calendar") from None
        if abs(self._now() - sent_at) > MAX_AGE:
            raise ForgedMessage("the message is more than 24 hours old or ahead")

    def _answer(self, key_text: str, key: bytes) -> bytes:
        timestamp = time_to_ms(self._now())
        nonce = self._nonce()
        result = encrypt(b"success", key)
        return msgspec.json.encode(
            {
                "signature": sign(str(timestamp), nonce, result, key_text),
                "timestamp": timestamp,
                "nonce": nonce,
                "encryptedResult": result,
            }
        )


class FxiaokeEvents:
    """Both ways a tenant tells of changes: the platform's callback, and our APL function.

    They come to one address and are told apart by the function's signature.
    """

    def __init__(self, callback: FxiaokeVerifier | None, function: AplVerifier | None) -> None:
        self._callback = callback
        self._function = function

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove origin and freshness of the raw body. Raises ``ForgedMessage``, nothing else."""
        way = self._function if SIGNATURE in headers else self._callback
        if way is None:
            raise ForgedMessage("there is no key for such a message")
        return way.verify(headers, body)

    def parse_hints(self, body: bytes) -> tuple[Hint, ...]:
        """Say what a verified body asks to read again; ``ForgedMessage`` for a foreign one."""
        if self._function is not None:
            try:
                return self._function.parse_hints(body)
            except ForgedMessage:
                if self._callback is None:
                    raise
        if self._callback is None:
            raise ForgedMessage("there is no key for such a message")
        return self._callback.parse_hints(body)


def open_events(
    settings: ConnectionSettings,
    *,
    now: Callable[[], datetime],
    nonce: Callable[[], str] = lambda: secrets.token_hex(8),
) -> FxiaokeEvents:
    """Build a connection's verifier from its secrets.

    ``callback_key`` and ``apl_key`` are the keys in use; ``callback_key_old`` and ``apl_key_old``
    are still accepted during a rotation. Raises ``MissingSettingError`` without any key and
    ``ValueError`` for one that cannot decrypt.
    """
    mapping, account = mapping_of(settings), options_of(settings).ea
    function_keys = _keys(settings, "apl_key")
    if not function_keys:
        settings.secret("callback_key")
    callback_keys = _keys(settings, "callback_key")
    callback = FxiaokeVerifier(
        callback_keys, mapping=mapping, now=now, nonce=nonce, enterprise_account=account
    )
    function = AplVerifier(function_keys, mapping=mapping, now=now, enterprise_account=account)
    return FxiaokeEvents(callback if callback_keys else None, function if function_keys else None)


def _keys(settings: ConnectionSettings, name: str) -> list[str]:
    """Reveal a key and the one before it, as far as they are configured."""
    found = (settings.secrets.get(each) for each in (name, f"{name}_old"))
    return [secret.reveal() for secret in found if secret]


def sign(*texts: str) -> str:
    """Return the SHA-1 of the texts joined in this order, in lower-case hex."""
    joined = b"".join(_bytes(text) for text in texts)
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def encrypt(plain: bytes, key: bytes) -> str:
    """Encrypt as the platform does: AES-256-CBC, the vector is the key's first half, PKCS#7."""
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(AES256(key), CBC(key[:_BLOCK_BYTES])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def decrypt(content: str, key: bytes) -> bytes:
    """Undo ``encrypt``. Raises ``ForgedMessage``, the same for every way it can fail."""
    try:
        sealed = base64.b64decode(content, validate=True)
        decryptor = Cipher(AES256(key), CBC(key[:_BLOCK_BYTES])).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise ForgedMessage("the content does not decrypt") from None


def key_warnings(key: str) -> list[str]:
    """Say what is wrong with a decoding key, in sentences; an empty list means nothing is.

    The console generates 43 random characters and ``=``, which is mostly not canonical Base64:
    the platform may then decode another key than we do.
    """
    try:
        decoded = _decoded(key)
    except ValueError as error:
        return [str(error)]
    if base64.b64encode(decoded).decode() != key:
        return [f"the callback key is not canonical Base64; the CRM may misread it: {_REMEDY}"]
    return []


def _decoded(key: str) -> bytes:
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the callback key is not Base64: {_REMEDY}") from None
    if len(decoded) != _KEY_BYTES or len(key) != _KEY_CHARACTERS:
        raise ValueError(f"the callback key must be 44 characters for 32 bytes: {_REMEDY}")
    return decoded


def _envelope(body: bytes) -> _Envelope:
    if len(body) > MAX_BODY_BYTES:
        raise ForgedMessage("the message is too long")
    try:
        return msgspec.json.decode(body, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ForgedMessage("the message has not the shape of a callback") from None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
