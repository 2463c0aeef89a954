"""One task from its order to its ending, for `oxios run`: what was interrupted earlier is finished first, Ctrl-C and
the time limit stop it so that it can go on, and whatever happens ends in an `Ending`, never in an exception.
"""

import math
import time
from dataclasses import dataclass

import anyio
from oxios_cli import ExitCode, TurnView
from oxios_gateway import Progress
from oxios_kernel.conversation import Reply, TurnRequest
from oxios_kernel.domain.run import Run

from oxios.assemble import open_converse
from oxios.converse import KernelConverse
from oxios.failures import Failure, explain
from oxios.interrupts import stop_on_interrupt
from oxios.invocation import Invocation, say
from oxios.leftovers import finish_leftovers

__all__ = ["Ending", "Order", "carry_out"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done.

    Attributes:
        run_id: the run, new or to be taken up.
        turn: the new turn; `None` to take the run up.
        model: whom a run that is taken up asks from here on, `None` for the model that it began with.
        timeout_seconds: after which it is stopped, waiting included; `None` for no limit. What was interrupted earlier
            does not count.
    """

    run_id: str
    turn: TurnRequest | None
    model: str | None = None
    timeout_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How it ended.

    Attributes:
        reply: the answer, `None` when there is none.
        failure: why there is none.
        run: the row of the run, `None` when it was never begun.
        phase: how far it was seen to get.
        duration_ms: how long it took, in milliseconds.
    """

    reply: Reply | None = None
    failure: Failure | None = None
    run: Run | None = None
    phase: str = ""
    duration_ms: int = 0

    @property
    def resumable(self) -> bool:
        """Whether the run was begun and can go on."""
        return self.reply is None and self.run is not None and not self.run.state.final


class _Watch:
    """Shows progress and remembers the phase. Sentences take the live line away first, so that neither spoils the
    other; after `stop` it does not come back, because a process that leaves at once would leave the cursor hidden."""

    def __init__(self, view: TurnView) -> None:
        self.phase = ""
        self._view = view
        self._stopping = False

    def __call__(self, progress: Progress) -> None:
        self.phase = progress.phase or self.phase
        if not self._stopping:
            self._view.show(progress)

    def say(self, message: str, *, hint: str | None = None) -> None:
        self._view.close()
        say(message, hint=hint)

    def stop(self) -> None:
        self._stopping = True
        self.say("Stopping; press Ctrl-C again to leave at once.")


async def carry_out(invocation: Invocation, order: Order, view: TurnView) -> Ending:
    """Carry an order out.

    Raises:
        Exception: only with `--debug`, so that it is seen where it came from.
    """
    began, watch = time.monotonic(), _Watch(view)
    reply = run = failure = None
    try:
        async with open_converse(invocation) as converse:
            reply, failure = await _work(converse, order, watch, debug=invocation.debug)
            run = await converse.find(order.run_id)
    except Exception as error:
        failure = explain(error)
        if invocation.debug:
            raise
    duration_ms = round((time.monotonic() - began) * 1000)
    return Ending(reply=reply, failure=failure, run=run, phase=watch.phase, duration_ms=duration_ms)


async def _work(
    converse: KernelConverse, order: Order, watch: _Watch, *, debug: bool
) -> tuple[Reply | None, Failure | None]:
    seconds = math.inf if order.timeout_seconds is None else order.timeout_seconds
    async with stop_on_interrupt(code=ExitCode.INTERRUPTED, first=watch.stop) as work:
        with work:
            try:
                if order.turn is not None:
                    await finish_leftovers(converse, listen=watch, say=watch.say)
                with anyio.move_on_after(seconds):
                    return await _answered(converse, order, watch), None
            except Exception as error:
                if debug:
                    raise
                return None, explain(error)
        if work.cancel_called:
            return None, explain(KeyboardInterrupt())
        return None, explain(TimeoutError(f"It took longer than the {seconds:g} seconds that --timeout allows."))


async def _answered(converse: KernelConverse, order: Order, watch: _Watch) -> Reply:
    if order.turn is None:
        return await converse.resume(order.run_id, listen=watch, model=order.model)
    return await converse.carry_out(order.turn, listen=watch)
