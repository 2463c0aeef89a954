"""`get_setting`, `set_setting` and `unset_setting` on real files."""

import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from oxios_kernel.config import Settings, all_keys, load_settings
from oxios_kernel.config.edit import get_setting, set_setting, toml_text, unset_setting
from oxios_kernel.domain.fact import Json
from oxios_kernel.errors import ConfigError, HomeError, NotFound

COMMENTED = """\
config_version = 1

[engine]
# Which models are asked.

# The model.
# default_model = ""

# How often.
max_retries = 3  # mine, 내 것

[agents]
# When an agent stops.

# max_steps = 50
"""


def config(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_new_key_stands_below_its_commented_default_and_all_else_is_kept(tmp_path: Path) -> None:
    file = config(tmp_path, COMMENTED)
    assert set_setting(file, "engine.default_model", "openai/gpt") == "openai/gpt"
    assert file.read_text() == COMMENTED.replace(
        '# default_model = ""\n', '# default_model = ""\ndefault_model = "openai/gpt"\n'
    )


def test_a_changed_key_keeps_its_place_and_its_comment(tmp_path: Path) -> None:
    file = config(tmp_path, COMMENTED)
    assert set_setting(file, "engine.max_retries", "5") == 5
    assert file.read_text() == COMMENTED.replace("max_retries = 3 ", "max_retries = 5 ")


def test_unset_after_set_gives_the_file_back_as_it_was(tmp_path: Path) -> None:
    file = config(tmp_path, COMMENTED)
    set_setting(file, "agents.max_steps", "7")
    assert load_settings(file, {}).settings.agents.max_steps == 7
    assert unset_setting(file, "agents.max_steps") is True
    assert unset_setting(file, "agents.max_steps") is False
    assert unset_setting(file, "tools.timeout_seconds") is False
    assert file.read_text() == COMMENTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[engine]",
        "[engine]\n",
        'engine.max_retries = 3\n# c\nengine.default_model = "x/y"\n',
        "engine = {max_retries = 3}\n",
        '[engine.api_base]\nopenai = "http://y"\n',
        "[engine]\nmax_retries = 3\n[tools]\n[engine.api_base]\n",
        '[tools]\n# [engine]\n\n[logging]\nlevel = """\ninfo"""\n'.replace('"""\ninfo"""', '"info"'),
        "[ engine ] # spaced\r\nmax_retries = 3\r\n",
    ],
)
def test_a_key_can_be_set_in_every_shape_of_file(tmp_path: Path, text: str) -> None:
    file = config(tmp_path, text)
    before = load_settings(file, {}).settings
    set_setting(file, "engine.max_output_tokens", "99")
    set_setting(file, "engine.max_output_tokens", "100")
    after = load_settings(file, {}).settings
    assert after.engine.max_output_tokens == 100
    assert before == after.model_copy(
        update={"engine": after.engine.model_copy(update={"max_output_tokens": 0})},
    )


def test_a_missing_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    set_setting(file, "protocol.pass_score", "0.9")
    assert file.read_text() == "config_version = 1\n\n[protocol]\npass_score = 0.9\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_link_to_a_file_kept_elsewhere_stays_a_link(tmp_path: Path) -> None:
    elsewhere = config(tmp_path, COMMENTED)
    (tmp_path / "home").mkdir()
    file = tmp_path / "home" / "config.toml"
    file.symlink_to(elsewhere)
    set_setting(file, "engine.max_retries", "9")
    assert file.is_symlink()
    assert "max_retries = 9" in elsewhere.read_text()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("engine.fallback_models", "a/b, c/d", ["a/b", "c/d"]),
        ("engine.fallback_models", '["a/b"]', ["a/b"]),
        ("security.denied_commands", "", []),
        ("security.denied_paths", "비밀/**, *.env", ["비밀/**", "*.env"]),
        ("engine.api_base", '{openai = "http://h/v1"}', {"openai": "http://h/v1"}),
        ("engine.deadline_seconds", "30", 30.0),
        ("logging.level", "debug", "debug"),
        ("engine.default_model", "", ""),
    ],
)
def test_texts_are_read_by_the_type_of_their_key(tmp_path: Path, key: str, text: str, value: object) -> None:
    file = tmp_path / "config.toml"
    assert set_setting(file, key, text) == value
    assert get_setting(load_settings(file, {}).settings, key) == value


