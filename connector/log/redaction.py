"""Takes secrets and people's data out of whatever is about to be logged (reliability S16).

By key: what a field is called. By pattern: what a text looks like. What remains is in one line:
control characters are written out. Names of companies have no pattern; they must not be logged.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

import structlog

__all__ = ["MASK", "redacted", "redacted_event", "redacted_text"]

MASK = "***"
_DEEPEST = 8

_NAMES_OF_SECRETS = (
    r"(?:secret|passw(?:or)?d|passphrase|pwd|token|aes[_-]?key|api[_-]?key|private[_-]?key"
    r"|permanent[_-]?code|grant[_-]?code|authori[sz]ation|cookie|credentials?|signature)"
    r"(?:_old|_new)?"
)
_IS_SECRET = re.compile(rf"[\w-]*?{_NAMES_OF_SECRETS}", re.IGNORECASE)
_IS_PERSONAL = re.compile(
    r"name|(?:account|company|contact|customer)(?:_name)?|address|e?_?mail|phone|mobile|tel|fax"
    r"|body|payload|subject",
    re.IGNORECASE,
)
_IS_ERROR_CODE = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*|-?\d{1,9}")

_VALUE = r"""("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,;&}\])"']+)"""
_NAMED = re.compile(rf"""({_NAMES_OF_SECRETS}\\?["']?\s*[:=]\s*\\?){_VALUE}""", re.IGNORECASE)
_CODE = re.compile(rf"""(?<![\w-])(code\\?["']?\s*[:=]\s*\\?){_VALUE}""", re.IGNORECASE)

#: Each pattern with what is put in its place; the order counts.
_PATTERNS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(?i)(?<!\w)(bearer|zoho-oauthtoken)[\s:=]+[^\s,;\"'&]+"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(?<!\w)(basic)\s+[\w+/-]{8,}={0,2}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(?<![\w.])\d{4}\.[0-9a-f]{6,}\.[0-9a-f]{6,}"), MASK),
    (re.compile(r"(/hooks/)[^\s/?#\"'<>]+"), rf"\1{MASK}"),
    (re.compile(r"(?<=[^\s?])\?[\w.%~+-]{1,60}=[^\s\"'<>)]*"), f"?{MASK}"),
    (re.compile(r"(?i)(?<![\w+.-])(?!(?:https?|sqlite|file|postgres\w*(?:\+\w+)?)://)"
                r"([a-z][a-z0-9+.-]{0,30}://)[^\s\"'<>]+"), rf"\1{MASK}"),
    (re.compile(r"(://)[^\s/?#\"'<>]*@"), rf"\1{MASK}@"),
    (_NAMED, rf"\1{MASK}"),
    (_CODE, lambda found: found[1] + (found[2] if _names_an_error(found[2]) else MASK)),
    (re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{43}=?(?![\w+/=])"), MASK),
    (re.compile(r"[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), MASK),
    (re.compile(r"(?<![\w.+-])(?:\+|00)?(?:86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\w-])"), MASK),
    (re.compile(r"(?<![\w.-])0\d{2,3}[ -]\d{7,8}(?![\w-])"), MASK),
    (re.compile(r"(?<![\w.])\+\d{1,3}[ (-]{0,2}\d(?:[ ()-]{0,2}\d){6,13}(?!\w)"), MASK),
    (re.compile(r"(?m)^(DETAIL|CONTEXT):.*$|\[parameters: .*\]"), rf"[{MASK}]"),
)  # fmt: skip


def redacted_event(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Redact an event; lines of a fault stay lines."""
    lines = {key: event.pop(key) for key in ("exception", "stack") if key in event}
    clean = {written_out(str(key)): _of_key(str(key), value, 0) for key, value in event.items()}
    for key, told in lines.items():
        secretless = _without_secrets(str(told)).split("\n")
        clean[key] = "\n".join(written_out(line) for line in secretless)
    return clean


def redacted(value: object) -> object:
    """Redact a value of any kind; numbers, truth and nothing stay what they are."""
    return _redacted(value, 0)


def redacted_text(text: str) -> str:
    """Mask what looks like a secret or like a person's datum, and write the rest in one line."""
    return written_out(_without_secrets(text))


def written_out(text: str) -> str:
    r"""Write characters out that end a line, move the cursor, turn the direction or stand alone."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _of_key(key: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    hidden = _IS_SECRET.fullmatch(key) or _IS_PERSONAL.fullmatch(key)
    if hidden or (key.lower() == "code" and not _IS_ERROR_CODE.fullmatch(str(value))):
        return MASK
    return _redacted(value, depth)


def _redacted(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {
            redacted_text(str(key)): _of_key(str(key), each, depth + 1)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(each, depth + 1) for each in value]
    return redacted_text(value if isinstance(value, str) else repr(value))


def _without_secrets(text: str) -> str:
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def _names_an_error(value: str) -> bool:
    return _IS_ERROR_CODE.fullmatch(value.strip("\"'")) is not None


_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_TURNS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _shown(character: str) -> str:
    if character not in _TURNS and unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
