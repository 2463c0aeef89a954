"""``python -m tests.architecture.bump 1.3.0``: one new version in every `pyproject.toml` and `__init__.py`.

The versions are static, so that a clone without tags builds the same; `test_workspace` holds them in lock-step.
"""

import re
import sys
from pathlib import Path

from tests.architecture.workspace import members


def main(version: str) -> None:
    """Write `version` (like ``1.3.0``) wherever the present one stands, pins between the members included."""
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        raise SystemExit(f"expected a version like 1.3.0 or 1.3.0rc1, found {version!r}")
    every = members()
    names = "|".join(re.escape(member.name) for member in every)
    for member in every:
        _rewrite(member.folder / "pyproject.toml", r'^version = "[^"]+"$', f'version = "{version}"')
        _rewrite(member.folder / "pyproject.toml", rf'"({names})(\[[^]]*\])?==[^"]+"', rf'"\1\2=={version}"')
        _rewrite(member.package / "__init__.py", r'^__version__ = "[^"]+"$', f'__version__ = "{version}"')


def _rewrite(path: Path, pattern: str, replacement: str) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, replacement, text, flags=re.MULTILINE), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
