"""The credit file from the command line: imports, templates, decisions, promises."""

from pathlib import Path

import pytest

from connector.store.assessments import latest_assessments
from connector.store.engine import create_engine, reading
from tests.connector.cli.shell import Shell

PEOPLE = (
    '\n[people]\n"王强" = { role = "finance_director" }\n"李梅" = { role = "credit_officer" }\n'
)
REASON = "客户已提供本季度审计报告与银行流水，情况好转，特此申请。"


@pytest.fixture
def company(pulled: Shell) -> str:
    """Rate everybody, and name one company that is rated."""
    config = pulled.installation.config
    text = config.read_text(encoding="utf-8")
    place = text.index("[[connections]]")
    config.write_text(f"{text[:place]}{PEOPLE}\n{text[place:]}", encoding="utf-8")
    pulled("assess")
    return a_rated_company(pulled)


def a_rated_company(shell: Shell) -> str:
    engine = create_engine(f"sqlite:///{shell.installation.config.parent / 'zixin.db'}")
    with reading(engine) as conn:
        found = latest_assessments(conn)
    engine.dispose()
    return next(
        one.assessment.entity for one in found if one.assessment.rating in {"BBB", "A", "BB"}
    )


def test_an_import_says_what_it_did_and_what_is_wrong(
    shell: Shell, company: str, tmp_path: Path
) -> None:
    path = tmp_path / "records.csv"
    path.write_text(
        f"客户,类别,获知日期,来源\n{company},诉讼,2026-03-01,法院\n{company},诉讼,x,法院\n"
    )

    first = shell.json("import", "records", str(path), "--by", "李梅", code=3)
    again = shell.json("import", "records", str(path), "--by", "李梅", code=3)

    assert (first["imported"], first["refused"], again["imported"], again["unchanged"]) == (
        1,
        1,
        0,
        1,
    )
    assert first["mistakes"][0]["row"] == 3
    assert first["mistakes"][0]["column"] == "获知日期"
    assert "2025-12-31" in first["mistakes"][0]["text"]
    shown = shell("import", "records", str(path), "--by", "李梅", "--dry-run", code=3)
    assert "获知日期" in shown.stdout


def test_a_template_is_written(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "statements.xlsx"

    shell("import", "template", "statements", "--out", str(out))

    assert out.stat().st_size > 0
    shell("import", "template", "statements", "--out", str(tmp_path / "x.pdf"), code=2)


def test_a_bureau_nobody_installed_is_refused(shell: Shell) -> None:
    said = shell("import", "bureau", "acme", "--by", "李梅", code=2)

    assert "file" in said.stderr


def test_an_override_by_two_people_changes_the_rating_and_its_end_changes_it_back(
    shell: Shell, company: str
) -> None:
    before = shell.json("explain", company)["assessment"]["rating"]
    draft = shell.json(
        "decide", "override", company, "--grade", "C", "--by", "张三", "--reason", "new_facts",
        "--text", REASON, "--until", "2026-06-30",
    )  # fmt: skip
    shell("decide", "approve", draft["id"], "--by", "张三", code=2)

    shell("decide", "approve", draft["id"], "--by", "王强")
    during = shell.json("explain", company)["assessment"]["rating"]
    shell("decide", "end", draft["id"], "--by", "王强")
    after = shell.json("explain", company)["assessment"]["rating"]

    assert before == after
    assert during == "C" != before
    assert draft["id"] in shell("decide", "list").stdout
    (listed,) = shell.json("decide", "list", "--state", "ended")["decisions"]
    assert (listed["author"], listed["approver"]) == ("张三", "王强")


def test_a_promise_is_noted_and_listed(shell: Shell, company: str) -> None:
    shell("promise", "add", company, "12,500.50", "2026-04-15", "--by", "李梅")

    (promise,) = shell.json("promise", "list")["promises"]

    assert promise["promised_on"] == "2026-04-15"
    assert promise["amount"]["minor"] == 1_250_050
    assert "12,5" in shell("promise", "list").stdout
    shell("promise", "add", company, "viel", "2026-04-15", "--by", "李梅", code=2)
