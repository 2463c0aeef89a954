"""The log: one file that is kept small, for its owner alone, without secrets, and never a word on the terminal.

Set up once by the program for as long as it runs; libraries that embed the kernel set up logging themselves.
"""

import logging
import os
import re
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

__all__ = ["known_secrets", "log_to", "redacted"]

OURS = ("oxios", "oxios_cli", "oxios_gateway", "oxios_kernel", "oxios_ouroboros")

FILE_BYTES = 2_000_000
"""When a new file is begun; four are kept, so all of them take at most 8 MB."""

OLD_FILES = 3

SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS)S?$")

SECRET_SHAPE = re.compile(
    r"""(?ix)
      (?: \b(?:bearer|basic)\s+ | \b(?:api[-_]?key|authorization|x-api-key|token|password|secret)["']?\s*[:=]\s*["']? )
          (?!(?:bearer|basic)\b) ([^\s"',;&]{4,})
    | \b( (?: (?:sk|pk|rk|xox[a-z]|gh[a-z]|hf|gsk)[-_] | AIza ) [A-Za-z0-9_-]{16,} )
    | :// [^/\s:@]* : ([^/\s@]+) @
    """
)
"""What looks like a secret although nobody told us: after a telling word, with a provider's own prefix, or in a URL."""


def known_secrets(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the values of variables whose names say that they are secret; too short ones would hide ordinary words."""
    return frozenset(text for name, text in environment.items() if SECRET_NAME.search(name.upper()) and len(text) >= 8)


def redacted(text: str, secrets: Collection[str] = ()) -> str:
    """Return a text with secrets replaced by `[secret]`: the given ones, and what has the shape of one."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return SECRET_SHAPE.sub(lambda found: found[0].replace(found[found.lastindex or 0], "[secret]"), text)


@contextmanager
def log_to(file: Path, *, level: str, secrets: Collection[str] = ()) -> Iterator[None]:
    """Write what is logged to a file while the block runs, our own from `level` on, others' from `warning` on.

    Args:
        file: the log, in a folder that exists. If it cannot be written, the program goes on without one.
        level: `debug`, `info`, `warning` or `error`; `debug` also lets others speak.
        secrets: texts that must not be written.
    """
    least = logging.getLevelNamesMapping()[level.upper()]
    handler = _PrivateFile(file, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True)
    handler.setFormatter(_Redacting(secrets))
    root = logging.getLogger()
    loggers = {logging.getLogger(name): least for name in OURS}
    loggers[root] = least if least <= logging.DEBUG else max(least, logging.WARNING)
    before = {logger: logger.level for logger in loggers}
    root.addHandler(handler)
    for logger, threshold in loggers.items():
        logger.setLevel(threshold)
    try:
        with warnings.catch_warnings():
            logging.captureWarnings(True)
            yield
    finally:
        logging.captureWarnings(False)
        for logger, threshold in before.items():
            logger.setLevel(threshold)
        root.removeHandler(handler)
        handler.close()


class _PrivateFile(RotatingFileHandler):
    """A log file with mode 0600 that never complains on the terminal."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the record: a full disk must not stop the work, nor write over the person's answer."""


class _Redacting(logging.Formatter):
    """Formats a whole record, traceback included, and then takes the secrets out of it."""

    def __init__(self, secrets: Collection[str]) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
        self._secrets = secrets

    def converter(self, seconds: float | None) -> time.struct_time:
        """Return UTC, as all times of the product."""
        return time.gmtime(seconds)

    def format(self, record: logging.LogRecord) -> str:
        """Return one record; its later lines are indented, so that none can pass for a record of its own."""
        return redacted(super().format(record), self._secrets).replace("\n", "\n    ")
