"""The lock-step: one version for all distributions, exact pins between them, and nothing missing from a member.

uv says nothing about a lone bump (a workspace source ignores the pin); only pip would, at a user's.
"""

import re
import tomllib

import pytest

from tests.architecture.workspace import ROOT, Member, members

MEMBERS = members()
PRODUCT = MEMBERS[0]
each_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)


def siblings(member: Member) -> dict[str, str]:
    ours = {other.name for other in MEMBERS}
    return {name: pin for name, pin in member.requirements.items() if name in ours}


@each_member
def test_every_distribution_has_the_version_of_the_product(member: Member) -> None:
    assert member.version == PRODUCT.version


@each_member
def test_a_module_states_the_version_of_its_distribution(member: Member) -> None:
    text = (member.package / "__init__.py").read_text(encoding="utf-8")
    assert re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE) == [member.version]


@each_member
def test_siblings_are_pinned_exactly(member: Member) -> None:
    assert siblings(member) == dict.fromkeys(siblings(member), f"=={PRODUCT.version}")


@each_member
def test_every_sibling_needed_is_taken_from_the_workspace(member: Member) -> None:
    sources = PRODUCT.pyproject["tool"]["uv"]["sources"]
    assert [name for name in siblings(member) if sources.get(name) != {"workspace": True}] == []


@each_member
def test_every_distribution_supports_the_same_pythons(member: Member) -> None:
    assert member.pyproject["project"]["requires-python"] == ">=3.11"


@each_member
def test_every_distribution_carries_its_readme_licence_and_types(member: Member) -> None:
    wanted = [member.folder / "README.md", member.folder / "LICENSE", member.package / "py.typed"]
    assert [path for path in wanted if not path.is_file()] == []


@pytest.mark.parametrize("member", MEMBERS[1:], ids=lambda member: member.name)
def test_a_member_holds_no_tool_settings(member: Member) -> None:
    """They stand once, in the root, so that every member is held to the same."""
    assert "tool" not in member.pyproject


def test_the_lock_knows_every_distribution_at_its_version() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    locked = {package["name"]: package.get("version") for package in lock["package"]}
    assert sorted(lock["manifest"]["members"]) == sorted(member.name for member in MEMBERS)
    assert {member.name: locked[member.name] for member in MEMBERS} == {
        member.name: member.version for member in MEMBERS
    }


def test_the_contracts_speak_of_every_distribution() -> None:
    contracts = PRODUCT.pyproject["tool"]["importlinter"]
    assert sorted(contracts["root_packages"]) == sorted(member.module for member in MEMBERS)
