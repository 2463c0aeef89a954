"""Signals to runs: what a row asks is passed on to the run under way, whoever asked; what does not obey is given up.

The supervisor keeps the lives; it looks which rows carry a signal and calls this. A pause is obeyed at the next effect,
a kill at once; a life that swallows being cancelled is abandoned after a grace, and its row says killed all the same.
"""

from collections.abc import Mapping, Sequence

import anyio

from oxios_kernel.agents.carrying import Carrier
from oxios_kernel.agents.halting import Life
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, Signal
from oxios_kernel.errors import NotFound
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.control import RunControl

__all__ = ["GRACE_SECONDS", "Signals", "no_run"]

GRACE_SECONDS = 1.0
"""How long a killed run may take to end before its row says killed all the same."""


class Signals:
    """Makes signals reach the runs under way in this kernel.

    Args:
        lives: the runs under way, by id.
        control: the signals in the rows.
        carrier: writes the end of those that do not obey.
        clock: tells how long they have not.
    """

    def __init__(self, *, lives: Mapping[str, Life], control: RunControl, carrier: Carrier, clock: Clock) -> None:
        self._lives = lives
        self._control = control
        self._carrier = carrier
        self._clock = clock

    def pass_on(self, rows: Sequence[Run]) -> None:
        """Ask lives for what their rows say, and take back the pauses that are no longer there."""
        asked = {row.id: row for row in rows}
        for life in self._lives.values():
            row = asked.get(RunId(life.run_id))
            if row is not None and row.signal is not None:
                life.ask(row.signal, row.reason or f"asked to {row.signal}")
            elif life.lease is not None:
                life.take_back_pause()

    def overdue(self) -> list[Life]:
        """Return the killed lives that have not ended in time: something of theirs swallows being cancelled."""
        now = self._clock.monotonic()
        killed = [life for life in self._lives.values() if life.signal is Signal.KILL and not life.abandoned]
        for life in killed:
            life.killed_at = life.killed_at or now
        return [life for life in killed if now - (life.killed_at or now) >= GRACE_SECONDS]

    async def force(self) -> None:
        """Write down that the overdue lives were killed; what they still do is refused or harmless."""
        for life in self.overdue():
            await self._abandon(life)

    async def stop(
        self, run_id: str, signal: Signal, *, reason: str, grace_seconds: float = GRACE_SECONDS
    ) -> list[Run]:
        """Pause or kill a whole tree, wait until the parts of it that run here have obeyed, and return its rows then.

        Args:
            run_id: its root.
            signal: what is asked.
            reason: why, for a person.
            grace_seconds: how long a killed run may take to end; the row of one that does not is killed all the same.

        Raises:
            NotFound: there is no such run.
        """
        here = await self._ask_tree(run_id, signal, reason)
        if signal is Signal.KILL:
            with anyio.move_on_after(grace_seconds):
                while here:
                    for life in here:
                        await life.ended.wait()
                    # One that was about to wait as a row did so: nobody works on it any more, so now it obeys at once.
                    here = await self._ask_tree(run_id, signal, reason)
            for life in here:
                if not life.ended.is_set():
                    await self._abandon(life)
        return list(await self._control.tree(RunId(run_id)))

    async def interrupt(self, run_id: str, *, grace_seconds: float = 2.0) -> None:
        """Pause a whole tree at once, cutting what is under way in this kernel, and wait until it has ended.

        It is for whoever is being cancelled: the call is shielded, and bounded by the grace.
        """
        with anyio.CancelScope(shield=True), anyio.move_on_after(grace_seconds):
            here = await self._ask_tree(run_id, Signal.PAUSE, "interrupted")
            for life in here:
                life.scope.cancel()
            for life in here:
                await life.ended.wait()

    async def _ask_tree(self, run_id: str, signal: Signal, reason: str) -> list[Life]:
        """Signal a tree, and return the parts of it that run here."""
        rows = await self._control.signal(RunId(run_id), signal, reason)
        if not rows:
            raise no_run(run_id)
        here = [self._lives[row.id] for row in rows if row.id in self._lives]
        for life in here:
            life.ask(signal, reason)
        return here

    async def _abandon(self, life: Life) -> None:
        life.abandoned = True
        await self._carrier.abandon(life)


def no_run(run_id: str) -> NotFound:
    """Return what to raise for a run that is not there."""
    return NotFound(f"There is no run {run_id!r}.", hint="`oxios agent list` shows those there are.")
