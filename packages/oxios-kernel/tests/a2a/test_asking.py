"""Questions between agents on a whole kernel: real journal, real files, a scripted model."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from oxios_kernel.agents import AgentTask
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL
from oxios_kernel.domain.letter import MAILBOX_LETTERS
from oxios_kernel.domain.run import Run, RunState
from oxios_kernel.domain.transcript import ToolMessage, UserMessage
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import HANG, ScriptedLlm, open_test_kernel, says, tool
from oxios_kernel.testing.llm import Answer

pytestmark = pytest.mark.anyio

CHILD = Path(__file__).with_name("asking_child.py")
KEY = re.compile(r"to_letter=(\S+)\]")

Part = Callable[[Sequence[str]], Answer]
"""What an agent says to what it was told, its task not included."""


class Cast(ScriptedLlm):
    """Plays the part that an agent's task names. The answerer is silent until the test lets it speak."""

    def __init__(self, **parts: Part) -> None:
        super().__init__(self._play)
        self._parts = parts
        self.silent = anyio.Event()
        self.speak = anyio.Event()

    async def complete(self, request: LlmRequest, /, listen: object = None) -> LlmReply:
        if request.messages[1].text == "answerer" and len(request.messages) == 2:
            self.silent.set()
            await self.speak.wait()
        return await super().complete(request)

    def _play(self, request: LlmRequest) -> Answer:
        told = [one.text for one in request.messages if isinstance(one, ToolMessage | UserMessage)]
        return self._parts[told[0]](told[1:])

    def told(self, name: str) -> Sequence[str]:
        """Return what an agent was told in the end."""
        request = next(one for one in reversed(self.requests) if one.messages[1].text == name)
        return [one.text for one in request.messages if isinstance(one, ToolMessage | UserMessage)]


def asks(agent: str) -> Part:
    """Ask once, and say what came of it."""
    return lambda told: says(told[-1]) if told else tool("ask", agent=agent, question="What colour?")


def answers(text: str) -> Part:
    """Look around until a question is there, and answer it."""

    def part(told: Sequence[str]) -> Answer:
        key = KEY.search(told[-1]) if told else None
        if key is not None:
            return tool("reply", to_letter=key[1], text=text)
        return says("that was all") if told and told[-1].startswith("Answered") else tool("ls")

    return part


async def start(kernel: Kernel, root: Path, name: str) -> Run:
    task = AgentTask(
        system="rules",
        prompt=name,
        model="oxios/demo",
        root=str(root),
        principal="person",
        role=Role.USER,
        rights=CSPACE_ALL,
    )
    return await kernel.processes.forks.fork(task, title=name, run_id=name)


async def until(kernel: Kernel, run_id: str, state: RunState) -> None:
    while (await kernel.table.get(run_id)).state is not state or run_id in kernel.supervisor.lives:
        await kernel.supervisor.next_change().wait()


async def text_of(kernel: Kernel, run_id: str) -> str:
    (exit_,) = await kernel.processes.wait([run_id])
    return exit_.text


async def test_who_asks_is_a_row_until_the_answer_is_there_and_is_told_it_once(tmp_path: Path) -> None:
    llm = Cast(asker=asks("answerer"), answerer=answers("blue"))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(20):
            await start(kernel, tmp_path, "answerer")
            await start(kernel, tmp_path, "asker")
            await until(kernel, "asker", RunState.WAITING)
            llm.speak.set()
            assert await text_of(kernel, "asker") == "answerer answers: blue"
            assert await text_of(kernel, "answerer") == "that was all"
        assert len(await kernel.table.letters("asker")) == 1
    assert llm.told("asker") == ["asker", "answerer answers: blue"]
    question = next(text for text in llm.told("answerer") if KEY.search(text))
    assert question.startswith("[Question from agent asker: ")
    assert question.endswith("\nWhat colour?")


