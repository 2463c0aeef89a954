"""The frame of the benchmarks: what is printed of a row, and what happens to a name nobody knows."""

import subprocess
import sys

from tests.architecture.workspace import ROOT
from tests.benchmarks.row import Row, table


def test_a_row_shows_its_figure_goal_and_how_near_it_came() -> None:
    shown = table([Row(figure="append, p50", goal=0.25, unit="ms", measured=0.05)])
    assert [line.split() for line in shown.splitlines()] == [
        ["figure", "goal", "unit", "measured", "ratio"],
        ["append,", "p50", "0.25", "ms", "0.05", "0.20"],
    ]


def test_an_unknown_benchmark_is_refused_with_the_known_ones() -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "startupp"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'startup'" in done.stderr
