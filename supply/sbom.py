"""``python -m supply.sbom``: the bill of materials of the locked packages, CycloneDX 1.6 as JSON.

The same lock file and licences give the same bytes: its serial number comes from them, its time
from ``SOURCE_DATE_EPOCH``.
"""

import os
import sys
import tomllib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from supply.licences import Licensed, licensed
from supply.locked import LOCK, read_lock

__all__ = ["bill_of", "main"]

PROJECT = LOCK.parent / "pyproject.toml"
MARKER = "zixin:marker"  # where it is installed, as PEP 508 says it


def main(arguments: Sequence[str]) -> int:
    """Write the bill to the file that is named, or print it. Returns the exit code."""
    bill = bill_of(licensed(read_lock(LOCK.read_text(encoding="utf-8"))), _made_at())
    if not arguments:
        sys.stdout.write(bill)
        return 0
    target = Path(arguments[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(bill, encoding="utf-8")
    sys.stdout.write(f"{target}\n")
    return 0


def _made_at() -> datetime:
    return datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)


def bill_of(packages: Sequence[Licensed], made_at: datetime) -> str:
    """Return the bill as JSON, its components by name."""
    root = _root()
    components = {each.package.name: _component(each) for each in packages}
    bom = Bom(
        components=components.values(),
        metadata=BomMetaData(component=root, timestamp=made_at),
        serial_number=_serial(packages, root),
    )
    for parent in [root, *components.values()]:
        children = [
            components[each.package.name]
            for each in packages
            if parent.name in each.package.asked_by
        ]
        bom.register_dependency(parent, children)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _root() -> Component:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
        bom_ref=project["name"],
    )


def _component(licensed_package: Licensed) -> Component:
    package, licence = licensed_package.package, licensed_package.licence
    address = PackageURL("pypi", name=package.name, version=package.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        purl=address,
        bom_ref=address.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.hashes],
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        properties=[Property(name=MARKER, value=package.marker)] if package.marker else [],
    )


def _serial(packages: Sequence[Licensed], root: Component) -> uuid.UUID:
    content = msgspec.json.encode(
        (root.version, sorted(packages, key=lambda each: each.package.name))
    )
    return uuid.uuid5(uuid.NAMESPACE_OID, sha256(content).hexdigest())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
