import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def example() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


def test_the_readmes_example_answers_what_is_piped_in() -> None:
    done = subprocess.run(
        [sys.executable, "-c", example()], input="hello\n/quit\n", capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "HELLO\n"), done.stderr


def test_a_reader_that_has_left_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-c", example()], input=b"hello\nagain\n", stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
