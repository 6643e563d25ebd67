import pytest
from rich.text import Text

from connector.cli.output import complain, print_table, say

ODD = "[/b] [red]Müller[/] {0} 🚀"


def test_brackets_in_a_name_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    say(ODD)
    complain(ODD)
    print_table(("customer",), [(ODD,), (Text("ok", style="green"),)], title=ODD)

    printed = capsys.readouterr()
    assert printed.out.count(ODD) == 3
    assert "ok" in printed.out
    assert printed.err == f"{ODD}\n"
