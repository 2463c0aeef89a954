"""The ledger in memory: same promises as `adapters.ledger_sqlite`, held by one conformance suite.

One object is one host's view; `beside` gives another host a view of the same store. What a limit has spent is summed up
anew each time, so that it can be compared with the other one's running totals.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from anyio.lowlevel import checkpoint

from oxios_kernel.domain.budget import NOTHING, Limit, Scope, Spent, window_at
from oxios_kernel.domain.meter import Granted, Meter, Refused, Settled, admit, charge
from oxios_kernel.domain.spend import Usage
from oxios_kernel.ports.ledger import ModelCall, Paid

__all__ = ["MemoryLedger"]

Key = tuple[Scope, int | None]


@dataclass(frozen=True, kw_only=True)
class _Held:
    call: ModelCall
    estimate: Spent
    host: str


@dataclass
class _Store:
    limits: dict[Key, Limit] = field(default_factory=dict)
    announced: dict[Key, tuple[datetime, int]] = field(default_factory=dict)
    held: dict[str, _Held] = field(default_factory=dict)
    paid: dict[str, tuple[ModelCall, Paid]] = field(default_factory=dict)


class MemoryLedger:
    """The port `Ledger` for tests. A write is done before its call first waits, as in the real one."""

    def __init__(self, host: str = "memory") -> None:
        self.host = host
        self._store = _Store()

    def beside(self, host: str) -> Self:
        """Return another host's view of the same store."""
        view = type(self)(host)
        view._store = self._store
        return view

    async def reserve(self, call: ModelCall, estimate: Usage, now: datetime) -> Granted | Refused:
        self._store.held.pop(call.id, None)
        verdict, changed = admit(self._meters(call.scopes, now), Spent.of(estimate))
        self._keep(changed)
        if isinstance(verdict, Granted):
            self._store.held[call.id] = _Held(call=call, estimate=Spent.of(estimate), host=self.host)
        await checkpoint()
        return verdict

    async def settle(self, call: ModelCall, usage: Usage, now: datetime) -> Settled:
        self._store.held.pop(call.id, None)
        settled = Settled()
        if call.id not in self._store.paid:
            settled, changed = charge(self._meters(call.scopes, now), Spent.of(usage))
            self._keep(changed)
            paid = Paid(call_id=call.id, run_id=call.run_id, model=call.model, usage=usage, at=now)
            self._store.paid[call.id] = (call, paid)
        await checkpoint()
        return settled

    async def release(self, call_id: str) -> None:
        self._store.held.pop(call_id, None)
        await checkpoint()

    async def recover(self, alive: Callable[[str], bool]) -> int:
        dead = [name for name, held in self._store.held.items() if not alive(held.host)]
        for name in dead:
            del self._store.held[name]
        await checkpoint()
        return len(dead)

    async def spent(self, scope: Scope, since: datetime | None = None) -> Spent:
        await checkpoint()
        return self._spent(scope, since, None)

    async def meters(self, scopes: Sequence[Scope], now: datetime) -> Sequence[Meter]:
        await checkpoint()
        return self._meters(scopes, now)

    async def paid(self, run_id: str | None = None, limit: int = 1000) -> Sequence[Paid]:
        await checkpoint()
        found = [paid for call, paid in self._store.paid.values() if run_id is None or call.run_id == run_id]
        return found[::-1][:limit]

    async def set_limit(self, limit: Limit, now: datetime) -> None:
        key = (limit.scope, limit.window_seconds)
        self._store.limits[key] = limit
        self._store.announced.pop(key, None)
        await checkpoint()

    async def remove_limit(self, scope: Scope, window_seconds: int | None = None) -> bool:
        await checkpoint()
        return self._store.limits.pop((scope, window_seconds), None) is not None

    async def limits(self) -> Sequence[Limit]:
        await checkpoint()
        return _sorted(self._store.limits.values())

    def _meters(self, scopes: Sequence[Scope], now: datetime) -> list[Meter]:
        return [self._meter(limit, now) for scope in dict.fromkeys(scopes) for limit in self._of(scope)]

    def _of(self, scope: Scope) -> list[Limit]:
        return _sorted(limit for limit in self._store.limits.values() if limit.scope == scope)

    def _meter(self, limit: Limit, now: datetime) -> Meter:
        since, until = window_at(limit.window_seconds, now)
        held = [held.estimate for held in self._store.held.values() if limit.scope in held.call.scopes]
        window, announced = self._store.announced.get((limit.scope, limit.window_seconds), (since, 0))
        return Meter(
            limit=limit,
            since=since,
            spent=self._spent(limit.scope, since, until),
            reserved=sum(held, NOTHING),
            announced=announced if window == since else 0,
        )

    def _spent(self, scope: Scope, since: datetime | None, until: datetime | None) -> Spent:
        return sum(
            (
                Spent.of(paid.usage)
                for call, paid in self._store.paid.values()
                if scope in call.scopes and (since is None or since <= paid.at) and (until is None or paid.at < until)
            ),
            NOTHING,
        )

    def _keep(self, changed: Sequence[Meter]) -> None:
        for meter in changed:
            key = (meter.limit.scope, meter.limit.window_seconds)
            self._store.announced[key] = (meter.since, meter.announced)


def _sorted(limits: Iterable[Limit]) -> list[Limit]:
    return sorted(limits, key=lambda limit: (str(limit.scope), -(limit.window_seconds or math.inf)))