@pytest.mark.parametrize("killed", [True, False])
async def test_who_asks_learns_that_the_other_has_ended_without_an_answer(tmp_path: Path, killed: bool) -> None:
    llm = Cast(asker=asks("answerer"), answerer=lambda told: says("never mind") if told else tool("ls"))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(20):
            await start(kernel, tmp_path, "answerer")
            await start(kernel, tmp_path, "asker")
            await until(kernel, "asker", RunState.WAITING)
            if killed:
                await kernel.processes.kill("answerer", reason="not needed")
            llm.speak.set()
            text = await text_of(kernel, "asker")
    assert text.startswith("It has ended without an answer: answerer ")
    assert ("killed (not needed)" if killed else "done: never mind") in text


async def test_who_has_ended_is_not_asked_but_how_it_ended_is_told(tmp_path: Path) -> None:
    llm = Cast(asker=asks("answerer"), answerer=lambda told: says("all is blue"))
    llm.speak.set()
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(20):
            await start(kernel, tmp_path, "answerer")
            await text_of(kernel, "answerer")
            await start(kernel, tmp_path, "asker")
            text = await text_of(kernel, "asker")
    assert text == "It has ended before you asked: answerer done: all is blue"


async def test_an_answer_of_somebody_else_does_not_count(tmp_path: Path) -> None:
    def forges(told: Sequence[str]) -> Answer:
        if told:
            return says(told[-1])
        return tool("reply", to_letter="ask/asker/step/1/tool/0", text="black")

    llm = Cast(asker=asks("answerer"), answerer=answers("blue"), forger=forges)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(20):
            await start(kernel, tmp_path, "answerer")
            await start(kernel, tmp_path, "asker")
            await until(kernel, "asker", RunState.WAITING)
            (question,) = await kernel.table.letters("answerer")
            assert question.key == "ask/asker/step/1/tool/0"
            await start(kernel, tmp_path, "forger")
            refused = await text_of(kernel, "forger")
            await kernel.processes.message("asker", "black", sender="forger", answers=question.key)
            await until(kernel, "asker", RunState.WAITING)
            llm.speak.set()
            await text_of(kernel, "asker")
    assert refused.startswith("You were not asked 'ask/asker/step/1/tool/0'")
    assert llm.told("asker")[1:] == ["answerer answers: blue", f"[Answer from forger to {question.key}]\nblack"]


async def test_two_that_ask_each_other_at_the_same_time_both_get_their_answers(tmp_path: Path) -> None:
    def curious(other: str) -> Part:
        def part(told: Sequence[str]) -> Answer:
            questions = [key[1] for text in told if (key := KEY.search(text))]
            replied = len([text for text in told if text.startswith("Answered")])
            if replied < len(questions):
                return tool("reply", to_letter=questions[replied], text=f"for {other}")
            known = [text for text in told if " answers: " in text or text.startswith("[Answer from")]
            return says(known[0]) if known else tool("ask", agent=other, question="What colour?")

        return part

    llm = Cast(asker=curious("answerer"), answerer=curious("asker"))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(20):
            await start(kernel, tmp_path, "answerer")
            await start(kernel, tmp_path, "asker")
            await until(kernel, "asker", RunState.WAITING)
            llm.speak.set()
            texts = [await text_of(kernel, name) for name in ("asker", "answerer")]
        mail = [await kernel.table.letters(name) for name in ("asker", "answerer")]
    assert ["for asker" in texts[0], "for answerer" in texts[1]] == [True, True]
    assert [len([letter for letter in box if letter.answers]) for box in mail] == [1, 1]


async def test_a_late_answer_comes_as_a_message_and_the_same_question_is_not_put_twice(tmp_path: Path) -> None:
    def impatient(told: Sequence[str]) -> Answer:
        if not told:
            return tool("ask", agent="answerer", question="What colour?", timeout_seconds=0.01)
        if "has not answered in 0.01 seconds" in told[-1]:
            llm.speak.set()
            return tool("ask", agent="answerer", question="What colour?")
        return says(told[-1])

    llm = Cast(asker=impatient, answerer=answers("blue"))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(20):
            await start(kernel, tmp_path, "answerer")
            await start(kernel, tmp_path, "asker")
            assert "blue" in await text_of(kernel, "asker")
        assert len(await kernel.table.letters("answerer")) == 1


