import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_readmes_example_prints_what_it_says() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)

    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout) == (0, "HELLO\n"), done.stderr
