"""The unified social credit code (统一社会信用代码): check, warnings, proposals for misread characters.

Source: GB 32100-2015 for the code, GB 11714 for the organisation code inside it.
"""

import re
import unicodedata

import msgspec

__all__ = ["UsccCheck", "check_uscc", "organisation_code_fits", "uscc_check_character"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_PATTERN = re.compile(r"^[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}$")
_SEPARATORS = re.compile(r"[\s\-‐-―_.·]+")
_MISREAD = {"O": "0", "I": "1", "Z": "2", "S": "5"}  # letters the standard leaves out, and why
#: What a character may have been on paper; letters of the alphabet that look like a digit, too.
_LOOKALIKES = _MISREAD | {
    "V": "U",
    "L": "1",
    "D": "0",
    "Q": "0",
    "B": "8",
    "G": "6",
    "T": "7",
    "8": "B",
    "6": "G",
    "1": "L7",
    "7": "1T",
    "0": "DQ",
    "U": "W",
    "W": "U",
}
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

#: Registering authority and kind of body, as far as the standard and its amendments name them.
CLASSES = (
    *("11", "12", "13", "19", "21", "29", "31", "32", "33", "34", "35", "39", "41", "49"),
    *("51", "52", "53", "59", "61", "62", "69", "71", "72", "79", "81", "89", "91", "92", "93"),
    *("A1", "A9", "N1", "N2", "N3", "N9", "Y1"),
)


class UsccCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a check.

    ``repairs`` are proposals that pass, never applied: each with one misread character replaced,
    or all letters that cannot occur at once. ``repair`` is the first of them. ``warnings`` of a
    valid code: ``organisation_code`` (the check character of the code inside does not fit),
    ``unknown_class``. ``entity_class`` is the first two characters where the standard names them.
    """

    valid: bool
    normalised: str
    repair: str | None = None
    repairs: tuple[str, ...] = ()
    entity_class: str | None = None
    warnings: tuple[str, ...] = ()


def check_uscc(text: str) -> UsccCheck:
    """Check a code's form and check character after normalising width, case and separators.

    Source: GB 32100-2015. Unknown first characters pass with a warning: the list grows.
    """
    code = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not _passes(code):
        repairs = _repairs(code)
        return UsccCheck(
            valid=False,
            normalised=code,
            repair=repairs[0] if repairs else None,
            repairs=repairs,
        )
    known = code[:2] in CLASSES
    found = {
        "organisation_code": not organisation_code_fits(code[8:17]),
        "unknown_class": not known,
    }
    return UsccCheck(
        valid=True,
        normalised=code,
        entity_class=code[:2] if known else None,
        warnings=tuple(warning for warning, stands in found.items() if stands),
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


def organisation_code_fits(code: str) -> bool:
    """Tell whether nine characters end in their check character.

    Source: GB 11714: 11 − (Σ value·weight mod 11), where 10 is written ``X`` and 11 ``0``.
    """
    values = [int(character, 36) for character in code[:8]]
    total = sum(v * weight for v, weight in zip(values, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11] == code[8]


def _passes(code: str) -> bool:
    return bool(_PATTERN.match(code)) and uscc_check_character(code[:17]) == code[17]


def _repairs(code: str) -> tuple[str, ...]:
    """Propose codes that pass, by how much they change."""
    singles = [
        code[:place] + other + code[place + 1 :]
        for place, character in enumerate(code)
        for other in _LOOKALIKES.get(character, "")
    ]
    impossible = "".join(_MISREAD.get(character, character) for character in code)
    proposals = dict.fromkeys([*singles, impossible])
    return tuple(proposal for proposal in proposals if _passes(proposal))
