"""`oxios doctor`: looks at everything a task needs and says in a sentence how to mend what is not in order."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import anyio
import click
from oxios_cli import ExitCode
from oxios_kernel.config import load_settings
from oxios_kernel.domain.run import Run
from oxios_kernel.engine import ModelStatus
from oxios_kernel.errors import KernelError

from oxios import __version__
from oxios.assemble import open_conversation
from oxios.failures import explain
from oxios.home import Home
from oxios.invocation import Invocation, answer, answer_json, pass_invocation

__all__ = ["Check", "command"]

FEW_BYTES = 100 * 1024**2
"""Less free space than this is worth a warning: one long task's outputs and journal fit into it."""

BUILT_IN = "oxios/"


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was looked at.

    Attributes:
        name: a word or two.
        status: whether it is in order, could be better, or keeps tasks from being done.
        found: what was found, in a sentence.
        fix: what to do, `None` when there is nothing to do.
    """

    name: str
    status: Literal["ok", "warning", "failed"]
    found: str
    fix: str | None = None


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def command(invocation: Invocation, as_json: bool) -> int:
    """Check that everything is in order, and say how to mend what is not. Exits with 3 when a check failed."""
    checks = [_program(), _shell(), _home(invocation), _space(invocation.home), *_settings(invocation)]
    if not any(check.status == "failed" for check in checks):
        checks += anyio.run(_kernel, invocation)
    well = not any(check.status == "failed" for check in checks)
    if as_json:
        answer_json({"ok": well, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            answer(f"{check.status:<8} {check.name:<12} {check.found}")
            if check.fix:
                answer(f"{'':<21} {check.fix}")
    return ExitCode.DONE if well else ExitCode.CONFIGURATION


def _program() -> Check:
    return Check(name="program", status="ok", found=f"Oxios {__version__} on Python {sys.version.split()[0]}")


def _shell() -> Check:
    found = shutil.which("bash") or shutil.which("sh")
    if found is None:
        return Check(name="shell", status="warning", found="There is no bash and no sh.", fix="Install bash.")
    return Check(name="shell", status="ok", found=found)


def _home(invocation: Invocation) -> Check:
    try:
        invocation.home.ensure()
    except KernelError as error:
        return Check(name="home", status="failed", found=error.message, fix=error.hint)
    return Check(name="home", status="ok", found=str(invocation.home.root))


def _space(home: Home) -> Check:
    try:
        free = shutil.disk_usage(home.root).free
    except OSError as error:
        return Check(name="space", status="warning", found=f"The free space is not known: {error.strerror}.")
    found = f"{free / 1024**3:,.1f} GiB are free."
    if free < FEW_BYTES:
        fix = "Free some space, or set OXIOS_HOME to a folder on another disk."
        return Check(name="space", status="warning", found=found, fix=fix)
    return Check(name="space", status="ok", found=found)


def _settings(invocation: Invocation) -> list[Check]:
    file = invocation.home.config
    try:
        loaded = load_settings(file, invocation.environment)
    except KernelError as error:
        return [Check(name="settings", status="failed", found=error.message, fix=error.hint)]
    odd = [
        Check(name="settings", status="warning", found=warning, fix="Mend it with `oxios config edit`.")
        for warning in loaded.warnings
    ]
    found = str(file) if file.exists() else f"All are at their defaults; there is no {file} yet."
    return odd or [Check(name="settings", status="ok", found=found)]


async def _kernel(invocation: Invocation) -> list[Check]:
    try:
        async with open_conversation(invocation) as conversation:
            models = await conversation.engine.usable()
            runs = [*await conversation.interrupted(), *await conversation.paused()]
    except Exception as error:  # noqa: BLE001 - the check is answered
        failure = explain(error)
        return [Check(name="database", status="failed", found=failure.message, fix=failure.hint)]
    return [Check(name="database", status="ok", found=str(invocation.home.database)), _models(models), _runs(runs)]


def _models(found: Sequence[ModelStatus]) -> Check:
    default = next(status for status in found if status.default)
    real = [status.model for status in found if status.usable and not status.model.startswith(BUILT_IN)]
    if not default.usable:
        sentence = f"The default model {default.model} cannot be asked: {default.sentence}."
        fix = "Mend that, or choose another: oxios config set engine.default_model PROVIDER/MODEL"
        return Check(name="models", status="failed", found=sentence, fix=fix)
    if not default.model.startswith(BUILT_IN):
        return Check(name="models", status="ok", found=f"{len(real)} are usable; {default.model} is the default.")
    if real:
        others = f"The built-in {default.model} is the default, although others are usable: {', '.join(real[:3])}."
        fix = "oxios config set engine.default_model PROVIDER/MODEL"
        return Check(name="models", status="warning", found=others, fix=fix)
    return Check(
        name="models",
        status="warning",
        found=f"Only the built-in {default.model} is usable: it does a handful of simple tasks.",
        fix="Set a key such as OPENAI_API_KEY, or start a local server; `oxios models` says more.",
    )


def _runs(found: Sequence[Run]) -> Check:
    if not found:
        return Check(name="runs", status="ok", found="No run waits to go on.")
    ids = ", ".join(run.id for run in found[:3])
    return Check(
        name="runs",
        status="ok",
        found=f"{len(found)} run{' was' if len(found) == 1 else 's were'} stopped and can go on: {ids}",
        fix=f"oxios run --resume {found[0].id}",
    )
