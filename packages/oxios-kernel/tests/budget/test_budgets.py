"""The budgets as the engine and agents see them: waiting, refusing, telling, handing parts on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from anyio import wait_all_tasks_blocked
from oxios_kernel.budget import Budgets, Limits
from oxios_kernel.domain.budget import EVERYBODY, Limit, OnExhausted, Scope, Spent, payers
from oxios_kernel.domain.event import BudgetReached, Event, Noted
from oxios_kernel.domain.spend import Usage
from oxios_kernel.errors import BudgetExhausted, InputError
from oxios_kernel.events import Bus
from oxios_kernel.ports.ledger import ModelCall
from oxios_kernel.testing import FakeClock, MemoryLedger

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AGENT = Scope.parse("agent:a")


class World:
    """Budgets on a ledger in memory, and what the bus was told."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOON)
        self.ledger = MemoryLedger()
        self.bus = Bus()
        self.limits = Limits(self.ledger, clock=self.clock)
        self.budgets = Budgets(self.ledger, bus=self.bus, clock=self.clock)

    async def limit(self, scope: str = "agent:a", **amounts: Any) -> Limit:
        limit = Limit(scope=Scope.parse(scope), **amounts)
        await self.limits.set(limit)
        return limit

    async def pay(self, name: str, tokens: int, *, run: str = "a", cost: int | None = 0) -> None:
        await self.budgets.reserve(call(name, run=run), usage(tokens, cost=cost))
        await self.budgets.settle(call(name, run=run), usage(tokens, cost=cost))


def call(name: str = "c1", *, run: str = "a") -> ModelCall:
    lineage = {"grandchild": ["grandchild", "child", "a"], "child": ["child", "a"]}.get(run, [run])
    return ModelCall(id=name, run_id=run, model="test/model", scopes=payers(lineage, principal="p"))


def usage(tokens: int = 10, *, cost: int | None = 0) -> Usage:
    return Usage(input_tokens=tokens, calls=1, cost_micro_usd=cost)


async def test_a_call_without_any_limit_passes_and_is_written_down() -> None:
    world = World()
    await world.pay("c1", 10_000_000)
    assert [paid.call_id for paid in await world.ledger.paid("a")] == ["c1"]


@pytest.mark.parametrize(("reaction", "ask"), [(OnExhausted.ASK, True), (OnExhausted.STOP, False)])
async def test_a_budget_that_is_used_up_says_which_and_how_to_raise_it(reaction: OnExhausted, ask: bool) -> None:
    world = World()
    await world.limit(tokens=100, window_seconds=3600, on_exhausted=reaction)
    await world.pay("c1", 90)

    with pytest.raises(BudgetExhausted) as refused:
        await world.budgets.reserve(call("c2"), usage(20))

    error = refused.value
    assert (error.scope, error.ask, error.resets_at) == ("agent:a", ask, NOON + timedelta(hours=1))
    assert error.message == (
        "Expected the call to fit into the budget of agent:a (100 tokens in 3600 s), but 90 tokens are spent and it "
        "may need 20 tokens."
    )
    assert error.hint == (
        "raise it with `oxios budget set agent:a --tokens N --window 3600`, or wait until 2026-01-01T13:00:00Z"
    )


@pytest.mark.parametrize(
    ("amounts", "estimate", "sentence", "option"),
    [
        ({"calls": 0}, usage(), "(0 calls), but 0 calls are spent and it may need 1 calls", "--calls N"),
        (
            {"micro_usd": 5},
            usage(cost=7),
            "(0.000005 USD), but 0 USD are spent and it may need 0.000007 USD",
            "--usd N",
        ),
        ({"micro_usd": 0}, usage(cost=None), "(0 USD), but 0 USD are spent and it may need an unknown sum", "--usd N"),
    ],
    ids=["calls", "money", "unknown price"],
)
async def test_a_refusal_names_what_is_short(
    amounts: dict[str, int], estimate: Usage, sentence: str, option: str
) -> None:
    world = World()
    await world.limit("global", **amounts)
    with pytest.raises(BudgetExhausted) as refused:
        await world.budgets.reserve(call(), estimate)
    assert sentence in refused.value.message
    assert refused.value.hint == f"raise it with `oxios budget set global {option}`"


async def test_a_call_goes_on_once_the_window_begins_anew() -> None:
    world = World()
    await world.limit(calls=1, window_seconds=60)
    await world.pay("c1", 1)
    with pytest.raises(BudgetExhausted):
        await world.budgets.reserve(call("c2"), usage())
    await world.clock.advance(60)
    await world.pay("c2", 1)
    assert len(await world.ledger.paid()) == 2


async def test_a_call_waits_while_others_hold_the_room_it_needs_and_goes_on_when_they_cost_less() -> None:
    world = World()
    await world.limit(tokens=100)
    await world.budgets.reserve(call("c1"), usage(80))
    passed: list[str] = []

    async def wait() -> None:
        await world.budgets.reserve(call("c2"), usage(60))
        passed.append("c2")

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await wait_all_tasks_blocked()
            assert passed == []
            await world.budgets.settle(call("c1"), usage(30))
    assert passed == ["c2"]


