"""One CSV in a zip: how bulk jobs bring records, and how they take them."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

__all__ = ["csv_rows", "zipped_csv"]

#: What ``zipfile`` raises for damaged bytes, besides its own error: it goes by the offsets, the
#: methods and the flags they name, into another place, an unknown method, or a password.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


def csv_rows(file: BinaryIO) -> Iterator[list[str]] | None:
    """Read the one CSV in a zip row by row, without unpacking it first; ``None``: damaged."""
    try:
        archive = zipfile.ZipFile(file)
        if len(archive.namelist()) != 1 or archive.testzip() is not None:
            return None
        entry = archive.open(archive.namelist()[0])
    except _DAMAGE:
        return None
    text = io.TextIOWrapper(entry, encoding="utf-8-sig", errors="surrogateescape", newline="")
    return csv.reader(text)


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
