"""An imported table of industry standards moves the points of who is in that industry (1.4, A)."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.store.engine import reading
from connector.store.tables import accounts
from tests.connector.cli.shell import Shell
from tests.journeys.harness import open_here

POLICY = 'version = "with-statements"\ngroups = ["payment", "financial"]\n'
STATEMENT = "total_assets,total_liabilities,equity,current_assets,inventory,current_liabilities"
STANDARDS = "year,industry,parent,size,indicator,excellent,good,average,lower,poor"


@pytest.fixture
def firm(pulled: Shell, tmp_path: Path) -> tuple[Shell, str, str]:
    """Give a company with a statement (debts are 60 % of its assets), and its industry."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    shell = pulled
    shell("policy", "add", str(policy), "--by", "林")
    shell("policy", "activate", "with-statements", "--by", "陈")
    with open_here(shell.installation, shell.clock) as zixin, reading(zixin.engine) as conn:
        asked = sa.select(accounts.c.entity, accounts.c.industry).order_by(accounts.c.entity)
        entity, industry = next(
            (row.entity, row.industry) for row in conn.execute(asked) if row.industry
        )
    file = tmp_path / "statements.csv"
    head = f"company,period_end,months,basis,received_on,source,currency,unit,{STATEMENT}"
    line = f"{entity},2025-12-31,12,audited,2026-03-01,test,CNY,10000,1000,600,400,500,200,400"
    file.write_text(f"{head}\n{line}\n", encoding="utf-8")
    shell("import", "statements", str(file), "--by", "李梅")
    return shell, entity, industry


def debts(shell: Shell, entity: str) -> dict[str, Any]:
    document = shell.json("explain", entity)
    (group,) = [one for one in document["groups"] if one["name"] == "financial"]
    (part,) = [one for one in group["characteristics"] if one["code"] == "debt_to_assets"]
    return {"got": float(part["got"]), "value": float(part["value"])}


def test_a_table_of_standards_changes_the_points_of_its_industry(
    firm: tuple[Shell, str, str], tmp_path: Path
) -> None:
    shell, entity, industry = firm
    by_bands = debts(shell, entity)
    table = tmp_path / "standards.csv"
    lines = [
        f"2025,{industry},,,debt_to_assets,60,70,80,90,95",
        "2025,somebody else's,,,debt_to_assets,1,2,3,4,5",
        f"2027,{industry},,,debt_to_assets,1,2,3,4,5",
    ]
    table.write_text("\n".join([STANDARDS, *lines]), encoding="utf-8")

    shell("import", "standards", str(table), "--by", "李梅")

    by_standards = debts(shell, entity)
    assert by_bands == {"got": pytest.approx(4.9), "value": 60}
    assert by_standards == {"got": pytest.approx(7), "value": 60}
    shell("assess")
    assert debts(shell, entity) == by_standards
    simulated = shell.json("policy", "simulate", "active")["comparison"]
    assert simulated["grade_changes"] == 0
