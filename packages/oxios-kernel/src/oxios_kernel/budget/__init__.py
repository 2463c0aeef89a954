"""Budgets: what agents, principals, spaces and all together may spend on models, and what they did.

`Budgets` is asked by the engine before each model call and shows an agent how it stands; it cannot raise a limit, only
hand a part of one on. `Limits` sets and removes them, for a person's doors alone.
"""

from oxios_kernel.budget.budgets import Budgets, BudgetState
from oxios_kernel.budget.limits import Limits

__all__ = ["BudgetState", "Budgets", "Limits"]
