"""One CSV in a zip, and whatever else may come in its place."""

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from adapters.zoho.zipped import csv_rows, zipped_csv

LINES = [["id", "name"], *([str(number), f"客户 {number * 7919}"] for number in range(300))]
GOOD = zipped_csv("records.csv", LINES)


def test_what_was_written_is_read() -> None:
    rows = csv_rows(io.BytesIO(GOOD))

    assert rows is not None
    assert list(rows) == LINES


@given(
    hits=st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=5
    ),
    length=st.one_of(st.just(len(GOOD)), st.integers(0, len(GOOD))),
)
def test_damage_is_seen_and_never_raises(hits: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(GOOD)
    for place, byte in hits:
        damaged[place] = byte

    rows = csv_rows(io.BytesIO(bytes(damaged[:length])))

    assert rows is None or list(rows) == LINES


def test_two_files_are_not_the_one() -> None:
    both = io.BytesIO(GOOD)
    with zipfile.ZipFile(both, "a") as archive:
        archive.writestr("more.csv", "id")

    assert csv_rows(both) is None
