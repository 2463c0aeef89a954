"""The tool with which an agent sees what it may still spend. There is none with which it could spend more."""

from oxios_kernel.agents import RunTable
from oxios_kernel.budget import Budgets, BudgetState
from oxios_kernel.domain.budget import payers
from oxios_kernel.domain.spend import dollars
from oxios_kernel.domain.tool import Repeat
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.tools.function import Arguments, FunctionTools, tool

__all__ = ["BudgetTools"]


class Budget(Arguments):
    """The arguments of `budget`: none."""


class BudgetTools(FunctionTools):
    """The tool that shows budgets.

    Args:
        budgets: how they stand.
        table: who started whom.
    """

    def __init__(self, budgets: Budgets, table: RunTable) -> None:
        self._budgets = budgets
        self._table = table
        super().__init__([tool(self.budget, capability="budget.read", repeat=Repeat.PURE)])

    async def budget(self, arguments: Budget, context: ToolContext) -> str:
        """Show what you may still spend on model calls, in each limit that counts for you."""
        me = await self._table.get(context.agent_id)
        scopes = payers(await self._table.lineage(me), principal=me.principal, space=me.space_id)
        states = await self._budgets.states(scopes)
        return "\n".join(map(_line, states)) or "There is no limit on what you spend."


def _line(state: BudgetState) -> str:
    """Return a limit as a line, such as `global: 1200 of 5000 tokens left until 2026-01-02T00:00:00Z`."""
    limit, taken = state.meter.limit, state.meter.spent + state.meter.reserved
    left = []
    for name, most, had in (("tokens", limit.tokens, taken.tokens), ("calls", limit.calls, taken.calls)):
        if most is not None:
            left.append(f"{max(0, most - had)} of {most} {name}")
    if limit.micro_usd is not None:
        left.append(f"{dollars(max(0, limit.micro_usd - taken.micro_usd))} of {dollars(limit.micro_usd)} USD")
    until = "" if state.meter.resets_at is None else f" until {state.meter.resets_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{limit.scope}: {', '.join(left)} left{until}"
