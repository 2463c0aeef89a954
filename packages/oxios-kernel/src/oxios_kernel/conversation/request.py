"""What a conversation is asked, and how that is kept so that another process can carry it out."""

from dataclasses import dataclass
from pathlib import Path

from oxios_kernel.domain.fact import Fact, JsonObject
from oxios_kernel.errors import InputError

__all__ = ["MAX_PROMPT_BYTES", "TurnInput", "TurnRequest", "check_folder", "check_prompt"]

MAX_PROMPT_BYTES = 1024 * 1024
"""The longest prompt, in bytes of UTF-8."""


@dataclass(frozen=True, kw_only=True)
class TurnRequest:
    """One message of a person.

    Attributes:
        prompt: what they wrote.
        root: the folder the work happens in, its only root.
        session_id: the conversation, `None` for a new one.
        persona: a persona's id, `None` for the active one. A session keeps none: who talks names it with each message.
        model: `provider/model`, `None` for the persona's or the default one.
        context: text handed over beside the prompt, such as a file.
        principal: on whose behalf.
        space_id: the Space it belongs to, where there is one.
        run_id: the id of the new run, `None` to have one made.
        priority: how urgent it is, 0 (low) to 3 (critical).
        ask: whether it may be asked about; `False` where nobody is there to answer.
    """

    prompt: str
    root: Path
    session_id: str | None = None
    persona: str | None = None
    model: str | None = None
    context: str = ""
    principal: str = "person"
    space_id: str | None = None
    run_id: str | None = None
    priority: int = 1
    ask: bool = True


class TurnInput(Fact):
    """What a turn's run is started with: everything that decides it, so that nothing is looked up again later.

    Attributes:
        prompt: what the person wrote.
        root: the folder.
        session_id: the conversation.
        persona: the persona's prompt in full.
        model: `provider/model`.
        context: text handed over beside the prompt.
        history: earlier requests and answers of the conversation, oldest first.
        interview: the open interview that this prompt answers, `None` when none is open.
        principal: on whose behalf.
        space_id: the Space, where there is one.
        ask: whether it may be asked about; otherwise it is taken as it stands.
    """

    prompt: str
    root: str
    session_id: str
    persona: str
    model: str
    context: str = ""
    history: tuple[tuple[str, str], ...] = ()
    interview: JsonObject | None = None
    principal: str = "person"
    space_id: str | None = None
    ask: bool = True


def check_folder(root: Path) -> Path:
    """Return the absolute path of a folder that can be worked in.

    Raises:
        InputError: it does not exist, is no folder, or cannot be entered.
    """
    try:
        folder = root.resolve(strict=True)
        if not folder.is_dir():
            raise InputError(f"{root} is not a folder.", hint="Name the folder to work in with --workdir.")
    except (OSError, RuntimeError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else "it is a link that leads to itself"
        )
        raise InputError(f"The folder {root} cannot be used: {reason}.", hint="Name another with --workdir.") from error
    return folder


def check_prompt(prompt: str) -> str:
    """Return a prompt that can be worked on.

    Raises:
        InputError: it is empty, longer than 1 MiB, or holds characters that are not text.
    """
    if not prompt.strip():
        raise InputError("The prompt is empty.", hint='Say what is to be done: oxios run "Count the files here".')
    try:
        size = len(prompt.encode())
    except UnicodeEncodeError as error:
        raise InputError("The prompt is not valid UTF-8 text.", hint="Save or type it as UTF-8.") from error
    if size > MAX_PROMPT_BYTES:
        raise InputError(
            f"The prompt has {size:,} bytes; at most {MAX_PROMPT_BYTES:,} are possible.",
            hint="Hand long texts over with --context-file.",
        )
    return prompt
