"""Bad statements through the real commands: each told with its place and remedy, nothing else stops."""

from pathlib import Path

import pytest

from connector.store.assessments import latest_assessments
from connector.store.engine import create_engine, reading
from scoring.policy import GRADES
from tests.connector.cli.shell import Shell

HEADER = "客户,报表期末,依据,收到日期,单位,资产总计,负债合计,所有者权益合计,营业收入"
#: What is wrong, the columns that are named, and a word of the sentence in both languages.
MISTAKES = [
    ("not_balanced", "资产总计", "三行", "three lines"),
    ("future_period", "报表期末", "收到日期", "both dates"),
    ("wrong_unit", "单位", "核对单位", "check the unit"),
    ("wrong_unit", "单位", "营业收入", "the revenue"),
    ("repeated_row", "", "", ""),
]


def _ratings(shell: Shell) -> dict[str, str]:
    engine = create_engine(f"sqlite:///{shell.installation.config.parent / 'zixin.db'}")
    with reading(engine) as conn:
        found = latest_assessments(conn)
    engine.dispose()
    return {one.assessment.entity: one.assessment.rating for one in found}


@pytest.fixture
def before(pulled: Shell) -> dict[str, str]:
    """Rate everybody."""
    pulled("assess")
    return _ratings(pulled)


def _speak_english(config: Path) -> None:
    lines = config.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("language")]
    place = kept.index("[company]") + 1
    config.write_text(
        "\n".join([*kept[:place], 'language = "en"', *kept[place:]]), encoding="utf-8"
    )


def _file(folder: Path, sound: str, in_debt: str) -> Path:
    debts = f"{in_debt},2025-12-31,审计,2026-03-20,万元,1000,1200,-200,900000"
    lines = [
        HEADER,
        f"{sound},2025-12-31,审计,2026-03-20,万元,1200,500,600,900000",
        f"{sound},2026-12-31,审计,2026-03-20,万元,1200,500,700,900000",
        f"{sound},2025-12-31,审计,2026-03-20,元,1200,500,700,90",
        f"{sound},2025-12-31,审计,2026-03-20,万元,1200,500,700,0",
        debts,
        debts,
    ]
    path = folder / "statements.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_bad_statements_are_told_and_the_good_one_beside_them_counts(
    shell: Shell, before: dict[str, str], tmp_path: Path
) -> None:
    good = [name for name, rating in before.items() if rating in GRADES[:5]]
    sound, in_debt = good[0], good[1]
    path, how = _file(tmp_path, sound, in_debt), ("--by", "李梅")

    told = shell.json("import", "statements", str(path), *how, "--dry-run", code=3)
    _speak_english(shell.installation.config)
    english = shell.json("import", "statements", str(path), *how, code=3)

    assert (english["imported"], english["refused"]) == (1, 5)
    for place, (code, column, zh, en) in enumerate(MISTAKES, 2):
        row = 7 if code == "repeated_row" else place
        for said, word in ((told, zh), (english, en)):
            found = next(one for one in said["mistakes"] if one["row"] == row)
            assert column in found["column"]
            assert word in found["text"]

    shell("assess")
    after = _ratings(shell)
    assert GRADES.index(after[in_debt]) >= GRADES.index("B")
    reasons = shell.json("explain", in_debt)["assessment"]["reasons"]
    assert "negative_equity" in {reason["code"] for reason in reasons}
    assert {name: after[name] for name in before if name != in_debt} == {
        name: rating for name, rating in before.items() if name != in_debt
    }
