"""The bus between publishers and listeners, on both event loops."""

import anyio
import pytest
from anyio.lowlevel import checkpoint
from oxios_kernel.domain.event import Event, Noted, StepBegan, TextArrived
from oxios_kernel.events import Bus, Listener
from oxios_kernel.events.bus import STATE_LIMIT, TEXT_LIMIT

pytestmark = pytest.mark.anyio


def step(number: int, run_id: str = "r") -> StepBegan:
    return StepBegan(run_id=run_id, step=number)


def text(words: str) -> TextArrived:
    return TextArrived(run_id="r", text=words)


async def everything(listener: Listener) -> list[Event]:
    with anyio.fail_after(5):
        return [event async for event in listener]


async def test_every_listener_gets_every_event_in_order() -> None:
    bus = Bus()
    with bus.subscribe() as one, bus.subscribe() as other:
        published: list[Event] = [step(1), text("가"), step(2), text("b"), text("c"), step(3)]
        for event in published:
            bus.publish(event)
        bus.close()
        assert await everything(one) == published
        assert await everything(other) == published


async def test_a_listener_hears_only_what_comes_after_it_and_before_it_leaves() -> None:
    bus = Bus()
    bus.publish(step(1))
    with bus.subscribe() as listener:
        bus.publish(step(2))
    bus.publish(step(3))
    assert await everything(listener) == [step(2)]


async def test_a_listener_that_waits_is_woken_by_each_event() -> None:
    bus = Bus()
    heard: list[Event] = []
    both = anyio.Event()

    async def listen(listener: Listener) -> None:
        async for event in listener:
            heard.append(event)
            if len(heard) == 2:
                both.set()

    with anyio.fail_after(5), bus.subscribe() as listener:
        async with anyio.create_task_group() as group:
            group.start_soon(listen, listener)
            await anyio.wait_all_tasks_blocked()
            bus.publish(step(1))
            await anyio.wait_all_tasks_blocked()
            bus.publish(text("x"))
            await both.wait()
            bus.close()
    assert heard == [step(1), text("x")]


async def test_only_wanted_events_are_heard() -> None:
    bus = Bus()
    with bus.subscribe(lambda event: event.run_id == "mine") as listener:
        bus.publish(step(1, "other"))
        bus.publish(step(2, "mine"))
        bus.close()
        assert await everything(listener) == [step(2, "mine")]


async def test_a_slow_listener_loses_the_oldest_text_and_no_other_event() -> None:
    bus = Bus()
    with bus.subscribe() as listener:
        bus.publish(step(1))
        for number in range(TEXT_LIMIT + 5):
            bus.publish(text(str(number)))
        bus.publish(step(2))
        bus.close()
        heard = await everything(listener)
    assert heard[0] == step(1)
    assert heard[-1] == step(2)
    assert heard[1:-1] == [text(str(number)) for number in range(5, TEXT_LIMIT + 5)]
    assert listener.missed == 5
    assert not listener.lagging


async def test_a_listener_that_never_reads_is_cut_off_and_told_so() -> None:
    bus = Bus()
    with bus.subscribe() as listener, bus.subscribe(lambda event: isinstance(event, TextArrived)) as other:
        for number in range(STATE_LIMIT + 10):
            bus.publish(step(number))
        heard = await everything(listener)
        bus.publish(text("still here"))
        bus.close()
        assert await everything(other) == [text("still here")]
    assert heard[:-1] == [step(number) for number in range(STATE_LIMIT)]
    assert isinstance(heard[-1], Noted)
    assert "too slow" in heard[-1].text
    assert listener.lagging


async def test_a_cancelled_listener_loses_nothing_and_can_go_on() -> None:
    bus = Bus()
    with bus.subscribe() as listener:
        with anyio.move_on_after(0):
            await listener.__anext__()
        bus.publish(step(1))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await listener.__anext__()
        with anyio.fail_after(5):
            assert await listener.__anext__() == step(1)


async def test_a_full_queue_does_not_keep_others_from_their_turn() -> None:
    bus = Bus()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    with bus.subscribe() as listener:
        for number in range(100):
            bus.publish(step(number))
        bus.close()
        async with anyio.create_task_group() as group:
            group.start_soon(count)
            await everything(listener)
            group.cancel_scope.cancel()
    assert turns > 10
