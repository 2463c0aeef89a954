"""A process that keeps jobs by the clock: `python cron_child.py HOME HOST HOURS` looks once, so many hours after noon.

It waits for a line on stdin before it looks, so that several begin together, and prints the runs it added.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.adapters.locks_flock import LocksFlock
from oxios_kernel.adapters.records_files import FileRecords
from oxios_kernel.domain.cron import CronJob
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunKind
from oxios_kernel.schedule import Cron, CronJobs
from oxios_kernel.testing import FakeClock


async def look(home: Path, host: str, hours: float) -> None:
    clock = FakeClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
    clock.jump(hours * 3600)
    async with await JournalSqlite.open(home / "oxios.db", host, clock) as journal:

        async def fire(job: CronJob, slot: datetime, key: RunId) -> bool:
            now = clock.now()
            new = await journal.add(Run(id=key, kind=RunKind.TURN, title=job.name, created_at=now, changed_at=now))
            if new:
                print(key, flush=True)
            return new

        jobs = CronJobs(FileRecords(home / "workspace"), LocksFlock(home / "run"))
        cron = Cron(jobs=jobs, runs=journal, clock=clock, new_id=lambda: "job", fire=fire)
        print("ready", flush=True)
        sys.stdin.readline()
        await cron.tick()


if __name__ == "__main__":
    anyio.run(look, Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
