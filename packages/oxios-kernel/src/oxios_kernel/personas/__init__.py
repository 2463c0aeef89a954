"""Personas: named ways of working whose prompt reaches the agents. Three are shipped, a person may add more."""

from oxios_kernel.personas.defaults import DEFAULT_PERSONA, shipped_personas
from oxios_kernel.personas.personas import Personas

__all__ = ["DEFAULT_PERSONA", "Personas", "shipped_personas"]
