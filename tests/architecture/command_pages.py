"""Writes what people read of the commands and of what can go wrong, from the program itself: `docs/reference/cli.md`
and `docs/reference/errors.md`.

`python -m tests.architecture.command_pages` brings both up to date; `test_command_pages.py` fails until that is done.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
from oxios.failures import FAULT, MEANINGS, PIPE_CLOSED
from oxios.usage import COMMANDS, help_text
from oxios_cli import ExitCode
from oxios_kernel import errors

__all__ = ["PAGES", "cli", "failures"]

ROOT = Path(__file__).parents[2]

WIDTH = 100
"""Columns of the help texts."""

CODES = {
    ExitCode.DONE: "done",
    ExitCode.NOT_PASSED: "with `--exit-code`: the result did not pass its checks; an agent did not answer by itself",
    ExitCode.USAGE: "wrong usage: an option, the prompt, a file or a name; also a run that another process works on",
    ExitCode.CONFIGURATION: "a setting, a key, the home, the disk",
    ExitCode.PROVIDER: "the provider cannot be reached, is overloaded, or answers nonsense",
    ExitCode.NEEDS_ANSWER: 'questions must be answered first: `oxios run --session ID "the answers"`',
    ExitCode.DENIED: "denied by policy",
    FAULT: "a fault in Oxios itself; the log has it",
    ExitCode.TIMEOUT: "the time that `--timeout` or `--grace` allows ran out",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C or SIGTERM",
    PIPE_CLOSED: "nobody reads the output any more",
}
"""Each exit code with its meaning, in the order of the page."""


def cli() -> str:
    """Return the page of the commands."""
    rows = [f"| {int(code)} | {meaning} |" for code, meaning in CODES.items()]
    lines = [INTRODUCTION, *rows, "", "## oxios", "", "```text", help_text(), "```"]
    for name in COMMANDS:
        for path, command in _commands(f"oxios {name}", import_module(f"oxios.commands.{name}").command):
            lines += ["", f"## {path}", "", "```text", _help(path, command), "```"]
    return "\n".join(lines) + "\n"


def failures() -> str:
    """Return the page of the errors."""
    lines = [ERRORS]
    for name in errors.__all__:
        cls = getattr(errors, name)
        code, kind = next(MEANINGS[base] for base in cls.__mro__ if base in MEANINGS)
        meaning = " ".join((cls.__doc__ or "").partition("\n\n")[0].split())
        lines.append(f"| `{name}` | {meaning} | {int(code)} | `{kind.value}` |")
    return "\n".join(lines) + "\n"


def _commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _commands(f"{path} {name}", inner)


def _help(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


INTRODUCTION = """\
# The command line

`oxios run` and `oxios chat` work in the current folder, or in the one that `--workdir` names. Your home folder, the
Oxios home and the folders above them must be named with `--workdir`, or they are refused.

The tools for files (`read`, `write`, `edit`, `ls`, `find`, `grep`) and the checks reach nothing outside that folder,
whatever links are in it, and never the Oxios home. `bash` is not confined yet: its commands run with your own rights,
and those that name a path in the Oxios home, a path on `security.denied_paths` or a program on
`security.denied_commands` are refused by their text alone. Take `bash` away where that is not enough:
`oxios config set security.denied_tools bash`.

The answer goes to standard output and nothing else does. Progress, verdicts, notes and errors go to standard error;
`--quiet` leaves only errors and what to do next. On a terminal progress is one line that changes; elsewhere it is a
line for each change. Colours are off when standard error is no terminal, or `NO_COLOR` is set.

## Conversations and runs

Each task is a *run* and belongs to a *session*. `--session ID` goes on with a session, in any later process; a new name
begins one. Runs of one session come one after the other, also when they are started side by side.

What a run did is written down as it happens. A run that was stopped (Ctrl-C, `--timeout`, a provider that is away, a
closed terminal, a killed process) goes on with `oxios run --resume RUN_ID` where it was: no answer that was written
down is paid for again, and no command is run twice. With `--model` it asks another model from there on. A run whose
process was killed is also picked up by the next `oxios run`, which says so, spends at most 30 seconds on it (they do
not count for `--timeout`) and leaves it alone when its model cannot be asked. `oxios agent kill RUN_ID` drops a run.
Ctrl-C a second time leaves at once.

## Agents and the host

Every run is a row in the home: a turn of a conversation, or an agent. `oxios host` carries out whatever is queued and
takes over what a dead process left; without one, `oxios agent fork`, `branch` and `resume` carry out their agent
themselves, and `oxios run` its turn. [Agents as processes](../howto/processes.md) shows it all.

