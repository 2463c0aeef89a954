"""The engine: which model answers, with which key, how often it is tried, what it costs.

`Engine.resolve` names the model, `Engine.llm` is the way to ask it, `Engine.usable` lists what could be asked. How a
call is made, paid, paced, repeated and refused is written once, in `Calls`.
"""

from oxios_kernel.engine.budgeted import Payer, Price
from oxios_kernel.engine.calls import Calls, Models
from oxios_kernel.engine.catalog import DEMO_MODEL, PROVIDERS, Provider
from oxios_kernel.engine.credentials import Credentials
from oxios_kernel.engine.engine import Engine
from oxios_kernel.engine.metered import Metered, Spent
from oxios_kernel.engine.paced import Pace
from oxios_kernel.engine.retry import Note
from oxios_kernel.engine.routing import ModelId
from oxios_kernel.engine.survey import ModelStatus

__all__ = [
    "DEMO_MODEL",
    "PROVIDERS",
    "Calls",
    "Credentials",
    "Engine",
    "Metered",
    "ModelId",
    "ModelStatus",
    "Models",
    "Note",
    "Pace",
    "Payer",
    "Price",
    "Provider",
    "Spent",
]
