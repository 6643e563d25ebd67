"""Whatever stands in a policy: it is a policy, or each of its mistakes is told in both languages."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.cli.mistakes import mistake_rows, mistakes_told
from connector.texts.catalogue import LANGUAGES, Texts, load_catalogue
from scoring.document import Word, mistake
from scoring.policy import Policy
from tests.scoring.test_policy import mistakes_of


def _keys(table: Mapping[str, object], before: str = "") -> Iterator[str]:
    for name, value in table.items():
        key = f"{before}{name}"
        yield key
        if isinstance(value, Mapping):
            yield from _keys(value, f"{key}.")


_KEYS = list(_keys(msgspec.to_builtins(Policy())))
_PLAIN = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats().map(repr),
    st.booleans().map(lambda value: str(value).lower()),
    st.text("aAB国 ", max_size=4).map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.dates().map(str),
)
_LISTS = st.lists(_PLAIN, max_size=3).map(lambda items: f"[{', '.join(items)}]")
_TABLES = st.dictionaries(st.sampled_from(["AA", "x"]), _PLAIN).map(
    lambda items: f"{{ {', '.join(f'{key} = {value}' for key, value in items.items())} }}"
)
_LISTS_OF_LISTS = st.lists(_LISTS, max_size=3).map(lambda items: f"[{', '.join(items)}]")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(_KEYS), st.one_of(_PLAIN, _LISTS, _TABLES, _LISTS_OF_LISTS))
def test_any_value_at_any_key_is_taken_or_told(key: str, value: str) -> None:
    mistakes = mistakes_of(f"{key} = {value}")

    for language in LANGUAGES:
        told = mistakes_told(mistakes, Texts(language)).splitlines()
        assert len(told) == len(mistakes)
        assert all(key.split(".", maxsplit=1)[0] in line for line in told)


def test_every_word_is_said_in_both_languages() -> None:
    for language in LANGUAGES:
        said = load_catalogue(language)
        assert [word for word in Word if f"mistake.word.{word}" not in said] == []


def test_numbers_are_told_with_all_their_digits() -> None:
    found = mistake(
        "a",
        "grade_steps",
        key="pd",
        way=Word.RISE,
        worse="AA",
        worse_has=Decimal("0.00230"),
        better="AAA",
        better_has=Decimal(2_000_000),
    )

    assert found.told(Texts("en").say) == (
        "grades are not monotone: 0.00230 for AA after 2000000 for AAA; pd must rise from AAA to D"
    )
    assert found.told(Texts("zh").say) == (
        "等级不单调：AAA 为 2000000，其后 AA 为 0.00230；pd 从 AAA 到 D 须递增"
    )


def test_a_program_gets_words_as_codes() -> None:
    found = mistake("a", "must_be", wanted=Word.NUMBER, given=Word.TABLE)

    assert msgspec.json.encode(mistake_rows([found], Texts("zh"))).decode() == (
        '[{"path":"a","code":"must_be","params":{"wanted":"number","given":"table"},'
        '"message":"须为数字，现为：表"}]'
    )
