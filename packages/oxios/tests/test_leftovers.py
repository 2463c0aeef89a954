"""What an earlier process left unfinished is finished before new work, unless that cannot be or takes too long."""

from pathlib import Path

import anyio
import pytest
from oxios.converse import KernelConverse
from oxios.leftovers import finish_leftovers
from oxios_gateway import Progress
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.conversation.request import TurnInput
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.ports.clock import Clock
from oxios_kernel.testing import HANG, ProtocolScript, ScriptedLlm, chat, open_test_kernel

pytestmark = pytest.mark.anyio


async def leave(home: Path, name: str, model: str = "oxios/demo") -> None:
    """Leave a turn behind that was under way when its process died."""
    clock: Clock = ClockSystem()
    await anyio.Path(home).mkdir(exist_ok=True)
    start = TurnInput(prompt=f"do {name}", root=str(home), session_id=name, persona="", model=model)
    now = clock.now()
    row = Run(
        id=RunId(name),
        kind=RunKind.TURN,
        session_id=name,
        title=start.prompt,
        input=start.to_json(),
        created_at=now,
        changed_at=now,
    )
    async with await JournalSqlite.open(home / "oxios.db", f"host-of-{name}", clock) as journal:
        await journal.add(row)
        lease = await journal.claim(row.id)
        assert lease is not None
        await journal.change(lease, RunState.RUNNING)


class Person:
    """Somebody who is told things."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def say(self, message: str, *, hint: str | None = None) -> None:
        self.told.append(f"{message} {hint}")


def nobody(progress: Progress) -> None:
    """Listen to no progress."""


async def finish(home: Path, llm: ScriptedLlm, *, seconds: float) -> tuple[list[str], dict[str, RunState]]:
    """Finish what was left, and return what the person was told and the states of the turns then."""
    person = Person()
    async with open_test_kernel(home, llm) as kernel:
        converse = KernelConverse(kernel.conversation, kernel.bus, root=home)
        with anyio.fail_after(20):
            await finish_leftovers(converse, listen=nobody, say=person.say, seconds=seconds)
        states = {name: (await kernel.table.get(name)).state for name in ("first", "second")}
    return person.told, states


async def test_every_leftover_is_finished_when_there_is_time(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await leave(home, "first")
    await leave(home, "second")
    told, states = await finish(home, ScriptedLlm(ProtocolScript(assess=[chat("one"), chat("two")])), seconds=20)
    assert states == {"first": RunState.DONE, "second": RunState.DONE}
    assert [sentence.split(" ")[0] for sentence in told] == ["First", "That", "First", "That"]


async def test_a_leftover_that_takes_too_long_is_stopped_and_those_after_it_are_left(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await leave(home, "first")
    await leave(home, "second")
    told, states = await finish(home, ScriptedLlm(ProtocolScript(assess=[HANG])), seconds=1)
    assert states == {"first": RunState.PAUSED, "second": RunState.RUNNING}
    assert "takes too long" in told[-1]
    assert "oxios run --resume first" in told[-1]
    assert "oxios agent kill first" in told[-1]


async def test_a_leftover_whose_model_cannot_be_asked_is_left_alone_with_how_it_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await leave(home, "first", model="openai/without-a-key")
    await leave(home, "second")
    told, states = await finish(home, ScriptedLlm(ProtocolScript(assess=[chat("done")])), seconds=20)
    assert states == {"first": RunState.RUNNING, "second": RunState.DONE}
    assert "there is no key for OpenAI: do first" in told[0]
    assert "oxios run --resume first --model" in told[0]
