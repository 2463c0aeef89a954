"""What regulates the calls to models, one of each for a kernel: slots, the providers' pace, breakers, budgets, and the
monitor, under whose eyes less is begun while the machine is overloaded."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from oxios_kernel.boot.adapters import Adapters, Paths
from oxios_kernel.budget import Budgets, Limits
from oxios_kernel.config import BudgetSettings, HealthSettings, ScheduleSettings, Settings
from oxios_kernel.domain.budget import EVERYBODY, Limit, OnExhausted
from oxios_kernel.events import Bus
from oxios_kernel.health import Counts, Monitor, Thresholds
from oxios_kernel.ports.records import Records
from oxios_kernel.resilience import Breakers
from oxios_kernel.schedule import Caps, Pace, Rates, Scheduler

__all__ = ["Traffic", "open_traffic"]

CONFIGURED = ("budgets", "configured")
"""The document that keeps the limit which the settings asked for last."""

MICRO = 1_000_000

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What all runs share.

    Attributes:
        bus: is told what changes.
        scheduler: who may run.
        rates: the providers' limits, by which runs are admitted and calls are made.
        pace: the same limits, as calls meet them.
        breakers: which models are ill.
        budgets: who may still spend what.
        limits: how much that is.
        monitor: how busy the machine is.
    """

    bus: Bus
    scheduler: Scheduler
    rates: Rates
    pace: Pace
    breakers: Breakers
    budgets: Budgets
    limits: Limits
    monitor: Monitor


async def open_traffic(adapters: Adapters, settings: Settings, paths: Paths) -> Traffic:
    """Return what regulates a kernel's calls; what dead kernels had reserved is given back, and the settings apply.

    Raises:
        JournalError: the ledger cannot be read or written.
        HomeError: the document of the settings' limit cannot be read or written.
    """
    clock, bus, rates = adapters.clock, Bus(), Rates()
    budgets = Budgets(adapters.ledger, bus=bus, clock=clock, alive=adapters.alive)

    async def counts() -> Counts:
        stats = scheduler.stats()
        spent = await budgets.spent(EVERYBODY, clock.now() - MINUTE)
        return Counts(running=stats.running, queued=stats.waiting, tokens_per_minute=spent.tokens)

    monitor = Monitor(
        vitals=adapters.vitals,
        clock=clock,
        bus=bus,
        path=paths.home,
        counts=counts,
        thresholds=lambda: _thresholds(settings.health),
    )
    scheduler = Scheduler(clock, lambda: _caps(settings.schedule, monitor.pressure()), rates)
    limits = Limits(adapters.ledger, clock=clock)
    await adapters.ledger.recover(adapters.alive)
    await _configure(limits, adapters.records, _limit(settings.budget))
    return Traffic(
        bus=bus,
        scheduler=scheduler,
        rates=rates,
        pace=Pace(rates, scheduler, clock),
        breakers=Breakers(clock=clock, tell=bus.publish),
        budgets=budgets,
        limits=limits,
        monitor=monitor,
    )


async def _configure(limits: Limits, records: Records, wanted: Limit | None) -> None:
    """Put the settings' limit in force when it is another one than last time.

    So a person may change it in between, and it stays changed until the setting itself does.
    """
    before = await _before(records)
    if wanted == before:
        return
    if before is not None:
        await limits.remove(before.scope, before.window_seconds)
    if wanted is None:
        await records.delete(*CONFIGURED)
        return
    await limits.set(wanted)
    await records.save(*CONFIGURED, wanted.to_json())


async def _before(records: Records) -> Limit | None:
    document = await records.load(*CONFIGURED)
    try:
        return None if document is None else Limit.from_json(document)
    except ValidationError:
        return None  # a document that says nothing any more: the settings say it again


def _limit(settings: BudgetSettings) -> Limit | None:
    """Return the limit that the settings ask for, `None` when they ask for none."""
    if not (settings.tokens or settings.calls or settings.usd):
        return None
    return Limit(
        scope=EVERYBODY,
        tokens=settings.tokens or None,
        calls=settings.calls or None,
        micro_usd=round(settings.usd * MICRO) if settings.usd else None,
        window_seconds=settings.window_seconds or None,
        on_exhausted=OnExhausted(settings.on_exhausted),
    )


def _caps(settings: ScheduleSettings, overload: float) -> Caps:
    return Caps(
        concurrent=settings.concurrent,
        per_principal=settings.per_principal,
        per_provider=settings.per_provider,
        ageing_seconds=settings.ageing_seconds,
        overload=overload,
    )


def _thresholds(settings: HealthSettings) -> Thresholds:
    return Thresholds(
        memory_percent=settings.memory_percent,
        load_per_processor=settings.load_per_processor,
        disk_free_mb=settings.disk_free_mb,
    )
