"""The turns whose process died, finished before a new one begins: those whose model can be asked, and not for long.

What cannot be finished is told in one sentence with how it goes on or is dropped; the new task is never held up for it.
"""

from typing import Protocol

import anyio
from oxios_gateway import Listen
from oxios_kernel.domain.run import Run
from oxios_kernel.errors import Conflict, KernelError

from oxios.converse import KernelConverse

__all__ = ["PATIENCE_SECONDS", "Say", "finish_leftovers"]

PATIENCE_SECONDS = 30.0
"""How long a new task waits for all of them together."""

MOST_ATTEMPTS = 3
"""How often a run is taken up by itself: one that brings its process down each time must not stop all later ones."""


class Say(Protocol):
    """Tells the person a sentence, and what to do."""

    def __call__(self, message: str, *, hint: str | None = None) -> None: ...


async def finish_leftovers(
    converse: KernelConverse, *, listen: Listen, say: Say, seconds: float = PATIENCE_SECONDS
) -> None:
    """Take up the turns whose process died, until they are done or the time is over.

    Args:
        converse: carries them out.
        listen: is told how far they are.
        say: tells what becomes of each.
        seconds: how long all of them may take; one that takes longer is stopped so that it can go on.
    """
    end = anyio.current_time() + seconds
    for run in await converse.interrupted():
        if anyio.current_time() < end:
            await _finish(converse, run, listen, say, end)


async def _finish(converse: KernelConverse, run: Run, listen: Listen, say: Say, end: float) -> None:
    name, resume, drop = f"{run.title} (run {run.id})", f"oxios run --resume {run.id}", f"oxios agent kill {run.id}"
    later = f"Go on: {resume}   Drop it: {drop}"
    if run.attempts >= MOST_ATTEMPTS:
        say(f"Left alone, because it was interrupted {run.attempts} times: {name}", hint=later)
        return
    if obstacle := await converse.obstacle(run):
        say(f"Left alone, because {obstacle}: {name}", hint=f"Go on: {resume} --model PROVIDER/MODEL   Drop it: {drop}")
        return
    say(f"First going on with what was interrupted: {name}")
    with anyio.CancelScope(deadline=end) as scope:
        try:
            reply = await converse.resume(run.id, listen=listen)
        except Conflict:
            return  # another process was quicker
        except KernelError as error:
            say(f"It could not be finished: {error}", hint=later)
            return
        say("That is done now.", hint=f"oxios sessions show {reply.session_id}")
    if scope.cancelled_caught:
        say("That takes too long, so it waits for later.", hint=later)
