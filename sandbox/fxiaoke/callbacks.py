"""Event callbacks: the encrypted, signed POST for each change, and the check of its answer."""

import base64
import binascii
import hashlib
import hmac
import logging
from dataclasses import dataclass, field
from random import Random

import orjson
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sandbox.clock import SandboxClock
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.state import EA, TENANT_NUMBER
from sandbox.fxiaoke.store import Change
from sandbox.fxiaoke.values import instant_ms
from sandbox.notifier import Notification, Notifier, is_loopback

__all__ = ["Callbacks", "check_key", "decrypt", "encrypt", "sign"]

_log = logging.getLogger(__name__)
_KEY_BYTES = 32


def encrypt(key: str, text: str) -> str:
    """Encrypt with AES-256-CBC; the key's first half is the initial vector."""
    raw = base64.b64decode(key)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES256(raw), modes.CBC(raw[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def decrypt(key: str, content: str) -> str:
    """Undo ``encrypt``. Raises ``ValueError`` for anything that it did not make."""
    raw = base64.b64decode(key)
    decryptor = Cipher(algorithms.AES256(raw), modes.CBC(raw[:16])).decryptor()
    padded = decryptor.update(base64.b64decode(content, validate=True)) + decryptor.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def sign(*parts: object) -> str:
    """Return the SHA-1 of the parts put together, in order, ``None`` left out."""
    text = "".join(str(part) for part in parts if part is not None)
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 the platform's scheme


def check_key(key: str) -> None:
    """Raise ``ValueError`` unless the key is canonical Base64 of 32 bytes.

    The console offers random characters that often are not; every decoder must agree on ours.
    """
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the key is not Base64") from None
    if len(raw) != _KEY_BYTES or base64.b64encode(raw).decode() != key:
        raise ValueError("the key must be the canonical Base64 text of 32 bytes")


@dataclass(slots=True)
class Callbacks:
    """The subscription of the tenant: at most one address, all objects and events."""

    clock: SandboxClock
    options: TenantOptions
    notifier: Notifier
    rng: Random
    url: str | None = None
    _key: str = field(default="", repr=False)
    wrong_answers: int = 0
    plain_answers: int = 0

    def subscribe(self, url: str | None, key: str = "") -> None:
        """Send events to ``url`` from now on; ``None`` ends it.

        Raises ``ValueError`` for a key that cannot be decoded or an address of another machine.
        """
        if url is not None:
            check_key(key)
            if not is_loopback(url):
                raise ValueError("the sandbox calls only this machine")
        self.url, self._key = url, key

    def tell(self, change: Change) -> None:
        """Queue the callback for a committed change."""
        if self.url is None:
            return
        self.notifier.send(
            Notification(
                url=self.url,
                headers={"Content-Type": "application/json"},
                body=self.body(change),
                accepts=self._judge(self._key),
                retry_delays=self.options.callback_retry_delays,
            )
        )

    def body(self, change: Change) -> bytes:
        """Return the signed JSON of one event; every call is a new message."""
        now = instant_ms(self.clock.now())
        message_id = f"MSG{now:014d}{self.rng.getrandbits(64):016X}"
        nonce = f"{self.rng.getrandbits(64):016x}"
        retries = 0 if self.options.retry_times_in_callbacks else None
        event = {
            "tenantId": TENANT_NUMBER,
            "eventType": change.event,
            "apiName": change.api_name,
            "dataId": change.record_id,
            "timestamp": change.at_ms,
            "messageId": message_id,
        }
        content = encrypt(self._key, orjson.dumps(event).decode())
        signature = sign(now, nonce, message_id, retries, EA, content, self._key)
        body = {
            "signature": signature,
            "timestamp": now,
            "nonce": nonce,
            "messageId": message_id,
            "enterpriseAccount": EA,
            "encryptedContent": content,
        }
        return orjson.dumps(body if retries is None else body | {"retryTimes": retries})

    def _judge(self, key: str) -> "_Judge":
        return _Judge(self, key)

    def accepts(self, status: int, body: bytes, key: str) -> bool:
        """Tell whether a receiver's answer is a signed, encrypted success."""
        if status == 200 and body.strip() == b"success":
            self.plain_answers += 1
            _log.warning("the receiver answered a plain success, not the signed envelope")
            return self.options.plain_success_accepted
        well = status == 200 and _is_signed_success(body, key)
        self.wrong_answers += not well
        return well


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges answers by the key that the message was made with."""

    callbacks: Callbacks
    key: str = field(repr=False)

    def __call__(self, status: int, body: bytes) -> bool:
        return self.callbacks.accepts(status, body, self.key)


def _is_signed_success(body: bytes, key: str) -> bool:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(answer, dict):
        return False
    result = answer.get("encryptedResult")
    wanted = sign(answer.get("timestamp"), answer.get("nonce"), result, key)
    if not hmac.compare_digest(wanted, str(answer.get("signature"))):
        return False
    try:
        return decrypt(key, str(result)) == "success"
    except ValueError:
        return False
