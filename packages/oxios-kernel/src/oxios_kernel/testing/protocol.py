"""A scripted model that speaks the protocol: tests say what it answers for each purpose, and what the agent does."""

import json
from collections.abc import Callable, Mapping, Sequence

from oxios_kernel.domain.tool import ToolCall
from oxios_kernel.domain.transcript import ToolMessage
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing.llm import Answer, calls, says

__all__ = ["ProtocolScript", "chat", "evolved", "purpose_of", "reviewed", "task", "tool", "unclear"]

CLEAR = {"goal": 1.0, "constraints": 1.0, "success": 1.0}
VAGUE = {"goal": 0.4, "constraints": 0.4, "success": 0.3}


def purpose_of(request: LlmRequest) -> str | None:
    """Return the protocol's purpose of a request, `None` for an agent's step."""
    first = request.messages[0].text.split("\n", 1)[0]
    return first.split("/")[1] if first.startswith("oxios-ouroboros/") else None


def chat(reply: str) -> str:
    """Return an assessment: a conversation, answered at once."""
    return json.dumps({"kind": "chat", "reply": reply})


def evolved(constraint: str) -> str:
    """Return an evolution: the same specification with one more constraint."""
    return json.dumps({"failure": "execution", "add_constraints": [constraint], "reason": "it was missed"})


def task(goal: str, *checks: Mapping[str, object]) -> str:
    """Return an assessment: a clear task with a criterion for each check."""
    criteria: list[dict[str, object]] = [
        {"text": f"criterion {number}", "check": check} for number, check in enumerate(checks)
    ]
    return json.dumps(
        {
            "kind": "task",
            "clarity": CLEAR,
            "complexity": "trivial",
            "goal": goal,
            "constraints": [],
            "criteria": criteria,
        }
    )


def unclear(*questions: str) -> str:
    """Return an assessment: a task about which something must be asked."""
    return json.dumps({"kind": "unclear", "clarity": VAGUE, "complexity": "substantial", "questions": list(questions)})


def reviewed(*statuses: str) -> str:
    """Return a review with a verdict for each judged criterion, in order."""
    verdicts = [
        {"criterion": number, "status": status, "evidence": "seen"} for number, status in enumerate(statuses, 1)
    ]
    return json.dumps({"verdicts": verdicts, "uncertainty": 0.0, "notes": []})


def tool(name: str, /, **arguments: object) -> LlmReply:
    """Return a reply that calls one tool."""
    raw = json.dumps(arguments)
    return calls(ToolCall(id=f"{name}-1", name=name, arguments=json.loads(raw), raw=raw))


class ProtocolScript:
    """A script for `ScriptedLlm` by purpose; the answers of each purpose are taken in order, the last one for ever.

    Attributes:
        asked: the purpose of each call, or `agent`, in order.

    Args:
        agent: what agents do: step by step within one agent's life; the last one for ever.
        by_purpose: answers for `assess`, `evaluate` and so on.
    """

    def __init__(
        self, agent: Sequence[Answer] | Callable[[LlmRequest], Answer] = (), **by_purpose: Sequence[Answer]
    ) -> None:
        self._agent = agent
        self._by_purpose = by_purpose
        self.asked: list[str] = []

    def __call__(self, request: LlmRequest) -> Answer:
        purpose = purpose_of(request)
        self.asked.append(purpose or "agent")
        if purpose is None:
            return self._act(request)
        answers = self._by_purpose[purpose]
        return answers[min(self.asked.count(purpose), len(answers)) - 1]

    def _act(self, request: LlmRequest) -> Answer:
        if callable(self._agent):
            return self._agent(request)
        steps = [message for message in request.messages if isinstance(message, ToolMessage)]
        return self._agent[len(steps)] if len(steps) < len(self._agent) else says("done")
