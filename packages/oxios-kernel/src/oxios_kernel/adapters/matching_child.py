"""The other half of `matching_process.py`: run as a program of its own, so that a regular expression can be killed.

A line of JSON in, a line of JSON out: first the pattern (answered with `null` or what is wrong with it), then texts
(each answered with the indices of the lines that match). Imports the standard library only, to start in milliseconds.
"""

import json
import re
import resource
import sys

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 60
"""When nobody is left to kill it: the parent itself may have been killed."""


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    asked = json.loads(sys.stdin.buffer.readline())
    source = re.escape(asked["text"]) if asked["literal"] else asked["text"]
    try:
        pattern = re.compile(source, re.IGNORECASE if asked["ignore_case"] else 0)
    except (re.error, OverflowError, RecursionError) as error:
        _answer(str(error) or type(error).__name__)
        return
    _answer(None)
    for line in sys.stdin.buffer:
        lines = json.loads(line).split("\n")
        _answer([index for index, one in enumerate(lines) if pattern.search(one.removesuffix("\r"))])


def _answer(document: object) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
