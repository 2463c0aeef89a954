"""Tells whoever listens what happens in the kernel, as it happens. Nobody waits for a listener and nothing is kept.

Two kinds of events are treated differently when a listener is slow. Of the pieces of a streaming answer (`TextArrived`)
the oldest are dropped beyond a bound and counted in `Listener.missed`: the whole answer comes with the turn's reply.
All others change what a listener believes, so none of them is dropped out of the middle: a listener that leaves more of
them lying than any run produces is cut off. It still gets what it has, then a `Noted` that says so, and then its end.

The bus belongs to the event loop that publishes; a thread goes through `anyio.from_thread.run_sync`.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import anyio.lowlevel

from oxios_kernel.domain.event import Event, Noted, TextArrived

__all__ = ["STATE_LIMIT", "TEXT_LIMIT", "Bus", "Listener"]

TEXT_LIMIT = 1024
"""Pieces of text that a listener may leave lying; some ten seconds of the fastest models."""

STATE_LIMIT = 10_000
"""Other events that a listener may leave lying, a few megabytes; a run of 50 steps has some 300."""

TOO_SLOW = "This listener was too slow; what happened after this is missing here."


class Listener:
    """One listener's stream of events, oldest first: `async for event in listener`. One task reads it.

    Attributes:
        missed: how many pieces of text were dropped.
        lagging: whether it was cut off.
    """

    def __init__(self, wanted: Callable[[Event], bool] | None) -> None:
        self.missed = 0
        self.lagging = False
        self._wanted = wanted
        self._texts: deque[tuple[int, Event]] = deque(maxlen=TEXT_LIMIT)
        self._states: deque[tuple[int, Event]] = deque()
        self._count = 0
        self._closed = False
        self._wake = anyio.Event()

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Event:
        await anyio.lowlevel.checkpoint()
        while not self._texts and not self._states:
            if self._closed:
                raise StopAsyncIteration
            self._wake = anyio.Event()
            await self._wake.wait()
        text_first = not self._states or (self._texts and self._texts[0][0] < self._states[0][0])
        return (self._texts if text_first else self._states).popleft()[1]

    def _tell(self, event: Event) -> None:
        if self._closed or (self._wanted and not self._wanted(event)):
            return
        self._count += 1
        if isinstance(event, TextArrived):
            self.missed += len(self._texts) == TEXT_LIMIT
            self._texts.append((self._count, event))
        elif len(self._states) < STATE_LIMIT:
            self._states.append((self._count, event))
        else:
            self.lagging = True
            note = Noted(run_id=event.run_id, session_id=event.session_id, turn_id=event.turn_id, text=TOO_SLOW)
            self._states.append((self._count, note))
            self._close()
        self._wake.set()

    def _close(self) -> None:
        self._closed = True
        self._wake.set()


class Bus:
    """Every event to every listener that wants it."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def publish(self, event: Event) -> None:
        """Tell everybody. It never waits and never fails; without a listener nothing happens."""
        for listener in self._listeners:
            listener._tell(event)

    @contextmanager
    def subscribe(self, wanted: Callable[[Event], bool] | None = None) -> Iterator[Listener]:
        """Listen from now on until the block is left.

        Args:
            wanted: which events are of interest, `None` for all. It is called while somebody publishes, so it must be
                quick and must not raise.
        """
        listener = Listener(wanted)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            listener._close()

    def close(self) -> None:
        """End every listener's stream, after what it has been told."""
        for listener in self._listeners:
            listener._close()
