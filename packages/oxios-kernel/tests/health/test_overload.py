"""Overload: what begins it, what ends it, and how much less is begun meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_kernel.health import Overload, Thresholds
from oxios_kernel.ports.vitals import Reading

GIB = 2**30
LIMITS = Thresholds()


def reading(*, cpu: float = 5, memory: float = 25, load: float = 0.25, disk_mb: float = 50_000) -> Reading:
    return Reading(
        cpu_percent=cpu,
        memory_used=round(8 * GIB * memory / 100),
        memory_total=8 * GIB,
        load=load * 4,
        processors=4,
        disk_free=round(disk_mb * 1e6),
        disk_total=100 * GIB,
        open_files=20,
    )


def test_a_busy_processor_is_no_overload() -> None:
    assert Overload().after(reading(cpu=100, load=3.9), LIMITS) == Overload()


@pytest.mark.parametrize(
    ("busy", "name", "pressure"),
    [
        (reading(memory=90), "memory", 0.5),
        (reading(memory=92.5), "memory", 0.375),
        (reading(memory=95), "memory", 0.25),
        (reading(memory=100), "memory", 0.25),
        (reading(load=4), "load", 0.5),
        (reading(load=6), "load", 0.375),
        (reading(load=50), "load", 0.25),
        (reading(disk_mb=200), "disk", 0.5),
        (reading(disk_mb=150), "disk", 0.375),
        (reading(disk_mb=0), "disk", 0.25),
    ],
)
def test_what_runs_out_is_overload_and_the_worse_it_is_the_less_is_begun(
    busy: Reading, name: str, pressure: float
) -> None:
    overload = Overload().after(busy, LIMITS)
    assert list(overload.reasons) == [name]
    assert overload.pressure == pytest.approx(pressure)


@pytest.mark.parametrize(
    ("busy", "better", "well"),
    [
        (reading(memory=91), reading(memory=88), reading(memory=87)),
        (reading(load=4.5), reading(load=2.5), reading(load=2)),
        (reading(disk_mb=100), reading(disk_mb=240), reading(disk_mb=260)),
    ],
)
def test_overload_ends_only_well_below_what_began_it(busy: Reading, better: Reading, well: Reading) -> None:
    overload = Overload().after(busy, LIMITS)
    assert Overload().after(better, LIMITS) == Overload()
    still = overload.after(better, LIMITS)
    assert still.reasons.keys() == overload.reasons.keys()
    assert still.pressure == 0.5
    assert still.after(well, LIMITS) == Overload()


def test_the_worst_of_several_counts() -> None:
    overload = Overload().after(reading(memory=91, load=8, disk_mb=190), LIMITS)
    assert overload.reasons == {
        "memory": "91 % is used",
        "load": "8.0 tasks want each processor",
        "disk": "190 MB are free",
    }
    assert overload.pressure == 0.25


def test_the_thresholds_are_the_ones_that_are_set() -> None:
    strict = Thresholds(memory_percent=20, load_per_processor=0.1, disk_free_mb=100_000)
    assert set(Overload().after(reading(), strict).reasons) == {"memory", "load", "disk"}
    lenient = Thresholds(memory_percent=100, load_per_processor=100, disk_free_mb=0.001)
    assert Overload().after(reading(memory=99, load=50, disk_mb=1), lenient) == Overload()


@given(
    st.lists(
        st.builds(
            reading,
            memory=st.floats(0, 100),
            load=st.floats(0, 100),
            disk_mb=st.floats(0, 100_000),
        ),
        max_size=20,
    )
)
def test_the_pressure_is_always_between_a_quarter_and_one(readings: list[Reading]) -> None:
    overload = Overload()
    for each in readings:
        overload = overload.after(each, LIMITS)
        assert 0.25 <= overload.pressure <= (0.5 if overload.reasons else 1)
        assert bool(overload.reasons) is (overload.pressure < 1)
