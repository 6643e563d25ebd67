"""Makes unified social credit codes (统一社会信用代码) that pass both check characters.

Sources: GB 32100-2015 for the 18 characters, GB 11714 for the organisation code inside.
"""

from random import Random

__all__ = ["make_uscc"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_COMPANY = "91"  # registered with market regulation, an enterprise


def make_uscc(division: str, rng: Random) -> str:
    """Return the code of a made-up company registered in a division (six digits)."""
    subject = "MA" + "".join(rng.choices(_ALPHABET, k=6))
    code = _COMPANY + division + subject + _organisation_check(subject)
    total = sum(_ALPHABET.index(c) * weight for c, weight in zip(code, _WEIGHTS, strict=True))
    return code + _ALPHABET[(31 - total % 31) % 31]


def _organisation_check(subject: str) -> str:
    """Compute the organisation code's ninth character; 10 is written X and 11 is 0."""
    total = sum(
        int(character, 36) * weight
        for character, weight in zip(subject, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]
