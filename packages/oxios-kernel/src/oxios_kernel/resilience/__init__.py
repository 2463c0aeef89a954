"""Circuit breakers: what failed again and again is left alone for a while, then tried once.

`Breakers` keeps one `Circuit` for each thing that may be ill. What counts as ill is for its caller to say: the engine
guards models with it, and servers of tools and other agents can be guarded alike.
"""

from oxios_kernel.resilience.breakers import Breakers, CircuitReport, Shut
from oxios_kernel.resilience.circuit import Circuit, Outcome, Permit

__all__ = ["Breakers", "Circuit", "CircuitReport", "Outcome", "Permit", "Shut"]
