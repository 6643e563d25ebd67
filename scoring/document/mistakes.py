"""What can be wrong in a document: a place, a code and its numbers.

The codes stand here with their English sentences, which logs and the English texts share; the
sentences of other tongues are made from the same codes elsewhere.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

__all__ = [
    "SENTENCES",
    "DocumentError",
    "Mistake",
    "Word",
    "inside",
    "mistake",
    "placed",
    "written",
]


class Word(StrEnum):
    """A parameter that is no value but a word, said in the tongue of the sentence."""

    TEXT = "text"
    WHOLE_NUMBER = "whole_number"
    NUMBER = "number"
    POSITIVE = "positive"
    YES_OR_NO = "yes_or_no"
    DATE = "date"
    TIME_OF_DAY = "time_of_day"
    TABLE = "table"
    LIST = "list"
    FALL = "fall"
    RISE = "rise"
    NOT_RISE = "not_rise"
    NONE = "none"


Param = str | int | float | Decimal

_AT = "at"
_ENGLISH = {
    _AT: "{path}: {what}",
    # The text and its keys.
    "unreadable": "cannot be read: {error}",
    "unreadable_yet": "cannot be read ({error}); write one with: {command}",
    "not_utf8": "is not UTF-8 text",
    "not_toml": "not valid TOML: {error}",
    "missing": "is missing",
    "unknown_key": "unknown key; known are {known}",
    "unknown_key_near": "unknown key; did you mean {near}?",
    # One value. What may be a secret is not repeated.
    "must_be": "must be {wanted}, not {given}",
    "must_look": "must look like {like}",
    "must_equal": "is {given}, must be {wanted}",
    "none_of": "{given} is none of {allowed}",
    "unknown": "{given} is unknown; use a name such as {like}",
    "no_currency": "unknown currency {given}: use an ISO 4217 code such as CNY",
    "no_grade": "{given} is no grade; the grades are {grades}",
    "plain_word": "must be a word without space, : or /",
    "not_a_key": "must be {wanted} bytes in base64; `{command}` makes one",
    "wrong_key": "the database was sealed with another key; put it back, or name it in store.old_keys"
    "; if it is lost: zixin key forget",
    "starts_at": "starts at {least}",
    "lies_above": "lies above {above}",
    "lies_above_to": "lies above {above} and at most at {most}",
    "lies_between": "lies between {least} and {most}",
    # Values beside one another.
    "order": "needs {rule}",
    "empty": "must not be empty",
    "twice": "{names}: stands more than once",
    "length": "must be {wanted} values, not {given}",
    "one_more": "has one value more than {beside}",
    "must_rise": "must rise",
    "must_fall": "must fall",
    "needed_beside": "is needed beside {beside}",
    "lies_in": "{given} must not lie in {beside}",
    # What a document names and is not there.
    "not_set": "environment variable {name} is not set",
    "no_file": "file {name} cannot be read ({error})",
    "not_configured": "is not configured; there are: {known}",
    "no_database": "the database cannot be used: {error}",
    "newer_schema": "the database was made by a newer version (schema {revision}): run that version, "
    "or restore the backup from before its upgrade",
    "said": "{what}",
    # The policy.
    "version": "names this policy in every assessment; it must not be empty, nor have a space at "
    "either end",
    "curve_value": "the curve is not monotone: {after} does not rise above {before}",
    "curve_percents": "the curve is not monotone: percents must fall, or rise, all the way",
    "percent_outside": "{given} percent is outside 0 to 100",
    "group_points": "the characteristics hold {total} points, the group {group}: {parts}",
    "prospect_weights": "the weights of a prospect add up to {total}, they must make 100",
    "groups_points": "the groups of the card add up to {total}, they must make 100: {parts}",
    "wrong_way": "runs the wrong way: percents must {way}",
    "better_grade": "must be a better grade than {than}",
    "one_weighs": "one of {names} needs a weight above 0",
    "rungs": "levels and their days rise from rung to rung",
    "row_missing": "the row of {grade} is missing; copy it from policy.example.toml",
    "grades_order": "must be {grades}, each once and in this order",
    "score_missing": "is missing: from which score on is it {grade}?",
    "score_of_default": "{grade} has no score: it comes by a default event alone",
    "score_of_worst": "{grade} starts at 0, so that every score has a grade",
    "bands_overlap": "{worse} starts at {worse_from} and {better} at {better_from}: the bands "
    "overlap; scores must fall from AAA to C",
    "grade_steps": "grades are not monotone: {worse_has} for {worse} after {better_has} for "
    "{better}; {key} must {way} from AAA to D",
    # A fitted card.
    "card_bins": "{name}: bins must rise, and only the last has no upper end",
    "card_sign": "{name}: must be negative, so that more good means more points",
    "card_points": "{name}: points must rise with the weight of evidence",
}
_WORDS = {
    Word.TEXT: "a text in quotes",
    Word.WHOLE_NUMBER: "a whole number",
    Word.NUMBER: "a number",
    Word.POSITIVE: "a positive number in quotes",
    Word.YES_OR_NO: "true or false",
    Word.DATE: "a date like 2026-03-31",
    Word.TIME_OF_DAY: "a time of day such as 04:00",
    Word.TABLE: "a table",
    Word.LIST: "a list",
    Word.FALL: "fall",
    Word.RISE: "rise",
    Word.NOT_RISE: "not rise",
    Word.NONE: "none",
}
#: The English sentences by their code in the texts.
SENTENCES: Final[Mapping[str, str]] = {
    **{f"mistake.{code}": sentence for code, sentence in _ENGLISH.items()},
    **{f"mistake.word.{word}": said for word, said in _WORDS.items()},
}


class Mistake(msgspec.Struct, frozen=True):
    """One thing wrong: where (``connections[1].vendor``), and what, as a code with parameters."""

    path: str
    code: str
    params: dict[str, Param] = {}

    def told(self, say: Callable[..., str]) -> str:
        """Tell what is wrong by ``say``, which makes the sentence of a code and its parameters."""
        words = {
            name: say(f"mistake.word.{value}") if isinstance(value, Word) else str(value)
            for name, value in self.params.items()
        }
        return say(f"mistake.{self.code}", **words)

    def told_with_place(self, say: Callable[..., str]) -> str:
        """Tell where and what."""
        what = self.told(say)
        return say(f"mistake.{_AT}", path=self.path, what=what) if self.path else what

    def __str__(self) -> str:
        """Show as ``path: sentence``, in English."""
        return self.told_with_place(_in_english)


def _in_english(code: str, **params: str) -> str:
    return SENTENCES[code].format_map(params)


class DocumentError(ValueError):
    """A document does not hold what it must; ``mistakes`` lists everything found."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def mistake(path: str, code: str, /, **params: Param) -> Mistake:
    """Make a mistake from its place, code and parameters."""
    return Mistake(path, code, params)


def placed(mistakes: Iterable[Mistake], path: str) -> list[Mistake]:
    """Give mistakes found in a table their places in the whole document; the table's is ``path``."""
    return [msgspec.structs.replace(each, path=inside(path, each.path)) for each in mistakes]


def inside(path: str, key: str) -> str:
    """Write the place of a key in the table at ``path``."""
    between = "." if path and key and not key.startswith("[") else ""
    return f"{path}{between}{key}"


def written(value: object) -> str:
    """Show a value as the file has it; of a table or a list only that it is one."""
    if isinstance(value, dict):
        return Word.TABLE
    if isinstance(value, list):
        return Word.LIST
    return repr(value) if isinstance(value, str | int | float) else str(value)
