"""What the agents of a mixed load do, decided from their transcript alone, so that any host can go on with them.

Careful agents append lines to one log, each once: told that it is not known whether a command ran, they look first.
Parents fork children and wait for them with a time limit, again and again until all have ended.
"""

from collections.abc import Sequence

from oxios_kernel.agents.tooling import UNKNOWN_OUTCOME
from oxios_kernel.domain.transcript import ToolMessage
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import says, tool

LOG = "effects.log"
DEEDS = 2
CHILDREN = 2


def act(request: LlmRequest) -> LlmReply:
    """Return an agent's next answer."""
    kind, label = request.messages[1].text.removeprefix("Task: ").split(" ", 1)
    results = [message.text for message in request.messages if isinstance(message, ToolMessage)]
    return careful(label, results) if kind == "append" else parent(label, results)


def lines_of(label: str) -> list[str]:
    """Return the lines that a careful agent appends."""
    return [f"{label}.{deed}" for deed in range(DEEDS)]


def children_of(label: str) -> list[str]:
    """Return the labels of a parent's children."""
    return [f"{label}-child{number}" for number in range(CHILDREN)]


def careful(label: str, results: Sequence[str]) -> LlmReply:
    """Append each line once, and write a file after the last."""
    deed, looks = 0, False
    for result in results:
        if deed == DEEDS:
            return says(f"{label} is done")
        unknown = UNKNOWN_OUTCOME in result
        deed, looks = (deed, unknown) if unknown or (looks and "missing" in result) else (deed + 1, False)
    if deed == DEEDS:
        return tool("write", path=f"{label}.txt", content=label)
    line = lines_of(label)[deed]
    look = f"grep -qx '{line}' {LOG} && echo there || echo missing {len(results)}"
    return tool("bash", command=look if looks else f"sleep 0.{deed}; echo '{line}' >> {LOG}")


def parent(label: str, results: Sequence[str]) -> LlmReply:
    """Fork children, then wait until all of them have ended."""
    if len(results) < CHILDREN:
        return tool("fork", goal=f"append {children_of(label)[len(results)]}")
    states = [line.split()[1].rstrip(":") for line in results[-1].split("\n\n") if len(line.split()) > 1]
    if len(results) > CHILDREN and all(state in ("done", "failed", "killed") for state in states):
        return says(f"{label} is done")
    return tool("wait", timeout_seconds=0.05 * 2 ** (len(results) - CHILDREN))
