"""Reads one line at the terminal, with editing and history, in a process of its own; run by `lines.py`.

Readline can neither be cancelled nor waited for by an event loop; a process can. Ctrl-C clears the line, a second one
on the empty line ends, as Ctrl-D does. The line goes to stderr as UTF-8, because stdout is the terminal. Imports the
standard library only.

    python editor.py PROMPT [HISTORY]
"""

import contextlib
import locale
import os
import sys
from collections.abc import Iterator

END = 10
"""Exit code: there will be no more lines."""

KEPT_LINES = 1000
"""Lines of history."""


def main(prompt: str, history: str = "") -> int:
    """Read one line and hand it over; return the exit code."""
    _understand_utf8()
    leaving = False
    with _history(history):
        while True:
            try:
                line = input(prompt)
            except KeyboardInterrupt:
                empty = not _typed()
                sys.stdout.write("\n(Ctrl-C again leaves)\n" if empty and not leaving else "\n")
                if empty and leaving:
                    return END
                leaving = empty
            except EOFError:
                sys.stdout.write("\n")
                return END
            else:
                break
    sys.stderr.buffer.write(line.encode("utf-8", "replace"))
    return 0


def _typed() -> str:
    """Return what stood in the line that Ctrl-C took away."""
    readline = sys.modules.get("readline")
    return str(readline.get_line_buffer()) if readline else ""


def _understand_utf8() -> None:
    """Where the locale knows only ASCII, readline would take each byte of a character for a key."""
    if locale.nl_langinfo(locale.CODESET).upper() != "UTF-8":
        os.environ["LC_ALL"] = "C.UTF-8"  # readline looks there itself, not at what is set here
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]


@contextlib.contextmanager
def _history(path: str) -> Iterator[None]:
    """Load the history and keep it; a person's words are for that person only."""
    try:
        import readline
    except ImportError:  # a Python built without it: lines can be typed all the same
        yield
        return
    readline.set_history_length(KEPT_LINES)
    with contextlib.suppress(OSError):
        if path:
            readline.read_history_file(path)
    yield
    with contextlib.suppress(OSError):
        if path:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            os.fchmod(descriptor, 0o600)
            os.close(descriptor)
            readline.write_history_file(path)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
