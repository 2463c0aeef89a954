"""What every ledger promises, whatever it is made of: the SQLite file, and the fake in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import anyio
import pytest
from oxios_kernel.adapters.ledger_sqlite import LedgerSqlite
from oxios_kernel.domain.budget import EVERYBODY, Limit, OnExhausted, Scope, Spent, payers
from oxios_kernel.domain.meter import Granted, Reached, Refused
from oxios_kernel.domain.spend import Usage
from oxios_kernel.ports.ledger import Ledger, ModelCall
from oxios_kernel.testing.ledger import MemoryLedger

pytestmark = pytest.mark.anyio

Open = Callable[[str], Awaitable[Ledger]]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AGENT = Scope.parse("agent:a")
PERSON = Scope.parse("principal:p")
SCOPES = payers(["a"], principal="p")
RACERS = 100


@pytest.fixture(params=["sqlite", "memory"])
async def beside(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens hosts of one ledger."""
    memory = MemoryLedger("first")

    async def host(name: str) -> Ledger:
        if request.param == "memory":
            return memory.beside(name)
        return await stack.enter_async_context(await LedgerSqlite.open(tmp_path / "oxios.db", name))

    async with AsyncExitStack() as stack:
        yield host


@pytest.fixture
async def ledger(beside: Open) -> Ledger:
    return await beside("h")


def call(name: str = "c1", *, scopes: tuple[Scope, ...] = SCOPES, run: str = "a") -> ModelCall:
    return ModelCall(id=name, run_id=run, model="test/model", scopes=scopes)


def usage(tokens: int = 0, *, cost: int | None = 0) -> Usage:
    return Usage(input_tokens=tokens, calls=1, cost_micro_usd=cost)


async def pay(ledger: Ledger, name: str, tokens: int, *, now: datetime = NOON) -> tuple[Reached, ...]:
    """Have a call made and paid; return what was told."""
    verdict = await ledger.reserve(call(name), usage(tokens), now)
    settled = await ledger.settle(call(name), usage(tokens), now)
    return verdict.reached + settled.reached


# Reserving


async def test_a_call_that_fits_is_held_until_it_is_paid(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100), NOON)

    assert await ledger.reserve(call(), usage(60), NOON) == Granted()
    (under_way,) = await ledger.meters(SCOPES, NOON)
    await ledger.settle(call(), usage(40, cost=7), NOON)
    (paid,) = await ledger.meters(SCOPES, NOON)

    assert (under_way.spent, under_way.reserved) == (Spent(), Spent(tokens=60, calls=1))
    assert (paid.spent, paid.reserved) == (Spent(tokens=40, calls=1, micro_usd=7), Spent())


@pytest.mark.parametrize(
    ("limit", "estimate"),
    [
        (Limit(scope=PERSON, tokens=9), usage(10)),
        (Limit(scope=EVERYBODY, calls=0), usage(0)),
        (Limit(scope=AGENT, micro_usd=5), usage(0, cost=6)),
        (Limit(scope=AGENT, micro_usd=0), usage(0, cost=None)),
    ],
    ids=["tokens", "calls", "money", "unknown price"],
)
async def test_a_call_that_does_not_fit_one_payer_holds_nothing_of_any(
    ledger: Ledger, limit: Limit, estimate: Usage
) -> None:
    for scope in SCOPES:
        await ledger.set_limit(Limit(scope=scope, tokens=1000, window_seconds=60), NOON)
    await ledger.set_limit(limit, NOON)

    verdict = await ledger.reserve(call(), estimate, NOON)

    assert isinstance(verdict, Refused)
    assert (verdict.final, verdict.meter.limit) == (True, limit)
    assert {meter.reserved for meter in await ledger.meters(SCOPES, NOON)} == {Spent()}


async def test_what_calls_under_way_hold_is_refused_for_now_and_free_once_they_fail(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100), NOON)
    await ledger.reserve(call("c1"), usage(60), NOON)

    refused = await ledger.reserve(call("c2"), usage(60), NOON)
    await ledger.release("c1")
    await ledger.release("c1")
    granted = await ledger.reserve(call("c2"), usage(60), NOON)

    assert isinstance(refused, Refused)
    assert (refused.final, refused.reached, refused.meter.reserved.tokens) == (False, (), 60)
    assert granted == Granted()


async def test_a_call_that_reserves_again_holds_only_the_last_estimate(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100), NOON)
    await ledger.reserve(call(), usage(90), NOON)
    await ledger.reserve(call(), usage(50), NOON)

    (meter,) = await ledger.meters([AGENT], NOON)
    assert meter.reserved == Spent(tokens=50, calls=1)


