"""The product put together: settings, kernel, gateway and channel, opened in this order and closed in reverse.

The only module that holds the whole kernel. A command is given the one part it needs: the conversation, or that with
progress (`KernelConverse`), or a program of the terminal run through the gateway.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oxios_cli import ExitCode, Program, in_terminal
from oxios_gateway import Faults
from oxios_kernel.boot import open_kernel
from oxios_kernel.config import load_settings
from oxios_kernel.conversation import Conversation
from oxios_kernel.kernel import Kernel

from oxios.converse import KernelConverse
from oxios.failures import MEANINGS
from oxios.invocation import Invocation, say

__all__ = ["KernelActions", "open_conversation", "open_converse", "serve_program"]


@asynccontextmanager
async def open_conversation(invocation: Invocation) -> AsyncIterator[Conversation]:
    """Open the kernel and yield its conversation, with sessions, personas and engine as its parts.

    Raises:
        HomeError: the home cannot be used.
        ConfigError: the settings cannot be used.
    """
    async with _open(invocation) as kernel:
        yield kernel.conversation


@asynccontextmanager
async def open_converse(invocation: Invocation) -> AsyncIterator[KernelConverse]:
    """Open the kernel and yield what carries turns out and tells how far they are.

    Raises:
        HomeError: the home cannot be used.
        ConfigError: the settings cannot be used.
    """
    async with _open(invocation) as kernel:
        yield KernelConverse(kernel.conversation, kernel.bus, root=invocation.home.workspace)


async def serve_program(invocation: Invocation, program: Program) -> ExitCode:
    """Run a program of the terminal through the gateway, and return its exit code.

    Raises:
        HomeError: the home cannot be used.
        ConfigError: the settings cannot be used.
        ChannelFailed: the program raised, which is the cause.
    """
    async with _open(invocation) as kernel:
        return await in_terminal(
            KernelConverse(kernel.conversation, kernel.bus, root=invocation.home.workspace),
            program,
            faults=Faults({error: (kind, None) for error, (_, kind) in MEANINGS.items()}),
            actions=KernelActions(kernel.conversation),
        )


class KernelActions:
    """Checks what a conversation wants to switch to; an `oxios_gateway.Actions`."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def check_model(self, model_id: str) -> str:
        """Return the model's full id.

        Raises:
            ModelError: it is not known, or cannot be used without a key.
        """
        return await self._conversation.engine.resolve(model_id, None)

    async def check_persona(self, persona_id: str) -> str:
        """Return the persona's id.

        Raises:
            NotFound: there is none of that id.
        """
        return (await self._conversation.personas.get(persona_id)).id


@asynccontextmanager
async def _open(invocation: Invocation) -> AsyncIterator[Kernel]:
    home = invocation.home
    home.ensure()
    loaded = load_settings(home.config, invocation.environment)
    async with open_kernel(home.root, environment=invocation.environment, settings=loaded.settings) as kernel:
        for notice in (*loaded.warnings, *kernel.notices):
            say(notice)
        yield kernel
