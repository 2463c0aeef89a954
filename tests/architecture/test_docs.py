"""Runs every code block of the README, of `docs/` and of the members' READMEs.

A page is one test. It gets a copy of the workspace for its current folder, an empty home, no keys and an empty
`OXIOS_HOME`; its blocks run one after the other, each in its own process and to the end:

* ``python`` is run as a program;
* ``console`` and ``sh``: lines that start with ``$ `` are commands and must exit with 0 (``> `` continues one, other
  lines are output, which is not compared). ``pip install uv && `` and ``uv run `` are left out: it is there;
* ``toml`` and ``json`` are parsed; ``text``, ``mermaid``, ``markdown``, ``ini``, ``http``, ``sql`` are only looked at.

There is one mark, for what cannot run here: ````` ```console norun: needs a key `````. The reason is needed.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.architecture.pages import Block, blocks, script
from tests.architecture.workspace import ROOT, files, members

PAGES = [path for path in files(".md") if path.parent == ROOT or ROOT / "docs" in path.parents] + [
    member.folder / "README.md" for member in members()[1:]
]

BLOCK_SECONDS = 60


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the workspace's own files, so that what a block writes stays out of the real one."""
    copy = tmp_path / "oxios"
    for path in files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return copy


def fresh(home: Path) -> Mapping[str, str]:
    """Return the environment of somebody who has just installed the product, and nothing else."""
    scripts = str(Path(sys.executable).parent)
    return {
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        "HOME": str(home),
        "OXIOS_HOME": str(home / ".oxios"),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
    }


def run(block: Block, folder: Path) -> None:
    """Run or parse one block; raise when that fails."""
    match block.language:
        case "toml":
            tomllib.loads(block.text)
        case "json":
            json.loads(block.text)
        case "python":
            execute([sys.executable, "-"], block.text, folder)
        case "console" | "sh":
            execute(["bash", "-c", script(block)], "", folder)


def execute(command: list[str], stdin: str, folder: Path) -> None:
    done = subprocess.run(
        command,
        input=stdin,
        cwd=folder,
        env=fresh(folder.parent),
        capture_output=True,
        text=True,
        timeout=BLOCK_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_a_page_runs(page: Path, clone: Path) -> None:
    for block in blocks(page):
        if block.norun is None:
            try:
                run(block, clone)
            except (AssertionError, ValueError, subprocess.TimeoutExpired) as error:
                pytest.fail(f"{page.relative_to(ROOT)}:{block.line}: {error}")


def test_a_block_that_fails_is_reported_with_its_command(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ pip install uv && true\nshown\n$ echo one && \\\n> false\n```\n", encoding="utf-8")
    [block] = blocks(page)
    with pytest.raises(AssertionError, match="failed: echo one"):
        run(block, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["```\nno language\n```\n", "```python norun\n```\n", "```python skip: it\n```\n", "```python\nopen\n"],
)
def test_a_fence_that_would_go_unchecked_is_refused(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"page\.md:1"):
        list(blocks(page))


def test_a_console_block_without_a_command_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\noxios run it\n```\n", encoding="utf-8")
    [block] = blocks(page)
    with pytest.raises(ValueError, match="nothing can be run"):
        run(block, tmp_path)
