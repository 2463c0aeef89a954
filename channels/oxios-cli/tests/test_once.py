import io
import os
import signal

import anyio
import pytest
from oxios_cli import ExitCode, Once, Session, Talk, Terminal, in_terminal
from oxios_gateway import ErrorKind, Listen, Progress, Reply, Request
from oxios_gateway.testing import HeldConverse, ScriptedConverse

pytestmark = pytest.mark.anyio


def nobody() -> tuple[Terminal, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Terminal(stdin=None, stdout=out, stderr=err), out, err


async def work(request: Request, listen: Listen) -> Reply:
    listen(Progress(kind="step", phase="execute", step=1))
    return Reply(content=f"did {request.content}", phase="evaluate", evaluation_passed=False)


@pytest.mark.parametrize(("judged", "code"), [(False, ExitCode.DONE), (True, ExitCode.NOT_PASSED)])
async def test_the_answer_goes_to_stdout_and_its_verdict_decides_the_exit_code_when_asked(
    judged: bool, code: ExitCode
) -> None:
    terminal, out, err = nobody()
    once = Once(terminal, Session(user_id="kim").message("it"), judged=judged)

    with anyio.fail_after(5):
        assert await in_terminal(ScriptedConverse(work), once.run) is code

    assert out.getvalue() == "did it\n"
    assert err.getvalue().startswith("execute · step 1\nnot passed · evaluate")


async def test_a_silent_one_shows_progress_and_leaves_the_answer_to_its_caller() -> None:
    terminal, out, err = nobody()
    once = Once(terminal, Session(user_id="kim").message("it"), silent=True)

    with anyio.fail_after(5):
        await in_terminal(ScriptedConverse(work), once.run)

    assert (out.getvalue(), err.getvalue()) == ("", "execute · step 1\n")
    assert once.answer is not None
    assert once.answer.content == "did it"


async def test_ctrl_c_stops_the_work_and_the_answer_says_so() -> None:
    terminal, out, err = nobody()
    held, once = HeldConverse(), Once(terminal, Session(user_id="kim").message("it"))

    async def interrupt() -> None:
        await held.begun_count(1)
        os.kill(os.getpid(), signal.SIGINT)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(interrupt)
            code = await in_terminal(held, once.run)

    assert code is ExitCode.INTERRUPTED
    assert once.answer is not None
    assert once.answer.meta is not None
    assert once.answer.meta.error is not None
    assert once.answer.meta.error.kind is ErrorKind.INTERRUPTED
    assert out.getvalue() == ""
    assert "error: The work was stopped" in err.getvalue()


async def test_a_second_ctrl_c_leaves_without_an_answer() -> None:
    terminal, out, _ = nobody()
    begun, stopped, release = anyio.Event(), anyio.Event(), anyio.Event()

    async def stubborn(request: Request, listen: Listen) -> Reply:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()
            with anyio.CancelScope(shield=True):
                await release.wait()
        raise AssertionError("it was cancelled")

    once = Once(terminal, Session(user_id="kim").message("it"))

    async def interrupt_twice() -> None:
        await begun.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await stopped.wait()
        os.kill(os.getpid(), signal.SIGINT)

    async def run(talk: Talk) -> ExitCode:
        code = await once.run(talk)
        release.set()  # it has left although the work was still at it
        return code

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(interrupt_twice)
            code = await in_terminal(ScriptedConverse(stubborn), run)

    assert (code, once.answer, out.getvalue()) == (ExitCode.INTERRUPTED, None, "")
