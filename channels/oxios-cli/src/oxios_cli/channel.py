"""The terminal as a channel: runs one program, which asks and shows, and ends with it.

The program is the chat, or a command that asks once. `in_terminal` puts a gateway around it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
from anyio.abc import TaskStatus
from oxios_gateway import (
    Actions,
    ChannelFailed,
    Converse,
    Faults,
    Gateway,
    GatewayClosed,
    GatewaySettings,
    Inbox,
    Outgoing,
    Progress,
)

from oxios_cli.exits import ExitCode
from oxios_cli.repl import Repl
from oxios_cli.session import CHANNEL, Session
from oxios_cli.talk import Talk
from oxios_cli.terminal import Terminal

__all__ = ["CliChannel", "Program", "in_terminal"]

Program = Callable[[Talk], Awaitable[ExitCode]]


class CliChannel:
    """Runs a program in this process's terminal.

    Args:
        settings: the channel's own section of the settings: `user_id`, who types.
        program: what runs; `None` is the chat.

    Attributes:
        exit_code: what the program returned, `None` until it has.
    """

    name = CHANNEL

    def __init__(self, settings: Mapping[str, Any] | None = None, *, program: Program | None = None) -> None:
        user_id = str((settings or {}).get("user_id", "local"))
        self._program = program or Repl(Terminal.of_process(), Session(user_id=user_id)).run
        self._talk: Talk | None = None
        self.exit_code: ExitCode | None = None

    async def run(self, inbox: Inbox, *, task_status: TaskStatus[None]) -> None:
        """Run the program to its end."""
        self._talk = Talk(inbox)
        task_status.started()
        try:
            self.exit_code = await self._program(self._talk)
        except GatewayClosed:
            self.exit_code = ExitCode.INTERRUPTED

    async def send(self, message: Outgoing) -> None:
        """Bring an answer to the program."""
        if self._talk is not None:
            self._talk.take_answer(message)

    async def progress(self, request_id: str, progress: Progress) -> None:
        """Bring progress to the program."""
        if self._talk is not None:
            self._talk.take_progress(request_id, progress)


async def in_terminal(
    converse: Converse,
    program: Program,
    *,
    settings: GatewaySettings | None = None,
    faults: Faults | None = None,
    actions: Actions | None = None,
) -> ExitCode:
    """Run a program in the terminal, with a gateway between it and what answers.

    Returns:
        What the program returned; `INTERRUPTED` when the gateway stopped under it.

    Raises:
        ChannelFailed: when the program raised, which is the cause.
    """
    channel = CliChannel(program=program)
    gateway = Gateway(converse, [channel], settings=settings, faults=faults, actions=actions)
    failure: ChannelFailed | None = None
    async with anyio.create_task_group() as tasks:
        await tasks.start(lambda *, task_status: gateway.run(task_status=task_status))
        try:
            await gateway.wait(channel.name)
        except ChannelFailed as error:
            failure = error
        finally:
            gateway.stop()
    if failure is not None:
        raise failure
    return ExitCode.INTERRUPTED if channel.exit_code is None else channel.exit_code
