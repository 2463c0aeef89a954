"""The built-in demo model: through the whole kernel on real tools and files, and by itself where that says more."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from oxios_kernel.adapters.llm_demo import DemoLlm
from oxios_kernel.agents.tooling import UNKNOWN_OUTCOME
from oxios_kernel.conversation import Reply, TurnRequest
from oxios_kernel.domain.tool import Repeat, ToolSpec
from oxios_kernel.domain.transcript import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import open_test_kernel
from oxios_ouroboros.prompts import AssessReply, CrystallizeReply, EvolveReply, InterviewReply, ReviewReply

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of work: three Python files that count, some that do not, a table and a text."""
    work = tmp_path / "work"
    for name in ("pkg/a.py", "pkg/deep/b.py", "pkg/deep/한글 이름.py", "pkg/.hidden/c.py", "pkg/node_modules/d.py"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text("import anyio\n# TODO 고치기\n" if "b.py" in name else "x = 1\n")
    (work / "sales.csv").write_text('Name,Amount\n"Kim, Lee","1,200.50"\n박,2\nnobody,n/a\n\n')
    (work / "read me.md").write_text("# Title\n\nSome words about it.\n\n## Use\n\nJust use it.")
    return work


async def run(folder: Path, *prompts: str) -> Reply:
    """Return the reply to the last of some messages of one conversation."""
    async with open_test_kernel(folder.parent / "home", DemoLlm()) as kernel:
        for prompt in prompts:
            reply = await kernel.conversation.handle(TurnRequest(prompt=prompt, root=folder, session_id="s"))
    return reply


async def ask(*messages: Message, tools: tuple[str, ...] = ()) -> LlmReply:
    specs = tuple(
        ToolSpec(name=name, description="", parameters={}, repeat=Repeat.PURE, capability="files") for name in tools
    )
    return await DemoLlm().complete(LlmRequest(model="oxios/demo", messages=messages, tools=specs))


async def protocol(purpose: str, **inputs: Any) -> str:
    system = SystemMessage(text=f"oxios-ouroboros/{purpose}/1\nAnswer with JSON.")
    return (await ask(system, UserMessage(text=json.dumps(inputs)))).text


@pytest.mark.parametrize(
    ("prompt", "file", "content"),
    [
        ("Count the Python files in pkg and write the number to count.txt", "count.txt", "3\n"),
        ("Count the files and save the number to pkg/new/n.txt", "pkg/new/n.txt", "5\n"),
        ("Count the text files and write it to a.txt", "a.txt", "0\n"),
        ('Count the lines in "read me.md" and write it to n.txt', "n.txt", "7\n"),
        (
            "List the Python files in pkg and write the list to pkg/list.py",
            "pkg/list.py",
            "pkg/a.py\npkg/deep/b.py\npkg/deep/한글 이름.py\n",
        ),
        ("List all files and write them to out/all.txt", "out/all.txt", None),
        ("Search for 고치기 in pkg and write the matches to hits.txt", "hits.txt", "pkg/deep/b.py:2:# TODO 고치기\n"),
        ("Add up the amount column in sales.csv and write the total to total.txt", "total.txt", "1202.50\n"),
        ('Summarise "read me.md" and write the summary to "요약.md"', "요약.md", None),
        ('Write "it\'s 안녕 👋" to deep/er/hello.txt', "deep/er/hello.txt", "it's 안녕 👋"),
        ("Write \"$(touch x); `id` 'y'\" to q.txt", "q.txt", "$(touch x); `id` 'y'"),
    ],
)
async def test_a_task_with_a_result_file_is_done_and_verified_by_a_check(
    prompt: str, file: str, content: str | None, folder: Path
) -> None:
    reply = await run(folder, prompt)
    written = (folder / file).read_text()
    assert written == content if content is not None else written
    assert reply.evaluation_passed is True
    assert {verdict.stage for verdict in reply.verdicts} == {"mechanical"}
    assert (reply.model, reply.usage.cost_micro_usd) == ("oxios/demo", 0)
    assert reply.usage.input_tokens > 0
    assert not (folder / "x").exists()


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("How many Python files are in pkg?", "3 files named *.py"),
        ("How many words does 'read me.md' have?", "11 words"),
        ("List the Python files in pkg", "pkg/deep/한글 이름.py"),
        ("Search pkg for TODO", "pkg/deep/b.py:2:# TODO 고치기"),
        ("Where is sales.csv?", "sales.csv"),
        ("What is the total of amount in sales.csv?", "1202.50 (2 numbers; 1 other cells were left out)"),
        ("Summarise 'read me.md'", "Headings: Title; Use."),
    ],
)
async def test_a_question_is_answered_from_what_tools_showed_and_judged_on_their_records(
    prompt: str, words: str, folder: Path
) -> None:
    reply = await run(folder, prompt)
    assert words in reply.response
    assert reply.evaluation_passed is True


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Count the Python files in nowhere and write the number to n.txt", "nowhere"),
        ("Count the lines in nowhere.md and write the number to n.txt", "nowhere.md"),
        ("Summarise nowhere.md and write the summary to n.txt", "nowhere.md"),
        ("Add up the price column in sales.csv and write the total to n.txt", "no column 'price'"),
        ("Add up the amount column in nowhere.csv", "nowhere.csv"),
    ],
)
async def test_what_cannot_be_done_is_said_and_does_not_pass(prompt: str, words: str, folder: Path) -> None:
    reply = await run(folder, prompt)
    assert reply.evaluation_passed is False
    assert words in reply.response


