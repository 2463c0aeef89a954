"""The `oxios` program's first moments: what it can do and which version it is, told without importing anything.

Everything else is `program.py`, imported when it is needed: click alone takes twice as long as the interpreter.
"""

import sys

from oxios import __version__
from oxios.usage import help_text

__all__ = ["main"]


def main() -> None:
    """Run the program with the process's arguments and exit with its code."""
    match sys.argv[1:]:
        case ["--version"]:
            print(f"oxios {__version__}")  # noqa: T201 - the program's own output
        case ["--help"]:
            print(help_text())  # noqa: T201
        case arguments:
            from oxios.program import run_program

            run_program(arguments)
