"""``python -m tests.benchmarks [NAME…]``: runs the benchmarks and prints one table.

A benchmark is a module of this folder with ``bench() -> Iterable[Row]``; without names all of them run. Figures are
printed and never asserted: a loaded machine makes no product slower.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence

import tests.benchmarks
from tests.benchmarks.row import Row, table

FRAME = {"__main__", "row"}


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks; return the exit status, 2 when there is none of that name."""
    modules = {module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__)}
    known = sorted(name for name in modules - FRAME if not name.startswith("test_"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"expected names of {known}, found {unknown}", file=sys.stderr)
        return 2
    print(table(_rows(names or known)))
    return 0


def _rows(names: Sequence[str]) -> Iterator[Row]:
    for name in names:
        print(f"{name} …", file=sys.stderr)
        bench = getattr(importlib.import_module(f"tests.benchmarks.{name}"), "bench", None)
        if bench is not None:
            yield from bench()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
