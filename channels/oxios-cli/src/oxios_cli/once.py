"""Ask one thing, show the answer, end: what a command such as `oxios run` does in the terminal.

Ctrl-C stops the work, whose answer then says so; a second one leaves without an answer.
"""

import anyio
from oxios_gateway import GatewayClosed, Incoming, Outgoing, ReplyMeta

from oxios_cli.exits import ExitCode, outcome
from oxios_cli.interrupts import heeding_interrupts
from oxios_cli.talk import Talk
from oxios_cli.terminal import Terminal
from oxios_cli.view import TurnView

__all__ = ["Once"]


class Once:
    """A program that asks one message. Runs in the main thread, because it takes Ctrl-C.

    Args:
        quiet: no progress and no report, only the answer and errors.
        judged: whether work that was judged and did not pass is a failure (`--exit-code`).
        silent: show progress and nothing else: the caller shows `answer` itself, as JSON for one.

    Attributes:
        answer: what came back, `None` when nothing did.
    """

    def __init__(
        self, terminal: Terminal, message: Incoming, *, quiet: bool = False, judged: bool = False, silent: bool = False
    ) -> None:
        self._message = message
        self._judged = judged
        self._silent = silent
        self._view = TurnView(terminal, quiet=quiet)
        self._stopping = False
        self.answer: Outgoing | None = None

    async def run(self, talk: Talk) -> ExitCode:
        """Ask, and show what comes back."""

        def interrupted(scope: anyio.CancelScope) -> None:
            if self._stopping:
                scope.cancel()
            self._stopping = True
            talk.stop(self._message)

        async with heeding_interrupts(interrupted):
            await self._ask(talk)
        if self.answer is None:
            return ExitCode.INTERRUPTED
        return outcome(self.answer.meta or ReplyMeta(), judged=self._judged)

    async def _ask(self, talk: Talk) -> None:
        try:
            self.answer = await talk.ask(self._message, self._view.show)
            if not self._silent:
                self._view.finish(self.answer)
        except GatewayClosed:
            return
        finally:
            self._view.close()
