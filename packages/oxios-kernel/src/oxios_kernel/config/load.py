"""Turns `config.toml` and the environment into checked settings.

A missing file is an empty one. What cannot be used is an error that says where; what is not known is a warning that
names the nearest known key, so that a file of a newer or older program still works. Nothing is ever written here.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oxios_kernel.config.keys import Key, all_keys
from oxios_kernel.config.sections import CONFIG_VERSION, Settings
from oxios_kernel.domain.nearest import nearest
from oxios_kernel.errors import ConfigError

__all__ = ["Loaded", "load_settings", "read_document"]

AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)$")
AT_END = " (at end of document)"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Settings and where they came from.

    Attributes:
        settings: the checked settings.
        warnings: one sentence for each key that was not understood.
        origins: by dotted key the file or variable that set it; what is at its default is missing.
    """

    settings: Settings
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)


def load_settings(file: Path, environment: Mapping[str, str]) -> Loaded:
    """Return the settings of a file, overridden by variables `OXIOS_<SECTION>_<KEY>`. An empty variable is not set.

    Raises:
        ConfigError: the file cannot be read, is not TOML (with line and column) or is of a newer program, or a value
            has the wrong type or is out of bounds.
    """
    known = {key.name: key for key in all_keys()}
    given = [(name, value, str(file)) for name, value in _flat(read_document(file))]
    given += _overrides(environment, known)
    warnings: list[str] = []
    values: dict[str, Any] = {"config_version": CONFIG_VERSION}
    origins: dict[str, str] = {}
    for name, value, origin in given:
        if name not in known:
            warnings.append(_unknown(name, origin, known))
            continue
        key = known[name]
        key.check(value, origin)
        values.setdefault(key.section, {})[key.field] = value
        origins[name] = origin
    return Loaded(settings=Settings.model_validate(values), warnings=tuple(warnings), origins=origins)


def read_document(file: Path) -> dict[str, Any]:
    """Return the parsed file, empty when there is none.

    Raises:
        ConfigError: it cannot be read, is not UTF-8, not TOML, was written by a newer program, or has something else
            than a table where a section should be.
    """
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", hint="Mend or move it.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{file}, line {line}: not UTF-8 text.", hint="Save the file as UTF-8.") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax(str(error), text, file), hint="Mend the line: `oxios config edit`.") from error
    _check_version(document.get("config_version", CONFIG_VERSION), file)
    for section in dict.fromkeys(key.section for key in all_keys()):
        if not isinstance(table := document.get(section, {}), dict):
            raise ConfigError(f"`{section}` in {file} must be a table, not {table!r}.", hint=f"Write `[{section}]`.")
    return document


def _syntax(message: str, text: str, file: Path) -> str:
    """Return where a file stops being TOML. `tomllib` says it only in words before Python 3.14."""
    if at := AT_LINE.search(message):
        return f"{file}, line {at[1]}, column {at[2]}: {AT_LINE.sub('', message)}."
    lines = text.split("\n")
    return f"{file}, line {len(lines)}, column {len(lines[-1]) + 1}: {message.removesuffix(AT_END)}."


def _check_version(version: object, file: Path) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError(
            f"`config_version` in {file} must be {CONFIG_VERSION}, not {version!r}.", hint="Mend it there."
        )
    if version > CONFIG_VERSION:
        raise ConfigError(
            f"{file} was written by a newer Oxios (config_version {version}; this one knows {CONFIG_VERSION}).",
            hint="Upgrade Oxios, or set OXIOS_HOME to another folder; the file was left as it is.",
        )


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for section, table in document.items():
        if section == "config_version":
            continue
        if isinstance(table, dict):
            yield from ((f"{section}.{field}", value) for field, value in table.items())
        else:
            yield section, table


def _overrides(environment: Mapping[str, str], known: Mapping[str, Key]) -> list[tuple[str, Any, str]]:
    """Return name, value and variable of each override; a variable of no section of ours is none."""
    found: list[tuple[str, Any, str]] = []
    for variable, text in sorted(environment.items()):
        prefix, section, field = (*variable.lower().split("_", 2), "", "")[:3]
        if prefix == "oxios" and section in Settings.model_fields and text:
            name = f"{section}.{field}"
            found.append((name, known[name].parse(text) if name in known else text, variable))
    return found


def _unknown(name: str, origin: str, known: Mapping[str, Key]) -> str:
    close = nearest(name, known)
    guess = f"; did you mean `{close}`?" if close else "."
    return f"`{name}` in {origin} is not a setting and is ignored{guess}"
