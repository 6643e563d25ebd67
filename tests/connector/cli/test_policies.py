"""zixin policy: from a file to the policy in force, and what would change."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from connector.store import tables
from connector.store.engine import reading
from connector.store.policies import version_on
from scoring.fitted_card import card_text
from scoring.policy import Policy
from tests.connector.cli.shell import AS_OF, Shell, invoke
from tests.journeys.harness import open_here
from tests.scoring.test_fitted_card import a_card

TIGHT = 'version = "tight"\n[limits]\nstarter = 1000\n[watch]\nhold_days = 5\n'


@pytest.fixture
def tight(tmp_path: Path) -> Path:
    return written(tmp_path, TIGHT)


def written(folder: Path, text: str, name: str = "draft.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class TestCheck:
    """One policy file, without a configuration."""

    def test_every_mistake_is_told_with_its_place(self, tmp_path: Path) -> None:
        file = written(tmp_path, 'colour = "red"\n[limits]\nlgd = 6\n[gates]\nthin_cap = "X"\n')

        result = invoke("policy", "check", str(file), "--json")

        assert result.exit_code == 2
        assert [mistake["path"] for mistake in msgspec.json.decode(result.stdout)["mistakes"]] == [
            *("colour", "gates.thin_cap", "limits.lgd")
        ]
        for place in ("colour：未知的键", "limits.lgd：须大于 0", "gates.thin_cap：没有等级 'X'"):
            assert place in result.stderr
        assert "发现 3 处错误" in result.stderr

    def test_mistakes_are_told_in_the_tongue_of_the_command(self, tmp_path: Path) -> None:
        text = "currency = 5\n[watch]\nhold_days = 50\n[limits]\nlgd = nan\n[gates]\nparent_depth = 0\n"
        file = written(tmp_path, text)

        chinese = invoke("policy", "check", str(file)).stderr
        english = invoke("policy", "check", str(file), "--lang", "en").stderr

        assert chinese.splitlines() == [
            f"{file}：发现 4 处错误",
            "currency：须为带引号的文本，现为：5",
            "gates.parent_depth：不得小于 1",
            "limits.lgd：须为数字，现为：nan",
            "watch：须满足 0 < hold_days < stop_days",
        ]
        assert english.splitlines() == [
            f"{file}: 4 mistakes",
            "currency: must be a text in quotes, not 5",
            "gates.parent_depth: starts at 1",
            "limits.lgd: must be a number, not nan",
            "watch: needs 0 < hold_days < stop_days",
        ]

    def test_a_program_is_told_code_and_numbers_beside_the_sentence(self, tmp_path: Path) -> None:
        file = written(tmp_path, "[limits]\nlgd = 6\n")

        result = invoke("policy", "check", str(file), "--lang", "en", "--json")

        assert msgspec.json.decode(result.stdout) == {
            "ok": False,
            "mistakes": [
                {
                    "path": "limits.lgd",
                    "code": "lies_above_to",
                    "params": {"above": 0, "most": 1},
                    "message": "lies above 0 and at most at 1",
                }
            ],
        }

    def test_sections_left_to_the_defaults_are_named(self, tight: Path) -> None:
        told = invoke("policy", "check", str(tight), "--lang", "en")

        assert told.exit_code == 0
        assert "version tight, no mistakes" in told.stdout
        named = told.stdout.split("left to the defaults of this release: ")[1]
        assert "grades" in named
        assert "scorecard.payment" in named
        assert "limits" not in named.split(". ")[0].split(", ")

    def test_the_example_leaves_nothing_out(self) -> None:
        example = Path(__file__).parents[3] / "policy.example.toml"

        told = invoke("policy", "check", str(example), "--json")

        assert '"defaults": []' in told.stdout

    def test_a_file_that_cannot_be_read_is_wrong_use(self, tmp_path: Path) -> None:
        assert invoke("policy", "check", str(tmp_path / "none.toml")).exit_code == 2

    def test_a_card_is_checked_with_the_policy(self, tmp_path: Path, tight: Path) -> None:
        good = written(tmp_path, card_text(a_card("wadl")), "card.json")
        strange = written(tmp_path, card_text(a_card("luck")), "strange.json")
        broken = written(tmp_path, "{}", "broken.json")

        assert invoke("policy", "check", str(tight), "--card", str(good)).exit_code == 0
        told = invoke("policy", "check", str(tight), "--card", str(strange)).stderr
        assert "scorecard.fitted.characteristics[0].name" in told
        assert (
            "no fitted card" in invoke("policy", "check", str(tight), "--card", str(broken)).stderr
        )


def test_a_draft_comes_into_force_by_a_second_person(shell: Shell, tight: Path) -> None:
    shell("policy", "add", str(tight), "--by", "林", "--note", "收紧")
    assert "不能自行批准" in shell("policy", "activate", "tight", "--by", "林", code=2).stderr
    shell("policy", "activate", "tight", "--by", "陈")

    listed = shell.json("policy", "list")

    assert listed["in_force"] == "tight"
    (one,) = listed["versions"]
    assert (one["state"], one["from_on"], one["note"]) == ("active", [AS_OF.isoformat()], "收紧")
    told = shell("policy", "list").stdout
    assert "现行：tight" in told
    assert f"{AS_OF} 12:00" in told  # the company's own time


def test_before_any_activation_the_configured_policy_holds(shell: Shell) -> None:
    assert "来自配置文件" in shell("policy", "list").stdout
    assert shell.json("policy", "list")["in_force"] == Policy().version


def test_mistakes_of_a_policy_are_told_in_the_company_s_tongue(
    shell: Shell, tmp_path: Path
) -> None:
    file = str(written(tmp_path, "[limits]\nlgd = 6\n"))

    for command in (("add", file, "--by", "林"), ("diff", "active", file), ("simulate", file)):
        assert "limits.lgd：须大于 0 且不超过 1" in shell("policy", *command, code=2).stderr
    told = shell("policy", "simulate", file, "--lang", "en", code=2).stderr
    assert "limits.lgd: lies above 0 and at most at 1" in told


def test_refusals_say_what_to_do(shell: Shell, tight: Path, tmp_path: Path) -> None:
    assert "zixin policy add" in shell("policy", "activate", "v9", "--by", "陈", code=2).stderr
    assert "zixin policy add" in shell("policy", "shadow", "v9", "--by", "陈", code=2).stderr
    shell("policy", "add", str(tight), "--by", "林")
    other = written(tmp_path, TIGHT.replace("1000", "2000"), "other.toml")
    assert "另取版本名" in shell("policy", "add", str(other), "--by", "林", code=2).stderr
    gone = (AS_OF - timedelta(days=1)).isoformat()
    told = shell("policy", "activate", "tight", "--by", "陈", "--from", gone, code=2).stderr
    assert gone in told
    assert "既不是已存版本" in shell("policy", "diff", "active", "v9", code=2).stderr
    assert "没有可供模拟的客户" in shell("policy", "simulate", "tight", code=2).stderr


def test_a_diff_names_values_with_both_sides(shell: Shell, tight: Path) -> None:
    found = shell.json("policy", "diff", "active", str(tight))

    assert {row["key"]: (row["before"], row["after"]) for row in found} == {
        "version": ("default-1", "tight"),
        "limits.starter": ("50000", "1000"),
        "watch.hold_days": ("30", "5"),
    }
    assert "共 3 处不同" in shell("policy", "diff", "active", str(tight)).stdout


@pytest.mark.usefixtures("pulled")
def test_a_simulation_reads_in_both_languages(shell: Shell, tight: Path) -> None:
    chinese = shell("policy", "simulate", str(tight)).stdout
    english = shell("policy", "simulate", str(tight), "--lang", "en").stdout
    document = shell.json("policy", "simulate", str(tight))

    both = document["comparison"]
    for words in ("政策模拟", "额度合计", "年预期损失", "变化"):
        assert words in chinese
    for words in ("sum of limits", "expected loss in a year", "yearly sales blocked", "change"):
        assert words in english
    assert both["accounts"] == sum(both["before"]["grades"].values())
    assert both["accounts"] == sum(sum(row.values()) for row in both["moves"].values())
    assert len(document["changes"]) >= both["limit_changes"] > 0
    assert shell.json("policy", "list")["versions"] == []


@pytest.mark.usefixtures("pulled")
def test_the_same_policy_changes_nobody(shell: Shell) -> None:
    assert "没有客户变化" in shell("policy", "simulate", "active").stdout


@pytest.mark.usefixtures("pulled")
def test_assessments_stay_under_the_policy_of_their_day(shell: Shell, tight: Path) -> None:
    shell("assess")
    shell("policy", "add", str(tight), "--by", "林")
    tomorrow = AS_OF + timedelta(days=1)
    shell("policy", "activate", "tight", "--by", "陈", "--from", tomorrow.isoformat())
    shell.clock.move(timedelta(days=1))
    shell("assess")

    with open_here(shell.installation, shell.clock) as zixin:
        with reading(zixin.engine) as conn:
            current = version_on(conn, tomorrow)
        versions = {(row.as_of, row.policy_version) for row in rows_of_assessments(zixin.engine)}
        assert (zixin.policy_on(AS_OF).version, zixin.policy.version) == ("default-1", "tight")
    assert current is not None
    assert versions == {(AS_OF, "default-1"), (tomorrow, "tight")}


@pytest.mark.usefixtures("pulled")
def test_a_card_is_handed_in_with_the_policy_and_blended(
    shell: Shell, tight: Path, tmp_path: Path
) -> None:
    card = written(tmp_path, card_text(a_card("wadl", n_bad=150)), "card.json")

    shell("policy", "add", str(tight), "--by", "林", "--card", str(card))

    found = shell.json("policy", "diff", str(tight), "tight")
    assert {row["key"] for row in found} >= {"scorecard.fitted.trained.n_bad"}
    found = shell.json("policy", "simulate", "tight")
    assert found["comparison"]["grade_changes"] > 0
    changed = [one for one in found["changes"] if one["rating_before"] != one["rating_after"]]
    shell("policy", "activate", "tight", "--by", "陈")
    company = changed[0]["entity"]
    assert "× 75% = " in shell("explain", company).stdout
    assert "× 75 % = " in shell("explain", company, "--lang", "en").stdout


def rows_of_assessments(engine: sa.Engine) -> list[sa.Row[tuple[object, ...]]]:
    with reading(engine) as conn:
        columns = tables.assessments.c.as_of, tables.assessments.c.policy_version
        return list(conn.execute(sa.select(*columns).distinct()))
