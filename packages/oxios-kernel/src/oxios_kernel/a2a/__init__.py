"""Agents among themselves: who can do what (`Cards`), questions and answers (`Mail`), work that is handed on until
somebody has done it (`Delegation`)."""

from oxios_kernel.a2a.cards import Cards
from oxios_kernel.a2a.delegation import Delegation, Errand
from oxios_kernel.a2a.mail import Mail

__all__ = ["Cards", "Delegation", "Errand", "Mail"]