async def test_a_scope_that_is_named_twice_pays_once(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100), NOON)
    twice = call(scopes=(AGENT, AGENT))
    await ledger.reserve(twice, usage(60), NOON)
    await ledger.settle(twice, usage(60), NOON)

    assert [meter.spent.tokens for meter in await ledger.meters([AGENT, AGENT], NOON)] == [60]


async def test_racers_spend_a_budget_to_the_last_token_and_no_further(ledger: Ledger) -> None:
    rounds = 5
    limits = [Limit(scope=AGENT, calls=RACERS * rounds // 2), Limit(scope=EVERYBODY, tokens=10 * RACERS * rounds)]
    for limit in limits:
        await ledger.set_limit(limit, NOON)
    names = count()
    outcomes: list[bool] = []

    async def race() -> None:
        for _ in range(rounds):
            mine = call(f"c{next(names)}")
            granted = isinstance(await ledger.reserve(mine, usage(10), NOON), Granted)
            outcomes.append(granted)
            if granted:
                await ledger.settle(mine, usage(9), NOON)

    async with anyio.create_task_group() as racers:
        for _ in range(RACERS):
            racers.start_soon(race)

    granted = sum(outcomes)
    calls, tokens = await ledger.meters(SCOPES, NOON)
    assert len(outcomes) == RACERS * rounds
    assert granted == RACERS * rounds // 2
    assert calls.spent == tokens.spent == Spent(tokens=9 * granted, calls=granted)
    assert calls.reserved == tokens.reserved == Spent()


# Paying


async def test_a_call_that_is_settled_twice_is_paid_once(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=1000), NOON)
    await pay(ledger, "c1", 40)
    again = await ledger.settle(call("c1"), usage(900), NOON + HOUR)

    assert again.reached == ()
    assert await ledger.spent(AGENT) == Spent(tokens=40, calls=1)
    assert [paid.usage for paid in await ledger.paid()] == [usage(40)]


async def test_what_was_really_spent_counts_beyond_the_estimate_and_without_a_reservation(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100), NOON)
    await ledger.settle(call("c1"), usage(150), NOON)

    verdict = await ledger.reserve(call("c2"), usage(1), NOON)
    assert isinstance(verdict, Refused)
    assert verdict.meter.spent.tokens == 150


async def test_every_call_is_kept_with_its_run_its_model_and_its_usage(ledger: Ledger) -> None:
    spent = Usage(input_tokens=5, output_tokens=4, cached_tokens=3, calls=1, cost_micro_usd=None)
    await ledger.settle(call("c1", run="a"), spent, NOON)
    await ledger.settle(call("c2", run="b"), usage(1), NOON + HOUR)
    await ledger.settle(call("c3", run="a"), usage(2), NOON + DAY)

    assert [paid.call_id for paid in await ledger.paid(limit=2)] == ["c3", "c2"]
    _, first = await ledger.paid("a")
    assert (first.call_id, first.run_id, first.model, first.usage, first.at) == ("c1", "a", "test/model", spent, NOON)


async def test_an_unknown_price_counts_its_tokens_and_is_told_to_money_limits_once_a_window(ledger: Ledger) -> None:
    money = Limit(scope=AGENT, micro_usd=10, window_seconds=3600)
    await ledger.set_limit(money, NOON)
    await ledger.set_limit(Limit(scope=PERSON, tokens=100), NOON)

    first = await ledger.settle(call("c1"), usage(5, cost=None), NOON)
    second = await ledger.settle(call("c2"), usage(5, cost=None), NOON)
    later = await ledger.settle(call("c3"), usage(5, cost=None), NOON + HOUR)

    assert (first.unpriced, second.unpriced, later.unpriced) == ((money,), (), (money,))
    assert await ledger.spent(PERSON) == Spent(tokens=15, calls=3, unpriced=3)


async def test_a_free_call_passes_a_money_limit_that_is_used_up(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, micro_usd=10), NOON)
    await ledger.settle(call("c1"), usage(cost=10), NOON)
    assert isinstance(await ledger.reserve(call("c2"), usage(cost=1), NOON), Refused)
    assert isinstance(await ledger.reserve(call("c3"), usage(cost=0), NOON), Granted)


# Announcements


