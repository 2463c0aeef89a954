"""Which personas there are, and which one is active.

Own ones are documents of the kind `personas`, the choice is the document `persona` of the kind `state`. Both are read
when they are needed, so a change in one process is seen by the next turn in every other. An own persona may have the id
of a shipped one: it hides it until it is removed.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from oxios_kernel.domain.nearest import nearest
from oxios_kernel.domain.persona import Persona
from oxios_kernel.errors import Conflict, HomeError, InputError, NotFound
from oxios_kernel.personas.defaults import DEFAULT_PERSONA, shipped_personas
from oxios_kernel.ports.records import Records

__all__ = ["Personas"]

KIND = "personas"


class Personas:
    """The personas of one home."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._shipped = {persona.id: persona for persona in shipped_personas()}

    async def list(self) -> tuple[Persona, ...]:
        """Return all personas: the shipped ones (or what hides them), then the own ones by id.

        Raises:
            HomeError: a persona's document is damaged.
        """
        own = [name for name in await self._records.names(KIND) if name not in self._shipped]
        return tuple([await self.get(name) for name in (*self._shipped, *own)])

    async def get(self, persona_id: str) -> Persona:
        """Return a persona.

        Raises:
            NotFound: there is none with that id; the message names the nearest.
            HomeError: its document is damaged.
        """
        persona = await self._own(persona_id) or self._shipped.get(persona_id)
        if persona:
            return persona
        close = nearest(persona_id, (*self._shipped, *await self._records.names(KIND)))
        guess = f" Did you mean `{close}`?" if close else ""
        raise NotFound(f"There is no persona {persona_id!r}.{guess}", hint="`oxios persona list` shows them.")

    async def active(self) -> Persona:
        """Return the persona that was chosen last; the default one when none was, or it is gone.

        Raises:
            HomeError: its document, or that of the choice, is damaged.
        """
        chosen = (await self._records.load("state", "persona") or {}).get("active")
        own = await self._own(chosen) if isinstance(chosen, str) else None
        return own or self._shipped.get(str(chosen)) or await self.get(DEFAULT_PERSONA)

    async def choose(self, persona_id: str | None) -> Persona:
        """Return the persona that a request names, the active one when it names none.

        Raises:
            NotFound: there is none with that id; the message names the nearest.
            HomeError: its document is damaged.
        """
        return await self.active() if persona_id is None else await self.get(persona_id)

    async def use(self, persona_id: str) -> Persona:
        """Make a persona the active one, for every turn that names none, and return it.

        Raises:
            NotFound: there is none with that id; the message names the nearest.
            HomeError: its document is damaged, or the choice cannot be written.
        """
        persona = await self.get(persona_id)
        await self._records.save("state", "persona", {"active": persona.id})
        return persona

    async def add(self, fields: Mapping[str, object], *, replace: bool = False) -> Persona:
        """Keep an own persona, given by its fields (`domain.persona`), and return it.

        Args:
            fields: `id`, `name` and `prompt`, possibly `role` and `model`.
            replace: whether it may take the place of one with the same id, shipped ones included.

        Raises:
            InputError: a field is missing, unknown, or cannot be used; the message names the first.
            Conflict: there is one with that id, and `replace` was not given.
            HomeError: it cannot be written.
        """
        try:
            persona = Persona.model_validate({**fields, "shipped": False})
        except ValidationError as error:
            raise _refusal(error) from None
        if not replace and (persona.id in self._shipped or persona.id in await self._records.names(KIND)):
            raise Conflict(f"There is a persona {persona.id!r} already.", hint="Take another id, or replace that one.")
        await self._records.save(KIND, persona.id, persona.to_json())
        return persona

    async def remove(self, persona_id: str) -> None:
        """Remove an own persona; a shipped one that it hid is back. If it was active, the default one is now.

        Raises:
            Conflict: it comes with the product.
            NotFound: there is none with that id; the message names the nearest.
            HomeError: it cannot be removed.
        """
        if persona_id in await self._records.names(KIND):
            await self._records.delete(KIND, persona_id)
        elif persona_id in self._shipped:
            raise Conflict(
                f"The persona {persona_id!r} comes with Oxios and stays.", hint="Add one with its id to hide it."
            )
        else:
            await self.get(persona_id)

    async def _own(self, persona_id: str) -> Persona | None:
        if persona_id not in await self._records.names(KIND):
            return None
        document = await self._records.load(KIND, persona_id)
        try:
            return Persona.from_json(document)
        except ValidationError as error:
            [first, *_] = error.errors()
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise HomeError(
                f"The persona {persona_id!r} is damaged: {where}: {first['msg']}.",
                hint=f"It was left as it is: mend `{KIND}/{persona_id}.json` in the workspace, or remove the persona.",
            ) from None


def _refusal(error: ValidationError) -> InputError:
    [first, *_] = error.errors()
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return InputError(f"A persona needs `{name}`.", hint=FIELDS)
    if first["type"] == "extra_forbidden":
        return InputError(f"A persona has no field {name!r}.", hint=FIELDS)
    came = repr(first["input"])
    came = came if len(came) <= 80 else came[:79] + "…"
    if first["type"] == "string_pattern_mismatch":
        return InputError(f"`{name}` of a persona cannot be {came}: it is a short lower-case name.", hint=FIELDS)
    return InputError(f"`{name}` of a persona cannot be {came}: {first['msg'].lower()}.", hint=FIELDS)


FIELDS = (
    "Give `id` (up to 40 of a–z, 0–9, `_`, `-`; a letter or digit first), `name` (up to 80 characters) and `prompt` "
    "(up to 20,000), and if you like `role` (up to 200) and `model` (`provider/model`)."
)
"""What a persona takes, as a hint."""
