"""Where a person's Oxios lives: the paths under `~/.oxios`, and the folders made.

Only this module knows the paths; the rooms are given what they need of them. Imports nothing but the standard library
and the errors, because every command starts here.
"""

import errno
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oxios_kernel.errors import HomeError

__all__ = ["Home"]

MOVE = "Set OXIOS_HOME to a folder that you may write to, or mend this one."

REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or set OXIOS_HOME to a folder on another disk."),
    errno.EDQUOT: ("your share of the disk is used up", "Free some space, or set OXIOS_HOME to a folder elsewhere."),
    errno.EROFS: ("the disk is read-only", MOVE),
    errno.EACCES: ("you may not write there", MOVE),
    errno.EPERM: ("you may not write there", MOVE),
    errno.ENOTDIR: ("something on the way to it is not a folder", MOVE),
    errno.EEXIST: ("there is a file in its place", "Move the file away, or set OXIOS_HOME to another folder."),
}


@dataclass(frozen=True, kw_only=True)
class Home:
    """The paths of one home.

    Attributes:
        root: the folder itself, absolute.
    """

    root: Path

    @classmethod
    def find(cls, environment: Mapping[str, str]) -> "Home":
        """Return the home that `OXIOS_HOME` names, else `~/.oxios`. Nothing is made or looked at.

        Raises:
            HomeError: `OXIOS_HOME` is not set, and the person's own folder is not known either.
        """
        named = environment.get("OXIOS_HOME") or "~/.oxios"
        if named.startswith("~/") and environment.get("HOME"):
            named = environment["HOME"] + named[1:]
        try:
            path = Path(named).expanduser()
        except RuntimeError as error:
            raise HomeError(
                f"Expected to find your own folder for {named!r}, but neither HOME nor the user database names it.",
                hint="Set OXIOS_HOME to a folder.",
            ) from error
        return cls(root=Path(os.path.abspath(path)))

    @property
    def config(self) -> Path:
        """The settings."""
        return self.root / "config.toml"

    @property
    def credentials(self) -> Path:
        """Keys of providers, for their owner alone."""
        return self.root / "credentials.toml"

    @property
    def database(self) -> Path:
        """The journal and the runs."""
        return self.root / "oxios.db"

    @property
    def workspace(self) -> Path:
        """Documents by kind: sessions, seeds, personas. Also where runs work that come from no folder of a person."""
        return self.root / "workspace"

    @property
    def outputs(self) -> Path:
        """Outputs of tools that were too long to be shown."""
        return self.root / "outputs"

    @property
    def logs(self) -> Path:
        """The log and its older parts."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Locks and the like, of no worth when no process lives."""
        return self.root / "run"

    def ensure(self) -> None:
        """Make the folders that are missing, for their owner alone (0700), and see whether they can be written.

        Folders that exist keep their mode: a person may have chosen it, or the folder may be theirs for other things.

        Raises:
            HomeError: one of them cannot be made or written, is not a folder, or the disk is full; says which.
        """
        for folder in (self.root, self.workspace, self.outputs, self.logs, self.run):
            try:
                _make(folder)
            except OSError as error:
                reason, remedy = REASONS.get(error.errno or 0, (error.strerror or str(error), MOVE))
                raise HomeError(f"{folder} cannot be used as a folder of Oxios: {reason}.", hint=remedy) from error


def _make(folder: Path) -> None:
    """Make a folder unless it is there, and write a little into it: permissions alone do not tell a full disk."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"oxios")
