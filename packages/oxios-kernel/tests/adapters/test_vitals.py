"""What every adapter of `Vitals` promises, and what the machine's own show of the machine."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from oxios_kernel.adapters.vitals_psutil import VitalsPsutil
from oxios_kernel.errors import HomeError
from oxios_kernel.ports.vitals import Vitals
from oxios_kernel.testing import ScriptedVitals

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[VitalsPsutil, ScriptedVitals])
def vitals(request: pytest.FixtureRequest) -> Vitals:
    maker: Callable[[], Vitals] = request.param
    return maker()


async def test_a_look_shows_a_machine_that_can_be(vitals: Vitals, tmp_path: Path) -> None:
    for _ in range(3):
        reading = await vitals.read(tmp_path)
        assert 0 <= reading.cpu_percent <= 100
        assert 0 < reading.memory_used < reading.memory_total
        assert 0 < reading.memory_percent < 100
        assert reading.load >= 0
        assert reading.processors >= 1
        assert reading.load_per_processor == reading.load / reading.processors
        assert 0 <= reading.disk_free <= reading.disk_total
        assert reading.open_files > 0


async def test_a_folder_that_is_not_there_is_said(vitals: Vitals, tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="cannot be looked at"):
        await vitals.read(tmp_path / "gone")


async def test_the_disk_is_the_one_the_path_is_on(tmp_path: Path) -> None:
    reading = await VitalsPsutil().read(tmp_path)
    assert reading.disk_total == pytest.approx(shutil.disk_usage(tmp_path).total, rel=0.2)


async def test_open_files_are_those_of_this_process(tmp_path: Path) -> None:
    vitals = VitalsPsutil()
    before = (await vitals.read(tmp_path)).open_files
    held = [os.open(tmp_path, os.O_RDONLY) for _ in range(50)]
    try:
        assert (await vitals.read(tmp_path)).open_files >= before + 40
    finally:
        for descriptor in held:
            os.close(descriptor)


async def test_a_processor_that_was_busy_since_the_last_look_is_seen(tmp_path: Path) -> None:
    vitals = VitalsPsutil()
    assert (await vitals.read(tmp_path)).cpu_percent == 0
    began = os.times().user
    while os.times().user < began + 0.1:
        sum(range(10_000))
    assert (await vitals.read(tmp_path)).cpu_percent > 0