| state | meaning |
|---|---|
| `queued` | it waits for a host |
| `running` | a process works on it |
| `waiting` | it waits for agents that it started, for a message or for a moment, and costs nothing meanwhile |
| `paused` | it was halted and can go on: `oxios agent resume ID` |
| `stuck` | under way, but nothing of it or its descendants has happened for 20 minutes; `agent kill ID` ends it |
| `interrupted` | its process died; the next host, or `oxios agent resume ID`, goes on with it |
| `done`, `failed`, `killed` | it has ended |

## JSON

`oxios run --json` prints one object, whatever happens after the options were understood:

| key | meaning |
|---|---|
| `response` | the answer's text; empty when there is none |
| `session_id` | the conversation |
| `space_id`, `space_tag` | the Space, where there is one |
| `seed_id` | the specification that was carried out |
| `agent_id` | the agent that did it |
| `phase_reached` | `chat`, `interview`, `seed`, `execute`, `evaluate` or `evolve` |
| `evaluation_passed` | whether the evidence shows that it was done; `null` when there was nothing to judge |
| `exit_code` | the program's exit code |
| `duration_ms` | milliseconds, waiting included |
| `usage` | `input_tokens`, `output_tokens`, `model_calls`; `cost_usd` as a decimal string, `null` when not known |
| `verdicts` | for each criterion `criterion`, `status` (`verified`, `failed`, `unverified`), `evidence`, `stage` |
| `model` | the model that answered |
| `run_id` | the run, for `--resume` |
| `questions` | only with exit code 5: what must be answered |

The commands of agents print a *row*, or a list of rows. Moments are RFC 3339 in UTC.

| key | meaning |
|---|---|
| `id`, `kind` | the run; `agent` or `turn` |
| `parent`, `session_id` | the run that started it; the conversation it belongs to |
| `title` | its task in one line |
| `state`, `reason` | see above; why it is paused, has failed or was killed |
| `priority`, `group` | `low`, `normal`, `high`, `critical`; where it has one |
| `depth` | how many agents are above it |
| `principal` | on whose behalf it works |
| `created_at`, `changed_at` | when it was started; when its state changed last |
| `attempts`, `crashes` | how often a process took it; how often that process died |
| `signal` | `kill` or `pause` as long as it has not obeyed |
| `waiting_for`, `wake_at` | the agents, or the moment, that it waits for |

| command | prints |
|---|---|
| `agent list`, `scheduler queue` | a list of rows |
| `agent tree` | a list of rows; each has its `children` |
| `agent kill`, `pause` | a list of rows: the agent, then those below it |
| `agent fork`, `branch`, `resume` | a row with `passed` (`null` until it ends), `text`, `steps` and `usage` |
| `agent wait` | a list of those |
| `agent show` | one of those, with `prompt`, `model` and `workdir` |
| `agent message` | the letter: `to`, `sender`, `text`, `key`, `answers`, `number`, `at` |
| `agent logs` | a list: `step`, `letters`, `text`, `model`, `calls` (`name`, `arguments`, `status`, `text`) |
| `agent journal` | a list: `key`, `digest`, `done`, `result`, `sequence`, `at` |
| `scheduler stats` | `host`; `runs`: by state, by priority, `total`, `oldest_seconds`; `slots`; `vitals` |

| command | prints |
|---|---|
| `cron list` | a list of jobs: their fields, `next_run`, `run_count`, `last` (a row of the history) |
| `cron add`, `show`, `enable`, `disable` | one of those |
| `cron preview` | a list of moments |
| `cron history` | `run_count`; `rows`: `slot`, `state`, `missed`, `slots`, `run_id`, `started_at`, `ended_at`, … |
| `cron run` | as `agent fork` |
| `cron remove` | `removed` (the id), `name` |
| `budget list`, `show` | a list of limits, see `budget set` |
| `budget set` | `scope`, `window_seconds`, `on_exhausted`, `limit`, `spent`, `reserved`, `resets_at`, `exhausted_at` |
| `budget spent` | `scope`, `since`, `tokens`, `calls`, `usd` (a decimal string), `unpriced_calls` |
| `budget remove` | `removed` (the scope), `window_seconds` |

## Exit codes

| code | meaning |
|---|---|"""

ERRORS = """\
# Errors

Each error is one sentence that says what was expected and what came, with what to do next on the line below. The first
column is the class in `oxios_kernel.errors`, for those who embed the kernel; the exit code is that of the command line
(see [the command line](cli.md)); the kind is what a channel is told (`UserFacingError.kind` of `oxios_gateway`).
`oxios --debug COMMAND` shows where an error came from. Errors that nobody expected are told with a reference, under
which `logs/oxios.log` in the Oxios home has the whole of them.

| class | when | exit code | kind |
|---|---|---|---|"""

PAGES = {
    ROOT / "docs/reference/cli.md": cli,
    ROOT / "docs/reference/errors.md": failures,
}
"""Each page with what is to be in it."""


if __name__ == "__main__":
    for file, content in PAGES.items():
        file.write_text(content(), "utf-8")
