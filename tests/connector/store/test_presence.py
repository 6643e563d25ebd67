import subprocess
import sys

import sqlalchemy as sa

from connector.store.engine import create_engine
from connector.store.presence import be_present

STAY = """
import sys
from connector.store.engine import create_engine
from connector.store.presence import be_present
be_present(create_engine(sys.argv[1]), lambda: None)
print("present", flush=True)
sys.stdin.read()
"""


def comes_alone(url: str) -> bool:
    """Tell whether a newcomer finds nobody; it leaves again."""
    newcomer, calls = create_engine(url), []
    be_present(newcomer, lambda: calls.append("alone"))
    newcomer.dispose()
    return bool(calls)


def test_whoever_comes_first_is_alone_until_it_leaves(database_url: str, engine: sa.Engine) -> None:
    calls: list[str] = []
    be_present(engine, lambda: calls.append("alone"))

    assert calls == ["alone"]
    assert not comes_alone(database_url)
    assert not comes_alone(database_url)
    engine.dispose()
    assert comes_alone(database_url)


def test_a_killed_process_is_not_present(database_url: str, engine: sa.Engine) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STAY, database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "present\n"
        assert not comes_alone(database_url)
        process.kill()

    assert comes_alone(database_url)