async def test_each_level_of_a_limit_is_told_once_a_window(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100, window_seconds=3600), NOON)
    told = [[one.percent for one in await pay(ledger, f"c{number}", 30)] for number in range(4)]
    refused = await ledger.reserve(call("c9"), usage(30), NOON)
    later = await pay(ledger, "c10", 85, now=NOON + HOUR)

    assert told == [[], [50], [80], [100]]
    assert (isinstance(refused, Refused), refused.reached) == (True, ())
    assert [(one.percent, one.meter.spent.tokens, one.meter.resets_at) for one in later] == [
        (50, 85, NOON + 2 * HOUR),
        (80, 85, NOON + 2 * HOUR),
    ]


async def test_a_limit_that_only_warns_lets_pass_and_says_so_once(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100, on_exhausted=OnExhausted.WARN), NOON)
    await pay(ledger, "c1", 60)
    verdicts = [await ledger.reserve(call(name), usage(60), NOON) for name in ("c2", "c3")]

    assert [type(verdict) for verdict in verdicts] == [Granted, Granted]
    assert [[one.percent for one in verdict.reached] for verdict in verdicts] == [[80, 100], []]


async def test_a_limit_that_is_set_anew_tells_its_levels_anew(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100), NOON)
    await pay(ledger, "c1", 50)
    await ledger.set_limit(Limit(scope=AGENT, tokens=110), NOON)

    assert [one.percent for one in await pay(ledger, "c2", 5)] == [50]


# Limits and windows


async def test_limits_stand_in_the_order_of_the_scopes_and_the_longest_window_first(ledger: Ledger) -> None:
    limits = [
        Limit(scope=scope, calls=9, window_seconds=seconds) for scope in SCOPES for seconds in (None, 86400, 3600)
    ]
    for limit in limits[::-1]:
        await ledger.set_limit(limit, NOON)

    assert [meter.limit for meter in await ledger.meters(SCOPES, NOON)] == limits
    assert list(await ledger.limits()) == sorted(limits, key=lambda limit: str(limit.scope))


async def test_a_limit_takes_the_place_of_the_one_with_its_window_and_can_be_removed(ledger: Ledger) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=1), NOON)
    await ledger.set_limit(Limit(scope=AGENT, calls=2), NOON)
    await ledger.set_limit(Limit(scope=AGENT, calls=3, window_seconds=60), NOON)

    assert [limit.calls for limit in await ledger.limits()] == [2, 3]
    assert [await ledger.remove_limit(AGENT), await ledger.remove_limit(AGENT)] == [True, False]
    assert [limit.calls for limit in await ledger.limits()] == [3]


async def test_what_was_spent_before_a_limit_was_set_counts_in_it(ledger: Ledger) -> None:
    await ledger.settle(call("c1"), usage(10), NOON - HOUR)
    await ledger.settle(call("c2"), usage(20), NOON)
    await ledger.reserve(call("c3"), usage(5), NOON)
    for seconds in (None, 3600):
        await ledger.set_limit(Limit(scope=AGENT, tokens=100, window_seconds=seconds), NOON)

    ever, hour = await ledger.meters([AGENT], NOON)
    assert (ever.spent.tokens, hour.spent.tokens) == (30, 20)
    assert ever.reserved.tokens == hour.reserved.tokens == 5
    assert (await ledger.spent(AGENT, NOON)).tokens == 20


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY], ids=str)
async def test_a_clock_that_jumps_and_comes_back_finds_the_window_as_it_was(ledger: Ledger, jump: timedelta) -> None:
    await ledger.set_limit(Limit(scope=AGENT, tokens=100, window_seconds=3600), NOON)
    await pay(ledger, "c1", 30)
    await pay(ledger, "c2", 70, now=NOON + jump)
    await pay(ledger, "c3", 5)

    spent = [(await ledger.meters([AGENT], now))[0].spent.tokens for now in (NOON, NOON + jump)]
    assert spent == [35, 70]


# Hosts


async def test_only_what_calls_of_dead_hosts_hold_is_given_back(beside: Open) -> None:
    dead, living = await beside("dead"), await beside("living")
    await living.set_limit(Limit(scope=AGENT, tokens=100), NOON)
    await dead.reserve(call("c1"), usage(30), NOON)
    await dead.reserve(call("c2"), usage(20), NOON)
    await living.reserve(call("c3"), usage(10), NOON)

    recovered = [await living.recover(lambda host: host == "living") for _ in range(2)]

    (meter,) = await living.meters([AGENT], NOON)
    assert recovered == [2, 0]
    assert meter.reserved == Spent(tokens=10, calls=1)
