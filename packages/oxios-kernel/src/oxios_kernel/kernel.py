"""The kernel as a record of its services: what `boot.open_kernel` hands out. It has no methods and no logic."""

from dataclasses import dataclass

from oxios_kernel.a2a import Cards, Mail
from oxios_kernel.agents import Processes, RunTable, Supervisor
from oxios_kernel.budget import Budgets, Limits
from oxios_kernel.config import Settings
from oxios_kernel.conversation import Conversation, Sessions
from oxios_kernel.engine import Engine
from oxios_kernel.events import Bus
from oxios_kernel.health import Monitor
from oxios_kernel.personas import Personas
from oxios_kernel.schedule import Cron, Rates, Scheduler
from oxios_kernel.tools import ToolCatalog

__all__ = ["Kernel"]


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """An open kernel.

    Attributes:
        settings: what it was opened with.
        conversation: message in, reply out.
        sessions: the conversations that are kept.
        table: the runs.
        processes: agents as processes: fork, wait, kill, pause, resume, message.
        supervisor: carries runs out.
        cards: which agents may be asked, and what they are good at.
        mail: questions between agents, and their answers.
        scheduler: who may run, who waits, and why.
        cron: jobs that run by the clock, as long as a kernel is the host of the home.
        monitor: how busy the machine is; it looks by itself in the host of the home only.
        rates: what each provider still lets us ask (`windows`).
        budgets: who may still spend what.
        limits: how much that is; for a person's doors only.
        engine: the models; `breakers` are the ones that are left alone.
        personas: the ways of working.
        tools: the tools that agents are given.
        bus: what happens, as it happens.
        notices: sentences for the person about what was found when it was opened: unknown settings, a damaged database.
    """

    settings: Settings
    conversation: Conversation
    sessions: Sessions
    table: RunTable
    processes: Processes
    supervisor: Supervisor
    cards: Cards
    mail: Mail
    scheduler: Scheduler
    cron: Cron
    monitor: Monitor
    rates: Rates
    budgets: Budgets
    limits: Limits
    engine: Engine
    personas: Personas
    tools: ToolCatalog
    bus: Bus
    notices: tuple[str, ...] = ()
