"""What several stages ask of a Book at a date is found once, for that date and those rules."""

from datetime import date

import polars as pl

from scoring.book import Book
from scoring.known import remembered
from tests.builders import AS_OF, a_book, an_entity, days_ago


def test_the_first_that_asks_finds_it_for_the_others() -> None:
    book, other = a_book(an_entity()), a_book(an_entity())
    found: list[str] = []

    def ask(book: Book, as_of: date, rules: str) -> pl.DataFrame:
        def find() -> pl.DataFrame:
            found.append(rules)
            return pl.DataFrame({"rules": [rules]})

        return remembered(book, as_of, ("statements", rules), find)

    assert ask(book, AS_OF, "strict") is ask(book, AS_OF, "strict")
    assert found == ["strict"]
    assert ask(book, AS_OF, "lax")["rules"].item() == "lax"
    ask(other, AS_OF, "strict")
    ask(book, days_ago(1), "strict")
    assert found == ["strict", "lax", "strict", "strict"]
