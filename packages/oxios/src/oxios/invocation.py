"""One call of the program: what the commands are told about it, and how they speak.

Standard output is for answers only; sentences and hints go to standard error. What a model, a tool or a file brought in
is made harmless before a terminal sees it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import click
from oxios_cli import Terminal, neutralise

from oxios.home import Home

__all__ = ["Invocation", "answer", "answer_json", "pass_invocation", "say", "say_of_space"]

UNSAFE = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON may hold as it is and a terminal should not see."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One call of the program.

    Attributes:
        environment: the process's environment.
        debug: whether errors are shown with where they came from.
    """

    environment: Mapping[str, str]
    debug: bool = False

    @property
    def home(self) -> Home:
        """Where this person's Oxios lives.

        Raises:
            HomeError: nothing names it.
        """
        return Home.find(self.environment)


pass_invocation = click.make_pass_decorator(Invocation)
"""Hands a command its `Invocation`."""


def say(message: str, *, hint: str | None = None) -> None:
    """Tell the person something on standard error, and on the next line what to do."""
    lines = [message, *([f"  {hint}"] if hint else [])]
    Terminal.of_process().tell(neutralise("\n".join(lines)) + "\n")


def say_of_space(space: str | None) -> None:
    """Tell the person that what they named as a Space changes nothing yet."""
    if space is not None:
        say(f"There are no Spaces yet: {space!r} is only written down with what is done.")


def answer(text: str) -> None:
    """Print an answer on standard output.

    Raises:
        BrokenPipeError: nobody reads it any more.
    """
    Terminal.of_process().answer(neutralise(text) + "\n")


def answer_json(document: object) -> None:
    """Print an answer as JSON on standard output; the values are exact, whatever a terminal would do with them.

    Raises:
        BrokenPipeError: nobody reads it any more.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False)
    Terminal.of_process().answer(UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
