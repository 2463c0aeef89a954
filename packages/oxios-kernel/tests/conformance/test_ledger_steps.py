"""Ledgers under any sequence of reservations, payments, deaths, limits and jumps of the clock agree with plain sums."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from oxios_kernel.adapters.ledger_sqlite import LedgerSqlite
from oxios_kernel.domain.budget import Limit, Scope, Spent
from oxios_kernel.domain.meter import Granted
from oxios_kernel.domain.spend import Usage
from oxios_kernel.ports.ledger import Ledger, ModelCall
from oxios_kernel.testing.ledger import MemoryLedger

Sums = tuple[int, int, int]
"""Tokens, calls, micro-dollars."""

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SCOPES = ("agent:a", "agent:b", "principal:p", "global")
HOSTS = ("one", "two")

amounts = st.tuples(*[st.integers(0, 60)] * 3)
most = st.tuples(*[st.none() | st.integers(0, 150)] * 3).filter(lambda limits: limits != (None, None, None))
payers = st.sets(st.sampled_from(SCOPES), min_size=1).map(sorted).map(tuple)
names = st.sampled_from([f"c{number}" for number in range(8)])
scopes = st.sampled_from(SCOPES)
windows = st.sampled_from([0, 60, 3600])


@dataclass
class Arithmetic:
    """The limits by scope and window, what calls hold, and what was paid when."""

    limits: dict[tuple[str, int], tuple[int | None, int | None, int | None]] = field(default_factory=dict)
    held: dict[str, tuple[str, tuple[str, ...], Sums]] = field(default_factory=dict)
    paid: dict[str, tuple[int, tuple[str, ...], Sums]] = field(default_factory=dict)

    def spent(self, scope: str, seconds: int, now: int) -> Sums:
        return added(
            [
                sums
                for at, scopes, sums in self.paid.values()
                if scope in scopes and (not seconds or at // seconds == now // seconds)
            ]
        )

    def reserved(self, scope: str) -> Sums:
        return added([sums for _, scopes, sums in self.held.values() if scope in scopes])

    def fits(self, scopes: tuple[str, ...], need: Sums, now: int) -> bool:
        return all(
            limit is None or not more or had + holding + more <= limit
            for (scope, seconds), limits in self.limits.items()
            if scope in scopes
            for limit, had, holding, more in zip(
                limits, self.spent(scope, seconds, now), self.reserved(scope), need, strict=True
            )
        )


def added(many: list[Sums]) -> Sums:
    tokens, calls, money = (sum(column) for column in zip(*many, strict=True)) if many else (0, 0, 0)
    return tokens, calls, money


def usage(sums: Sums) -> Usage:
    tokens, calls, money = sums
    return Usage(output_tokens=tokens, calls=calls, cost_micro_usd=money)


def call(name: str, scopes: tuple[str, ...]) -> ModelCall:
    return ModelCall(id=name, run_id="r", model="test/model", scopes=tuple(map(Scope.parse, scopes)))


def sums(spent: Spent) -> Sums:
    return spent.tokens, spent.calls, spent.micro_usd


class Steps(RuleBasedStateMachine):
    """Two hosts on one ledger, and the arithmetic beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.portal = self.stack.enter_context(start_blocking_portal())
        self.hosts = self.opened()
        self.sums = Arithmetic()
        self.seconds = 0

    def opened(self) -> dict[str, Ledger]:
        raise NotImplementedError

    @property
    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.seconds)

    @rule(scope=scopes, seconds=windows, limits=most)
    def set_a_limit(self, scope: str, seconds: int, limits: Sums) -> None:
        self.sums.limits[scope, seconds] = limits
        tokens, calls, money = limits
        limit = Limit(
            scope=Scope.parse(scope), tokens=tokens, calls=calls, micro_usd=money, window_seconds=seconds or None
        )
        self.portal.call(self.hosts["one"].set_limit, limit, self.now)

    @rule(scope=scopes, seconds=windows)
    def remove_a_limit(self, scope: str, seconds: int) -> None:
        known = self.sums.limits.pop((scope, seconds), None) is not None
        assert self.portal.call(self.hosts["two"].remove_limit, Scope.parse(scope), seconds or None) is known

    @rule(host=st.sampled_from(HOSTS), name=names, scopes=payers, need=amounts)
    def reserve(self, host: str, name: str, scopes: tuple[str, ...], need: Sums) -> None:
        self.sums.held.pop(name, None)
        fits = self.sums.fits(scopes, need, self.seconds)
        if fits:
            self.sums.held[name] = (host, scopes, need)
        verdict = self.portal.call(self.hosts[host].reserve, call(name, scopes), usage(need), self.now)
        assert isinstance(verdict, Granted) is fits

    @rule(host=st.sampled_from(HOSTS), name=names, scopes=payers, cost=amounts)
    def settle(self, host: str, name: str, scopes: tuple[str, ...], cost: Sums) -> None:
        self.sums.held.pop(name, None)
        self.sums.paid.setdefault(name, (self.seconds, scopes, cost))
        self.portal.call(self.hosts[host].settle, call(name, scopes), usage(cost), self.now)

    @rule(host=st.sampled_from(HOSTS), name=names)
    def release(self, host: str, name: str) -> None:
        self.sums.held.pop(name, None)
        self.portal.call(self.hosts[host].release, name)

    @rule(dead=st.sampled_from(HOSTS))
    def die(self, dead: str) -> None:
        gone = [name for name, (host, _, _) in self.sums.held.items() if host == dead]
        for name in gone:
            del self.sums.held[name]
        (other,) = {*HOSTS} - {dead}
        assert self.portal.call(self.hosts[other].recover, lambda host: host != dead) == len(gone)

    @rule(seconds=st.sampled_from([-86400, -3600, -1, 1, 59, 60, 3600, 86400]))
    def jump(self, seconds: int) -> None:
        self.seconds = max(0, self.seconds + seconds)

    @invariant()
    def every_limit_stands_as_the_sums_say(self) -> None:
        meters = self.portal.call(self.hosts["two"].meters, tuple(map(Scope.parse, SCOPES)), self.now)
        stand = {
            (str(meter.limit.scope), meter.limit.window_seconds or 0): (sums(meter.spent), sums(meter.reserved))
            for meter in meters
        }
        assert stand == {
            (scope, seconds): (self.sums.spent(scope, seconds, self.seconds), self.sums.reserved(scope))
            for scope, seconds in self.sums.limits
        }

    def teardown(self) -> None:
        self.stack.close()


class MemorySteps(Steps):
    def opened(self) -> dict[str, Ledger]:
        first = MemoryLedger("one")
        return {"one": first, "two": first.beside("two")}


class SqliteSteps(Steps):
    def opened(self) -> dict[str, Ledger]:
        path = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "oxios.db"
        found: dict[str, Ledger] = {}
        for host in HOSTS:
            ledger = self.portal.call(LedgerSqlite.open, path, host)
            self.stack.callback(self.portal.call, ledger.aclose)
            found[host] = ledger
        return found


@pytest.mark.parametrize(("machine", "examples"), [(MemorySteps, 60), (SqliteSteps, 25)], ids=["memory", "sqlite"])
def test_a_ledger_agrees_with_plain_sums_whatever_happens(machine: type[Steps], examples: int) -> None:
    bounds = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(machine, settings=bounds)
