"""Every setting is read by somebody and known to the people who may set it."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oxios_kernel.config import Key, all_keys, load_settings
from oxios_kernel.config.edit import set_setting

from tests.architecture.settings_pages import PAGES, ROOT, default_config

KEYS = pytest.mark.parametrize("key", all_keys(), ids=lambda key: str(key.name))


def _sources() -> Iterator[Path]:
    for name in ("oxios", "oxios-kernel"):
        found = (ROOT / "packages" / name / "src").rglob("*.py")
        yield from (file for file in found if "oxios_kernel/config/" not in file.as_posix())


def _last_word(expression: ast.expr) -> str:
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lstrip("_")
    return ""


@pytest.fixture(scope="module")
def reads() -> set[tuple[str, str]]:
    """Every `HOLDER.FIELD` that is read in the source, such as (`settings`, `max_retries`)."""
    return {
        (_last_word(node.value), node.attr)
        for file in _sources()
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


@KEYS
def test_each_setting_is_read_by_the_program(key: Key, reads: set[tuple[str, str]]) -> None:
    assert {("settings", key.field), (key.section, key.field)} & reads, f"nobody reads {key.name}: use or remove it"


@KEYS
def test_each_setting_is_in_the_reference_and_in_the_shipped_file(key: Key) -> None:
    assert f"| `{key.name}` |" in (ROOT / "docs/reference/settings.md").read_text("utf-8")
    assert f"\n# {key.field} = " in (ROOT / "share/default-config.toml").read_text("utf-8")


@pytest.mark.parametrize(("file", "content"), PAGES.items(), ids=lambda part: getattr(part, "name", ""))
def test_the_pages_say_what_the_settings_say(file: Path, content: Callable[[], str]) -> None:
    assert file.read_text("utf-8") == content(), "run `python -m tests.architecture.settings_pages`"


def test_the_shipped_file_with_every_key_set_is_the_defaults(tmp_path: Path) -> None:
    fields = {key.field for key in all_keys()}
    lines = [
        line.removeprefix("# ") if line.removeprefix("# ").split(" = ")[0] in fields else line
        for line in default_config().splitlines()
    ]
    file = tmp_path / "config.toml"
    file.write_text("\n".join(lines), "utf-8")
    loaded = load_settings(file, {})
    assert loaded.warnings == ()
    assert loaded.origins.keys() == {key.name for key in all_keys()}
    assert loaded.settings == load_settings(tmp_path / "none", {}).settings


def test_a_key_set_in_the_shipped_file_stands_below_its_default(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(default_config(), "utf-8")
    set_setting(file, "agents.max_steps", "9")
    assert "# max_steps = 50\nmax_steps = 9\n" in file.read_text("utf-8")
