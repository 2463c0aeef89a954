"""Agents as durable runs: the table of runs, the pure next step, the loop that does it, and who carries it out."""

from oxios_kernel.agents.effects import Effects
from oxios_kernel.agents.prompt import system_prompt, task_prompt
from oxios_kernel.agents.step import Limits
from oxios_kernel.agents.supervisor import LlmFor, Supervisor, ToolsFor
from oxios_kernel.agents.table import RunTable, Work, turn_of
from oxios_kernel.agents.task import AgentOutcome, AgentTask, Deed

__all__ = [
    "AgentOutcome",
    "AgentTask",
    "Deed",
    "Effects",
    "Limits",
    "LlmFor",
    "RunTable",
    "Supervisor",
    "ToolsFor",
    "Work",
    "system_prompt",
    "task_prompt",
    "turn_of",
]
