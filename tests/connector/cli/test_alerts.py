"""watch alerts on the command line: compared with the day before, or with the day that is asked for."""

from datetime import timedelta

from tests.connector.cli.shell import AS_OF, Shell


def test_each_signal_is_told_once(shell: Shell) -> None:
    shell("run")
    first = shell.json("watch", "alerts")
    shell.clock.move(timedelta(days=1))
    shell("run")

    again = shell.json("watch", "alerts")

    watched = shell.json("watch", "list")["watched"]
    standing = {
        (one["entity"], signal["code"])
        for one in watched
        for signal in one["signals"]
        if not signal["cleared"] and signal["first_on"] == AS_OF.isoformat()
    }
    raised = {
        (one["entity"], one["signal"]["code"]) for one in [*first["alerts"], *first["digest"]]
    }
    assert standing
    assert standing <= raised
    assert (first["since"], first["as_of"]) == ("2026-03-30", "2026-03-31")
    assert not [
        one
        for one in [*again["alerts"], *again["digest"]]
        if one["change"] == "raised" and (one["entity"], one["signal"]["code"]) in standing
    ]
    assert shell.json("watch", "alerts", "--since", "2026-03-30")["alerts"]


def test_what_changed_is_said_in_both_tongues(shell: Shell) -> None:
    empty = shell("watch", "alerts", "--lang", "en").stdout
    shell("run")

    assert "no grave signal changed" in empty
    assert "raised" in shell("watch", "alerts", "--lang", "en").stdout
    assert "新增" in shell("watch", "alerts", "--lang", "zh").stdout


def test_the_day_to_compare_with_lies_before(shell: Shell) -> None:
    late = shell("watch", "alerts", "--since", AS_OF.isoformat(), code=2).stderr
    no_date = shell("watch", "alerts", "--since", "yesterday", code=2).stderr

    assert "must lie before" in late
    assert "--since 'yesterday'" in no_date
