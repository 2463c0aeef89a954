"""What holds a kernel's model calls back, with a real server: budgets, circuit breakers, a provider's rate limits."""

import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import pytest
from oxios_kernel.agents import AgentTask, Standing
from oxios_kernel.boot import open_kernel
from oxios_kernel.config import BudgetSettings, EngineSettings, Settings
from oxios_kernel.conversation import Reply, TurnRequest
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.budget import EVERYBODY, Limit, OnExhausted, Scope, Spent
from oxios_kernel.domain.capability import CSPACE_ALL
from oxios_kernel.domain.event import CircuitState
from oxios_kernel.domain.run import RunKind, RunState
from oxios_kernel.errors import BudgetExhausted, CircuitOpen, Conflict, ModelUnavailable, RateLimited
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.journal import RunQuery

from tests.e2e.brain import Brain, chat, file_says, task, tool_results
from tests.e2e.person import Person
from tests.loopback import Answer, Hang, ModelServer, Received, Status, Text, Tools

pytestmark = [
    pytest.mark.anyio,
    # litellm reads every attribute of pydantic models, those included that pydantic wants to take away.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

MODEL = "openai/test-model"
PRICED = "openai/gpt-4o-mini"
"""A model whose price is known."""


@pytest.fixture
def anyio_backend() -> str:
    """Litellm lives on asyncio."""
    return "asyncio"


@dataclass
class World:
    """A home whose kernels ask a server; one failed try is enough for them."""

    folder: Path
    server: ModelServer
    settings: Settings = field(default_factory=lambda: Settings(engine=EngineSettings(max_retries=0)))

    @asynccontextmanager
    async def kernel(self) -> AsyncIterator[Kernel]:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": self.server.openai_base}
        with anyio.fail_after(60):
            async with open_kernel(self.folder / "home", environment=environment, settings=self.settings) as kernel:
                yield kernel

    def asks_for(self, **budget: object) -> None:
        section = BudgetSettings.model_validate({"window_seconds": 0} | budget)
        self.settings = self.settings.model_copy(update={"budget": section})

    async def say(self, kernel: Kernel, text: str, *, run_id: str | None = None, model: str = MODEL) -> Reply:
        turn = TurnRequest(prompt=text, root=self.folder, model=model, run_id=run_id)
        return await kernel.conversation.handle(turn)


def writes(received: Received) -> Answer:
    return Text("Written.") if tool_results(received) else Tools([("write", {"path": "a.txt", "content": "a"})])


def writer() -> Brain:
    return Brain(assess=task("Write a", file_says("a.txt", "a")), agent=writes)


def paid(*tokens: int) -> Spent:
    """What calls come to whose price nobody knows."""
    return Spent(tokens=sum(tokens), calls=len(tokens), unpriced=len(tokens))


async def states(kernel: Kernel) -> Mapping[RunKind, RunState]:
    return {run.kind: run.state for run in await kernel.table.find(RunQuery())}


async def test_a_budget_that_runs_out_pauses_the_turn_and_once_raised_it_ends_without_paying_twice(
    tmp_path: Path,
) -> None:
    with ModelServer(writer()) as server:
        async with World(tmp_path, server).kernel() as kernel:
            await kernel.limits.set(Limit(scope=EVERYBODY, calls=2))
            with pytest.raises(BudgetExhausted) as refused:
                await World(tmp_path, server).say(kernel, "Write a to a.txt", run_id="turn")
            paused = await states(kernel)
            turn = await kernel.table.get("turn")
            await kernel.limits.set(Limit(scope=EVERYBODY, calls=3))
            reply = await kernel.conversation.resume("turn")
            spent = await kernel.budgets.spent(EVERYBODY)

    assert (refused.value.scope, refused.value.ask) == ("global", True)
    assert paused == {RunKind.TURN: RunState.PAUSED, RunKind.AGENT: RunState.PAUSED}
    assert turn.reason is not None
    assert "`oxios budget set global --calls N`; then resume it" in turn.reason
    assert (reply.evaluation_passed, reply.usage.calls, len(server.requests)) == (True, 3, 3)
    assert spent == paid(120, 19, 19)
    assert spent.tokens == reply.usage.input_tokens + reply.usage.output_tokens


async def test_a_budget_that_stops_ends_the_turn_and_its_agent(tmp_path: Path) -> None:
    with ModelServer(writer()) as server:
        world = World(tmp_path, server)
        async with world.kernel() as kernel:
            await kernel.limits.set(Limit(scope=EVERYBODY, calls=2, on_exhausted=OnExhausted.STOP))
            with pytest.raises(BudgetExhausted):
                await world.say(kernel, "Write a to a.txt", run_id="turn")
            assert await states(kernel) == {RunKind.TURN: RunState.FAILED, RunKind.AGENT: RunState.FAILED}
            with pytest.raises(Conflict, match="budget of global"):
                await kernel.conversation.resume("turn")
    assert len(server.requests) == 2


async def test_every_payer_of_an_agent_is_charged_and_no_other(tmp_path: Path) -> None:
    with ModelServer(writer()) as server:
        world = World(tmp_path, server)
        async with world.kernel() as kernel:
            turn = TurnRequest(prompt="Write a to a.txt", root=tmp_path, model=MODEL, run_id="turn")
            await kernel.conversation.handle(replace(turn, principal="ann", space_id="lab"))
            names = ("agent:turn", "agent:turn.g0", "principal:ann", "space:lab", "global", "principal:person")
            spent = {name: (await kernel.budgets.spent(Scope.parse(name))).calls for name in names}
    assert list(spent.values()) == [3, 2, 3, 3, 3, 0]


async def test_the_settings_limit_holds_across_openings_until_a_person_or_the_setting_changes_it(
    tmp_path: Path,
) -> None:
    with ModelServer(Brain(assess=chat("Hi."))) as server:
        world = World(tmp_path, server)
        world.asks_for(calls=1)
        async with world.kernel() as kernel:
            await world.say(kernel, "Hello")
        async with world.kernel() as kernel:
            with pytest.raises(BudgetExhausted):
                await world.say(kernel, "Hello again")
            await kernel.limits.set(Limit(scope=EVERYBODY, calls=2))
        async with world.kernel() as kernel:
            await world.say(kernel, "And again")
            limits = await kernel.limits.all()
        world.asks_for(tokens=500, window_seconds=3600, on_exhausted="warn")
        async with world.kernel() as kernel:
            changed = await kernel.limits.all()
        world.asks_for()
        async with world.kernel() as kernel:
            taken_away = await kernel.limits.all()
    assert limits == [Limit(scope=EVERYBODY, calls=2)]
    assert changed == [Limit(scope=EVERYBODY, tokens=500, window_seconds=3600, on_exhausted=OnExhausted.WARN)]
    assert taken_away == []


async def test_an_agent_sees_what_is_left_and_hands_on_a_part_of_it(tmp_path: Path) -> None:
    def works(received: Received) -> Answer:
        if "the child" in received.text:
            return Text("Done.")
        steps = (
            Tools([("budget", {})]),
            Tools([("fork", {"goal": "the child", "budget_share": 0.5})]),
            Tools([("wait", {})]),
        )
        done = len(tool_results(received))
        return steps[done] if done < len(steps) else Text(tool_results(received)[0])

    agent = AgentTask(
        system="Work.",
        prompt="Look and share.",
        model=MODEL,
        root=str(tmp_path),
        principal="ann",
        role=Role.USER,
        rights=CSPACE_ALL,
    )
    with ModelServer(works) as server:
        async with World(tmp_path, server).kernel() as kernel:
            await kernel.limits.set(Limit(scope=Scope.parse("principal:ann"), calls=20))
            run = await kernel.processes.fork(agent, title="parent", standing=Standing(group="g"))
            await kernel.limits.set(Limit(scope=Scope.parse(f"agent:{run.id}"), tokens=100_000))
            (exit_,) = await kernel.processes.wait([run.id])
            (child,) = await kernel.table.find(RunQuery(parent=run.id))
            limits = {str(limit.scope): limit.tokens for limit in await kernel.limits.all()}
    assert "principal:ann: 19 of 20 calls left" in exit_.text
    part = limits[f"agent:{child.id}"]
    assert part is not None
    assert 40_000 < part < 50_000


async def test_a_sum_of_money_is_not_overspent_by_many_turns_at_once(tmp_path: Path) -> None:
    ended: list[bool] = []
    with ModelServer(Brain(assess=replace(chat("Hi."), usage=(1_000, 1_000)))) as server:
        world = World(tmp_path, server)
        world.settings = Settings(engine=EngineSettings(max_retries=0, max_output_tokens=1_000))

        async def turn() -> None:
            try:
                await world.say(kernel, "Hello", model=PRICED)
                ended.append(True)
            except BudgetExhausted:
                ended.append(False)

        async with world.kernel() as kernel:
            await turn()
            price = (await kernel.budgets.spent(EVERYBODY)).micro_usd
            most = price * 4 + price // 2
            await kernel.limits.set(Limit(scope=EVERYBODY, micro_usd=most, on_exhausted=OnExhausted.STOP))
            async with anyio.create_task_group() as turns:
                for _ in range(8):
                    turns.start_soon(turn)
            spent = await kernel.budgets.spent(EVERYBODY)
    assert price > 0
    assert spent.micro_usd <= most
    assert spent.calls == len(server.requests) == ended.count(True)
    assert ended.count(False) > 0


async def test_a_model_that_fails_again_and_again_is_left_alone_by_all_runs(tmp_path: Path) -> None:
    with ModelServer(Status(500)) as server:
        world = World(tmp_path, server)
        async with world.kernel() as kernel:
            for _ in range(5):
                with pytest.raises(ModelUnavailable):
                    await world.say(kernel, "Hello")
            with pytest.raises(CircuitOpen, match="500"):
                await world.say(kernel, "Hello")
            report = kernel.engine.breakers.states()[MODEL]
    assert (report.state, report.failures_in_a_row, len(server.requests)) == (CircuitState.OPEN, 5, 5)


async def test_a_provider_that_asks_to_wait_is_not_asked_before_by_any_run(tmp_path: Path) -> None:
    asked: list[float] = []

    def limits(received: Received) -> Answer:
        asked.append(time.monotonic())
        return Status(429, headers={"retry-after": "0.4"}) if len(asked) == 1 else chat("Now.")

    with ModelServer(limits) as server:
        world = World(tmp_path, server)
        async with world.kernel() as kernel:
            with pytest.raises(RateLimited):
                await world.say(kernel, "Hello")
            opens = kernel.rates.windows()["openai"].closed_until
            reply = await world.say(kernel, "Hello")
    assert reply.response == "Now."
    assert len(asked) == 2
    assert asked[0] < opens <= asked[1]


async def test_a_provider_that_says_how_much_is_left_is_believed(tmp_path: Path) -> None:
    headers = {"x-ratelimit-limit-requests": "600", "x-ratelimit-remaining-requests": "41"}
    with ModelServer(replace(chat("Hi."), headers=headers)) as server:
        world = World(tmp_path, server)
        async with world.kernel() as kernel:
            await world.say(kernel, "Hello")
            window = kernel.rates.windows()["openai"]
    assert window.requests is not None
    assert (window.requests.limit, window.requests.level) == (600, 41)


def test_a_person_is_told_how_a_budget_is_raised_and_the_task_goes_on_then(person: Person) -> None:
    with ModelServer(Brain(assess=chat("Hi."))) as server:
        person.uses(server)
        person.environment |= {"OXIOS_BUDGET_CALLS": "1"}
        first = person.run("run", "--json", "Hello")
        refused = person.run("run", "--json", "Hello again")
        person.environment |= {"OXIOS_BUDGET_CALLS": "2"}
        resumed = person.run("run", "--json", "--resume", refused.json["run_id"])
    assert (first.code, refused.code, refused.json["exit_code"]) == (0, 6, 6), refused.err
    assert "oxios budget set global --calls N" in refused.err
    assert f"oxios run --resume {refused.json['run_id']}" in refused.err
    assert (resumed.code, len(server.requests)) == (0, 2), resumed.err


def test_what_a_killed_process_had_reserved_is_given_back(person: Person) -> None:
    with ModelServer(Brain(assess=[Hang(), chat("Hi."), chat("Hi.")])) as server:
        person.uses(server)
        person.environment |= {"OXIOS_BUDGET_CALLS": "1"}
        killed = person.start("run", "--json", "Hello")
        server.wait_for(1)
        killed.signal(signal.SIGKILL)
        killed.wait()
        again = person.run("run", "--json", "Hello again")
    # The interrupted turn goes first and takes the one call that there is.
    assert (again.code, len(server.requests)) == (6, 2), again.err
