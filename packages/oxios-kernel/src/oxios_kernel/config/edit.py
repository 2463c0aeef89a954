"""Reads and changes single settings of a file by their dotted key, keeping its comments and its order.

Called by `oxios config`. Not exported by the room itself, because tomlkit takes as long to import as all the rest of a
start.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Item

from oxios_kernel.config.keys import Key, find_key
from oxios_kernel.config.load import read_document
from oxios_kernel.config.replace import replace_file
from oxios_kernel.config.sections import CONFIG_VERSION, Settings
from oxios_kernel.domain.fact import Json
from oxios_kernel.errors import ConfigError, HomeError

__all__ = ["get_setting", "set_setting", "toml_text", "unset_setting"]


def get_setting(settings: Settings, name: str) -> Json:
    """Return the value of a dotted key; `None` for an entry that a table does not have.

    Raises:
        NotFound: there is no such key; the message names the nearest.
    """
    key = find_key(name)
    value = key.of(settings)
    return value.get(entry) if (entry := _entry(key, name)) and isinstance(value, dict) else value


def set_setting(file: Path, name: str, text: str) -> Json:
    """Write a value, given as a person types it, and return it as it was understood. The file is made when missing.

    Raises:
        NotFound: there is no such key; the message names the nearest.
        ConfigError: the text is no value of that key, or the file cannot be understood; nothing was written.
        HomeError: the file cannot be written.
    """
    key = find_key(name)
    entry = _entry(key, name)
    value: Any = text if entry else key.parse(text)
    key.check({entry: value} if entry else value)
    wanted = read_document(file)
    section = wanted.setdefault(key.section, {})
    was = section.get(key.field)
    section[key.field] = {**(was if isinstance(was, dict) else {}), entry: value} if entry else value
    new = _inserted(_text(file), key, section[key.field]) if was is None else None
    if new is None or not _means(new, wanted):
        new = _replaced(_text(file), key, section[key.field])
    _write(file, new, wanted)
    written: Json = value
    return written


def unset_setting(file: Path, name: str) -> bool:
    """Return a key to its default by removing it; `False` when the file did not set it.

    Raises:
        NotFound: there is no such key; the message names the nearest.
        ConfigError: the file cannot be understood; nothing was written.
        HomeError: the file cannot be written.
    """
    key = find_key(name)
    *above, last = (key.section, key.field, *filter(None, [_entry(key, name)]))
    wanted: Any = read_document(file)
    document: Any = tomlkit.parse(_text(file))
    plain, edited = wanted, document
    for part in above:
        if not isinstance(plain.get(part), dict):
            return False
        plain, edited = plain[part], edited[part]
    if last not in plain:
        return False
    del plain[last], edited[last]
    _write(file, tomlkit.dumps(document), wanted)
    return True


def toml_text(value: Json) -> str:
    """Return a value as it is written in the file, on one line."""
    return _item(value).as_string()


def _entry(key: Key, name: str) -> str | None:
    """Return the entry of a table that a dotted name means, `None` when it means the key itself."""
    return name.removeprefix(f"{key.name}.") if name != key.name else None


def _text(file: Path) -> str:
    return file.read_text("utf-8-sig") if file.exists() else f"config_version = {CONFIG_VERSION}\n"


def _item(value: Any) -> Item:
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    item: Item = tomlkit.item(value)
    return item


def _inserted(text: str, key: Key, value: Any) -> str | None:
    """Return the text with a new line for a key: below its commented default, else below the section's header. `None`
    without such a header."""
    lines = text.split("\n")
    headers = [at for at, line in enumerate(lines) if re.match(r"\s*\[", line)]
    begin = next((at for at in headers if re.match(rf"\s*\[\s*{key.section}\s*\]", lines[at])), None)
    if begin is None:
        return None
    end = next((at for at in headers if at > begin), len(lines))
    commented = (at for at in range(begin, end) if re.match(rf"\s*#\s*{key.field}\s*=", lines[at]))
    place = next(commented, begin) + 1
    return "\n".join([*lines[:place], f"{key.field} = {toml_text(value)}", *lines[place:]])


def _replaced(text: str, key: Key, value: Any) -> str:
    """Return the text with a key's value put in place of the old one, or behind what its section has."""
    document: Any = tomlkit.parse(text)
    section = document.setdefault(key.section, tomlkit.table())
    if isinstance(value, dict) and isinstance(section.get(key.field), dict):
        section[key.field].update(value)
    else:
        section[key.field] = _item(value)
    return tomlkit.dumps(document)


def _means(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return {"config_version": CONFIG_VERSION, **tomllib.loads(text)} == {"config_version": CONFIG_VERSION, **wanted}
    except tomllib.TOMLDecodeError:
        return False


def _write(file: Path, text: str, wanted: dict[str, Any]) -> None:
    """Write the changed text, but only if it says what it should: an editor of texts must not be trusted with them."""
    if not _means(text, wanted):
        raise ConfigError(
            f"{file} cannot be changed without harm to the rest of it.", hint="`oxios config edit` opens it."
        )
    try:
        replace_file(file, text.encode())
    except OSError as error:
        raise HomeError(f"{file} cannot be written: {error.strerror}.", hint="Nothing was changed.") from error
