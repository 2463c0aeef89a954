"""Names and their documentation: modules say what they are, public names exist and are explained."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.workspace import ROOT, Member, dotted, files, members

MEMBERS = members()
each_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)

HIDING = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc", "core"}
"""Names that hide what a module does; each has a better one."""

MAX_LINES = 400

UNDOCUMENTED = """
import importlib, sys
for line in sys.stdin.read().split():
    module = importlib.import_module(line)
    for name in module.__all__:
        found = getattr(module, name, None)
        if found is None:
            print(f"{line}.{name} does not exist")
        elif isinstance(found, type) and (vars(found).get("__doc__") or f"{name}(").startswith(f"{name}("):
            print(f"{line}.{name} has no docstring")
"""
"""For each module named on standard input, what of its `__all__` is missing or says nothing.

A dataclass without a docstring gets its signature for one, which counts as none."""


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def bound(tree: ast.Module) -> Iterator[str]:
    """Yield the public names a package's `__init__` binds on purpose: definitions and imports from our own."""
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(source)) if source.startswith("oxios"):
                yield from (alias.asname or alias.name for alias in node.names)
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if not node.name.startswith("_"):
                yield node.name


def exported(tree: ast.Module) -> list[str] | None:
    """Return the module's `__all__`, or None when it has none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


@each_member
def test_a_distributions_front_door_lists_all_it_offers(member: Member) -> None:
    tree = parsed(member.package / "__init__.py")
    offered = exported(tree)
    assert offered is not None, "its __init__ has no __all__"
    assert set(bound(tree)) <= set(offered)


@each_member
def test_every_exported_name_exists_and_is_documented(member: Member, tmp_path: Path) -> None:
    listing = [dotted(member, path) for path in member.modules() if exported(parsed(path)) is not None]
    done = subprocess.run(
        [sys.executable, "-c", UNDOCUMENTED],
        input="\n".join(listing),
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@each_member
def test_every_module_opens_by_saying_what_it_is(member: Member) -> None:
    silent = [path for path in member.modules() if path.stat().st_size and not ast.get_docstring(parsed(path))]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


@each_member
def test_every_public_class_and_function_has_a_docstring(member: Member) -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in member.modules()
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_module_has_a_name_that_hides_what_it_does() -> None:
    found = [path.relative_to(ROOT) for path in files(".py")]
    assert [str(path) for path in found if HIDING & {*path.parts[:-1], path.stem}] == []


@each_member
def test_no_source_file_is_too_long_to_read_in_one_go(member: Member) -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in member.modules()}
    assert {str(path.relative_to(ROOT)): count for path, count in lines.items() if count > MAX_LINES} == {}
