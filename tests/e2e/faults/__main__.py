"""``python -m tests.e2e.faults KILLS [SEED]``: the full bar; prints what is wrong, and fails if anything is."""

import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.faults.ordeal import ordeal


def main(arguments: list[str]) -> int:
    """Kill as often as asked for."""
    kills, seed = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        wrong = ordeal(Path(place), kills, seed)
    print(f"{kills} kills, seed {seed}, {time.monotonic() - started:.0f} s: {len(wrong)} faults", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
