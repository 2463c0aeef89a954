import io
import os
import pty
import re
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import pytest
from oxios_cli import Terminal, TurnView
from oxios_cli.progress import ProgressLine, describe
from oxios_gateway import ErrorKind, Outgoing, Progress, ReplyMeta, UserFacingError
from rich.cells import cell_len


def plain() -> tuple[Terminal, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Terminal(stdin=None, stdout=out, stderr=err), out, err


@contextmanager
def tty(columns: int) -> Iterator[tuple[TextIO, int]]:
    """A terminal of that width: its file, and the descriptor where its screen can be read."""
    screen, side = pty.openpty()
    termios.tcsetwinsize(side, (24, columns))
    with os.fdopen(side, "w", encoding="utf-8") as file:
        yield file, screen
    os.close(screen)


def shown(file: TextIO, screen: int) -> str:
    """Return what was shown since the last look."""
    file.write("END")
    file.flush()
    seen = b""
    while not seen.endswith(b"END"):
        seen += os.read(screen, 4096)
    return seen.decode().removesuffix("END")


def step(number: int, tool: str = "bash") -> Progress:
    return Progress(kind="tool", phase="execute", step=number, tool=tool)


ANSWER = Outgoing(channel="cli", user_id="u", content="Done.", meta=ReplyMeta(phase="execute", duration_ms=10))


def test_without_a_terminal_progress_is_plain_lines_on_stderr_and_stdout_is_the_answer() -> None:
    terminal, out, err = plain()
    view = TurnView(terminal, stream=True)

    for progress in (step(1), step(1), Progress(kind="text", phase="execute", text="Do"), step(2)):
        view.show(progress)
    view.finish(ANSWER)

    assert out.getvalue() == "Done.\n"
    assert err.getvalue() == "execute · step 1 · bash\nexecute · step 2 · bash\nexecute · 0.0 s\n"


def test_quiet_leaves_the_answer_and_nothing_else() -> None:
    terminal, out, err = plain()
    view = TurnView(terminal, quiet=True)

    view.show(step(1))
    view.finish(ANSWER)

    assert (out.getvalue(), err.getvalue()) == ("Done.\n", "")


def test_quiet_still_asks_questions_and_tells_no_facts_below_them() -> None:
    terminal, out, err = plain()
    meta = ReplyMeta(phase="interview", questions=("Which file?",), duration_ms=10)

    TurnView(terminal, quiet=True).finish(ANSWER.model_copy(update={"content": "Tell me:", "meta": meta}))

    assert (out.getvalue(), err.getvalue()) == ("Tell me:\n", "1. Which file?\n")


def test_quiet_still_tells_an_error() -> None:
    terminal, out, err = plain()
    error = UserFacingError(message="No key.", kind=ErrorKind.CREDENTIALS)

    TurnView(terminal, quiet=True).finish(
        ANSWER.model_copy(update={"content": "No key.", "meta": ReplyMeta(error=error)})
    )

    assert (out.getvalue(), err.getvalue()) == ("", "error: No key.\n")


def test_streamed_text_is_shown_as_it_comes_and_not_again() -> None:
    with tty(80) as (file, screen):
        view = TurnView(Terminal(stdin=None, stdout=file, stderr=io.StringIO()), quiet=True, stream=True)
        view.show(Progress(kind="text", phase="execute", text="I will look.\x1b[2J"))
        view.show(step(1))
        view.show(Progress(kind="text", phase="execute", text="Do"))
        first = shown(file, screen)
        view.show(Progress(kind="text", phase="execute", text="ne."))
        view.finish(ANSWER)
        rest = shown(file, screen)

    assert (first, rest) == ("I will look.␛[2J\r\nDo", "ne.\r\n")


def test_an_answer_unlike_the_streamed_text_is_shown_below_it() -> None:
    with tty(80) as (file, screen):
        view = TurnView(Terminal(stdin=None, stdout=file, stderr=io.StringIO()), stream=True)
        view.show(Progress(kind="text", phase="execute", text="Thinking"))
        view.finish(ANSWER)
        seen = shown(file, screen)

    assert seen == "Thinking\r\nDone.\r\n"


@pytest.mark.parametrize("tool", ["파일을-읽고-쓰는-아주-긴-이름의-도구", "👩‍👩‍👧‍👦" * 20, "x" * 200])
def test_the_live_line_never_wraps_whatever_the_width_of_its_characters(tool: str) -> None:
    with tty(30) as (file, screen):
        line = ProgressLine(Terminal(stdin=None, stdout=None, stderr=file, colour=False))
        line.show(step(1, tool))
        line.clear()
        seen = shown(file, screen)

    rows = re.split(r"\r|\n", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", seen))
    assert any("execute" in row for row in rows)
    assert max(cell_len(row) for row in rows) <= 30


def test_progress_is_one_line_whatever_a_tool_calls_itself() -> None:
    assert describe(step(3, "bash\n\x1b[2J")) == "execute · step 3 · bash ␛[2J"
    assert describe(Progress(kind="note", phase="interview", text="two\nlines")) == "interview · two lines"


def test_text_a_stream_cannot_encode_is_replaced() -> None:
    raw = io.BytesIO()
    terminal = Terminal(stdin=None, stdout=io.TextIOWrapper(raw, encoding="ascii"), stderr=None)

    terminal.answer("안녕 ok\n")
    terminal.tell("to nobody")

    assert raw.getvalue() == b"?? ok\n"


@pytest.mark.parametrize(
    ("environment", "colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_off_where_they_are_not_wanted(environment: dict[str, str], colour: bool) -> None:
    terminal = Terminal.of_process(environment)

    assert terminal.colour is colour
    assert Terminal(stdin=None, stdout=io.StringIO(), stderr=io.StringIO()).style.colour is False
