"""The bill of materials: what CycloneDX demands, everything that is locked, the same each time."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from supply.licences import licensed
from supply.locked import LOCK, LockBroken, Locked, read_lock
from supply.sbom import bill_of

MADE_AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
ZEROS, ONES = "0" * 64, "1" * 64


def locked() -> list[Locked]:
    return read_lock(LOCK.read_text(encoding="utf-8"))


def bill(packages: list[Locked]) -> Any:
    return json.loads(bill_of(licensed(packages), MADE_AT))


def test_it_is_what_the_format_demands() -> None:
    text = bill_of(licensed(locked()), MADE_AT)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert document["bomFormat"] == "CycloneDX"
    assert document["specVersion"] == "1.6"
    assert document["serialNumber"].startswith("urn:uuid:")
    assert document["metadata"]["timestamp"] == "2026-11-01T09:00:00+00:00"
    assert document["metadata"]["component"]["name"] == "zixin"


def test_every_locked_package_stands_in_it_with_hashes_and_licence() -> None:
    components = bill(locked())["components"]

    assert len(locked()) == len(re.findall(r"(?m)^\S+==", LOCK.read_text(encoding="utf-8")))
    assert {(each["name"], each["version"]) for each in components} == {
        (each.name, each.version) for each in locked()
    }
    for each in components:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert each["hashes"], each["name"]
        assert each["licenses"], each["name"]


def test_it_says_who_asked_for_what() -> None:
    depends = {each["ref"]: each.get("dependsOn", []) for each in bill(locked())["dependencies"]}

    flask, werkzeug = (
        next(ref for ref in depends if ref.startswith(f"pkg:pypi/{name}@"))
        for name in ("flask", "werkzeug")
    )
    assert flask in depends["zixin"]
    assert werkzeug in depends[flask]
    asked_for = {ref for refs in depends.values() for ref in refs}
    assert asked_for == set(depends) - {"zixin"}


def test_it_is_the_same_each_time_and_another_for_another_lock() -> None:
    packages = locked()

    assert bill_of(licensed(packages), MADE_AT) == bill_of(licensed(packages[::-1]), MADE_AT)
    assert bill(packages)["serialNumber"] != bill(packages[1:])["serialNumber"]


def test_a_lock_is_read_with_markers_hashes_and_who_asked() -> None:
    text = (
        "# by hand\n"
        f"cffi==2.1.1 ; os_name != 'nt' \\\n    --hash=sha256:{ONES} \\\n    --hash=sha256:{ZEROS}\n"
        "    # via cryptography\n"
        f"psycopg[binary]==3.3.9 \\\n    --hash=sha256:{ZEROS}\n    # via\n    #   zixin (x)\n"
        "    #   other\n"
    )

    cffi, psycopg = read_lock(text)

    assert (cffi.name, cffi.version, cffi.hashes) == ("cffi", "2.1.1", (ZEROS, ONES))
    assert (cffi.marker, cffi.asked_by) == ('os_name != "nt"', ("cryptography",))
    assert (psycopg.name, psycopg.asked_by) == ("psycopg", ("zixin", "other"))


@pytest.mark.parametrize(
    "line",
    ["flask>=3", "flask==3.1.3", f"flask>=3,<4 --hash=sha256:{ZEROS}", "-e ."],
)
def test_what_is_not_pinned_with_hashes_is_refused(line: str) -> None:
    with pytest.raises(LockBroken):
        read_lock(f"{line}\n")
