"""The terminal's errors, split by what the caller does next.

    CliError
    └── EditorFailed      no line can be typed: tell the person and end

What goes wrong while a message is answered is no exception here: it comes as an answer.
"""

__all__ = ["CliError", "EditorFailed"]


class CliError(Exception):
    """The root of the tree."""


class EditorFailed(CliError):
    """The line editor did not start, or ended without a line."""
