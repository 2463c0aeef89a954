"""Reads the workspace as it lies on disk: its members, its own files, its modules. Knows no rule about them.

The tests of this folder ask it; it asks no version control, so that an unpacked source archive can be tested.
"""

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

NOT_OURS = {"__pycache__", "node_modules", "dist", "build", ".git", ".venv", ".nox"}
"""Folders that tools make. Every other folder with a leading dot, but `.ci`, is one as well."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One distribution: its folder, its parsed `pyproject.toml` and the folder of its import package."""

    folder: Path
    pyproject: dict[str, Any] = field(repr=False)
    package: Path

    @property
    def name(self) -> str:
        """The distribution's name, as `pip install` takes it."""
        return str(self.pyproject["project"]["name"])

    @property
    def module(self) -> str:
        """The name that is imported."""
        return self.package.name

    @property
    def version(self) -> str:
        """The static version."""
        return str(self.pyproject["project"]["version"])

    @property
    def requirements(self) -> dict[str, str]:
        """What it depends on, extras included: normalised name → the version specifier, `""` for any."""
        project = self.pyproject["project"]
        extras = project.get("optional-dependencies", {}).values()
        every = [*project.get("dependencies", []), *(line for extra in extras for line in extra)]
        return dict(_split(line) for line in every)

    def modules(self) -> list[Path]:
        """Return the source files of its import package."""
        return sorted(self.package.rglob("*.py"))


def members() -> list[Member]:
    """Return every distribution of the workspace, the product first."""
    globs = _pyproject(ROOT)["tool"]["uv"]["workspace"]["members"]
    folders = sorted(found.parent for glob in globs for found in ROOT.glob(f"{glob}/pyproject.toml"))
    product = Member(folder=ROOT, pyproject=_pyproject(ROOT), package=ROOT / "packages" / "oxios" / "src" / "oxios")
    return [product, *(_member(folder) for folder in folders)]


def files(suffix: str = "") -> Iterator[Path]:
    """Yield the workspace's own files whose name ends with `suffix`, without what tools left behind."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if _is_ours(name))
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(suffix))


def dotted(member: Member, path: Path) -> str:
    """Return the name under which a source file is imported."""
    parts = path.relative_to(member.package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _member(folder: Path) -> Member:
    pyproject = _pyproject(folder)
    module = pyproject["project"]["name"].replace("-", "_")
    return Member(folder=folder, pyproject=pyproject, package=folder / "src" / module)


def _pyproject(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def _split(requirement: str) -> tuple[str, str]:
    found = re.match(r"([\w.-]+)(?:\[[^]]*\])?\s*([^;]*)", requirement)
    assert found, requirement
    return found[1].lower().replace("_", "-"), found[2].strip()


def _is_ours(folder: str) -> bool:
    return folder not in NOT_OURS and (not folder.startswith(".") or folder == ".ci")
