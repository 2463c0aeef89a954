"""The tools that come with the kernel. Each toolset is handed the ports it needs, so what a tool can reach is readable
in its constructor; `boot` makes them and `catalog.py` wraps them."""

from oxios_kernel.tools.builtin.agents import AgentTools
from oxios_kernel.tools.builtin.budget import BudgetTools
from oxios_kernel.tools.builtin.cron import CronTools
from oxios_kernel.tools.builtin.delegation import DelegationTools
from oxios_kernel.tools.builtin.files import FileTools
from oxios_kernel.tools.builtin.peers import PeerTools
from oxios_kernel.tools.builtin.search import SearchTools
from oxios_kernel.tools.builtin.shell import ShellTools

__all__ = [
    "AgentTools",
    "BudgetTools",
    "CronTools",
    "DelegationTools",
    "FileTools",
    "PeerTools",
    "SearchTools",
    "ShellTools",
]