@pytest.mark.parametrize(
    "prompt",
    [
        "Search ../secret for TODO",
        "Write 'x' to ../outside.txt",
        "List the files in /etc and write the list to n.txt",
        "Summarise ~/notes.md",
        "Count the files in pkg/../.. and write the number to n.txt",
    ],
)
async def test_a_path_that_leads_out_is_refused_before_anything_is_begun(prompt: str, folder: Path) -> None:
    reply = await run(folder, prompt)
    assert (reply.phase, reply.evaluation_passed) == ("chat", None)
    assert "only in this folder" in reply.response
    assert not (folder.parent / "outside.txt").exists()


async def test_an_answer_that_leads_out_is_not_taken(folder: Path) -> None:
    asked = await run(folder, "Count the Python files in pkg and write it down", "to ../n.txt")
    assert asked.questions == ("Which file is the result to be written to?",)
    assert not (folder.parent / "n.txt").exists()


async def test_a_missing_part_is_asked_for_and_the_answer_completes_the_task(folder: Path) -> None:
    asked = await run(folder, "Count the Python files in pkg and write it down")
    assert asked.questions == ("Which file is the result to be written to?",)
    reply = await run(folder, "to result.txt please")
    assert (folder / "result.txt").read_text() == "3\n"
    assert reply.evaluation_passed is True


@pytest.mark.parametrize("prompt", ["Build me an app", "What is the capital of France?", "파이썬 파일을 세어 줘"])
async def test_everything_else_is_declined_in_a_sentence_that_says_how_to_use_a_real_model(
    prompt: str, folder: Path
) -> None:
    reply = await run(folder, prompt)
    assert (reply.phase, reply.evaluation_passed) == ("chat", None)
    assert all(word in reply.response for word in ("demo model", "OPENAI_API_KEY", "--model", "oxios models"))
    assert reply.usage.calls == 1


async def test_a_greeting_is_answered_with_an_example_that_works(folder: Path) -> None:
    reply = await run(folder, "Hello!")
    example = reply.response.split('"')[1]
    (folder / "packages").mkdir()
    assert (await run(folder, example)).evaluation_passed is True


async def test_a_table_longer_than_a_page_is_added_up_whole(folder: Path) -> None:
    (folder / "long.csv").write_text("n;x\n" + "".join(f"{number};a\n" for number in range(1, 501)))
    assert "125250" in (await run(folder, "Add up the column n in long.csv")).response


def test_a_task_is_done_on_the_other_event_loop_too(folder: Path) -> None:
    reply = anyio.run(run, folder, "Count the Python files in pkg and write the number to n.txt", backend="trio")
    assert reply.evaluation_passed is True


