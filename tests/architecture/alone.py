"""``python -m tests.architecture.alone DIST``: each wheel in a fresh environment, where only its needs are.

For each distribution: install its wheel from the folder DIST (siblings come from there as well), import it, run the
Python blocks of its README in an empty folder with an empty home. The product also answers ``oxios --version``.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.architecture.pages import blocks
from tests.architecture.workspace import ROOT, Member, members

SECONDS = 120


def main(dist: Path) -> None:
    """Install and try every distribution of the workspace; the first that fails ends the program with its output."""
    for member in members():
        with tempfile.TemporaryDirectory() as folder:
            python = install(member, dist, Path(folder, "env"))
            home = Path(folder, "home")
            home.mkdir()
            attempt(member, python, home)
        print(f"{member.name} {member.version} works alone", flush=True)


def install(member: Member, dist: Path, environment: Path) -> Path:
    """Install the member's wheel into a new environment; return that environment's interpreter."""
    python = environment / "bin" / "python"
    [wheel] = dist.glob(f"{member.module}-{member.version}-*.whl")
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(environment)], check=True)
    uv = ["uv", "pip", "install", "--quiet", "--python", str(python), "--find-links", str(dist), str(wheel)]
    subprocess.run(uv, check=True)
    return python


def attempt(member: Member, python: Path, home: Path) -> None:
    """Import the installed member and run its README's examples, as somebody who has nothing else of ours."""
    _run([str(python), "-c", f"import {member.module}; assert {member.module}.__version__ == {member.version!r}"], home)
    for block in blocks(member.folder / "README.md"):
        if block.language == "python" and block.norun is None:
            print(f"{block.page.relative_to(ROOT)}:{block.line}", flush=True)
            _run([str(python), "-"], home, block.text)
    for script in member.pyproject["project"].get("scripts", {}):
        _run([str(python.with_name(script)), "--version"], home)


def _run(command: list[str], home: Path, stdin: str = "") -> None:
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ["PATH"]])
    environment = {"PATH": path, "HOME": str(home), "OXIOS_HOME": str(home / ".oxios"), "LANG": "C.UTF-8"}
    folder = home / "work"
    folder.mkdir(exist_ok=True)
    subprocess.run(command, input=stdin, text=True, cwd=folder, env=environment, timeout=SECONDS, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
