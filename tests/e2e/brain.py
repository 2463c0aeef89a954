"""A scripted model behind the loopback server that answers by what it is asked for, not by the order of requests.

The protocol's calls carry `oxios-ouroboros/<purpose>/1` in the first line of their system prompt; everything else is an
agent at work. Each kind has its own script: one answer for all, or a list that is used up.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.loopback import Answer, Received, Text

Reply = Answer | Callable[[Received], Answer]
Script = Reply | Sequence[Reply]

CLEAR = {"goal": 1.0, "constraints": 1.0, "success": 1.0}
UNCLEAR = {"goal": 0.3, "constraints": 0.4, "success": 0.2}
MARK = "oxios-ouroboros/"
AGENT = "agent"


class Brain:
    """Answers requests; `scripts` by kind may be changed, `asked` keeps what was asked by kind."""

    def __init__(self, **scripts: Script) -> None:
        self.scripts = scripts
        self.asked: defaultdict[str, list[Received]] = defaultdict(list)

    def __call__(self, received: Received) -> Answer:
        kind = kind_of(received)
        asked = self.asked[kind]
        asked.append(received)
        script = self.scripts[kind]
        step = script[len(asked) - 1] if isinstance(script, Sequence) else script
        return step(received) if callable(step) else step


def kind_of(received: Received) -> str:
    """Return the purpose of a protocol call, `agent` for all others."""
    first = received.text.partition("\n")[0]
    return first.removeprefix(MARK).partition("/")[0] if first.startswith(MARK) else AGENT


def tool_results(received: Received) -> list[str]:
    """Return what the tools have answered an agent so far, on either wire, oldest first."""
    found = []
    for message in received.body["messages"]:
        if message["role"] == "tool":
            found.append(message["content"])
        elif isinstance(message.get("content"), list):
            found += [part["content"] for part in message["content"] if part.get("type") == "tool_result"]
    return [text if isinstance(text, str) else "".join(part["text"] for part in text) for text in found]


def says(**fields: Any) -> Text:
    """Return an answer that is one JSON object."""
    return Text(json.dumps(fields, ensure_ascii=False), usage=(100, 20))


def task(goal: str, *criteria: Mapping[str, Any]) -> Text:
    """Return the assessment of a clear request."""
    return says(kind="task", complexity="trivial", clarity=CLEAR, goal=goal, criteria=criteria)


def unclear(*questions: str) -> Text:
    """Return the assessment of a request that must be asked about."""
    return says(kind="unclear", clarity=UNCLEAR, questions=questions)


def chat(reply: str) -> Text:
    """Return the assessment of a request that is only conversation."""
    return says(kind="chat", reply=reply)


def file_says(path: str, content: str) -> Mapping[str, Any]:
    """Return the criterion that a file has a content."""
    check = {"kind": "file", "path": path, "equals": content}
    return {"text": f"{path} says {content}", "check": check}


def judged(statement: str) -> Mapping[str, Any]:
    """Return a criterion that a reviewer judges."""
    return {"text": statement, "check": {"kind": "judged", "statement": statement}}
