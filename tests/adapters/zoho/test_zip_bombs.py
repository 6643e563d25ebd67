"""Zips that are none, that lie, or that would fill memory or disk (reliability S15, T15)."""

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest

from adapters.zoho.zipped import MOST_BYTES, csv_rows

MOST_MEMORY = 48 << 20
LONG_CELL = b'"\n' + b"x" * 60_000 + b'",'
ROWS = b"id,name\n1,a\n"
NAMES = ("../x.csv", "/etc/x.csv", "a/b.csv", "a\\b.csv", "C:x.csv", "", ".", "..", "dir/", "a\0/b")
KINDS = {"link": stat.S_IFLNK, "device": stat.S_IFBLK, "pipe": stat.S_IFIFO, "folder": stat.S_IFDIR}

Zip = Callable[[], bytes]


def zipped(
    content: bytes = ROWS, name: str = "a.csv", kind: int = stat.S_IFREG, packing: int = 8
) -> bytes:
    packed = io.BytesIO()
    entry = zipfile.ZipInfo("placeholder.csv")
    entry.filename = name
    entry.external_attr = (kind | 0o644) << 16
    entry.compress_type = packing
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, content)
    return packed.getvalue()


def many(members: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(members):
            archive.writestr(zipfile.ZipInfo(f"{number}.csv"), b"")
    return packed.getvalue()


def one_of_many(members: int) -> bytes:
    """Say at the end that there is one, before a list of many."""
    end = many(members).rfind(b"PK\5\6")
    return put(many(members), end + 8, struct.pack("<HH", 1, 1))


def put(packed: bytes, at: int, value: bytes) -> bytes:
    return packed[:at] + value + packed[at + len(value) :]


def listed(field: int, value: bytes, packed: bytes | None = None) -> bytes:
    """Let the list of members say something else."""
    packed = packed or zipped()
    return put(packed, packed.rfind(b"PK\1\2") + field, value)


def both(field: int, in_list: int, value: bytes) -> bytes:
    """Let the member's own head say it, too."""
    return put(listed(in_list, value), field, value)


def size(number: int) -> bytes:
    return struct.pack("<I", number)


BOMBS: dict[str, Zip] = {
    "zeros": lambda: zipped(bytes(32 << 20)),
    "empty lines": lambda: zipped(b"\n" * (32 << 20)),
    "packed otherwise": lambda: zipped(bytes(32 << 20), packing=zipfile.ZIP_LZMA),
    "packed yet otherwise": lambda: zipped(bytes(32 << 20), packing=zipfile.ZIP_BZIP2),
    "a line without end": lambda: zipped(b"a," * (9 << 19), packing=0),
    "a cell without end": lambda: zipped(b'"' + b"a,\n" * (1 << 20), packing=0),
    "a row without end": lambda: zipped(LONG_CELL * 200, packing=0),
    "none": lambda: many(0),
    "two": lambda: many(2),
    "many": lambda: many(3_000),
    "one of many": lambda: one_of_many(3_000),
    "one in a place of many": lambda: one_of_many(2),
    "says it is huge": lambda: listed(24, size(MOST_BYTES - 1)),
    "says it is endless": lambda: listed(24, size(0xFFFFFFFF)),
    "says it is smaller": lambda: both(22, 24, size(4)),
    "says it is larger": lambda: both(22, 24, size(5_000)),
    "another sum": lambda: both(14, 16, size(1)),
    "another packing": lambda: both(8, 10, b"\x63\0"),
    "a password": lambda: both(6, 8, b"\1\0"),
    "a place beyond": lambda: listed(42, size(1 << 30)),
    "a name elsewhere": lambda: put(zipped(), 30, b"b"),
    "cut": lambda: zipped()[:-30],
    "only an end": lambda: many(0) + b"more",
    "nothing": lambda: b"",
    "text": lambda: b"id,name\n" * 1_000,
    "a page": lambda: b"<html>PK\5\6</html>",
    **{f"name {name!r}": lambda name=name: zipped(name=name) for name in NAMES},  # type: ignore[misc]
    **{kind: lambda bits=bits: zipped(kind=bits) for kind, bits in KINDS.items()},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_or_a_bad_zip_is_none_and_needs_little_memory(name: str) -> None:
    file = io.BytesIO(BOMBS[name]())
    tracemalloc.start()
    try:
        rows = csv_rows(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert rows is None
    assert peak < MOST_MEMORY


def test_there_are_thirty_and_more() -> None:
    assert len(BOMBS) >= 30


@pytest.mark.parametrize("kind", [0, stat.S_IFREG])
def test_what_is_good_is_taken(kind: int) -> None:
    rows = csv_rows(io.BytesIO(zipped(kind=kind)))

    assert rows is not None
    assert list(rows) == [["id", "name"], ["1", "a"]]


def test_even_rows_are_no_bomb() -> None:
    even = b"id,name\n" + b"".join(b"%d,%s\n" % (n, b"same," * 40) for n in range(20_000))

    assert csv_rows(io.BytesIO(zipped(even))) is not None


def test_a_comment_behind_is_no_harm() -> None:
    packed = io.BytesIO(zipped())
    with zipfile.ZipFile(packed, "a") as archive:
        archive.comment = b"made by somebody"

    assert csv_rows(packed) is not None
