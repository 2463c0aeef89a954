"""The settings as a flat list of dotted keys, each with what it takes and what it is for.

Derived from `sections.py`, so that a key is described once. Used by `load.py` (check), `edit.py` (parse and check) and
the generated reference.
"""

import tomllib
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from oxios_kernel.config.kinds import Expected
from oxios_kernel.config.sections import Section, Settings
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.nearest import nearest
from oxios_kernel.errors import ConfigError, NotFound

__all__ = ["Key", "all_keys", "find_key"]


@dataclass(frozen=True, kw_only=True)
class Key:
    """One setting.

    Attributes:
        section: the section's name, such as `engine`.
        field: its name there, such as `max_retries`.
        holder: the class of the section.
        info: what the class says of the field.
    """

    section: str
    field: str
    holder: type[Section]
    info: FieldInfo

    @property
    def name(self) -> str:
        """The dotted key: `engine.max_retries`."""
        return f"{self.section}.{self.field}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it: `OXIOS_ENGINE_MAX_RETRIES`."""
        return f"OXIOS_{self.section}_{self.field}".upper()

    @property
    def description(self) -> str:
        """What it is for, in one or two sentences."""
        return self.info.description or ""

    @property
    def default(self) -> Json:
        """What it is when nobody sets it."""
        return self.of(Settings())

    @property
    def is_table(self) -> bool:
        """Whether it holds named entries, each of which can be set by itself: `engine.api_base.openai`."""
        return get_origin(self.info.annotation) is dict

    @property
    def expected(self) -> str:
        """What it takes, as it follows "must be"."""
        for part in self.info.metadata:
            if isinstance(part, Expected):
                return part.words
        if get_origin(self.info.annotation) is Literal:
            return "one of " + ", ".join(f"`{choice}`" for choice in get_args(self.info.annotation))
        noun = "a whole number" if self.info.annotation is int else "a number"
        least = next(part.ge for part in self.info.metadata if hasattr(part, "ge"))
        most = next(part.le for part in self.info.metadata if hasattr(part, "le"))
        return f"{noun} from {least} to {most}"

    def of(self, settings: Settings) -> Json:
        """Return its value in settings, as JSON."""
        section: Section = getattr(settings, self.section)
        value: Json = section.model_dump(mode="json")[self.field]
        return value

    def check(self, value: object, origin: str | None = None) -> None:
        """Check a value that came from `origin`: a file or a variable, `None` when a person types it just now.

        Raises:
            ConfigError: it has the wrong type or is out of bounds.
        """
        try:
            self.holder.model_validate({self.field: value})
        except ValidationError:
            where = f" in {origin}" if origin else ""
            raise ConfigError(
                f"`{self.name}`{where} must be {self.expected}, not {_shortened(repr(value))}.",
                hint="Mend it there, or remove it for the default." if origin else "Nothing was changed.",
            ) from None

    def parse(self, text: str) -> Any:
        """Return the value that a person's text stands for; a text that stands for none is returned as it is, so that
        `check` can say what is wrong with it. Lists are written `a, b` or as in TOML, tables as in TOML."""
        try:
            if self.info.annotation in (int, float):
                return self.info.annotation(text)
            if self.is_table or text.startswith("["):
                return tomllib.loads(f"value = {text}")["value"]
        except ValueError:
            return text
        if get_origin(self.info.annotation) is Literal:
            return next((choice for choice in get_args(self.info.annotation) if str(choice) == text), text)
        if get_origin(self.info.annotation) is tuple:
            return [word for word in (part.strip() for part in text.split(",")) if word]
        return text


def all_keys() -> tuple[Key, ...]:
    """Return every key, in the order of the sections."""
    return tuple(
        Key(section=section, field=field, holder=holder, info=info)
        for section, outer in Settings.model_fields.items()
        if isinstance(holder := outer.annotation, type) and issubclass(holder, Section)
        for field, info in holder.model_fields.items()
    )


def find_key(name: str) -> Key:
    """Return the key of a dotted name; the name of a table's entry (`engine.api_base.openai`) finds the table.

    Raises:
        NotFound: there is no such key; the message names the nearest.
    """
    known = {key.name: key for key in all_keys()}
    table = ".".join(name.split(".")[:2])
    if name in known:
        return known[name]
    if table in known and known[table].is_table and name.count(".") == 2 and not name.endswith("."):
        return known[table]
    close = nearest(name, known)
    guess = f" Did you mean `{close}`?" if close else ""
    raise NotFound(f"There is no setting {name!r}.{guess}", hint="`oxios config show` lists all of them.")


def _shortened(text: str, characters: int = 80) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
