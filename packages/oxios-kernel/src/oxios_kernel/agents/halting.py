"""A run under way in this kernel, and how it is stopped from outside.

Pausing is polite: the effect under way ends and is recorded, the next one does not begin. Killing cancels whatever the
run is in; a tool that swallows that is left behind after a while, and the row says killed all the same.
"""

from dataclasses import dataclass, field

import anyio

from oxios_kernel.domain.run import Lease, RunState, Signal
from oxios_kernel.errors import Halted

__all__ = ["Life"]


@dataclass
class Life:
    """A run under way.

    Attributes:
        run_id: the run.
        apart: whether nobody waits for it: it begins only from the queue, and when its task is cancelled without a
            signal it goes back there. Otherwise it is paused then.
        signal: what it was asked.
        reason: why, for a person.
        lease: its lease, while it has one.
        scope: cancels it.
        ended: is set when nothing of it is under way any more.
        killed_at: when it was first asked to end, in monotonic seconds.
        abandoned: whether it did not end in time, so that its row says killed all the same.
    """

    run_id: str
    apart: bool = False
    signal: Signal | None = None
    reason: str = ""
    lease: Lease | None = None
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)
    killed_at: float | None = None
    abandoned: bool = False

    def ask(self, signal: Signal, reason: str) -> None:
        """Ask the run to stop; a pause does not replace a kill."""
        if self.signal is not Signal.KILL:
            self.signal, self.reason = signal, reason
        if signal is Signal.KILL:
            self.scope.cancel()

    def take_back_pause(self) -> None:
        """Let the run go on that was asked to pause and has not done so yet."""
        if self.signal is Signal.PAUSE:
            self.signal = None

    @property
    def halt(self) -> RunState:
        """The state that the run enters when it stops before its end."""
        match self.signal:
            case Signal.KILL:
                return RunState.KILLED
            case Signal.PAUSE:
                return RunState.PAUSED
            case None:
                return RunState.QUEUED if self.apart else RunState.PAUSED

    def border(self) -> None:
        """Stop here if that was asked for.

        Raises:
            Halted: the run is to stop before its next effect.
        """
        if self.signal is not None:
            raise Halted(self.reason, self.halt)