async def test_a_waiting_call_is_refused_when_the_others_cost_what_they_held() -> None:
    world = World()
    await world.limit(tokens=100)
    await world.budgets.reserve(call("c1"), usage(80))
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:

            async def wait() -> None:
                with pytest.raises(BudgetExhausted):
                    await world.budgets.reserve(call("c2"), usage(60))

            tasks.start_soon(wait)
            await wait_all_tasks_blocked()
            await world.budgets.settle(call("c1"), usage(80))


async def test_a_waiting_call_notices_what_another_process_gave_back() -> None:
    world = World()
    await world.limit(tokens=100)
    other = world.ledger.beside("other")
    await other.reserve(call("c1"), usage(80), NOON)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.budgets.reserve, call("c2"), usage(60))
            await world.clock.until_sleeping()
            await other.release("c1")
            await world.clock.advance(1)


async def test_half_four_fifths_and_all_of_a_limit_are_told_once_each() -> None:
    world = World()
    limit = await world.limit("principal:p", tokens=100, on_exhausted=OnExhausted.WARN)
    told: list[Event] = []
    with world.bus.subscribe() as listener:
        for number in range(6):
            await world.pay(f"c{number}", 30)
        world.bus.close()
        told = [event async for event in listener]

    assert [type(event) for event in told] == [BudgetReached] * 3
    reached = [event for event in told if isinstance(event, BudgetReached)]
    assert [(event.percent, event.spent.tokens, event.run_id) for event in reached] == [
        (50, 60, "a"),
        (80, 90, "a"),
        (100, 90, "a"),
    ]
    assert {event.limit for event in reached} == {limit}


async def test_a_money_limit_says_once_that_it_does_not_see_a_price() -> None:
    world = World()
    await world.limit(micro_usd=100)
    with world.bus.subscribe() as listener:
        await world.pay("c1", 10, cost=None)
        await world.pay("c2", 10, cost=None)
        world.bus.close()
        told = [event async for event in listener]
    assert told == [
        Noted(
            run_id="a",
            turn_id="a",
            text="The price of test/model is not known: the money limit of agent:a does not see its calls.",
        )
    ]


async def test_a_child_counts_in_its_parents_budget_without_one_of_its_own() -> None:
    world = World()
    await world.limit(tokens=100)
    await world.pay("c1", 60, run="grandchild")
    with pytest.raises(BudgetExhausted, match="budget of agent:a"):
        await world.budgets.reserve(call("c2", run="child"), usage(60))


async def test_a_part_of_a_budget_binds_the_child_and_counts_in_the_parent() -> None:
    world = World()
    await world.limit(tokens=100, calls=11)
    await world.pay("c1", 20)

    parts = await world.budgets.subdivide("a", "child", 0.5)
    await world.pay("c2", 40, run="child")

    assert parts == [Limit(scope=Scope.parse("agent:child"), tokens=40, calls=5)]
    with pytest.raises(BudgetExhausted, match="budget of agent:child"):
        await world.budgets.reserve(call("c3", run="child"), usage(1))
    (parent,) = await world.budgets.states([AGENT])
    assert parent.meter.spent == Spent(tokens=60, calls=2)


async def test_a_part_of_a_window_is_a_part_of_all_of_it() -> None:
    world = World()
    await world.limit(tokens=100, window_seconds=3600)
    await world.pay("c1", 90)
    (part,) = await world.budgets.subdivide("a", "child", 0.25)
    assert (part.tokens, part.window_seconds) == (25, 3600)


async def test_an_agent_cannot_raise_a_budget_by_dividing_it() -> None:
    world = World()
    limit = await world.limit(tokens=100)
    small = await world.limit("agent:child", tokens=1)

    assert await world.budgets.subdivide("a", "a", 1.0) == [limit]
    assert await world.budgets.subdivide("a", "child", 1.0) == [small]
    assert await world.budgets.subdivide("a", "other", 0.5) == await world.budgets.subdivide("a", "other", 1.0)
    assert [one.tokens for one in await world.limits.all()] == [100, 1, 50]


async def test_a_run_without_a_budget_hands_none_on() -> None:
    world = World()
    await world.limit("global", tokens=100)
    assert await world.budgets.subdivide("a", "child", 0.5) == []


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
async def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="Expected a share"):
        await World().budgets.subdivide("a", "child", share)


async def test_a_limit_that_was_removed_binds_no_more() -> None:
    world = World()
    await world.limit(calls=0)
    assert await world.limits.remove(AGENT)
    assert not await world.limits.remove(AGENT)
    await world.pay("c1", 10)


async def test_states_say_when_a_limit_will_be_used_up() -> None:
    world = World()
    await world.limit(tokens=1000)
    await world.limit("global", tokens=100_000, window_seconds=3600)
    await world.pay("c1", 100)

    agent, everybody = await world.budgets.states([AGENT, EVERYBODY])
    # 100 tokens in the last 300 s: 900 more take 2,700 s, 99,900 more take longer than the hour lasts.
    assert agent.exhausted_at == NOON + timedelta(seconds=2700)
    assert everybody.exhausted_at is None
