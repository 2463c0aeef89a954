"""A process that hosts two agents, one of which has asked the other, until it is killed.

    python asking_child.py HOME ROOT

It says `asked` when the question is put and nobody has answered it.
"""

import sys
from pathlib import Path

import anyio
from oxios_kernel.agents import AgentTask
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL
from oxios_kernel.domain.run import RunState
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.testing import HANG, ScriptedLlm, open_test_kernel, tool
from oxios_kernel.testing.llm import Answer


def play(request: LlmRequest) -> Answer:
    if request.messages[1].text == "answerer":
        return HANG
    return tool("ask", agent="answerer", question="What colour?")


async def main(home: Path, root: Path) -> None:
    task = AgentTask(
        system="rules",
        prompt="",
        model="oxios/demo",
        root=str(root),
        principal="person",
        role=Role.USER,
        rights=CSPACE_ALL,
    )
    async with open_test_kernel(home, ScriptedLlm(play), host=True) as kernel:
        for name in ("answerer", "asker"):
            await kernel.processes.forks.fork(task.model_copy(update={"prompt": name}), title=name, run_id=name)
        while (await kernel.table.get("asker")).state is not RunState.WAITING:
            await kernel.supervisor.next_change().wait()
        print("asked", flush=True)
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), Path(sys.argv[2]))
