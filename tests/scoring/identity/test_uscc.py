"""The code's check character (vectors 1), its warnings, and proposals for misread characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.identity import (
    check_uscc,
    normalise_name,
    organisation_code_fits,
    uscc_check_character,
)

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


def test_each_misread_character_gets_its_own_proposal() -> None:
    single = check_uscc("9135O1OOM000100Y43")
    lookalike = check_uscc("91350100M000I00Y43")

    assert single.repairs == ("91350100M000100Y43",)
    assert lookalike.repairs == ("91350100M000100Y43",)
    assert check_uscc("9135010QM000100Y43").repairs == ("91350100M000100Y43",)
    assert check_uscc("hello").repairs == ()


@given(st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXYOISZV"))
def test_a_proposal_always_passes(place: int, character: str) -> None:
    code = "91110108551385082Q"
    found = check_uscc(code[:place] + character + code[place + 1 :])

    assert all(check_uscc(proposal).valid for proposal in found.repairs)
    assert found.repair == (found.repairs[0] if found.repairs else None)


@pytest.mark.parametrize(
    "code",
    ["91350100M000100Y43", "91110108551385082Q", "91110000600037341L", "91440300708461136T"],
)
def test_the_organisation_code_inside_fits(code: str) -> None:
    assert check_uscc(code).warnings == ()
    assert check_uscc(code).entity_class == "91"
    assert organisation_code_fits(code[8:17])


@pytest.mark.parametrize(
    ("prefix", "warnings"),
    [
        ("91350100M000100Y5", ("organisation_code",)),
        ("Z1350100M000100Y4", None),
        ("F1350100M000100Y4", ("unknown_class",)),
        ("93350100M000100Y4", ()),
    ],
)
def test_doubts_are_warnings_not_refusals(prefix: str, warnings: tuple[str, ...] | None) -> None:
    if warnings is None:
        assert not check_uscc(prefix + "0").valid
        return
    found = check_uscc(prefix + uscc_check_character(prefix))

    assert found.valid
    assert found.warnings == warnings


def test_check_characters_ten_and_eleven_of_the_organisation_code() -> None:
    """GB 11714: a check value of 10 is X, one of 11 is 0."""
    tens = [f"{n:08d}X" for n in range(2000) if organisation_code_fits(f"{n:08d}X")]
    zeros = [f"{n:08d}0" for n in range(2000) if organisation_code_fits(f"{n:08d}0")]

    assert tens
    assert "000000000" in zeros
    assert not set(tens) & set(zeros)
