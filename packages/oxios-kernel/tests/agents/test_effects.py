"""A recorded effect is returned, never carried out again."""

from dataclasses import dataclass, field

import anyio
import pytest
from oxios_kernel.agents import Effects
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Lease, Run, RunKind
from oxios_kernel.domain.tool import Repeat
from oxios_kernel.errors import JournalMismatch, LeaseLost, OutcomeUnknown
from oxios_kernel.testing import FakeClock, MemoryJournal

pytestmark = pytest.mark.anyio


@dataclass
class Deeds:
    """Counts how often something really happened."""

    done: list[str] = field(default_factory=list)

    async def act(self) -> Json:
        self.done.append("done")
        return {"number": len(self.done)}

    async def cut(self) -> Json:
        self.done.append("begun")
        raise ConnectionError("the process was killed here")


async def claimed(journal: MemoryJournal) -> Lease:
    now = FakeClock().now()
    await journal.add(Run(id=RunId("run"), kind=RunKind.AGENT, created_at=now, changed_at=now))
    lease = await journal.claim(RunId("run"))
    assert lease is not None
    return lease


async def taken_over(journal: MemoryJournal) -> tuple[MemoryJournal, Lease]:
    """Let the host die and another one take the run."""
    journal.die()
    heir = journal.beside("heir")
    lease = await heir.claim(RunId("run"))
    assert lease is not None
    return heir, lease


@pytest.mark.parametrize("repeat", list(Repeat))
async def test_an_effect_happens_once_however_often_it_is_asked_for(repeat: Repeat) -> None:
    journal, deeds = MemoryJournal(), Deeds()
    effects = await Effects.open(journal, await claimed(journal))
    first = await effects.do("a", {"x": 1}, deeds.act, repeat)
    assert await effects.do("a", {"x": 1}, deeds.act, repeat) == first == {"number": 1}
    assert effects.recorded("a")
    heir, lease = await taken_over(journal)
    assert await (await Effects.open(heir, lease)).do("a", {"x": 1}, deeds.act, repeat) == first
    assert deeds.done == ["done"]


@pytest.mark.parametrize(("repeat", "again"), [(Repeat.PURE, True), (Repeat.IDEMPOTENT, True), (Repeat.ONCE, False)])
async def test_an_effect_cut_off_in_the_middle_is_repeated_only_if_it_may_be(repeat: Repeat, again: bool) -> None:
    journal, deeds = MemoryJournal(), Deeds()
    effects = await Effects.open(journal, await claimed(journal))
    with pytest.raises(ConnectionError):
        await effects.do("a", None, deeds.cut, repeat)
    heir, lease = await taken_over(journal)
    resumed = await Effects.open(heir, lease)
    if again:
        assert await resumed.do("a", None, deeds.act, repeat) == {"number": 2}
    else:
        with pytest.raises(OutcomeUnknown):
            await resumed.do("a", None, deeds.act, repeat)
        assert deeds.done == ["begun"]


async def test_the_same_name_with_another_content_is_an_error_and_nothing_happens() -> None:
    journal, deeds = MemoryJournal(), Deeds()
    effects = await Effects.open(journal, await claimed(journal))
    await effects.do("a", "this", deeds.act, Repeat.PURE)
    with pytest.raises(JournalMismatch):
        await effects.do("a", "that", deeds.act, Repeat.PURE)
    assert deeds.done == ["done"]


async def test_a_result_that_came_is_recorded_although_the_task_is_cancelled() -> None:
    journal = MemoryJournal()
    effects = await Effects.open(journal, await claimed(journal))

    async def act() -> Json:
        scope.cancel()
        return "came"

    with anyio.CancelScope() as scope:
        await effects.do("a", None, act, Repeat.ONCE)
        await anyio.lowlevel.checkpoint()
    assert effects.recorded("a")


async def test_a_host_that_lost_the_run_begins_no_effect_any_more() -> None:
    journal, deeds = MemoryJournal(), Deeds()
    effects = await Effects.open(journal, await claimed(journal))
    await taken_over(journal)
    with pytest.raises(LeaseLost):
        await effects.do("a", None, deeds.act, Repeat.ONCE)
    assert deeds.done == []
