"""Which key and which base URL, and that no sentence holds a key."""

from pathlib import Path

import pytest
from oxios_kernel.adapters.secrets_files import SecretsFiles
from oxios_kernel.engine import Credentials
from oxios_kernel.engine.catalog import PROVIDERS, Provider, provider_named
from oxios_kernel.errors import ConfigError, CredentialsMissing

KEY = "sk-very-secret-0123456789"


def credentials(file: Path, environ: dict[str, str], api_base: dict[str, str] | None = None) -> Credentials:
    secrets = SecretsFiles(environ=environ, file=file)
    return Credentials(secrets, environ=environ, api_base=api_base or {}, file=str(file))


def test_a_key_from_the_environment_reaches_the_connection_and_no_text(tmp_path: Path) -> None:
    connection = credentials(tmp_path / "c.toml", {"OPENAI_API_KEY": KEY}).connect("openai")
    assert connection.api_key == KEY
    assert KEY not in repr(connection)


def test_the_second_variable_of_a_provider_counts_when_the_first_is_empty(tmp_path: Path) -> None:
    known = credentials(tmp_path / "c.toml", {"GEMINI_API_KEY": " ", "GOOGLE_API_KEY": KEY})
    gemini = provider_named("gemini")
    assert gemini is not None
    assert known.connect("gemini").api_key == KEY
    assert known.key_source(gemini) == "GOOGLE_API_KEY in the environment"


def test_without_a_key_the_sentence_names_the_variable_and_the_file(tmp_path: Path) -> None:
    with pytest.raises(CredentialsMissing, match="there is no key for Anthropic") as caught:
        credentials(tmp_path / "c.toml", {}).connect("anthropic")
    assert "ANTHROPIC_API_KEY" in str(caught.value.hint)
    assert str(tmp_path / "c.toml") in str(caught.value.hint)


@pytest.mark.parametrize("provider", [provider for provider in PROVIDERS if provider.bases], ids=lambda one: one.id)
def test_the_providers_own_base_url_variables_are_honoured(provider: Provider, tmp_path: Path) -> None:
    environ = {name: f"http://127.0.0.1:{8000 + place}/v1" for place, name in enumerate(provider.bases)}
    assert credentials(tmp_path / "c", environ).connect(provider.id).api_base == "http://127.0.0.1:8000/v1"


def test_the_setting_is_stronger_than_the_environment(tmp_path: Path) -> None:
    known = credentials(tmp_path / "c", {"OPENAI_BASE_URL": "http://a/v1"}, {"openai": "http://b/v1"})
    assert known.connect("openai").api_base == "http://b/v1"


def test_a_server_at_a_base_url_needs_no_key(tmp_path: Path) -> None:
    connection = credentials(tmp_path / "c", {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}).connect("openai")
    assert connection.api_key is None


def test_a_server_on_this_machine_needs_nothing_and_costs_nothing(tmp_path: Path) -> None:
    connection = credentials(tmp_path / "c", {}).connect("ollama")
    assert (connection.api_base, connection.free) == ("http://127.0.0.1:11434", True)


def test_a_provider_that_only_litellm_knows_is_given_its_key_by_convention(tmp_path: Path) -> None:
    known = credentials(tmp_path / "c", {"NOVITA_API_KEY": KEY})
    assert known.connect("novita").api_key == KEY
    assert known.connect("bedrock").api_key is None


def test_a_password_in_a_base_url_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        credentials(tmp_path / "c", {"OPENAI_BASE_URL": "ftp://me:hunter2@host/v1"}).connect("openai")
    assert "ftp://host/v1" in caught.value.message
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/v1", "http://", "http://host:99999/v1", "http://[::1/v1"])
def test_a_base_url_that_is_none_is_refused_with_the_name_of_its_variable(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL"):
        credentials(tmp_path / "c", {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY}).connect("openai")
