"""`load_settings` on real files and given environments."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_kernel.config import Settings, all_keys, load_settings
from oxios_kernel.errors import ConfigError


def config(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "config.toml", {})
    assert loaded.settings == Settings()
    assert loaded.warnings == ()
    assert loaded.origins == {}


def test_a_file_sets_what_it_names_and_says_where_it_came_from(tmp_path: Path) -> None:
    file = config(
        tmp_path,
        '[engine]\ndefault_model = "openai/gpt"\nfallback_models = ["a/b", "c/d/e"]\ndeadline_seconds = 5\n'
        '[engine.api_base]\nopenai = "http://127.0.0.1:1/v1"\n[protocol]\nask_before_acting = "never"\n',
    )
    loaded = load_settings(file, {})
    assert loaded.settings.engine.default_model == "openai/gpt"
    assert loaded.settings.engine.fallback_models == ("a/b", "c/d/e")
    assert loaded.settings.engine.deadline_seconds == 5.0
    assert loaded.settings.engine.api_base == {"openai": "http://127.0.0.1:1/v1"}
    assert loaded.settings.protocol.ask_before_acting == "never"
    assert loaded.origins["engine.default_model"] == str(file)
    assert "tools.timeout_seconds" not in loaded.origins


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    file = config(tmp_path, "[engine]\nmax_retries = 1\n")
    variables = {
        "OXIOS_ENGINE_MAX_RETRIES": "7",
        "OXIOS_ENGINE_FALLBACK_MODELS": "a/b, c/d",
        "OXIOS_SECURITY_DENIED_TOOLS": '["bash"]',
        "OXIOS_ENGINE_API_BASE": '{openai = "https://host/v1"}',
        "OXIOS_PROTOCOL_PASS_SCORE": "0.5",
        "OXIOS_LOGGING_LEVEL": "",
    }
    loaded = load_settings(file, variables)
    assert loaded.settings.engine.max_retries == 7
    assert loaded.settings.engine.fallback_models == ("a/b", "c/d")
    assert loaded.settings.security.denied_tools == ("bash",)
    assert loaded.settings.engine.api_base == {"openai": "https://host/v1"}
    assert loaded.settings.protocol.pass_score == 0.5
    assert loaded.settings.logging.level == "info"
    assert loaded.origins["engine.max_retries"] == "OXIOS_ENGINE_MAX_RETRIES"


def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path) -> None:
    variables = {
        "OXIOS_HOME": "/x",
        "OXIOS_CALL": "1",
        "OPENAI_API_KEY": "k",
        "OXIOS_OPENAI_API_KEY": "k",
        "ENGINE": "x",
    }
    assert load_settings(tmp_path / "none", variables).warnings == ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[engine]\nmax_retries = = 3\n", 2, 15),
        ("[engine\n", 1, 8),
        ('# 한국어\n[engine]\ndefault_model = "가', 3, 19),
        ("a = [1,\n2", 2, 2),
        ("a = 1\na = 2\n", 2, 6),
    ],
)
def test_a_syntax_error_is_named_with_file_line_and_column(tmp_path: Path, text: str, line: int, column: int) -> None:
    file = config(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    assert caught.value.message.startswith(f"{file}, line {line}, column {column}: ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[engine]\nmax_retries = "3"', "`engine.max_retries` in {} must be a whole number from 0 to 20, not '3'."),
        ("[engine]\nmax_retries = true", "`engine.max_retries` in {} must be a whole number from 0 to 20, not True."),
        ("[engine]\nmax_retries = 99", "`engine.max_retries` in {} must be a whole number from 0 to 20, not 99."),
        ("[protocol]\npass_score = nan", "`protocol.pass_score` in {} must be a number from 0.1 to 1, not nan."),
        (
            '[protocol]\nask_before_acting = "always"',
            "`protocol.ask_before_acting` in {} must be one of `auto`, `never`, not 'always'.",
        ),
        (
            '[engine]\ndefault_model = "gpt"',
            "`engine.default_model` in {} must be `provider/model`, or empty, not 'gpt'.",
        ),
        (
            '[engine]\nfallback_models = ["gpt"]',
            "`engine.fallback_models` in {} must be a list of `provider/model`, not ['gpt'].",
        ),
        (
            '[engine]\napi_base = {openai = "localhost"}',
            "`engine.api_base` in {} must be a table from provider to a URL that begins with `http://` or `https://`, "
            "not {{'openai': 'localhost'}}.",
        ),
        ('[security]\ndenied_tools = "bash"', "`security.denied_tools` in {} must be a list of texts, not 'bash'."),
        ("tools = 3", "`tools` in {} must be a table, not 3."),
        ('config_version = "1"', "`config_version` in {} must be 1, not '1'."),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_was_expected(tmp_path: Path, text: str, sentence: str) -> None:
    file = config(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    assert caught.value.message == sentence.format(file)
    assert caught.value.hint


def test_a_wrong_variable_is_named_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in OXIOS_TOOLS_TIMEOUT_SECONDS must be a number from 1 to 3600, not 'soon'"):
        load_settings(tmp_path / "none", {"OXIOS_TOOLS_TIMEOUT_SECONDS": "soon"})


def test_unknown_keys_are_ignored_with_a_warning_that_names_the_nearest(tmp_path: Path) -> None:
    file = config(
        tmp_path,
        "surprise = 1\nmax_steps = 2\n[engine]\ndefualt_model = 'a/b'\n[engin]\nmax_retries = 1\n[zzz]\nqqqqq = 1\n",
    )
    loaded = load_settings(file, {"OXIOS_AGENTS_MAXSTEPS": "3"})
    assert loaded.settings == Settings()
    assert loaded.warnings == (
        f"`surprise` in {file} is not a setting and is ignored.",
        f"`max_steps` in {file} is not a setting and is ignored; did you mean `agents.max_steps`?",
        f"`engine.defualt_model` in {file} is not a setting and is ignored; did you mean `engine.default_model`?",
        f"`engin.max_retries` in {file} is not a setting and is ignored; did you mean `engine.max_retries`?",
        f"`zzz.qqqqq` in {file} is not a setting and is ignored.",
        "`agents.maxsteps` in OXIOS_AGENTS_MAXSTEPS is not a setting and is ignored; did you mean `agents.max_steps`?",
    )


def test_a_file_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text = 'config_version = 2\n[engine]\nmodels = "a new shape"\n'
    file = config(tmp_path, text)
    with pytest.raises(ConfigError, match=r"newer Oxios \(config_version 2; this one knows 1\)") as caught:
        load_settings(file, {})
    assert "Upgrade Oxios" in (caught.value.hint or "")
    assert file.read_text() == text


def test_a_folder_in_place_of_the_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path} cannot be read: Is a directory"):
        load_settings(tmp_path, {})


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"[engine]\ndefault_model = '\xff'\n")
    with pytest.raises(ConfigError, match="line 2: not UTF-8"):
        load_settings(file, {})


def test_a_byte_order_mark_is_not_in_the_way(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf[engine]\nmax_retries = 2\n")
    assert load_settings(file, {}).settings.engine.max_retries == 2


@pytest.mark.parametrize("key", all_keys(), ids=lambda key: key.name)
def test_each_default_passes_its_own_check(key: object) -> None:
    [found] = [known for known in all_keys() if known is key or known == key]
    found.check(found.default)
    assert found.description.endswith(".")


@given(st.text())
def test_no_text_whatever_gets_past_the_check_of_a_number(text: str) -> None:
    [key] = [known for known in all_keys() if known.name == "engine.max_retries"]
    value = key.parse(text)
    try:
        key.check(value)
    except ConfigError:
        return
    assert isinstance(value, int)
    assert 0 <= value <= 20
