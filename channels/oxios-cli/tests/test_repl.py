"""The chat with nobody at the terminal: lines come through a real pipe, in this process, on both event loops."""

import io
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest
from oxios_cli import CliChannel, ExitCode, Repl, Session, Talk, Terminal, in_terminal
from oxios_gateway import (
    ChannelFailed,
    Converse,
    ErrorKind,
    Gateway,
    GatewayClosed,
    Incoming,
    Listen,
    Outgoing,
    Progress,
    Reply,
    Request,
    discover,
)
from oxios_gateway.testing import EchoConverse, HeldConverse, ScriptedConverse, running

pytestmark = pytest.mark.anyio


class Typed:
    """A terminal nobody sits at: what is typed is given, what is shown is kept."""

    def __init__(self, stdin: io.TextIOWrapper) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.terminal = Terminal(stdin=stdin, stdout=self.out, stderr=self.err)


@contextmanager
def typed(text: bytes) -> Iterator[Typed]:
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stdin:
        yield Typed(stdin)


async def chat(converse: Converse, typing: Typed, *, session: Session | None = None) -> ExitCode:
    repl = Repl(typing.terminal, session or Session(user_id="kim"))
    with anyio.fail_after(5):
        return await in_terminal(converse, repl.run)


async def test_each_line_is_answered_in_one_conversation_until_the_lines_end() -> None:
    converse = EchoConverse()
    with typed("안녕하세요 🎉\r\n\n  \nand a last line without an end".encode()) as typing:
        code = await chat(converse, typing)

    assert code is ExitCode.DONE
    assert typing.out.getvalue() == "안녕하세요 🎉\nand a last line without an end\n"
    assert [(request.content, request.session_id) for request in converse.requests] == [
        ("안녕하세요 🎉", None),
        ("and a last line without an end", "session-1"),
    ]
    assert {(request.user_id, request.channel) for request in converse.requests} == {("kim", "cli")}


async def test_bytes_that_are_no_text_stop_nothing() -> None:
    with typed(b"caf\xe9\nok\n") as typing:
        code = await chat(EchoConverse(), typing)

    assert (code, typing.out.getvalue()) == (ExitCode.DONE, "caf�\nok\n")


async def test_a_line_of_any_length_is_refused_by_its_size_and_the_next_one_is_read(tmp_path: Path) -> None:
    long = tmp_path / "long"
    long.write_bytes(b"x" * 5_000_000 + b"\nshort\n")
    with long.open(encoding="utf-8") as stdin:
        typing = Typed(stdin)
        code = await chat(EchoConverse(), typing)

    assert (code, typing.out.getvalue()) == (ExitCode.DONE, "short\n")
    assert "1,048,576 bytes" in typing.err.getvalue()


async def test_a_closed_stdin_ends_the_chat() -> None:
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(stdin=None, stdout=out, stderr=err)

    with anyio.fail_after(5):
        code = await in_terminal(EchoConverse(), Repl(terminal, Session(user_id="kim")).run)

    assert (code, out.getvalue(), err.getvalue()) == (ExitCode.DONE, "", "")


async def test_slash_commands_are_obeyed_and_answered_on_stderr() -> None:
    converse = EchoConverse()
    lines = [
        "/session", "one", "/session", "/model", "/model m", "/model", "two", "/persona dev", "/persona", "three",
        "/new", "/model", "four", "/session s9", "five", "/nwe", "/help", "/quit", "never read",
    ]  # fmt: skip
    with typed("\n".join(lines).encode()) as typing:
        code = await chat(converse, typing, session=Session(user_id="kim", persona="review", workdir="/w"))

    assert code is ExitCode.DONE
    asked = [(request.content, request.session_id, request.model, request.persona) for request in converse.requests]
    assert asked == [
        ("one", None, None, "review"),
        ("two", "session-1", "m", "review"),
        ("three", "session-1", "m", "dev"),
        ("four", None, None, "review"),
        ("five", "s9", None, "review"),
    ]
    assert {request.workdir for request in converse.requests} == {"/w"}
    told = typing.err.getvalue()
    for words in (
        "Session: a new one",
        "Session: session-1",
        "Model: the default",
        "Model: m",
        "Persona: dev",
        "begins a new conversation",
        "goes on with session s9",
        "Did you mean /new?",
        "/persona [NAME]",
    ):
        assert words in told
    assert "This conversation now uses the model m." in typing.out.getvalue()


