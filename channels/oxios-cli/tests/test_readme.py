import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_readmes_example_answers_what_is_piped_in() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)

    done = subprocess.run(
        [sys.executable, "-c", example], input="hello\n/quit\n", capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "HELLO\n"), done.stderr
