"""Who may import whom, and what an import costs: the contracts of `pyproject.toml`, and fresh interpreters."""

import json
import os
import subprocess
import sys
from collections.abc import Set
from pathlib import Path

import pytest

from tests.architecture.workspace import ROOT

LOADED = """
import json, sys
before = set(sys.modules)
{statement}
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""
"""Prints the top-level names of what the statement loaded, beyond what a site's own `.pth` files had."""

VERSION = """
sys.argv = ["oxios", "--version"]
from oxios.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def loaded(statement: str, home: Path) -> Set[str]:
    """Return the third-party and own top-level modules that a fresh interpreter loads for a statement."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(statement=statement)],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "OXIOS_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1])) - sys.stdlib_module_names


def test_every_import_contract_is_kept() -> None:
    check = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]
    done = subprocess.run(
        [*check, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_version_is_told_without_loading_the_product(tmp_path: Path) -> None:
    assert loaded(VERSION, tmp_path) <= {"oxios", "click"}


@pytest.mark.parametrize("module", ["oxios_kernel", "oxios_gateway", "oxios_ouroboros", "oxios_cli"])
def test_importing_a_distribution_loads_no_model_client(module: str, tmp_path: Path) -> None:
    heavy = {"litellm", "openai", "httpx", "aiohttp", "tiktoken", "jsonschema"}
    assert loaded(f"import {module}", tmp_path) & heavy == set()


def test_importing_the_kernel_loads_nothing_but_the_kernel(tmp_path: Path) -> None:
    assert loaded("import oxios_kernel", tmp_path) == {"oxios_kernel"}


def test_assembling_the_kernel_is_imported_without_what_only_some_runs_use(tmp_path: Path) -> None:
    heavy = {"litellm", "openai", "httpx", "jsonschema", "keyring"}
    assert loaded("import oxios_kernel.boot", tmp_path) & heavy == set()