async def test_questions_are_answered_by_the_next_line_and_left_open_decide_the_exit_code() -> None:
    async def interview(request: Request, listen: Listen) -> Reply:
        if request.session_id is None:
            return Reply(content="Tell me more.", phase="interview", session_id="s", questions=("Which folder?",))
        return Reply(content=f"Working in {request.content}.", phase="execute", session_id="s")

    with typed(b"tidy up\n") as unanswered:
        code_unanswered = await chat(ScriptedConverse(interview), unanswered)
    with typed(b"tidy up\n/srv/docs please\n") as answered:
        code_answered = await chat(ScriptedConverse(interview), answered)

    assert (code_unanswered, code_answered) == (ExitCode.NEEDS_ANSWER, ExitCode.DONE)
    assert "1. Which folder?" in unanswered.err.getvalue()
    assert answered.out.getvalue().endswith("Working in /srv/docs please.\n")


async def test_progress_is_plain_lines_on_stderr() -> None:
    async def work(request: Request, listen: Listen) -> Reply:
        listen(Progress(kind="phase", phase="execute"))
        listen(Progress(kind="tool", phase="execute", step=1, tool="bash"))
        return Reply(content="done", phase="execute")

    with typed(b"go\n") as typing:
        await chat(ScriptedConverse(work), typing)

    assert typing.out.getvalue() == "done\n"
    assert typing.err.getvalue().startswith("execute\nexecute · step 1 · bash\n")


async def test_an_error_of_the_last_line_decides_the_exit_code() -> None:
    async def fail(request: Request, listen: Listen) -> Reply:
        raise TimeoutError

    with typed(b"go\n") as typing:
        code = await chat(ScriptedConverse(fail), typing)

    assert code is ExitCode.TIMEOUT
    assert typing.out.getvalue() == ""
    assert "error: The work took longer" in typing.err.getvalue()


@asynccontextmanager
async def typing_open() -> AsyncIterator[tuple[Typed, int]]:
    """A terminal whose pipe stays open for more lines."""
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as stdin:
        yield Typed(stdin), writing
    os.close(writing)


async def test_ctrl_c_stops_the_turn_and_with_it_a_chat_nobody_sits_at() -> None:
    held, codes = HeldConverse(), list[ExitCode]()

    async def run(typing: Typed) -> None:
        codes.append(await chat(held, typing))

    async with typing_open() as (typing, writing), anyio.create_task_group() as tasks:
        os.write(writing, b"go\nnever asked\n")
        tasks.start_soon(run, typing)
        await held.begun_count(1)
        os.kill(os.getpid(), signal.SIGINT)

    assert codes == [ExitCode.INTERRUPTED]
    assert held.begun == ["go"]
    assert "stopped before it was done" in typing.err.getvalue()


async def test_ctrl_c_while_waiting_for_a_line_of_a_pipe_leaves() -> None:
    codes = list[ExitCode]()

    async def run(typing: Typed) -> None:
        codes.append(await chat(EchoConverse(), typing))

    async with typing_open() as (typing, writing), anyio.create_task_group() as tasks:
        os.write(writing, b"hello\n")
        tasks.start_soon(run, typing)
        while not typing.out.getvalue():
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        os.kill(os.getpid(), signal.SIGINT)

    assert codes == [ExitCode.INTERRUPTED]


