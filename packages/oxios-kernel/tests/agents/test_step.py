"""The agent's next step is decided from the transcript alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_kernel.agents.step import AskModel, CallTools, Compact, Finish, Limits, next_step, repeats
from oxios_kernel.agents.transcript import Transcript
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolSpec
from oxios_kernel.domain.transcript import AssistantMessage, SystemMessage, ToolMessage, UserMessage


def spec(name: str, repeat: Repeat) -> ToolSpec:
    return ToolSpec(name=name, description="", parameters={"type": "object"}, repeat=repeat, capability="files.read")


SPECS = {"read": spec("read", Repeat.PURE), "bash": spec("bash", Repeat.ONCE)}


def call(name: str, number: int = 0, raw: str = "{}") -> ToolCall:
    return ToolCall(id=f"{name}{number}", name=name, arguments={}, raw=raw)


def opened() -> Transcript:
    return Transcript([SystemMessage(text="rules"), UserMessage(text="task")])


def add_round(transcript: Transcript, name: str, result: str, raw: str = "{}") -> None:
    asked = call(name, transcript.steps, raw)
    transcript.add(AssistantMessage(tool_calls=(asked,)))
    transcript.add(ToolMessage(call_id=asked.id, name=name, text=result))


def test_a_fresh_task_is_put_to_the_model_as_step_one() -> None:
    assert next_step(opened(), SPECS, Limits()) == AskModel(step=1)


def test_an_answer_without_calls_ends_the_work() -> None:
    transcript = opened()
    transcript.add(AssistantMessage(text="done"))
    assert next_step(transcript, SPECS, Limits()) == Finish(ending="answered", text="done")


def test_an_empty_answer_ends_the_work_as_empty() -> None:
    transcript = opened()
    transcript.add(AssistantMessage(text=" \n"))
    action = next_step(transcript, SPECS, Limits())
    assert isinstance(action, Finish)
    assert action.ending == "empty"


@pytest.mark.parametrize(
    ("names", "together"), [(["read", "read"], True), (["read", "bash"], False), (["read", "nosuch"], True)]
)
def test_calls_run_together_only_when_none_can_change_anything(names: list[str], together: bool) -> None:
    transcript = opened()
    calls = tuple(call(name, number) for number, name in enumerate(names))
    transcript.add(AssistantMessage(tool_calls=calls))
    assert next_step(transcript, SPECS, Limits()) == CallTools(step=1, calls=calls, surplus=(), together=together)


def test_calls_beyond_the_most_in_one_answer_are_surplus() -> None:
    transcript = opened()
    calls = tuple(call("read", number) for number in range(5))
    transcript.add(AssistantMessage(tool_calls=calls))
    action = next_step(transcript, SPECS, Limits(max_calls=3))
    assert isinstance(action, CallTools)
    assert (action.calls, action.surplus) == (calls[:3], calls[3:])


def test_the_step_limit_stops_with_a_sentence_that_names_the_setting() -> None:
    transcript = opened()
    for number in range(3):
        add_round(transcript, "read", f"result {number}")
    action = next_step(transcript, SPECS, Limits(max_steps=3))
    assert isinstance(action, Finish)
    assert action.ending == "step_limit"
    assert "agents.max_steps" in action.text


def test_the_same_call_with_the_same_result_for_ever_is_stopped() -> None:
    transcript = opened()
    for _ in range(3):
        add_round(transcript, "bash", "nothing new")
    action = next_step(transcript, SPECS, Limits(loop_repeats=3))
    assert isinstance(action, Finish)
    assert action.ending == "loop"
    assert "bash" in action.text


def test_a_call_that_brings_something_new_each_time_is_no_loop() -> None:
    transcript = opened()
    for number in range(9):
        add_round(transcript, "bash", f"line {number}")
    assert next_step(transcript, SPECS, Limits(loop_repeats=3)) == AskModel(step=10)


def test_two_calls_in_turn_for_ever_are_a_loop_too() -> None:
    transcript = opened()
    for _ in range(3):
        add_round(transcript, "read", "a")
        add_round(transcript, "bash", "b")
    action = next_step(transcript, SPECS, Limits(loop_repeats=3))
    assert isinstance(action, Finish)
    assert action.ending == "loop"


def test_a_transcript_that_is_too_long_is_compacted_once_before_the_next_answer() -> None:
    transcript = opened()
    add_round(transcript, "read", "x" * 1000)
    limits = Limits(compact_at_characters=500)
    assert next_step(transcript, SPECS, limits) == Compact(step=2)
    transcript.replace(transcript.messages)
    assert next_step(transcript, SPECS, limits) == AskModel(step=2)


@given(st.lists(st.integers(0, 2), max_size=30), st.integers(2, 5))
def test_a_cycle_is_found_exactly_when_the_end_repeats_it(rounds: list[int], times: int) -> None:
    found = repeats(rounds, times)
    ends = [
        rounds[-length:]
        for length in (1, 2, 3)
        if len(rounds) >= length * times and rounds[-length * times :] == rounds[-length:] * times
    ]
    assert found == (ends[0] if ends else None)


def test_characters_count_texts_and_raw_arguments() -> None:
    transcript = opened()
    transcript.add(AssistantMessage(text="ab", tool_calls=(call("read", raw='{"a":1}'),)))
    assert transcript.characters == len("rules") + len("task") + 2 + len("read") + 7
