"""Keys from the environment and from a real file, and what is refused."""

from pathlib import Path

import pytest
from oxios_kernel.adapters.secrets_files import SecretsFiles
from oxios_kernel.errors import ConfigError

KEY = "sk-very-secret-0123456789"


def credentials(folder: Path, content: str | bytes, mode: int = 0o600) -> Path:
    file = folder / "credentials.toml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(mode)
    return file


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    file = credentials(tmp_path, 'OPENAI_API_KEY = "from the file"\nXAI_API_KEY = " x "\n')
    secrets = SecretsFiles(environ={"OPENAI_API_KEY": f" {KEY}\n"}, file=file)
    assert (secrets.get("OPENAI_API_KEY"), secrets.source("OPENAI_API_KEY")) == (KEY, "environment")
    assert (secrets.get("XAI_API_KEY"), secrets.source("XAI_API_KEY")) == ("x", str(file))


@pytest.mark.parametrize("content", ["", "OTHER = 'x'", "OPENAI_API_KEY = ''", "OPENAI_API_KEY = 5"])
def test_a_key_that_is_nowhere_is_none(content: str, tmp_path: Path) -> None:
    secrets = SecretsFiles(environ={"OPENAI_API_KEY": ""}, file=credentials(tmp_path, content))
    assert secrets.get("OPENAI_API_KEY") is None
    assert secrets.source("OPENAI_API_KEY") is None


def test_without_a_file_nothing_is_found_and_nothing_is_wrong(tmp_path: Path) -> None:
    assert SecretsFiles(environ={}, file=tmp_path / "none.toml").get("OPENAI_API_KEY") is None


def test_a_key_that_was_just_written_counts_at_once(tmp_path: Path) -> None:
    secrets = SecretsFiles(environ={}, file=credentials(tmp_path, ""))
    assert secrets.get("OPENAI_API_KEY") is None
    credentials(tmp_path, f'OPENAI_API_KEY = "{KEY}"')
    assert secrets.get("OPENAI_API_KEY") == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused_with_the_command_that_mends_it(mode: int, tmp_path: Path) -> None:
    file = credentials(tmp_path, f'OPENAI_API_KEY = "{KEY}"', mode)
    with pytest.raises(ConfigError, match="can be read by others") as caught:
        SecretsFiles(environ={}, file=file).get("OPENAI_API_KEY")
    assert caught.value.hint == f"chmod 600 {file}"
    assert KEY not in caught.value.message


@pytest.mark.parametrize("content", [f'OPENAI_API_KEY = "{KEY}', f"{KEY}", f"OPENAI_API_KEY = {KEY}", b"K = '\xff'"])
def test_a_file_that_is_no_toml_is_refused_without_showing_what_it_holds(content: str | bytes, tmp_path: Path) -> None:
    file = credentials(tmp_path, content)
    with pytest.raises(ConfigError, match="is not TOML") as caught:
        SecretsFiles(environ={}, file=file).get("OPENAI_API_KEY")
    assert str(file) in caught.value.message
    assert KEY not in caught.value.message + repr(caught.value)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        SecretsFiles(environ={}, file=tmp_path).get("OPENAI_API_KEY")


def test_its_own_form_shows_no_key(tmp_path: Path) -> None:
    assert KEY not in repr(SecretsFiles(environ={"OPENAI_API_KEY": KEY}, file=tmp_path / "c"))
