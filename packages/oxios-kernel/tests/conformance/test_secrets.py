"""What all secrets promise, be they in the environment or in memory."""

from pathlib import Path

import pytest
from oxios_kernel.adapters.secrets_files import SecretsFiles
from oxios_kernel.ports.secrets import Secrets
from oxios_kernel.testing import MemorySecrets


@pytest.fixture(params=["machine", "memory"])
def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> Secrets:
    known = {"OXIOS_TEST_KEY": "value"}
    if request.param == "memory":
        return MemorySecrets(known)
    return SecretsFiles(environ=known, file=tmp_path / "credentials.toml")


def test_a_secret_that_is_there_has_a_value_and_a_source(secrets: Secrets) -> None:
    assert secrets.get("OXIOS_TEST_KEY") == "value"
    assert secrets.source("OXIOS_TEST_KEY")


def test_a_secret_that_is_not_there_has_neither(secrets: Secrets) -> None:
    assert secrets.get("OXIOS_TEST_OTHER_KEY") is None
    assert secrets.source("OXIOS_TEST_OTHER_KEY") is None
