"""One CSV in a zip: how bulk jobs bring records, and how they take them."""

import csv
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, BinaryIO, TextIO

__all__ = ["MOST_BYTES", "MOST_RATIO", "csv_rows", "zipped_csv"]

MOST_BYTES = 4 << 30  # unpacked; 200,000 records of 20 KB each
MOST_RATIO = 500  # even rows of many like columns pack to a hundredth, zeros to a thousandth
SMALL_BYTES = 1 << 20  # below it no ratio is asked for: one repeated row may pack well
MOST_OF_A_ROW = 8 << 20  # characters; ``csv`` itself takes 131,072 in a cell
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_NOT_IN_A_NAME = frozenset("/\\\0:")
_END, _END_BYTES, _LONGEST_COMMENT = b"PK\5\6", 22, 1 << 16
_MOST_OF_A_LIST = 1 << 17  # bytes of the list of members, of which one is meant to be there

#: What ``zipfile`` raises for damaged bytes, besides its own error: it goes by the offsets, the
#: methods and the flags they name, into another place, an unknown method, or a password.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, csv.Error)


def csv_rows(file: BinaryIO) -> Iterator[list[str]] | None:
    """Read the one CSV in a zip row by row, without unpacking it to anywhere; ``None``: unusable.

    Unusable is what is damaged, holds anything but one plain file, or is a bomb: by what it says of
    itself, which is looked at before anything is unpacked, or by what comes out (reliability S15).
    """
    try:
        packed = file.seek(0, io.SEEK_END)
        if not _has_one_member(file, packed):
            return None
        archive = zipfile.ZipFile(file)
        (entry,) = archive.filelist
        if not _is_plain(entry) or entry.file_size > _most_of(packed):
            return None
        _look_through(archive, entry)
        return csv.reader(_text(archive.open(entry)))
    except _DAMAGE:
        return None


def _has_one_member(file: BinaryIO, packed: int) -> bool:
    """Look at the end of a zip, where ``zipfile`` looks, before it takes in the list of members."""
    file.seek(max(0, packed - _END_BYTES - _LONGEST_COMMENT))
    tail = file.read()
    bare = len(tail) - _END_BYTES
    start = bare if tail[max(0, bare) :].startswith(_END) else tail.rfind(_END)
    if start < 0 or len(tail) - start < _END_BYTES:
        return False
    members, list_bytes = struct.unpack("<HI", tail[start + 10 : start + 16])
    return bool(members == 1 and list_bytes <= _MOST_OF_A_LIST)


def _most_of(packed: int) -> int:
    """Tell how many bytes may come out of so many."""
    return min(MOST_BYTES, max(SMALL_BYTES, packed * MOST_RATIO))


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    """Tell whether an entry is a file with a bare name, packed as Zoho packs."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return (
        kind in {0, stat.S_IFREG}
        and not _NOT_IN_A_NAME & set(entry.orig_filename)
        and entry.orig_filename not in {"", ".", ".."}
        and entry.compress_type in _PACKINGS
    )


def _text(unpacked: IO[bytes]) -> TextIO:
    return io.TextIOWrapper(unpacked, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _look_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Read all once, before the first row is believed. Raises what ``_DAMAGE`` lists.

    No more comes out than the entry says, which ``zipfile`` sees to.
    """
    unpacked = archive.open(entry)
    lines = _Lines(_text(unpacked))
    for _ in csv.reader(lines):
        lines.left = MOST_OF_A_ROW
    if unpacked.tell() != entry.file_size:
        msg = "it holds less than it says"
        raise ValueError(msg)


class _Lines:
    """Lines of a text, as long as a row is not endless: then it raises ``ValueError``."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.left = MOST_OF_A_ROW

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(self.left)
        if not line:
            raise StopIteration
        self.left -= len(line)
        if self.left <= 0:
            msg = "a row without an end"
            raise ValueError(msg)
        return line


def zipped_csv(name: str, lines: Iterable[Sequence[str]]) -> bytes:
    """Write lines as the one CSV of a zip."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w") as entry,
        io.TextIOWrapper(entry, encoding="utf-8", newline="") as text,
    ):
        csv.writer(text, lineterminator="\n").writerows(lines)
    return packed.getvalue()
