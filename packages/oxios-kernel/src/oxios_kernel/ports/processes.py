"""Child processes with limits, in a session of their own, so that all of them can be killed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Command", "Finished", "Processes"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """A shell command to run.

    Attributes:
        text: the command line, for `bash -c` (or `sh -c` where bash is missing).
        folder: the working directory.
        environment: the whole environment; nothing is inherited.
        timeout_seconds: after which all its processes are killed.
        output: where the full output goes when it is longer than `keep_bytes`; the file is made then.
        keep_bytes: how much of the output is returned at most.
        limit_bytes: after how much output in all the command is killed.
        grace_seconds: between the polite and the forced kill.
    """

    text: str
    folder: Path
    environment: Mapping[str, str]
    timeout_seconds: float
    output: Path
    keep_bytes: int = 256_000
    limit_bytes: int = 1_000_000_000
    grace_seconds: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a command ended.

    Attributes:
        exit_code: its exit status, negative for the signal that ended it.
        output: stdout and stderr as they came, at most `keep_bytes`: the beginning and the end when it was longer.
        total_bytes: how much there was.
        kept: the file with the full output, when it was longer than what is returned.
        timed_out: whether the time ran out.
        flooded: whether it was killed for its output.
        survivors: how many processes it left behind, which were killed.
        seconds: how long it took.
    """

    exit_code: int
    output: bytes
    total_bytes: int
    kept: Path | None = None
    timed_out: bool = False
    flooded: bool = False
    survivors: int = 0
    seconds: float = 0.0


class Processes(Protocol):
    """Runs commands."""

    async def run(self, command: Command, /) -> Finished:
        """Run a command to its end. When this returns or is cancelled, none of its processes is alive any more.

        Raises:
            ToolFailed: it cannot be started; says why.
        """
        ...
