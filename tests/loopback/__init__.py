"""A model server for tests: real loopback sockets, OpenAI's and Anthropic's wire, scripted by the test.

    with ModelServer([Tools([("ls", {"path": "."})]), Text("Three files.")]) as server:
        ...  # point a client at server.openai_base or server.anthropic_base

It runs in a thread of its own, so synchronous tests, both event loops and child processes can use it.
It is test support: nothing under a distribution's ``src`` imports it and no wheel contains it.
"""

from tests.loopback.answers import (
    Answer,
    Arguments,
    Cut,
    Empty,
    Hang,
    Raw,
    Received,
    Script,
    Slow,
    Status,
    Step,
    Text,
    TooLong,
    Tools,
)
from tests.loopback.server import ModelServer, ScriptError

__all__ = [
    "Answer",
    "Arguments",
    "Cut",
    "Empty",
    "Hang",
    "ModelServer",
    "Raw",
    "Received",
    "Script",
    "ScriptError",
    "Slow",
    "Status",
    "Step",
    "Text",
    "TooLong",
    "Tools",
]
