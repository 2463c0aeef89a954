"""Cron in several real processes on one home: SQLite, files and locks as the product has them."""

import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from oxios_kernel.adapters.locks_flock import LocksFlock
from oxios_kernel.adapters.records_files import FileRecords
from oxios_kernel.domain.cron import fire_key
from oxios_kernel.schedule import Cron, CronJobs
from oxios_kernel.testing import FakeClock, MemoryJournal

pytestmark = pytest.mark.anyio

CHILD = Path(__file__).with_name("cron_child.py")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def look_together(home: Path, hosts: int, hours: float) -> list[list[str]]:
    """Let so many processes look at the same moment and return the runs that each added."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(CHILD), str(home), f"host-{number}-{hours}", str(hours)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(hosts)
        ]
        for child in children:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin
            child.stdin.write("\n")
            child.stdin.flush()
        added = [child.communicate(timeout=60)[0].split() for child in children]
        assert [child.returncode for child in children] == [0] * hosts
    return added


async def test_processes_that_look_together_run_each_slot_once(tmp_path: Path) -> None:
    jobs = CronJobs(FileRecords(tmp_path / "workspace"), LocksFlock(tmp_path / "run"))
    clock = FakeClock(NOON)

    async def nothing(*_: object) -> bool:
        return False

    cron = Cron(jobs=jobs, runs=MemoryJournal(clock=clock), clock=clock, new_id=lambda: "job", fire=nothing)
    fields = {"name": "report", "schedule": "0 * * * *", "goal": "x", "on_missed": "run_all", "on_overlap": "allow"}
    await cron.add(fields)
    first = look_together(tmp_path, 2, 10.5)
    second = look_together(tmp_path, 2, 15.5)
    wanted = [fire_key("job", NOON + timedelta(hours=hour)) for hour in range(1, 16)]
    assert sorted(key for keys in (*first, *second) for key in keys) == wanted
    assert [row.run_id for row in (await cron.history("report")).rows] == wanted