class Deaf:
    """An inbox that accepts everything and answers nothing."""

    def __init__(self) -> None:
        self.pushed, self.stopped = anyio.Event(), anyio.Event()

    async def push(self, message: Incoming) -> bool:
        self.pushed.set()
        return True

    def stop(self, message_id: str, *, user_id: str) -> bool:
        self.stopped.set()
        return True


async def test_a_second_ctrl_c_leaves_although_the_turn_does_not_stop() -> None:
    inbox, codes = Deaf(), list[ExitCode]()

    async def run(typing: Typed) -> None:
        codes.append(await Repl(typing.terminal, Session(user_id="kim")).run(Talk(inbox)))

    with anyio.fail_after(5):
        async with typing_open() as (typing, writing), anyio.create_task_group() as tasks:
            os.write(writing, b"go\n")
            tasks.start_soon(run, typing)
            await inbox.pushed.wait()
            os.kill(os.getpid(), signal.SIGINT)
            await inbox.stopped.wait()
            os.kill(os.getpid(), signal.SIGINT)

    assert codes == [ExitCode.INTERRUPTED]


class Closed(Deaf):
    async def push(self, message: Incoming) -> bool:
        raise GatewayClosed("stopping")


async def test_a_stopping_gateway_ends_the_chat_with_a_sentence() -> None:
    with typed(b"go\n") as typing, anyio.fail_after(5):
        code = await Repl(typing.terminal, Session(user_id="kim")).run(Talk(Closed()))

    assert code is ExitCode.INTERRUPTED
    assert "was not sent" in typing.err.getvalue()


async def test_a_command_asks_once_through_the_same_channel() -> None:
    session, answers = Session(user_id="kim", model="m"), list[Outgoing]()

    async def ask_once(talk: Talk) -> ExitCode:
        answers.append(await talk.ask(session.message("hello there"), lambda progress: None))
        return ExitCode.DONE

    with anyio.fail_after(5):
        code = await in_terminal(EchoConverse(), ask_once)

    assert code is ExitCode.DONE
    assert [(answer.content, answer.meta and answer.meta.model) for answer in answers] == [("hello there", "m")]


async def test_a_program_that_fails_is_reported_with_its_cause() -> None:
    async def fail(talk: Talk) -> ExitCode:
        raise ZeroDivisionError("in the program")

    with anyio.fail_after(5), pytest.raises(ChannelFailed, match="in the program") as failure:
        await in_terminal(EchoConverse(), fail)

    assert isinstance(failure.value.__cause__, ZeroDivisionError)


async def test_an_answer_nobody_waits_for_is_no_error() -> None:
    asked = anyio.Event()

    async def idle(talk: Talk) -> ExitCode:
        asked.set()
        await anyio.sleep_forever()
        return ExitCode.DONE

    channel = CliChannel(program=idle)
    async with running(Gateway(EchoConverse(), [channel])) as gateway:
        await asked.wait()
        assert await gateway.send_to("cli", Outgoing(channel="cli", user_id="u", content="news"))
    assert channel.exit_code is None


async def test_the_channel_is_found_by_its_entry_point() -> None:
    channel = discover()["cli"]({"user_id": "kim"})

    assert isinstance(channel, CliChannel)
    assert channel.name == "cli"


async def test_an_interrupted_answer_says_so() -> None:
    held, kinds = HeldConverse(), list[ErrorKind | None]()
    session = Session(user_id="kim")

    async def program(talk: Talk) -> ExitCode:
        message = session.message("go")

        async def stop_it() -> None:
            await held.begun_count(1)
            talk.stop(message)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop_it)
            answer = await talk.ask(message, lambda progress: None)
        error = answer.meta.error if answer.meta else None
        kinds.append(error.kind if error else None)
        return ExitCode.DONE

    with anyio.fail_after(5):
        await in_terminal(held, program)

    assert kinds == [ErrorKind.INTERRUPTED]
