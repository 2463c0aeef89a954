"""A persona: a named way of working that reaches the agent's system prompt."""

from pydantic import Field

from oxios_kernel.domain.fact import Fact

__all__ = ["Persona"]


class Persona(Fact):
    """A named way of working.

    Attributes:
        id: short lower-case name, such as `dev`.
        name: for lists.
        role: one line: what it is for.
        prompt: the text that is put into the system prompt, at most 20,000 characters.
        model: the model it prefers, `None` for the default.
        shipped: whether it comes with the product; shipped ones can be overridden but not removed.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    name: str = Field(min_length=1, max_length=80)
    role: str = Field(default="", max_length=200)
    prompt: str = Field(min_length=1, max_length=20_000)
    model: str | None = None
    shipped: bool = False
