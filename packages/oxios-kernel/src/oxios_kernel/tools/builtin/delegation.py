"""The tool that hands work on until somebody has done it: a fresh agent, and another when that one fails."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from oxios_kernel.a2a import Delegation, Errand
from oxios_kernel.agents import Processes
from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run
from oxios_kernel.domain.tool import Repeat
from oxios_kernel.errors import Conflict, LeaseLost, ToolFailed
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.toolset import Parked, ToolContext
from oxios_kernel.tools.builtin.waiting import INTERRUPTED, end_of_wait, exit_line, is_asked, last_number
from oxios_kernel.tools.function import Arguments, FunctionTools, tool

__all__ = ["DelegationTools"]


class Delegate(Arguments):
    """The arguments of `delegate`."""

    goal: str = Field(min_length=1, max_length=20_000, description="What is to be done, complete in itself")
    skill: str | None = Field(default=None, min_length=1, max_length=64, description="What the agent is to be good at")
    attempts: int = Field(default=2, ge=1, le=3, description="How many agents may try, one after the other")
    timeout_seconds: float | None = Field(
        default=None, gt=0, le=86_400, description="How long all attempts may take together; default: as long as needed"
    )


class DelegationTools(FunctionTools):
    """The tool that hands work on.

    Args:
        delegation: starts the agents and finds them again.
        processes: the agents of the home.
        clock: ends waiting in time.
    """

    def __init__(self, delegation: Delegation, processes: Processes, clock: Clock) -> None:
        self._delegation = delegation
        self._processes = processes
        self._clock = clock
        super().__init__([tool(self.delegate, capability="agents.fork", repeat=Repeat.IDEMPOTENT, timeout_seconds=60)])

    async def delegate(self, arguments: Delegate, context: ToolContext) -> str:
        """Hand work to a fresh agent in the same folder and wait for its answer; another one tries when it fails."""
        me = await self._processes.table.get(context.agent_id)
        skills = () if arguments.skill is None else (arguments.skill,)
        errand = Errand(key=context.key, goal=arguments.goal, skills=skills)
        end = end_of_wait(context, self._clock, arguments.timeout_seconds)
        failed: list[Exit] = []
        while len(failed) < arguments.attempts:
            exit_ = await self._delegation.exit(errand, len(failed) + 1)
            if exit_ is None:
                if self._is_over(end):
                    break
                exit_ = await self._begin(me, errand, failed)
            if not exit_.state.final:
                if not self._is_over(end):
                    return await self._wait_for(exit_, context, end)
                await self._processes.kill(exit_.run_id, reason="the time that its parent gave it is over")
                exit_ = await self._processes.exit(exit_.run_id)
            if exit_.passed:
                return f"Attempt {len(failed) + 1} of {arguments.attempts} succeeded: {exit_line(exit_)}"
            failed.append(exit_)
        raise ToolFailed(_failure(failed, self._is_over(end)))

    def _is_over(self, end: datetime | None) -> bool:
        return end is not None and end <= self._clock.now()

    async def _begin(self, me: Run, errand: Errand, failed: Sequence[Exit]) -> Exit:
        try:
            child = await self._delegation.begin(me, errand, failed)
        except LeaseLost:
            raise
        except Conflict as error:
            raise ToolFailed(error.message, hint=error.hint) from error
        return await self._processes.exit(child.id)

    async def _wait_for(self, child: Exit, context: ToolContext, end: datetime | None) -> str:
        """Let the agent wait for the one that does the work, unless it is asked something.

        Raises:
            Parked: always but then.
        """
        letters = await self._processes.table.letters(context.agent_id, context.letters)
        if is_asked(letters):
            return f"{INTERRUPTED}, then wait for agent {child.run_id}, which goes on with the work."
        raise Parked([RunId(child.run_id)], end, last_number(letters, context))


def _failure(failed: Sequence[Exit], over: bool) -> str:
    why = "the time is over" if over else "no attempt is left"
    return "\n".join([f"Nobody has done it, and {why}.", *map(exit_line, failed)])
