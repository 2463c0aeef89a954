"""Finds model servers on this machine: asks the usual ports on 127.0.0.1 for their models, and no other address.

Plain HTTP with the standard library, each port in a thread of its own, with a short time limit and no proxy.
"""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread

from oxios_kernel.ports.models import LocalServer

__all__ = ["USUAL_PORTS", "LocalServersHttp", "Place"]

TIMEOUT_SECONDS = 0.5
"""A server on this machine that is up answers within milliseconds; a port that hangs must not keep a person waiting."""

LONGEST_REPLY_BYTES = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a server usually listens.

    Attributes:
        name: the program, for a person.
        provider: the provider id under which its models are called.
        port: its usual port.
        path: what lists its models.
    """

    name: str
    provider: str
    port: int
    path: str = "/v1/models"


USUAL_PORTS = (
    Place(name="Ollama", provider="ollama", port=11434, path="/api/tags"),
    Place(name="llama.cpp", provider="llamafile", port=8080),
    Place(name="LM Studio", provider="lm_studio", port=1234),
    Place(name="vLLM", provider="hosted_vllm", port=8000),
)


class LocalServersHttp:
    """Looks at the given places.

    Args:
        places: where to look.
    """

    def __init__(self, places: Sequence[Place] = USUAL_PORTS) -> None:
        self._places = tuple(places)

    async def find(self) -> Sequence[LocalServer]:
        """Return the servers that answer now, in the order of the places."""
        found: dict[Place, LocalServer] = {}

        async def look(place: Place) -> None:
            server = await anyio.to_thread.run_sync(_ask, place)
            if server is not None:
                found[place] = server

        async with anyio.create_task_group() as tasks:
            for place in self._places:
                tasks.start_soon(look, place)
        return [found[place] for place in self._places if place in found]


def _ask(place: Place) -> LocalServer | None:
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", place.path)
        reply = connection.getresponse()
        document = json.loads(reply.read(LONGEST_REPLY_BYTES)) if reply.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    models = _names(document)
    if models is None:
        return None
    url = f"http://127.0.0.1:{place.port}" + place.path.removesuffix("/models").removesuffix("/api/tags")
    return LocalServer(name=place.name, provider=place.provider, url=url, models=models)


def _names(document: Any) -> tuple[str, ...] | None:
    """Return the names in a list of models, `None` when the document is none."""
    if not isinstance(document, dict):
        return None
    entries = document.get("data", document.get("models"))
    if not isinstance(entries, list):
        return None
    named = [entry.get("id") or entry.get("name") for entry in entries if isinstance(entry, dict)]
    return tuple(name for name in named if isinstance(name, str))
