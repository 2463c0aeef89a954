"""Work that is handed to a fresh agent, and to another one when the first did not manage it.

The children's ids come from the errand and the attempt, so whoever is taken up again finds those that were started
before: what one has finished is never done again, and no attempt is made twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from oxios_kernel.agents import AgentTask, Processes, Standing, child_id, task_prompt
from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.run import Run
from oxios_kernel.errors import NotFound

__all__ = ["Delegation", "Errand"]

REASON_CHARACTERS = 2_000
"""How much of what an attempt said the next one is told."""


@dataclass(frozen=True, kw_only=True)
class Errand:
    """Work to hand on.

    Attributes:
        key: names it; the same again after a crash.
        goal: what is to be done, complete in itself.
        skills: what those that do it are good at.
    """

    key: str
    goal: str
    skills: tuple[str, ...] = ()


class Delegation:
    """Hands work on.

    Args:
        processes: the agents of the home.
    """

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    async def exit(self, errand: Errand, attempt: int) -> Exit | None:
        """Return how an attempt, counted from 1, ended or where it is; `None` when it was not made yet."""
        try:
            return await self._processes.exit(_name(errand, attempt))
        except NotFound:
            return None

    async def begin(self, parent: Run, errand: Errand, failed: Sequence[Exit]) -> Run:
        """Start the next attempt, told why those before it failed.

        Raises:
            Conflict: there are too many agents, or too many above one another.
        """
        task = AgentTask.from_json(parent.input).model_copy(
            update={
                "prompt": task_prompt(goal=errand.goal, request="", constraints=(), lessons=_lessons(failed)),
                "seed_id": None,
                "skills": errand.skills,
            }
        )
        standing = Standing(priority=parent.priority, group=parent.group)
        name = _name(errand, len(failed) + 1)
        return await self._processes.forks.fork(task, title=errand.goal, run_id=name, parent=parent, standing=standing)


def _name(errand: Errand, attempt: int) -> str:
    return child_id(f"{errand.key}/attempt/{attempt}")


def _lessons(failed: Sequence[Exit]) -> str:
    return "\n".join(f"- {exit_.reason or exit_.state}: {exit_.text[:REASON_CHARACTERS]}" for exit_ in failed)
