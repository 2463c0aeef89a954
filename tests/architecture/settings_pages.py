"""Writes what people read of the settings, from the settings: `docs/reference/settings.md` and
`share/default-config.toml`.

`python -m tests.architecture.settings_pages` brings both up to date; `test_settings.py` fails until that is done.
"""

import json
import textwrap
from itertools import groupby
from pathlib import Path

from oxios_kernel.config import CONFIG_VERSION, Key, all_keys

__all__ = ["PAGES", "default_config", "reference"]

ROOT = Path(__file__).parents[2]


def _sections() -> list[tuple[str, str, list[Key]]]:
    """Return name, sentence and keys of each section."""
    groups = [(section, list(keys)) for section, keys in groupby(all_keys(), lambda key: key.section)]
    return [(section, keys[0].holder.__doc__ or "", keys) for section, keys in groups]


def _toml(key: Key) -> str:
    return json.dumps(key.default, ensure_ascii=False)


def default_config() -> str:
    """Return the commented file with every key at its default."""
    lines = [
        "# The settings of Oxios, with their defaults. Take the `#` away from a key to set it here, or run",
        "# `oxios config set KEY VALUE`, which keeps the comments. docs/reference/settings.md says more.",
        "",
        f"config_version = {CONFIG_VERSION}",
    ]
    for section, sentence, keys in _sections():
        lines += ["", f"[{section}]", f"# {sentence}"]
        for key in keys:
            lines += ["", *textwrap.wrap(key.description, 110, initial_indent="# ", subsequent_indent="# ")]
            lines += [f"# {key.field} = {_toml(key)}"]
    return "\n".join(lines) + "\n"


def reference() -> str:
    """Return the page with a table for each section."""
    lines = [INTRODUCTION]
    for section, sentence, keys in _sections():
        lines += ["", f"## {section}", "", sentence, "", "| key | takes | default | meaning |", "|---|---|---|---|"]
        for key in keys:
            lines += [f"| `{key.name}` | {key.expected} | `{_toml(key)}` | {key.description} |"]
    return "\n".join(lines) + "\n"


INTRODUCTION = """\
# Settings

Settings are read, in this order, from the defaults below, from `config.toml` in the Oxios home (`~/.oxios`, or the
folder that `OXIOS_HOME` names), and from environment variables. The variable of a key is `OXIOS_`, the section,
`_` and the key in capitals: `engine.max_retries` is `OXIOS_ENGINE_MAX_RETRIES`. An empty variable counts as not
set. In a variable, as in `oxios config set`, lists are written `a, b` or `["a", "b"]`, tables as in TOML.

`oxios config show` prints what holds now, `oxios config get KEY` one value. `oxios config set KEY VALUE` and
`oxios config unset KEY` change the file, check the value first and keep your comments; `oxios config edit` opens
it. One entry of a table is a key by itself: `oxios config set engine.api_base.openai http://127.0.0.1:8000/v1`.

A key that does not exist is ignored with a warning that names the nearest one. A value that cannot be used stops
the command with the file, the key and what was expected; a syntax error is named with its line and column. A file
whose `config_version` is newer than the program is refused and left as it is."""

PAGES = {
    ROOT / "docs/reference/settings.md": reference,
    ROOT / "share/default-config.toml": default_config,
}
"""Each page with what is to be in it."""


if __name__ == "__main__":
    for file, content in PAGES.items():
        file.write_text(content(), "utf-8")