async def test_a_call_whose_outcome_is_not_known_is_made_again() -> None:
    task = UserMessage(text="Count the lines in a.txt")
    first = await ask(task, tools=("bash",))
    call = first.tool_calls[0]
    doubt = ToolMessage(call_id=call.id, name="bash", text=UNKNOWN_OUTCOME)
    second = await ask(task, AssistantMessage(tool_calls=first.tool_calls), doubt, tools=("bash",))
    assert second.tool_calls[0].arguments == call.arguments
    assert second.tool_calls[0].id != call.id


async def test_without_the_tool_that_it_needs_it_says_so() -> None:
    reply = await ask(UserMessage(text="Count the files"), tools=("read",))
    assert (reply.finish, reply.tool_calls) == ("stop", ())
    assert "needs the tool `find`" in reply.text


async def test_the_same_request_gets_the_same_reply_and_its_text_streams_in_pieces() -> None:
    told: list[str] = []
    request = LlmRequest(model="oxios/demo", messages=(UserMessage(text="hello"),))
    one = await DemoLlm().complete(request, told.append)
    assert one == await DemoLlm().complete(request)
    assert "".join(told) == one.text
    assert len(told) > 10


async def test_every_reply_to_the_protocol_has_the_protocols_shape() -> None:
    count = "Count the Python files and write it down"
    question = {"question": "Which file is the result to be written to?", "answer": ""}
    clarity = {"goal": 0.4, "constraints": 0.9, "success": 0.9}
    state: dict[str, Any] = {"request": count, "answers": [question], "clarity": clarity, "round": 1, "max_rounds": 3}
    for request in ("hello", "build an app", "count the files", count):
        AssessReply.model_validate_json(await protocol("assess", request=request))
    assert InterviewReply.model_validate_json(await protocol("interview", **state)).goal.endswith('"result.txt"')
    CrystallizeReply.model_validate_json(await protocol("crystallize", **state))
    open_point = await protocol("crystallize", **{**state, "request": "Summarise the file", "answers": []})
    assert CrystallizeReply.model_validate_json(open_point).open_points == ("Which file is meant?",)
    seen = [{"criterion": "c", "status": "failed", "evidence": "e"}]
    evolve = await protocol("evolve", request=count, goal=count, generation=0, verdicts=seen, scores=[0])
    assert EvolveReply.model_validate_json(evolve).add_constraints == ("c",)
    again = await protocol("evolve", request=count, goal=count, generation=1, verdicts=seen, scores=[0, 0])
    assert EvolveReply.model_validate_json(again).failure == "impossible"


@pytest.mark.parametrize("purpose", ["evaluate", "vote"])
@pytest.mark.parametrize(
    ("statement", "evidence", "status"),
    [
        (
            "The answer gives the number that a tool counted in: pkg",
            'find {"path": "pkg"}\n-> ok: [3 found]',
            "verified",
        ),
        (
            "The answer gives the number that a tool counted in: pkg",
            'find {"path": "pkg"}\n-> ok: [33 found]',
            "failed",
        ),
        ("The answer gives the number that a tool counted in: pkg", 'find {"path": "pkg"}\n-> failed: 3', "unverified"),
        ("The answer gives the number that a tool counted in: pkg", "", "unverified"),
        ("The file was written", 'write {"path": "x"}\n-> ok: Wrote 3 bytes', "unverified"),
    ],
)
async def test_only_the_tools_records_and_only_its_own_statements_are_judged(
    statement: str, evidence: str, status: str, purpose: str
) -> None:
    criteria = [{"number": 1, "statement": statement, "subject": "answer"}]
    output = f"There are 3 files. {statement}."
    text = await protocol(purpose, request="r", goal="g", criteria=criteria, output=output, evidence=evidence)
    assert ReviewReply.model_validate_json(text).verdicts[0].status == status


@pytest.mark.parametrize("text", ["not json", "[]", "{}"])
async def test_a_prompt_of_the_protocol_that_is_broken_gets_a_reply_all_the_same(text: str) -> None:
    for purpose in ("assess", "interview", "crystallize", "evaluate", "evolve"):
        system = SystemMessage(text=f"oxios-ouroboros/{purpose}/1")
        assert (await ask(system, UserMessage(text=text))).text
