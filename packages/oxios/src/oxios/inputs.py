"""What a person hands over → text that can be worked on, and the folder to work in; or one sentence that says why not.

Reads files and standard input, and changes nothing.
"""

import os
import sys
from pathlib import Path

from oxios_kernel.conversation import check_prompt
from oxios_kernel.conversation.request import MAX_PROMPT_BYTES
from oxios_kernel.errors import Denied, InputError

__all__ = ["MAX_CONTEXT_BYTES", "read_context", "read_prompt", "working_folder"]

MAX_CONTEXT_BYTES = 10 * 1024 * 1024
"""The longest context file, in bytes."""

STANDARD_INPUT = "-"


def read_prompt(given: str) -> str:
    """Return the prompt: the argument itself, or standard input when it is `-`.

    Raises:
        InputError: it is empty, longer than 1 MiB, or not text.
    """
    if given != STANDARD_INPUT:
        return check_prompt(given)
    content = _standard_input(MAX_PROMPT_BYTES + 1)
    if len(content) > MAX_PROMPT_BYTES:  # the last character may be cut, and the size is what is wrong
        return check_prompt(content.decode("utf-8", "replace"))
    return check_prompt(_text(content, "standard input"))


def read_context(given: str) -> str:
    """Return the text of a context file, or of standard input when it is `-`, under a line that names it.

    Raises:
        InputError: it is missing, a folder, empty, longer than 10 MiB, binary, or not UTF-8.
    """
    name = "standard input" if given == STANDARD_INPUT else given
    try:
        content = _standard_input(MAX_CONTEXT_BYTES + 1) if given == STANDARD_INPUT else _file(given)
    except IsADirectoryError as error:
        raise InputError(f"The context file {given!r} is a folder.", hint="Name a text file.") from error
    except OSError as error:
        raise InputError(
            f"The context file {given!r} cannot be read: {error.strerror}.", hint="Check the path."
        ) from error
    if len(content) > MAX_CONTEXT_BYTES:
        raise InputError(
            f"The context from {name} has more than {MAX_CONTEXT_BYTES // 1024**2} MiB.",
            hint="Put the file into the working folder and say in the prompt what to do with it.",
        )
    text = _text(content, name)
    if not text.strip():
        raise InputError(f"The context from {name} is empty.", hint="Leave --context-file out, or name another file.")
    return f"{name}:\n{text}"


def working_folder(workdir: str | None, *, oxios_home: Path, person_home: Path) -> Path:
    """Return the folder that a run works in.

    Args:
        workdir: what `--workdir` names, `None` for the current folder.
        oxios_home: where Oxios keeps its own files.
        person_home: the person's home folder.

    Raises:
        InputError: the current folder does not exist any more.
        Denied: the current folder is one that an agent is not given by accident.
    """
    if workdir is not None:
        return Path(workdir)
    try:
        here = Path.cwd()
    except OSError as error:
        raise InputError("The current folder does not exist any more.", hint="Change to another one.") from error
    kept = {person_home: "your home folder", oxios_home: "the folder where Oxios keeps its files"}
    for folder, meaning in kept.items():
        place = folder.resolve()
        if here == place or here in place.parents:
            what = (
                "the whole machine" if here == Path("/") else meaning if here == place else f"a folder above {meaning}"
            )
            raise Denied(
                f"{here} is {what}, and an agent would get all of it.",
                hint=f"Change to a project's folder, or say --workdir {here} if you mean it.",
            )
    return here


def _file(given: str) -> bytes:
    with Path(given).open("rb") as file:
        return file.read(MAX_CONTEXT_BYTES + 1)


def _standard_input(limit: int) -> bytes:
    if sys.stdin is None:
        raise InputError("Standard input is closed, so nothing can be read from it.", hint="Use `|` or `<`.")
    with os.fdopen(os.dup(sys.stdin.fileno()), "rb") as file:
        return file.read(limit)


def _text(content: bytes, name: str) -> str:
    if b"\0" in content:
        raise InputError(f"What came from {name} is binary, not text.", hint="Hand over UTF-8 text.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"What came from {name} is not UTF-8 text: byte {error.start:,} does not belong to a character.",
            hint="Save it as UTF-8.",
        ) from error
