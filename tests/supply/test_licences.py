"""The licences of what is installed: all are known, all are allowed."""

from email.message import Message
from importlib.metadata import PackageMetadata
from typing import cast

import pytest

from supply.licences import READ_BY_US, allowed, licence_said, licensed
from supply.locked import LOCK, read_lock

PACKAGES = read_lock(LOCK.read_text(encoding="utf-8"))


def test_no_locked_package_has_an_unknown_or_a_forbidden_licence() -> None:
    found = licensed(PACKAGES)

    refused = {each.package.name: each.licence for each in found if not allowed(each.licence)}
    assert refused == {}


def test_nothing_read_by_us_has_left_the_lock() -> None:
    assert set(READ_BY_US) <= {each.name for each in PACKAGES}


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", True),
        ("AGPL-3.0-only OR MIT", True),
        ("Apache-2.0 AND (MIT OR AGPL-3.0-only)", True),
        ("AGPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("MIT AND AGPL-3.0-only", False),
        ("LicenseRef-Proprietary", False),
        ("Proprietary", False),
        ("Commercial", False),
        ("", False),
        (None, False),
    ],
)
def test_what_is_not_on_the_list_is_forbidden(licence: str | None, *, expected: bool) -> None:
    assert allowed(licence) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License-Expression": "MIT OR Apache-2.0"}, "MIT OR Apache-2.0"),
        ({"License": "MIT License"}, "MIT"),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        (
            {
                "License": "Permission is granted\nto whom it may concern",
                "Classifier": "License :: OSI Approved :: ISC License (ISCL)",
            },
            "ISC",
        ),
        ({"Classifier": "License :: OSI Approved :: BSD License"}, None),
        ({"Classifier": "License :: Other/Proprietary License"}, None),
        ({"License": "see the file"}, None),
        ({}, None),
    ],
)
def test_metadata_is_believed_where_it_is_clear(
    fields: dict[str, str], expected: str | None
) -> None:
    said = Message()
    for name, value in fields.items():
        said[name] = value

    assert licence_said(cast("PackageMetadata", said)) == expected
