"""The terminal as a channel of Oxios: what a person types in, what they see while it is worked on, what comes back.

Names are imported on first use, so that asking for an exit code does not load the gateway.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oxios_cli.channel import CliChannel, Program, in_terminal
    from oxios_cli.errors import CliError, EditorFailed
    from oxios_cli.exits import ExitCode, exit_code, outcome
    from oxios_cli.once import Once
    from oxios_cli.progress import ProgressLine
    from oxios_cli.render import Style, neutralise, render_message
    from oxios_cli.repl import Repl
    from oxios_cli.session import Session
    from oxios_cli.talk import Talk
    from oxios_cli.terminal import Terminal
    from oxios_cli.view import TurnView

__all__ = [
    "CliChannel",
    "CliError",
    "EditorFailed",
    "ExitCode",
    "Once",
    "Program",
    "ProgressLine",
    "Repl",
    "Session",
    "Style",
    "Talk",
    "Terminal",
    "TurnView",
    "exit_code",
    "in_terminal",
    "neutralise",
    "outcome",
    "render_message",
]
__version__ = "0.1.0"

_HOME = {
    "CliChannel": "channel",
    "CliError": "errors",
    "EditorFailed": "errors",
    "ExitCode": "exits",
    "Once": "once",
    "Program": "channel",
    "ProgressLine": "progress",
    "Repl": "repl",
    "Session": "session",
    "Style": "render",
    "Talk": "talk",
    "Terminal": "terminal",
    "TurnView": "view",
    "exit_code": "exits",
    "in_terminal": "channel",
    "neutralise": "render",
    "outcome": "exits",
    "render_message": "render",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
