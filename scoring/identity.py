"""Who a customer is: the unified social credit code (统一社会信用代码) and comparable names.

Source: GB 32100-2015 for the code, GB 11714 for the organisation code inside it.
"""

import re
import unicodedata

import msgspec

__all__ = ["UsccCheck", "check_uscc", "normalise_name", "uscc_check_character"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_PATTERN = re.compile(r"^[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}$")
_SEPARATORS = re.compile(r"[\s\-‐-―_.·]+")
_MISREAD = {"O": "0", "I": "1", "Z": "2", "S": "5"}  # letters the standard leaves out, and why

_NAME_REMARKS = re.compile(r"[\[【(（]?(?:旧|停用|作废|old|inactive)[\]】)）]?$", re.IGNORECASE)
_NAME_NOISE = re.compile(r"[\s·•「」『』【】\[\]()\"'’,.、，。-]+")


class UsccCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a check. ``repair`` is a proposal that passes, never applied by itself."""

    valid: bool
    normalised: str
    repair: str | None = None


def check_uscc(text: str) -> UsccCheck:
    """Check a code's form and check character after normalising width, case and separators.

    Source: GB 32100-2015. Unknown first characters pass: the list of authorities grows.
    """
    code = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if _passes(code):
        return UsccCheck(valid=True, normalised=code)
    repair = "".join(_MISREAD.get(character, character) for character in code)
    return UsccCheck(
        valid=False,
        normalised=code,
        repair=repair if repair != code and _passes(repair) else None,
    )


def uscc_check_character(prefix: str) -> str:
    """Compute the 18th character for the first 17.

    Source: GB 32100-2015: 31 − (Σ value·3^(i−1) mod 31), where 31 is written ``0``.
    Raises ``KeyError`` for a character outside the standard's alphabet.
    """
    total = sum(
        _VALUES[character] * weight for character, weight in zip(prefix, _WEIGHTS, strict=True)
    )
    return _ALPHABET[(31 - total % 31) % 31]


def _passes(code: str) -> bool:
    return bool(_PATTERN.match(code)) and uscc_check_character(code[:17]) == code[17]


def normalise_name(name: str) -> str:
    """Reduce a company name to what must be equal for two records to be the same company.

    Width, case, spaces, brackets and trailing remarks such as (停用) do not count; the two usual
    spellings of each Chinese legal form are one.
    """
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    text = _NAME_REMARKS.sub("", text)
    text = _NAME_NOISE.sub("", text)
    return text.replace("有限责任公司", "有限公司").replace("股份有限公司", "股份公司")
