"""zixin usage: what the connections cost, and that a budget that is used up says until when."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.connector.cli.shell import FXIAOKE, ZOHO, Shell

BUSINESS = ZoneInfo("Asia/Shanghai")


def _usage(shell: Shell) -> dict[str, dict[str, object]]:
    found = json.loads(shell("usage", "--json").stdout)["connections"]
    return {row["connection"]: row for row in found}


def test_what_was_spent_is_told_with_and_without_a_budget(shell: Shell) -> None:
    shell.installation.edit('vendor = "zoho"', 'vendor = "zoho"\ncredits_per_day = 5000')
    shell("pull")
    zoho, fxiaoke = (_usage(shell)[name] for name in (ZOHO, FXIAOKE))
    journal = shell.installation.crms.crm("zoho").journal

    assert zoho["credits_today"] == zoho["last_24_hours"] == sum(call.credits for call in journal)
    assert (zoho["budget"], zoho["reading_up_to"], zoho["reading_rests_until"]) == (
        5000,
        4000,
        None,
    )
    assert (fxiaoke["budget"], fxiaoke["last_24_hours"]) == (None, None)
    assert int(str(fxiaoke["calls_today"])) > 0
    assert zoho["forecast"] is None
    shell.clock.move(timedelta(days=1))
    assert _usage(shell)[ZOHO]["forecast"] == zoho["credits_today"]


def test_what_was_spent_is_told_without_the_secrets(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in shell.installation.environment:
        monkeypatch.delenv(name)

    assert set(_usage(shell)) == {ZOHO, FXIAOKE}


def test_a_budget_that_is_used_up_stops_reading_and_says_until_when(shell: Shell) -> None:
    shell.installation.edit('vendor = "zoho"', 'vendor = "zoho"\ncredits_per_day = 20')
    result = shell("pull", code=4)
    row = _usage(shell)[ZOHO]

    assert "our own budget is used up" in result.stdout + result.stderr
    assert row["reading_rests_until"] is not None
    assert row["writing_rests_until"] is None
    assert int(str(row["last_24_hours"])) <= 16
    until = datetime.fromisoformat(str(row["reading_rests_until"])).astimezone(BUSINESS)
    assert f"暂停读取，{until:%m-%d %H:%M} 恢复" in shell("usage", "--lang", "zh").stdout
    assert f"reading rests until {until:%m-%d %H:%M}" in shell("usage", "--lang", "en").stdout
