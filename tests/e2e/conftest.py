"""What the end-to-end tests share: a person with an empty home, and the process that their programs are forked from."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.person import Forks, Person


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """The process that the program's processes are forked from; one for each test worker."""
    forks = Forks()
    yield forks
    forks.close()


@pytest.fixture
def person(forks: Forks, tmp_path: Path) -> Person:
    """Somebody in a folder of their own, with nothing set and no Oxios home yet."""
    folder = tmp_path / "project"
    folder.mkdir()
    home = tmp_path / "person" / ".oxios"
    home.parent.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home.parent),
        "OXIOS_HOME": str(home),
        "LANG": "C.UTF-8",
        # What an engine does by itself when a provider fails is tested there; here it would only take time.
        "OXIOS_ENGINE_MAX_RETRIES": "0",
    }
    return Person(forks=forks, folder=folder, home=home, environment=environment)
