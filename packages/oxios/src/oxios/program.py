"""The `oxios` command line as a click group: finds a command's module when it is called, and turns every failure into
one sentence, what to do next, and an exit code.

Knows no command by itself: the names are in `usage.py`, the commands in `commands/`.
"""

import importlib
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import NoReturn, cast

import click
from oxios_kernel.config import load_settings
from oxios_kernel.domain.nearest import nearest
from oxios_kernel.errors import ConfigError, HomeError

from oxios import __version__
from oxios.failures import PIPE_CLOSED, explain
from oxios.home import Home
from oxios.invocation import Invocation, answer, say
from oxios.logs import known_secrets, log_to
from oxios.usage import COMMANDS, help_text

__all__ = ["oxios", "run_program"]


class LazyGroup(click.Group):
    """The commands of `usage.COMMANDS`, each imported when somebody calls it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, `None` when there is none of that name."""
        if cmd_name not in COMMANDS:
            close = nearest(cmd_name, COMMANDS)
            ctx.fail(f"There is no command {cmd_name!r}." + (f" Did you mean `{close}`?" if close else ""))
        module = importlib.import_module(f"oxios.commands.{cmd_name}")
        return cast(click.Command, module.command)

    def get_help(self, ctx: click.Context) -> str:
        """Return the same text that `main.py` prints without click."""
        return help_text()


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(__version__, message="oxios %(version)s")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.pass_context
def oxios(context: click.Context, debug: bool) -> None:
    """The program; see `usage.help_text`."""
    context.obj = Invocation(environment=os.environ, debug=debug)
    if context.invoked_subcommand is None:
        answer(help_text())


def run_program(arguments: list[str]) -> NoReturn:
    """Run the program and exit with its code; whatever fails is told in words on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # they are text files
    with _log(os.environ):
        code = _run(arguments)
        if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
            _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End at once. An interpreter would wait for threads that nobody needs any more, such as one that still imports
    litellm for seconds, and let them write over what the person was told."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.flush()
    os._exit(code)


def _run(arguments: list[str]) -> int:
    try:
        code = oxios.main(arguments, prog_name="oxios", standalone_mode=False)
    except BrokenPipeError:
        _drop_output()  # whoever read it has enough
        return PIPE_CLOSED
    except click.ClickException as error:
        return _misused(error)
    except (Exception, KeyboardInterrupt) as error:  # the program ends here, in words
        if arguments[:1] == ["--debug"]:
            raise
        failure = explain(KeyboardInterrupt() if isinstance(error, click.Abort) else error)
        say(f"error: {failure.message}", hint=failure.hint)
        if isinstance(error, OSError):
            _drop_output()
        return failure.code
    return code if isinstance(code, int) else 0


def _drop_output() -> None:
    """Let what Python still holds for a broken standard output go nowhere when the interpreter flushes at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _log(environment: Mapping[str, str]) -> AbstractContextManager[None]:
    """Return the log for as long as the program runs. A home or settings that cannot be used are the command's affair:
    `oxios doctor` and `oxios config edit` must run all the same."""
    try:
        home = Home.find(environment)
        level = load_settings(home.config, environment).settings.logging.level
    except HomeError:
        return nullcontext()
    except ConfigError:
        level = "info"
    return log_to(home.logs / "oxios.log", level=level, secrets=known_secrets(environment))


def _misused(error: click.ClickException) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "oxios"
    say(f"error: {error.format_message()}", hint=f"`{path} --help` shows how it is used.")
    return error.exit_code
