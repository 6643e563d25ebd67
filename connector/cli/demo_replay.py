"""The sample company replayed by its hidden stories: what would have been said, month by month."""

from collections.abc import Mapping
from pathlib import Path

from connector.cli.output import Step, complain
from connector.cli.session import ExitCode, end
from connector.flow.backtest import Backtest, backtest
from connector.flow.backtest_drawing import groups_picture
from connector.flow.backtest_page import backtest_page
from connector.store.accounts import entity_names
from connector.store.book import load_book
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from connector.wiring import Zixin
from connector.wiring.jobs import assess_by_calendar
from sandbox.company.stories import StoryName

__all__ = ["write_replay"]

PAGE, PICTURE = "backtest.html", "archetypes.svg"


def write_replay(zixin: Zixin, stories: Mapping[str, StoryName], folder: Path, step: Step) -> None:
    """Write a page and a picture of 24 month ends. ``stories``: customer's name → its story."""
    found = _replayed(zixin, stories, step)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PAGE).write_text(backtest_page(found), encoding="utf-8")
        (folder / PICTURE).write_text(stories_picture(found), encoding="utf-8")
    except OSError as error:
        end(ExitCode.WRONG_USE, f"{folder} cannot be written: {error}")
    complain(f"the replay is in {folder}")


def _replayed(zixin: Zixin, stories: Mapping[str, StoryName], step: Step) -> Backtest:
    policy, assess = zixin.policy, assess_by_calendar(zixin)
    with reading(zixin.engine) as conn:
        book = load_book(conn, None, zixin.rates, policy_currency=policy.currency)
        names = entity_names(conn)
    found = {entity: stories[name] for entity, name in names.items() if name in stories}
    groups = dict(sorted(found.items(), key=lambda item: list(StoryName).index(item[1])))
    return backtest(
        book,
        policy.behaviour,
        zixin.clock.today(),
        lambda when: assess(book, policy, when).frame,
        groups=groups,
        step=lambda done, total: step("replay", done, total),
    )


def stories_picture(found: Backtest) -> str:
    """Draw the grades of each story's customers, with headings in both languages."""
    zh, en = Texts("zh"), Texts("en")

    def both(code: str) -> str:
        return f"{zh.say(code)} {en.say(code)}"

    return groups_picture(
        found.groups,
        both("demo.stories"),
        both("backtest.watched"),
        lambda story: both(f"demo.story.{story}"),
    )
