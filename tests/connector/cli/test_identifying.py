"""identity: codes, names and accounts that may be one company."""

import pytest

from tests.connector.cli.shell import Shell, invoke


def test_a_code_is_checked_and_repairs_are_offered() -> None:
    good = invoke("identity", "check", "91350100M000100Y43", "--lang", "en")
    bad = invoke("identity", "check", "9135O100M000100Y43", "--lang", "en")
    document = invoke("identity", "check", "91350100M000100Y4Z", "--json")

    assert (good.exit_code, bad.exit_code, document.exit_code) == (0, 3, 3)
    assert "enterprise" in good.stdout
    assert "91350100M000100Y43" in bad.stdout
    assert '"valid": false' in document.stdout


@pytest.mark.parametrize(("lang", "words"), [("zh", "建议合并"), ("en", "suggest to merge")])
def test_two_names_are_compared_part_by_part(lang: str, words: str) -> None:
    names = ("深圳市腾飞科技有限公司", "腾飞科技（深圳）有限责任公司")
    told = invoke("identity", "match", *names, "--lang", lang).stdout

    assert words in told
    assert "广东深圳" in told
    assert '"decision": "suggest"' in invoke("identity", "match", *names, "--json").stdout


@pytest.mark.usefixtures("ran")
def test_duplicates_are_listed_and_nothing_is_merged(shell: Shell) -> None:
    found = shell.json("identity", "duplicates")
    told = shell("identity", "duplicates", "--lang", "en").stdout

    assert f"{len(found)} pairs" in told
    assert all(pair["match"]["decision"] in {"suggest", "queue", "branch"} for pair in found)
