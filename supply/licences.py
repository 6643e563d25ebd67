"""``python -m supply.licences``: under which licence each locked package may be used, and whether we may ship it.

What is not on the list of allowed licences is forbidden, so that AGPL, terms of a vendor's own and
"unknown" all fail alike.
"""

import sys
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

import msgspec
from license_expression import AND, OR, ExpressionError, get_spdx_licensing

from supply.locked import LOCK, Locked, read_lock

__all__ = [
    "ALLOWED",
    "READ_BY_US",
    "Licensed",
    "allowed",
    "licence_of",
    "licence_said",
    "licensed",
    "main",
]

#: SPDX ids. LGPL: psycopg is used as it is, by import, and can be replaced by whoever runs it.
ALLOWED = frozenset(
    [
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "ZPL-2.1",
    ]
)

#: Read by us in the package's own licence file, where its metadata says less or is not here.
READ_BY_US = {
    "colorama": "BSD-3-Clause",  # for Windows alone
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
}

#: What metadata says in words that mean one licence. "BSD License" means several.
_WORDS = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "ZPL 2.1": "ZPL-2.1",
}
_SPDX = get_spdx_licensing()


class Licensed(msgspec.Struct, frozen=True, kw_only=True):
    """A package with its licence as an SPDX expression; ``None``: nobody knows."""

    package: Locked
    licence: str | None


def licensed(packages: list[Locked]) -> list[Licensed]:
    """Find the licence of each, in their order."""
    return [Licensed(package=each, licence=licence_of(each.name)) for each in packages]


def licence_of(name: str) -> str | None:
    """Tell the licence of a package: as we read it, or as its installed metadata says."""
    if name in READ_BY_US:
        return READ_BY_US[name]
    try:
        return licence_said(metadata(name))
    except PackageNotFoundError:
        return None


def licence_said(said: PackageMetadata) -> str | None:
    """Read the licence in a package's metadata; ``None`` where it is not clear."""
    classifiers = [
        value.rsplit(" :: ", 1)[-1]
        for value in _all(said, "Classifier")
        if value.startswith("License ::")
    ]
    named = [*_all(said, "License-Expression"), *_all(said, "License"), " AND ".join(classifiers)]
    for words in named:
        expression = _WORDS.get(words, words)
        if expression and _is_spdx(expression):
            return str(_SPDX.parse(expression))
    return None


def _all(said: PackageMetadata, field: str) -> list[str]:
    return said.get_all(field) or []


def _is_spdx(expression: str) -> bool:
    if "\n" in expression:  # a whole licence's text
        return False
    try:
        return not _SPDX.unknown_license_keys(expression)
    except (ExpressionError, ValueError):
        return False


def allowed(licence: str | None) -> bool:
    """Tell whether we may ship what stands under a licence: of an OR one side is enough."""
    return licence is not None and _is_spdx(licence) and _allowed(_SPDX.parse(licence))


def _allowed(part: object) -> bool:
    if isinstance(part, OR):
        return any(map(_allowed, part.args))
    if isinstance(part, AND):
        return all(map(_allowed, part.args))
    return str(part) in ALLOWED


def main() -> int:
    """List what is locked with its licence. Returns 1 where one may not be shipped."""
    found = licensed(read_lock(LOCK.read_text(encoding="utf-8")))
    for each in found:
        mark = "" if allowed(each.licence) else "  not allowed"
        package = f"{each.package.name} {each.package.version}"
        sys.stdout.write(f"{package:36}{each.licence or 'unknown'}{mark}\n")
    return 0 if all(allowed(each.licence) for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