def test_one_entry_of_a_table_can_be_set_read_and_removed(tmp_path: Path) -> None:
    file = config(tmp_path, COMMENTED)
    set_setting(file, "engine.api_base.openai", "http://one/v1")
    set_setting(file, "engine.api_base.anthropic", "http://two")
    settings = load_settings(file, {}).settings
    assert settings.engine.api_base == {"openai": "http://one/v1", "anthropic": "http://two"}
    assert get_setting(settings, "engine.api_base.openai") == "http://one/v1"
    assert get_setting(settings, "engine.api_base.ollama") is None
    assert unset_setting(file, "engine.api_base.openai") is True
    assert unset_setting(file, "engine.api_base.openai") is False
    assert load_settings(file, {}).settings.engine.api_base == {"anthropic": "http://two"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("engine.max_retries", "many"),
        ("engine.max_retries", "3.5"),
        ("engine.max_retries", "-1"),
        ("engine.default_model", "gpt"),
        ("engine.default_model", "a/\udcff"),
        ("engine.api_base", "nonsense"),
        ("engine.api_base.openai", "ftp://host"),
        ("engine.fallback_models", "[unclosed"),
        ("logging.level", "INFO"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_before_anything_is_written(tmp_path: Path, key: str, text: str) -> None:
    file = config(tmp_path, COMMENTED)
    with pytest.raises(ConfigError, match="must be"):
        set_setting(file, key, text)
    assert file.read_text() == COMMENTED


@pytest.mark.parametrize(
    ("key", "guess"),
    [
        ("engine.defaultmodel", "`engine.default_model`"),
        ("max_steps", "`agents.max_steps`"),
        ("engine", None),
        ("engine.max_retries.x", "`engine.max_retries`"),
        ("engine.api_base.", "`engine.api_base`"),
        ("", None),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(tmp_path: Path, key: str, guess: str | None) -> None:
    file = tmp_path / "config.toml"
    attempts: list[Callable[[], object]] = [
        lambda: set_setting(file, key, "1"),
        lambda: unset_setting(file, key),
        lambda: get_setting(Settings(), key),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound) as caught:
            attempt()
        assert (f"Did you mean {guess}?" in caught.value.message) if guess else ("mean" not in caught.value.message)
    assert not file.exists()


def test_a_broken_value_beside_it_does_not_stop_a_person_from_mending_another(tmp_path: Path) -> None:
    file = config(tmp_path, "[engine]\nmax_retries = 'x'\ndeadline_seconds = 'y'\n")
    set_setting(file, "engine.max_retries", "1")
    unset_setting(file, "engine.deadline_seconds")
    assert load_settings(file, {}).settings.engine.max_retries == 1


def test_a_file_that_is_not_toml_is_not_touched(tmp_path: Path) -> None:
    file = config(tmp_path, "[engine\n")
    with pytest.raises(ConfigError, match="line 1, column 8"):
        set_setting(file, "engine.max_retries", "1")
    assert file.read_text() == "[engine\n"


def test_a_section_that_is_no_table_is_not_touched(tmp_path: Path) -> None:
    file = config(tmp_path, "engine = 3\n")
    with pytest.raises(ConfigError, match=r"`engine` in .* must be a table, not 3"):
        set_setting(file, "engine.max_retries", "1")
    with pytest.raises(ConfigError, match=r"`engine` in .* must be a table, not 3"):
        unset_setting(file, "engine.max_retries")
    assert file.read_text() == "engine = 3\n"


def test_an_entry_of_what_is_no_table_can_be_mended(tmp_path: Path) -> None:
    file = config(tmp_path, "[engine]\napi_base = 3\n")
    assert unset_setting(file, "engine.api_base.openai") is False
    set_setting(file, "engine.api_base.openai", "http://one")
    assert load_settings(file, {}).settings.engine.api_base == {"openai": "http://one"}


def test_the_comments_in_a_table_are_kept_when_an_entry_changes(tmp_path: Path) -> None:
    file = config(tmp_path, '[engine.api_base]\n# ours\nopenai = "http://one" # old\n')
    set_setting(file, "engine.api_base.openai", "http://two")
    assert file.read_text() == '[engine.api_base]\n# ours\nopenai = "http://two" # old\n'


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="cannot be written: No such file"):
        set_setting(tmp_path / "none" / "config.toml", "engine.max_retries", "1")


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\n가", '"a\\n가"'), (3, "3"), (0.5, "0.5"), (["a"], '["a"]'), ({"b": "c"}, '{b = "c"}'), ({}, "{}")],
)
def test_a_value_is_shown_as_toml_on_one_line(value: Json, text: str) -> None:
    assert toml_text(value) == text
    assert tomllib.loads(f"x = {text}")["x"] == value


@pytest.mark.parametrize("key", all_keys(), ids=lambda key: key.name)
def test_every_default_can_be_written_and_read_back(tmp_path: Path, key: object) -> None:
    [found] = [known for known in all_keys() if known == key]
    file = tmp_path / "config.toml"
    default = found.default
    text = ", ".join(map(str, default)) if isinstance(default, list) else "{}" if default == {} else str(default)
    assert set_setting(file, found.name, text) == default
