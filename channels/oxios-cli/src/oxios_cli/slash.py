"""A line typed in the chat → something to say, or a command.

A line is a command when it begins with a slash and one word; a path such as `/etc/hosts`, or a slash after a space, is
something to say. Knows nothing of what a command does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["HELP", "Command", "Help", "Model", "New", "OpenSession", "Persona", "Quit", "Say", "Unknown", "parse"]

COMMANDS: Mapping[str, str] = {
    "/new": "begin a new conversation",
    "/session [ID]": "show which conversation this is, or go on with another",
    "/persona [NAME]": "show the persona, or change it for this conversation",
    "/model [ID]": "show the model, or change it for this conversation",
    "/help": "show this list",
    "/quit": "leave (as Ctrl-D does); Ctrl-C stops the answer being worked on",
}

HELP = "\n".join(f"  {usage:<16}  {what}" for usage, what in COMMANDS.items())

_NAMES = tuple(usage.split()[0] for usage in COMMANDS)


@dataclass(frozen=True)
class Say:
    """A message."""

    content: str


@dataclass(frozen=True)
class New:
    """Begin a new conversation."""


@dataclass(frozen=True)
class OpenSession:
    """Go on with a conversation; `None`: say which one this is."""

    session_id: str | None


@dataclass(frozen=True)
class Persona:
    """Change the persona; `None`: say which one it is."""

    name: str | None


@dataclass(frozen=True)
class Model:
    """Change the model; `None`: say which one it is."""

    model_id: str | None


@dataclass(frozen=True)
class Help:
    """Show the commands."""


@dataclass(frozen=True)
class Quit:
    """Leave."""


@dataclass(frozen=True)
class Unknown:
    """No such command; the sentence names the nearest."""

    sentence: str


Command = Say | New | OpenSession | Persona | Model | Help | Quit | Unknown


def parse(line: str) -> Command | None:
    """Read one line; `None` for one without anything on it."""
    if not line.strip():
        return None
    match = re.fullmatch(r"(/[^\s/]*)(?:\s+(.*))?", line.rstrip(), re.DOTALL)
    if match is None:
        return Say(line)
    name, argument = match.group(1), match.group(2) or None
    match name:
        case "/session":
            return OpenSession(argument)
        case "/persona":
            return Persona(argument)
        case "/model":
            return Model(argument)
        case "/new" | "/help" | "/quit" if argument is not None:
            return Unknown(f"{name} takes nothing after it, got {argument!r}. Type {name} alone.")
        case "/new":
            return New()
        case "/help":
            return Help()
        case "/quit":
            return Quit()
        case _:
            return Unknown(_unknown(name))


def _unknown(name: str) -> str:
    nearest = get_close_matches(name, _NAMES, n=1)
    hint = f"Did you mean {nearest[0]}?" if nearest else "Type /help for the list."
    return f"There is no command {name!r}. {hint} To say it, put a space before it."
