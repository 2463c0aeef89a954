"""Calls that keep to their provider's limits: when they wait, what others do meanwhile, what is counted."""

import anyio
import pytest
from oxios_kernel.domain.job import Priority, QueuedRun
from oxios_kernel.domain.transcript import UserMessage
from oxios_kernel.engine.paced import Paced
from oxios_kernel.errors import RateLimited
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.schedule import Caps, Pace, Rates, Scheduler
from oxios_kernel.testing import FakeClock, ScriptedLlm
from oxios_kernel.testing.llm import Script

pytestmark = pytest.mark.anyio

# 40 characters are 10 tokens, and the answer may have 90 more.
REQUEST = LlmRequest(model="p/m", messages=(UserMessage(text="x" * 40),), max_output_tokens=90, deadline_seconds=60)


class World:
    """A provider's limits, one slot, and runs that call models."""

    def __init__(self, script: Script = lambda _: "yes") -> None:
        self.clock = FakeClock()
        self.rates = Rates()
        caps = Caps(concurrent=1, per_principal=9, per_provider=9, ageing_seconds=30)
        self.scheduler = Scheduler(self.clock, lambda: caps, self.rates)
        self.pace = Pace(self.rates, self.scheduler, self.clock)
        self.model = ScriptedLlm(script)
        self.notes: list[str] = []
        self.went: list[str] = []

    def learn(self, **limits: str) -> None:
        self.rates.learn("p", {f"x-ratelimit-{name.replace('_', '-')}": text for name, text in limits.items()}, 0)

    async def call(self, run_id: str = "r", request: LlmRequest = REQUEST) -> None:
        llm = Paced(self.model, pace=self.pace, clock=self.clock, run_id=run_id, note=self.notes.append)
        await llm.complete(request)
        self.went.append(run_id)

    async def step(self, run_id: str, provider: str | None = "p") -> None:
        run = QueuedRun(run_id=run_id, priority=Priority.NORMAL, principal="a", provider=provider, submitted=0)
        async with self.scheduler.slot(run):
            if provider is None:
                self.went.append(run_id)
            else:
                await self.call(run_id)


async def test_a_call_waits_until_its_provider_lets_it_through_and_says_so() -> None:
    world = World()
    world.rates.close("p", 5, 0)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.call)
            await world.clock.until_sleeping()
            asked_before = len(world.model.requests)
            await world.clock.advance(5)
    assert asked_before == 0
    assert world.notes == ["p limits the rate of requests; asking in 5.0 s"]
    # What is left of the call's time is what the provider may take.
    assert [request.deadline_seconds for request in world.model.requests] == [55]


async def test_a_provider_that_opens_after_the_calls_deadline_is_not_waited_for() -> None:
    world = World()
    world.rates.close("p", 61, 0)
    with pytest.raises(RateLimited, match="in 61 s") as refused:
        await world.call()
    assert (refused.value.retry_after_seconds, refused.value.retry, world.model.requests) == (61, True, [])


async def test_a_refusal_closes_the_provider_for_every_run_and_no_other_provider() -> None:
    world = World([RateLimited("429", retry_after_seconds=3), "from q", "at last"])
    with pytest.raises(RateLimited):
        await world.call("first")
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.call, "second")
            await world.clock.until_sleeping()
            await world.call("other", LlmRequest(model="q/m", messages=()))
            await world.clock.advance(3)
    assert world.went == ["other", "second"]


async def test_a_run_that_waits_for_its_provider_lets_others_run_meanwhile() -> None:
    world = World([RateLimited("429", retry_after_seconds=3), "at last"])

    async def twice() -> None:
        run = QueuedRun(run_id="r", priority=Priority.NORMAL, principal="a", provider="p", submitted=0)
        async with world.scheduler.slot(run):
            with pytest.raises(RateLimited):
                await world.call("r")
            await world.call("r")

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(twice)
            await world.clock.until_sleeping()
            await world.step("idle", provider=None)
            await world.clock.advance(3)
    assert world.went == ["idle", "r"]


async def test_the_request_that_admission_counted_is_not_counted_twice() -> None:
    world = World()
    world.learn(limit_requests="60", remaining_requests="2")
    with anyio.fail_after(5):
        await world.step("first")
        await world.step("second")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.call, "third")
            await world.clock.until_sleeping()
            await world.clock.advance(1)
    assert world.went == ["first", "second", "third"]
    assert world.clock.slept == [1]


async def test_tokens_are_counted_before_the_call_as_far_as_one_can_tell() -> None:
    world = World()
    world.learn(limit_tokens="600", remaining_tokens="150")
    with anyio.fail_after(5):
        await world.call("first")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.call, "second")
            await world.clock.until_sleeping()
            await world.clock.advance(5)
    # 50 are left of 150; the other 50 come back at 600 a minute.
    assert world.clock.slept == [5]
