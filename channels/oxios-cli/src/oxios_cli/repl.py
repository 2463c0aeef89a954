"""The chat: read a line, send it, show the answer, until there are no more lines.

Ctrl-C stops the answer being worked on, a second one leaves; at the prompt it clears the line, and leaves when pressed
twice on an empty one. Ctrl-D, the end of stdin and `/quit` leave. Questions are answered by typing on: the next line is
in the same conversation.
"""

from pathlib import Path

import anyio
from oxios_gateway import GatewayClosed, Incoming, MetadataKey, Outgoing, ReplyMeta

from oxios_cli.errors import EditorFailed
from oxios_cli.exits import ExitCode, outcome
from oxios_cli.interrupts import heeding_interrupts
from oxios_cli.lines import Lines, lines_of
from oxios_cli.render import neutralise
from oxios_cli.session import Session
from oxios_cli.slash import HELP, Command, Help, Model, New, OpenSession, Persona, Quit, Say, Unknown, parse
from oxios_cli.talk import Talk
from oxios_cli.terminal import Terminal
from oxios_cli.view import TurnView

__all__ = ["Repl"]

PROMPT = "oxios> "


class Repl:
    """A chat in the terminal. Runs in the main thread, because it takes Ctrl-C.

    Args:
        session: the conversation it begins with.
        history: the file that keeps what was typed, `None` to keep nothing.
        quiet: no progress and no facts below the answers.
    """

    def __init__(
        self, terminal: Terminal, session: Session, *, history: Path | None = None, quiet: bool = False
    ) -> None:
        self._terminal = terminal
        self._session = session
        self._lines: Lines = lines_of(terminal, history)
        self._quiet = quiet
        self._at_work: Incoming | None = None
        self._stopping = False
        self._code = ExitCode.DONE

    async def run(self, talk: Talk) -> ExitCode:
        """Chat until the person leaves.

        Returns:
            `INTERRUPTED` after Ctrl-C; where nobody sits at the terminal the outcome of the last answer; else `DONE`.
        """
        async with heeding_interrupts(lambda chat: self._interrupted(talk, chat)):
            await self._chat(talk)
        return self._code

    async def _chat(self, talk: Talk) -> None:
        try:
            while (line := await self._lines.next(PROMPT)) is not None:
                command = parse(line)
                if isinstance(command, Quit):
                    return
                await self._obey(command, talk)
                if self._stopping and not self._lines.handles_interrupts:
                    return  # whoever pressed Ctrl-C meant the rest of the lines, too
        except GatewayClosed:
            self._tell("Oxios is stopping; the message was not sent.")
            self._code = ExitCode.INTERRUPTED
        except EditorFailed as error:
            self._tell(f"error: {error}")
            self._code = ExitCode.NOT_PASSED

    def _interrupted(self, talk: Talk, chat: anyio.CancelScope) -> None:
        """Take Ctrl-C for what it means at this moment."""
        if self._at_work is not None and not self._stopping:
            self._stopping = True
            talk.stop(self._at_work)
        elif self._at_work is not None or not self._lines.handles_interrupts:
            self._code = ExitCode.INTERRUPTED
            chat.cancel()

    async def _obey(self, command: Command | None, talk: Talk) -> None:
        session = self._session
        match command:
            case Say(content):
                await self._turn(session.message(content), talk)
            case Model(None):
                self._tell(f"Model: {session.model or 'the default'}")
            case Model(str(model_id)):
                await self._turn(session.switch("switch_model", MetadataKey.MODEL_ID, model_id), talk)
            case Persona(None):
                self._tell(f"Persona: {session.persona or 'the default'}")
            case Persona(str(name)):
                await self._turn(session.switch("switch_persona", MetadataKey.PERSONA_ID, name), talk)
            case OpenSession(None):
                self._tell(f"Session: {session.session_id or 'a new one, named with its first answer'}")
            case OpenSession(str(session_id)):
                session.begin(session_id)
                self._tell(f"The next message goes on with session {session_id}.")
            case New():
                session.begin()
                self._tell("The next message begins a new conversation.")
            case Help():
                self._tell(HELP)
            case Unknown(sentence):
                self._tell(sentence)

    async def _turn(self, message: Incoming, talk: Talk) -> None:
        view = TurnView(self._terminal, quiet=self._quiet, stream=True)
        self._at_work, self._stopping = message, False
        try:
            answer = await talk.ask(message, view.show)
            view.finish(answer)
        finally:
            self._at_work = None
            view.close()
        self._learn(answer)

    def _learn(self, answer: Outgoing) -> None:
        self._session.heard(answer)
        if not self._terminal.interactive:
            self._code = outcome(answer.meta or ReplyMeta())

    def _tell(self, text: str) -> None:
        self._terminal.tell(f"{neutralise(text)}\n")
