"""The code's check character and names that mean the same company."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.identity import check_uscc, normalise_name, uscc_check_character

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize(
    "code",
    ["91350100M000100Y43", "91110108551385082Q", "91110000600037341L", "91440300708461136T"],
)
def test_real_codes_pass(code: str) -> None:
    assert check_uscc(code).valid


def test_wrong_check_character_fails() -> None:
    assert not check_uscc("91350100M000100Y4Z").valid


def test_remainder_zero_is_written_zero() -> None:
    assert uscc_check_character("91110108100100028") == "0"


def test_width_case_and_hyphens_do_not_matter() -> None:
    check = check_uscc(" ９１350100-m000100y43 ")

    assert check.valid
    assert check.normalised == "91350100M000100Y43"


def test_misread_letter_gets_a_proposal_that_is_not_applied() -> None:
    check = check_uscc("9135O100M000100Y43")

    assert not check.valid
    assert check.repair == "91350100M000100Y43"


@given(
    st.text(ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=9, max_size=9),
    st.integers(0, 16),
    st.sampled_from("0123456789"),
)
def test_any_single_changed_character_is_noticed(
    kind: str, division: str, subject: str, position: int, other: str
) -> None:
    prefix = kind + division + subject
    code = prefix + uscc_check_character(prefix)
    changed = code[:position] + other + code[position + 1 :]

    assert check_uscc(code).valid
    assert check_uscc(changed).valid == (changed == code)


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert check_uscc(text).valid in {True, False}


def test_spellings_of_one_name_are_equal() -> None:
    assert normalise_name("深圳市 腾飞科技有限责任公司（停用）") == normalise_name(
        "深圳市腾飞科技有限公司"
    )


def test_regions_in_brackets_still_differ() -> None:
    assert normalise_name("远大(上海)有限公司") != normalise_name("远大(北京)有限公司")
