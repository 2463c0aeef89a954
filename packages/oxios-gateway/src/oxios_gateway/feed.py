"""Progress of one message on its way to the channel: taken at once, shown in order, never in the way of the work.

A channel slower than the work gets streamed text in larger pieces; of everything else the newest is kept. Text is never
lost. Called by `turn.py`.
"""

import logging
from collections import deque
from dataclasses import replace

import anyio

from oxios_gateway.channel import ShowsProgress
from oxios_gateway.conversation import Progress

__all__ = ["Feed"]

logger = logging.getLogger(__name__)

KEPT = 256
"""Pieces of progress kept for a slow channel; a step makes about three."""


class Feed:
    """Calling it takes a piece of progress; `show` brings the pieces to a channel until the feed is closed."""

    def __init__(self) -> None:
        self._waiting: deque[Progress] = deque()
        self._news = anyio.Event()
        self._closed = False

    def __call__(self, progress: Progress) -> None:
        """Take one piece; after `close` it is dropped."""
        if self._closed:
            return
        last = self._waiting[-1] if self._waiting else None
        if last is not None and last.kind == progress.kind == "text" and last.phase == progress.phase:
            self._waiting[-1] = replace(progress, text=last.text + progress.text)
        else:
            self._waiting.append(progress)
            self._thin_out()
        self._news.set()

    def _thin_out(self) -> None:
        if len(self._waiting) > KEPT:
            oldest = next((piece for piece in self._waiting if piece.kind != "text"), None)
            if oldest is not None:
                self._waiting.remove(oldest)

    def close(self) -> None:
        """End the feed; what was taken is still shown."""
        self._closed = True
        self._news.set()

    async def show(self, request_id: str, channel: ShowsProgress, *, seconds: float) -> None:
        """Bring the pieces to the channel.

        Args:
            seconds: how long the channel may take for one piece; a slower one gets no more of this message.
        """
        try:
            while self._waiting or not self._closed:
                while self._waiting:
                    with anyio.fail_after(seconds):
                        await channel.progress(request_id, self._waiting.popleft())
                if not self._closed:
                    self._news = anyio.Event()
                    await self._news.wait()
        except Exception:
            logger.warning("progress of message %r could not be shown", request_id, exc_info=True)
            self._closed = True
