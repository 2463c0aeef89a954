"""The product put together: settings, kernel, gateway and channel, opened in this order and closed in reverse.

The only module that holds the whole kernel. A command is given the one part it needs: the conversation, or that with
progress (`KernelConverse`), or the agents (`Agency`), the jobs, the budgets (`Purse`), or a program of the terminal run
through the gateway.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oxios_cli import ExitCode, Program, in_terminal
from oxios_gateway import Faults
from oxios_kernel.boot import host_of, open_kernel
from oxios_kernel.config import load_settings
from oxios_kernel.conversation import Conversation
from oxios_kernel.health import Monitor
from oxios_kernel.kernel import Kernel
from oxios_kernel.schedule import Cron

from oxios.agency import Agency
from oxios.converse import KernelConverse
from oxios.failures import MEANINGS
from oxios.invocation import Invocation, say
from oxios.purse import Purse

__all__ = [
    "KernelActions",
    "open_agency",
    "open_conversation",
    "open_converse",
    "open_cron",
    "open_monitor",
    "open_purse",
    "serve_program",
]


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


@asynccontextmanager
async def open_agency(invocation: Invocation, *, host: bool = False, carry: bool = False) -> AsyncIterator[Agency]:
    """Open the kernel and yield its agents.

    Args:
        invocation: the call.
        host: whether this process carries out everybody's agents.
        carry: whether it carries out those that it starts and resumes, as long as no other process is the host.

    Raises:
        HomeHosted: `host` was asked for, and another process is.
        HomeError: the home cannot be used.
        ConfigError: the settings cannot be used.
    """
    async with _open_agency(invocation, host=host, carry=carry) as (_, agency):
        yield agency


@asynccontextmanager
async def open_cron(invocation: Invocation, *, carry: bool = False) -> AsyncIterator[tuple[Cron, Agency]]:
    """Open the kernel and yield the jobs that run by the clock, those of the settings too, and the agents they become.

    Args:
        invocation: the call.
        carry: whether it carries out what it starts, as long as no other process is the host.

    Raises:
        HomeError: the home cannot be used.
        ConfigError: the settings cannot be used.
    """
    async with _open_agency(invocation, carry=carry) as (kernel, agency):
        await kernel.cron.adopt(kernel.settings.cron.jobs)
        yield kernel.cron, agency


@asynccontextmanager
async def open_purse(invocation: Invocation) -> AsyncIterator[Purse]:
    """Open the kernel and yield what may be spent, and by whom.

    Raises:
        HomeError: the home cannot be used.
        ConfigError: the settings cannot be used.
    """
    async with _open_agency(invocation) as (kernel, agency):
        yield Purse(budgets=kernel.budgets, limits=kernel.limits, agency=agency)


@asynccontextmanager
async def open_monitor(invocation: Invocation) -> AsyncIterator[Monitor]:
    """Open the kernel and yield what looks at the machine.

    Raises:
        HomeError: the home cannot be used.
        ConfigError: the settings cannot be used.
    """
    async with _open(invocation, idle=True) as kernel:
        yield kernel.monitor


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
async def _open_agency(
    invocation: Invocation, *, host: bool = False, carry: bool = False
) -> AsyncIterator[tuple[Kernel, Agency]]:
    known = None if host else host_of(invocation.home.run)
    carries = host or (carry and known is None)
    async with _open(invocation, host=host, idle=not carries) as kernel:
        agency = Agency(
            processes=kernel.processes,
            engine=kernel.engine,
            personas=kernel.personas,
            bus=kernel.bus,
            schedule=kernel.settings.schedule,
            host=host_of(invocation.home.run) if host else known,
            carries=carries,
        )
        yield kernel, agency


@asynccontextmanager
async def _open(invocation: Invocation, *, host: bool = False, idle: bool = False) -> AsyncIterator[Kernel]:
    home = invocation.home
    home.ensure()
    loaded = load_settings(home.config, invocation.environment)
    async with open_kernel(
        home.root, environment=invocation.environment, settings=loaded.settings, host=host, idle=idle
    ) as kernel:
        for notice in (*loaded.warnings, *kernel.notices):
            say(notice)
        yield kernel
