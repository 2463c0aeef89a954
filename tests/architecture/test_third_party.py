"""The page about third-party software names every package that a plain installation brings on this machine."""

import re
from collections.abc import Iterator
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.workspace import ROOT, members

PAGE = ROOT / "docs" / "third-party.md"


def installed_with(distribution: str) -> set[str]:
    """Return the normalised names of a distribution and of everything that it needs here, extras left out."""
    found, waiting = set[str](), [distribution]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs(name)
    return found


def needs(distribution: str) -> Iterator[str]:
    for line in requires(distribution) or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def test_every_package_that_is_installed_with_the_product_is_named_with_its_licence() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    named = {word for row in rows for word in re.findall(r"[a-z0-9-]+", row)}
    missing = installed_with("oxios") - {member.name for member in members()} - named
    assert missing == set()
