"""The engine: which model answers, with which key, how often it is tried, what it costs.

`Engine.resolve` names the model, `Engine.llm` is the way to ask it, `Engine.usable` lists what could be asked.
"""

from oxios_kernel.engine.catalog import DEMO_MODEL, PROVIDERS, Provider
from oxios_kernel.engine.credentials import Credentials
from oxios_kernel.engine.engine import Engine, ModelStatus
from oxios_kernel.engine.metered import Metered, Spent
from oxios_kernel.engine.retry import Note
from oxios_kernel.engine.routing import ModelId

__all__ = [
    "DEMO_MODEL",
    "PROVIDERS",
    "Credentials",
    "Engine",
    "Metered",
    "ModelId",
    "ModelStatus",
    "Note",
    "Provider",
    "Spent",
]
