"""The daily commands of the workspace; `.ci/run` calls the same ones.

Every session uses the environment that ``uv sync --all-packages`` made and nox runs in; those that need another one
(`tests`, `members`, `wheels`) let uv make it and throw it away. ``nox -s NAME -- ARGUMENT…`` hands arguments on.
"""

import subprocess
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "imports"]

ROOT = Path(__file__).parent
GLOBS = nox.project.load_toml(ROOT / "pyproject.toml")["tool"]["uv"]["workspace"]["members"]
MEMBERS = sorted(found.parent.relative_to(ROOT) for glob in GLOBS for found in ROOT.glob(f"{glob}/pyproject.toml"))

PYTHONS = ["3.11", "3.12", "3.13"]

TESTING = ["h11", "hypothesis", "psutil", "pytest", "pytest-timeout", "pytest-xdist", "trio"]
"""What a member's own tests may use beyond what the member depends on."""


@nox.session
def lint(session: nox.Session) -> None:
    """Check format and style (``-- --fix`` repairs what it can)."""
    if session.posargs == ["--fix"]:
        session.run("ruff", "check", "--fix")
        session.run("ruff", "format")
        return
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly: each member with its tests, then the product and the workspace's own."""
    for member in MEMBERS:
        session.run("mypy", *_existing(member / "src", member / "tests"))
    session.run("mypy", *_existing("packages/oxios/src", "packages/oxios/tests"))
    session.run("mypy", "tests", "noxfile.py")


@nox.session
def imports(session: nox.Session) -> None:
    """Check who imports whom (the contracts), and that what is imported is declared (deptry)."""
    session.run("lint-imports", "--no-logo")
    for member in MEMBERS:
        with session.chdir(member):
            session.run("deptry", "src")
    # The channels are found through their entry points: needed, and imported by nobody.
    session.run("deptry", "packages/oxios/src", "--per-rule-ignores", "DEP002=oxios-cli")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the whole suite on each supported Python that is on this machine."""
    for version in PYTHONS:
        find = ["uv", "python", "find", "--no-python-downloads", version]
        if subprocess.run(find, capture_output=True, check=False).returncode:
            session.warn(f"no Python {version} on this machine")
            continue
        environment = ["uv", "run", "--isolated", "--all-packages", "--python", version]
        session.run(*environment, "pytest", *session.posargs)


@nox.session
def members(session: nox.Session) -> None:
    """Run each member's tests in an environment that holds that member alone, so that nothing is there by chance."""
    extras = [part for name in TESTING for part in ("--with", name)]
    for member in MEMBERS:
        alone = ["uv", "run", "--isolated", "--no-default-groups", "--package", member.name, *extras]
        session.run(*alone, "pytest", str(member), *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """Build every wheel, install each alone in a fresh environment, and run its README's examples there."""
    with tempfile.TemporaryDirectory() as dist:
        session.run("uv", "build", "--all-packages", "--no-sources", "--quiet", "--out-dir", dist)
        session.run("python", "-m", "tests.architecture.alone", dist)


@nox.session
def docs(session: nox.Session) -> None:
    """Run every code block of the documentation."""
    session.run("pytest", "tests/architecture/test_docs.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Print the benchmarks' table; ``-- NAME…`` for some of them."""
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session
def bump(session: nox.Session) -> None:
    """Set the version of all distributions, the pins between them and the lock: ``nox -s bump -- 1.3.0``."""
    [version] = session.posargs
    session.run("python", "-m", "tests.architecture.bump", version)
    session.run("uv", "lock")


def _existing(*folders: Path | str) -> list[str]:
    return [str(folder) for folder in folders if Path(ROOT, folder).is_dir()]
