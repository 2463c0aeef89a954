"""Agents as durable runs: the table of runs, the pure next step, the loop that does it, and who carries it out."""

from oxios_kernel.agents.carrying import Carrier, Work, turn_of
from oxios_kernel.agents.effects import Effects
from oxios_kernel.agents.exits import exit_of, read_exit
from oxios_kernel.agents.forking import ForkLimits, Forks, Standing, child_id
from oxios_kernel.agents.halting import Life
from oxios_kernel.agents.loop import Slot
from oxios_kernel.agents.processes import Processes
from oxios_kernel.agents.prompt import system_prompt, task_prompt
from oxios_kernel.agents.step import Limits
from oxios_kernel.agents.supervisor import Supervisor
from oxios_kernel.agents.table import RunTable
from oxios_kernel.agents.task import AgentOutcome, AgentTask, Deed
from oxios_kernel.agents.work import AgentWork, LlmFor, ToolsFor, slot_for

__all__ = [
    "AgentOutcome",
    "AgentTask",
    "AgentWork",
    "Carrier",
    "Deed",
    "Effects",
    "ForkLimits",
    "Forks",
    "Life",
    "Limits",
    "LlmFor",
    "Processes",
    "RunTable",
    "Slot",
    "Standing",
    "Supervisor",
    "ToolsFor",
    "Work",
    "child_id",
    "exit_of",
    "read_exit",
    "slot_for",
    "system_prompt",
    "task_prompt",
    "turn_of",
]
