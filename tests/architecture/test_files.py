"""What no file of the workspace may hold: the paths of one machine and the hosts of its package registry."""

import re

from tests.architecture.workspace import ROOT, files

ALLOWED = {"uv.lock"}
"""The lock names the registry every package came from."""

ONE_MACHINE = [
    r"/wor[k]/(main|shared)\b",
    r"/opt/(pypi|wheels)\b",
    r"\.pyen[v]\b",
    r"/root/\.(?:cache|local|config|bashrc|profile)",
    r"files\.pythonhoste[d]\.org",
    r"\b(?:test\.)?pypi\.or[g]\b",
    r"--index-ur[l]",
]
"""Regular expressions; a letter in brackets keeps this file from matching itself."""


def test_no_file_speaks_of_one_machine_or_registry() -> None:
    wrong = re.compile("|".join(ONE_MACHINE))
    found = []
    for path in files():
        if path.name in ALLOWED:
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {hit[0]}" for hit in wrong.finditer(text)]
    assert found == []
