"""A model behind budgets: what a call reserves, what it pays, and what is left when it does not come to an end."""

from itertools import count

import anyio
import pytest
from oxios_kernel.budget import Budgets, Limits
from oxios_kernel.domain.budget import Limit, OnExhausted, Scope, Spent, payers
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolSpec
from oxios_kernel.domain.transcript import AssistantMessage, SystemMessage, ToolMessage, UserMessage
from oxios_kernel.engine.budgeted import Budgeted, Payer, Price, estimated
from oxios_kernel.errors import BudgetExhausted, ModelUnavailable
from oxios_kernel.events import Bus
from oxios_kernel.ports.llm import Llm, LlmRequest
from oxios_kernel.testing.clock import FakeClock
from oxios_kernel.testing.ledger import MemoryLedger
from oxios_kernel.testing.llm import HANG, ScriptedLlm, says

pytestmark = pytest.mark.anyio

AGENT = Scope.parse("agent:a")
REQUEST = LlmRequest(model="test/asked", messages=(UserMessage(text="x" * 40),), max_output_tokens=90)


class World:
    """Budgets on a ledger in memory, and runs that call models."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger = MemoryLedger()
        self.budgets = Budgets(self.ledger, bus=Bus(), clock=self.clock)
        self.limits = Limits(self.ledger, clock=self.clock)
        self.numbers = count(1)

    def llm(self, inner: Llm, *, price: Price | None = None) -> Budgeted:
        payer = Payer(run_id="a", scopes=payers(["a"], principal="p"))
        return Budgeted(inner, budgets=self.budgets, payer=payer, new_id=lambda: f"c{next(self.numbers)}", price=price)

    async def standing(self) -> tuple[Spent, Spent]:
        (meter,) = await self.ledger.meters([AGENT], self.clock.now())
        return meter.spent, meter.reserved


async def test_an_answer_is_paid_with_what_it_cost_by_the_model_that_gave_it() -> None:
    world = World()
    await world.limits.set(Limit(scope=AGENT, tokens=1000))
    usage = Usage(input_tokens=30, output_tokens=4, calls=1, cost_micro_usd=12)

    reply = await world.llm(ScriptedLlm([says("yes", usage=usage)])).complete(REQUEST)

    (paid,) = await world.ledger.paid()
    assert reply.text == "yes"
    assert (paid.call_id, paid.run_id, paid.model, paid.usage) == ("c1", "a", "test/model", usage)
    assert await world.standing() == (Spent(tokens=34, calls=1, micro_usd=12), Spent())


async def test_a_call_that_does_not_fit_is_not_made() -> None:
    world = World()
    await world.limits.set(Limit(scope=AGENT, tokens=99, on_exhausted=OnExhausted.STOP))
    inner = ScriptedLlm([])
    with pytest.raises(BudgetExhausted, match="may need 100 tokens"):
        await world.llm(inner).complete(REQUEST)
    assert inner.requests == []


async def test_a_call_that_fails_gives_back_what_it_reserved() -> None:
    world = World()
    await world.limits.set(Limit(scope=AGENT, tokens=100))
    with pytest.raises(ModelUnavailable):
        await world.llm(ScriptedLlm([ModelUnavailable("503")])).complete(REQUEST)
    assert await world.standing() == (Spent(), Spent())


async def test_a_call_holds_its_estimate_while_it_is_under_way_and_nothing_once_it_is_cancelled() -> None:
    world = World()
    await world.limits.set(Limit(scope=AGENT, tokens=100))
    inner = ScriptedLlm([HANG])
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.llm(inner).complete, REQUEST)
            await inner.hanging.wait()
            under_way = await world.standing()
            tasks.cancel_scope.cancel()

    assert under_way == (Spent(), Spent(tokens=100, calls=1, unpriced=1))
    assert await world.standing() == (Spent(), Spent())


async def test_a_hundred_calls_at_once_do_not_overspend() -> None:
    world = World()
    await world.limits.set(Limit(scope=AGENT, tokens=5_000, on_exhausted=OnExhausted.STOP))
    usage = Usage(input_tokens=10, output_tokens=90, calls=1)
    llm = world.llm(ScriptedLlm(lambda _: says("yes", usage=usage)))
    refused = count()

    async def ask() -> None:
        try:
            await llm.complete(REQUEST)
        except BudgetExhausted:
            next(refused)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(ask)

    assert await world.standing() == (Spent(tokens=5_000, calls=50), Spent())
    assert next(refused) == 50


async def test_a_known_price_holds_money_before_it_is_spent() -> None:
    world = World()
    await world.limits.set(Limit(scope=AGENT, micro_usd=150, on_exhausted=OnExhausted.STOP))
    llm = world.llm(ScriptedLlm(["yes"]), price=lambda _, tokens: 2 * tokens.output_tokens)
    with pytest.raises(BudgetExhausted, match=r"may need 0\.00018 USD"):
        await llm.complete(REQUEST)


def test_an_estimate_counts_messages_calls_and_tools_and_a_usual_answer() -> None:
    call = ToolCall(id="1", name="ls", arguments={}, raw="{}")
    tool = ToolSpec(name="ls", description="List", parameters={}, repeat=Repeat.PURE, capability="files.read")
    request = LlmRequest(
        model="test/model",
        messages=(
            SystemMessage(text="12345"),
            AssistantMessage(text="678", tool_calls=(call,)),
            ToolMessage(call_id="1", name="ls", text="9"),
        ),
        tools=(tool,),
    )
    # 5 + 3 + (2 + 2) + 1 characters of messages, 2 + 4 + 2 of the tool: 21, at four to a token.
    assert estimated(request) == Usage(input_tokens=6, output_tokens=2048, calls=1, cost_micro_usd=None)
