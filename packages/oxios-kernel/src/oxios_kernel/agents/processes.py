"""Agents as processes, for whoever starts and steers them: a person, a tool of an agent, a program.

fork, wait, kill, pause, resume, message, group: each is one call, whether the agent runs in this kernel, in another
process of the same home, or nowhere at the moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import anyio

from oxios_kernel.agents.exits import read_exit
from oxios_kernel.agents.forking import Forks, Standing
from oxios_kernel.agents.supervisor import Supervisor
from oxios_kernel.agents.table import RunTable
from oxios_kernel.agents.task import AgentTask
from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Run, RunState, Signal
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import Journal, RunQuery

__all__ = ["Processes"]

STUCK_AFTER = timedelta(minutes=20)
"""Longer than any single effect may take: ten minutes for a command, five for a model's answer, and their tries."""

Mode = Literal["all", "any"]


@dataclass(frozen=True, kw_only=True)
class Processes:
    """The agents of a home.

    Attributes:
        table: their rows and mail.
        control: what is done to their rows.
        journal: what they did.
        forks: makes new ones.
        supervisor: carries them out and stops them.
    """

    table: RunTable
    control: RunControl
    journal: Journal
    forks: Forks
    supervisor: Supervisor

    async def fork(
        self, task: AgentTask, *, title: str, parent: Run | None = None, standing: Standing | None = None
    ) -> Run:
        """Start an agent; see `Forks.fork`."""
        return await self.forks.fork(task, title=title, parent=parent, standing=standing)

    async def branch(self, source_id: str, step: int, instruction: str) -> Run:
        """Start an agent from a step of another; see `Forks.branch`."""
        return await self.forks.branch(source_id, step, instruction)

    async def wait(
        self, run_ids: Sequence[str], *, mode: Mode = "all", timeout_seconds: float | None = None
    ) -> Sequence[Exit]:
        """Wait until all (or any) of these runs have ended, and return how each did, in the order given.

        When the time is over first, the exits say where the runs are then; a state that is not final says so.

        Raises:
            NotFound: there is no such run.
        """
        with anyio.move_on_after(timeout_seconds):
            while True:
                changed = self.supervisor.next_change()
                rows = [await self.table.get(run_id) for run_id in run_ids]
                ended = [row.state.final for row in rows]
                if all(ended) or (mode == "any" and any(ended)):
                    break
                await changed.wait()
        return [await self.exit(run_id) for run_id in run_ids]

    async def exit(self, run_id: str) -> Exit:
        """Return how a run ended, or where it is.

        Raises:
            NotFound: there is no such run.
        """
        return await read_exit(await self.table.get(run_id), self.journal)

    async def is_stuck(self, run: Run) -> bool:
        """Tell whether a running run makes no progress: nothing of it or of its descendants has happened for long.

        Silence is no sign of it: a model may think and a command may work for minutes.
        """
        last = await self.control.progress(run.id)
        return run.state is RunState.RUNNING and last is not None and self.forks.clock.now() - last > STUCK_AFTER

    async def kill(
        self, run_id: str, *, reason: str = "killed by a person", grace_seconds: float = 1.0
    ) -> Sequence[Run]:
        """Kill a run and all its descendants, and return the tree when what runs in this kernel is gone.

        Raises:
            NotFound: there is no such run.
        """
        return await self.supervisor.stop(run_id, Signal.KILL, reason=reason, grace_seconds=grace_seconds)

    async def pause(self, run_id: str, *, reason: str = "paused by a person") -> Sequence[Run]:
        """Ask a run and all its descendants to pause at their next step, and return the tree as it is now.

        Raises:
            NotFound: there is no such run.
        """
        return await self.supervisor.stop(run_id, Signal.PAUSE, reason=reason)

    async def resume(self, run_id: str) -> Sequence[Run]:
        """Let the paused runs of a tree go on.

        Raises:
            NotFound: there is no such run.
            IllegalTransition: it has ended.
        """
        return await self.supervisor.resume(run_id)

    async def message(
        self, run_id: str, text: str, *, sender: str = "person", key: str | None = None, answers: str | None = None
    ) -> Letter:
        """Tell an agent something; it reads it before its next step.

        Args:
            run_id: the agent.
            text: what it is told.
            sender: who writes: a run, or a principal.
            key: the same key again is the same letter, `None` for a new one.
            answers: the key of the question that this answers.

        Raises:
            NotFound: there is no such run.
            Conflict: it has ended, or its mailbox is full.
        """
        letter = await self.table.post(run_id, text, sender=sender, key=key or self.forks.new_id(), answers=answers)
        self.supervisor.ring()
        return letter

    async def group(self, name: str) -> Sequence[Exit]:
        """Return how the runs of a group ended, or where they are, oldest first."""
        rows = await self.table.find(RunQuery(group=name))
        return [await read_exit(row, self.journal) for row in reversed(rows)]

    async def prioritise(self, run_id: str, priority: int) -> Run:
        """Change how urgent a run is, 0 (low) to 3 (critical).

        Raises:
            NotFound: there is no such run.
        """
        run = await self.control.reprioritise(RunId(run_id), priority)
        self.supervisor.ring()
        return run
