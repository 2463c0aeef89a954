"""Personas over the records of one home, on both event loops."""

from pathlib import Path

import pytest
from oxios_kernel.adapters.records_files import FileRecords
from oxios_kernel.errors import Conflict, HomeError, InputError, NotFound
from oxios_kernel.personas import Personas
from oxios_kernel.testing.records import MemoryRecords

pytestmark = pytest.mark.anyio

POET = {"id": "poet", "name": "시인", "prompt": "Answer in verse. 🌱", "role": "Writes", "model": "openai/gpt"}


async def test_three_personas_are_shipped_and_dev_is_active() -> None:
    personas = Personas(MemoryRecords())
    assert [persona.id for persona in await personas.list()] == ["dev", "review", "research"]
    assert all(persona.shipped and persona.prompt and persona.role for persona in await personas.list())
    assert (await personas.active()).id == "dev"


async def test_an_added_persona_and_the_choice_outlive_the_program(tmp_path: Path) -> None:
    before = Personas(FileRecords(tmp_path))
    added = await before.add(POET)
    await before.use("poet")
    after = Personas(FileRecords(tmp_path))
    assert await after.active() == added
    assert added.prompt == "Answer in verse. 🌱"
    assert added.model == "openai/gpt"
    assert not added.shipped
    assert [persona.id for persona in await after.list()] == ["dev", "review", "research", "poet"]


async def test_a_choice_is_seen_by_another_holder_of_the_same_home_at_once() -> None:
    records = MemoryRecords()
    one, other = Personas(records), Personas(records)
    await one.use("review")
    assert (await other.active()).id == "review"
    assert (await other.choose(None)).id == "review"
    assert (await other.choose("research")).id == "research"


@pytest.mark.parametrize(("wrong", "guess"), [("reviw", "review"), ("DEV", "dev"), ("poets", "poet"), ("xyzzy", None)])
async def test_an_unknown_persona_is_refused_with_the_nearest(wrong: str, guess: str | None) -> None:
    personas = Personas(MemoryRecords())
    await personas.add(POET)
    for attempt in (personas.get(wrong), personas.use(wrong), personas.choose(wrong), personas.remove(wrong)):
        with pytest.raises(NotFound) as caught:
            await attempt
        assert (f"Did you mean `{guess}`?" in caught.value.message) if guess else ("mean" not in caught.value.message)
    assert (await personas.active()).id == "dev"


@pytest.mark.parametrize("wrong", ["../state/persona", "", "a/b", "가", "x" * 100])
async def test_a_name_that_could_be_a_path_is_only_unknown(wrong: str) -> None:
    with pytest.raises(NotFound):
        await Personas(MemoryRecords()).get(wrong)


async def test_an_own_persona_hides_a_shipped_one_until_it_is_removed() -> None:
    personas = Personas(MemoryRecords())
    mine = {"id": "dev", "name": "Mine", "prompt": "Mine."}
    with pytest.raises(Conflict, match="already"):
        await personas.add(mine)
    await personas.add(mine, replace=True)
    assert (await personas.active()).prompt == "Mine."
    assert (await personas.list())[0].name == "Mine"
    await personas.remove("dev")
    assert (await personas.get("dev")).shipped
    with pytest.raises(Conflict, match="comes with Oxios"):
        await personas.remove("dev")


async def test_when_the_active_persona_is_removed_the_default_one_is_active() -> None:
    personas = Personas(MemoryRecords())
    await personas.add(POET)
    await personas.use("poet")
    await personas.remove("poet")
    assert (await personas.active()).id == "dev"
    with pytest.raises(NotFound):
        await personas.get("poet")


async def test_the_same_id_twice_needs_replace() -> None:
    personas = Personas(MemoryRecords())
    await personas.add(POET)
    with pytest.raises(Conflict, match="'poet' already"):
        await personas.add(POET)
    await personas.add({**POET, "prompt": "New."}, replace=True)
    assert (await personas.get("poet")).prompt == "New."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": "Big Name"}, "`id` of a persona cannot be 'Big Name': it is a short lower-case name."),
        ({"id": "../x"}, "`id` of a persona cannot be '../x'"),
        ({"prompt": ""}, "`prompt` of a persona cannot be ''"),
        ({"prompt": "가" * 20_001}, "`prompt` of a persona cannot be"),
        ({"name": 3}, "`name` of a persona cannot be 3"),
        ({"shape": "round"}, "A persona has no field 'shape'."),
    ],
)
async def test_fields_that_cannot_be_used_are_named_and_nothing_is_kept(
    change: dict[str, object], sentence: str
) -> None:
    personas = Personas(MemoryRecords())
    with pytest.raises(InputError) as caught:
        await personas.add({**POET, **change})
    assert caught.value.message.startswith(sentence)
    assert len(caught.value.message) < 300
    assert len(await personas.list()) == 3


async def test_a_missing_field_is_named() -> None:
    with pytest.raises(InputError, match="A persona needs `prompt`"):
        await Personas(MemoryRecords()).add({"id": "poet", "name": "Poet"})


async def test_nobody_can_add_a_persona_that_claims_to_be_shipped() -> None:
    assert not (await Personas(MemoryRecords()).add({**POET, "shipped": True})).shipped


async def test_a_damaged_persona_is_named_and_does_not_stop_the_others() -> None:
    records = MemoryRecords()
    personas = Personas(records)
    await personas.add(POET)
    records.texts["personas", "poet"] = '{"id": "poet"}'
    with pytest.raises(HomeError, match="persona 'poet' is damaged: name"):
        await personas.get("poet")
    assert (await personas.active()).id == "dev"
    assert (await personas.get("review")).id == "review"
    await personas.remove("poet")
    assert len(await personas.list()) == 3