async def test_one_question_has_one_answer(tmp_path: Path) -> None:
    def fickle(told: Sequence[str]) -> Answer:
        keys = [key[1] for text in told if (key := KEY.search(text))]
        if not keys:
            return tool("ls")
        if told[-1].startswith("You have"):
            return says(told[-1])
        return tool("reply", to_letter=keys[0], text="red" if told[-1].startswith("Answered") else "blue")

    llm = Cast(asker=lambda told: HANG if told else tool("ask", agent="answerer", question="?"), answerer=fickle)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(20):
            await start(kernel, tmp_path, "answerer")
            await start(kernel, tmp_path, "asker")
            await until(kernel, "asker", RunState.WAITING)
            llm.speak.set()
            assert (await text_of(kernel, "answerer")).startswith("You have answered this question already.")
        assert [letter.text for letter in await kernel.table.letters("asker")] == ["blue"]


async def test_an_agent_reads_its_mail_in_order_and_a_full_mailbox_takes_no_question(tmp_path: Path) -> None:
    llm = Cast(asker=asks("answerer"), answerer=lambda told: says("read") if len(told) > 1 else tool("ls"))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(60):
            await start(kernel, tmp_path, "answerer")
            await kernel.processes.pause("answerer")
            for number in range(MAILBOX_LETTERS):
                await kernel.table.post("answerer", f"letter {number}", sender="person", key=str(number))
            await start(kernel, tmp_path, "asker")
            refused = await text_of(kernel, "asker")
            await kernel.processes.resume("answerer")
            await text_of(kernel, "answerer")
    assert str(MAILBOX_LETTERS) in refused
    read = [text for text in llm.told("answerer") if text.startswith("[Message")]
    assert read == [f"[Message from person]\nletter {number}" for number in range(MAILBOX_LETTERS)]


async def test_strangers_and_oneself_cannot_be_asked(tmp_path: Path) -> None:
    def part(told: Sequence[str]) -> Answer:
        names = ["asker", "stranger", "nobody"]
        return says("\n".join(told)) if len(told) == 3 else tool("ask", agent=names[len(told)], question="?")

    async with open_test_kernel(tmp_path / "home", Cast(asker=part, stranger=lambda _: HANG)) as kernel:
        stranger = await start(kernel, tmp_path, "stranger2")
        task = AgentTask.from_json(stranger.input).model_copy(update={"principal": "another", "prompt": "stranger"})
        with anyio.fail_after(20):
            await kernel.processes.forks.fork(task, title="stranger", run_id="stranger")
            await start(kernel, tmp_path, "asker")
            lines = (await text_of(kernel, "asker")).splitlines()
    assert [line.split(".")[0] for line in lines] == [
        f"'{name}' is not an agent that you may ask" for name in ("asker", "stranger", "nobody")
    ]


async def test_a_question_is_answered_once_although_the_host_dies_before_the_answer(tmp_path: Path) -> None:
    def ask_and_die() -> None:
        command = [sys.executable, str(CHILD), str(tmp_path / "home"), str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "asked\n"
            child.send_signal(signal.SIGKILL)

    await anyio.to_thread.run_sync(ask_and_die)
    llm = Cast(asker=asks("answerer"), answerer=answers("blue"))
    llm.speak.set()
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        # The answer is written, and its host dies before it has noted that: the effect happens again.
        await kernel.mail.reply("answerer", "ask/asker/step/1/tool/0", "blue")
    async with open_test_kernel(tmp_path / "home", llm, host=True) as kernel:
        with anyio.fail_after(20):
            assert await text_of(kernel, "asker") == "answerer answers: blue"
            assert await text_of(kernel, "answerer") == "that was all"
        assert [letter.text for letter in await kernel.table.letters("asker")] == ["blue"]
        assert [letter.text for letter in await kernel.table.letters("answerer")] == ["What colour?"]


async def test_a_letter_that_comes_during_the_last_answer_keeps_an_agent_from_ending(tmp_path: Path) -> None:
    llm = Cast(answerer=lambda told: says(told[-1] if told else "nothing more to do"))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with anyio.fail_after(20):
            await start(kernel, tmp_path, "answerer")
            await llm.silent.wait()
            await kernel.processes.message("answerer", "one thing more")
            llm.speak.set()
            assert await text_of(kernel, "answerer") == "[Message from person]\none thing more"
