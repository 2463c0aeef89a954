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


def _last_word(expression: ast.expr | None) -> str:
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lstrip("_")
    return ""


def _holders(tree: ast.Module) -> set[str]:
    """Return the names by which a module knows settings: the plain ones, those of that type, those set from one."""
    names = {"settings", *(key.section for key in all_keys())}
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name, annotation=kind) if _last_word(kind).endswith("Settings"):
                names.add(name)
            case ast.AnnAssign(target=target, annotation=kind) if _last_word(kind).endswith("Settings"):
                names.add(_last_word(target))
            case ast.Assign(targets=[target], value=value) if _last_word(value) in names:
                names.add(_last_word(target))
    return names


def _reads(tree: ast.Module) -> Iterator[str]:
    holders = _holders(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=value, attr=field, ctx=ast.Load()) if _last_word(value) in holders:
                yield field


@pytest.fixture(scope="module")
def reads() -> set[str]:
    """The fields of settings that are read in the source."""
    return {field for file in _sources() for field in _reads(ast.parse(file.read_text("utf-8")))}


@KEYS
def test_each_setting_is_read_by_the_program(key: Key, reads: set[str]) -> None:
    assert key.field in reads, f"nobody reads {key.name}: use it or remove it"


def test_no_two_settings_share_their_last_word() -> None:
    fields = [key.field for key in all_keys()]
    assert sorted(set(fields)) == sorted(fields)


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
