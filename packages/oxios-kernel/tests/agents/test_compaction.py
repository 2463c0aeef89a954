"""A long transcript made short keeps its opening and its newest steps."""

from oxios_kernel.agents.compaction import KEPT_STEPS, compacted, extract, middle
from oxios_kernel.domain.tool import ToolCall
from oxios_kernel.domain.transcript import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage


def long_transcript(steps: int, text: str = "result") -> list[Message]:
    messages: list[Message] = [SystemMessage(text="rules"), UserMessage(text="task")]
    for number in range(steps):
        call = ToolCall(id=f"c{number}", name="read", arguments={}, raw=f'{{"path":"{number}"}}')
        messages += [
            AssistantMessage(tool_calls=(call,)),
            ToolMessage(call_id=call.id, name="read", text=f"{text} {number}"),
        ]
    return messages


def test_a_short_transcript_has_no_middle_to_give_up() -> None:
    assert middle(long_transcript(KEPT_STEPS)) == ()


def test_the_opening_and_the_newest_steps_stay_and_the_summary_stands_between() -> None:
    messages = long_transcript(10)
    short = compacted(messages, "what was found")
    assert short[:2] == messages[:2]
    assert short[3:] == messages[-2 * KEPT_STEPS :]
    assert short[2].text.endswith("what was found")


def test_no_tool_result_is_left_without_its_call() -> None:
    short = compacted(long_transcript(10), "summary")
    asked = {call.id for message in short if isinstance(message, AssistantMessage) for call in message.tool_calls}
    assert {message.call_id for message in short if isinstance(message, ToolMessage)} == asked


def test_results_that_are_too_long_are_shortened_at_both_ends_by_characters() -> None:
    short = compacted(long_transcript(3, "긴" * 5000), "")
    results = [message.text for message in short if isinstance(message, ToolMessage)]
    assert all(len(text) < 1000 and text.startswith("긴") and text.endswith(tuple("012")) for text in results)


def test_an_extract_names_calls_and_results() -> None:
    text = extract(middle(long_transcript(6)))
    assert 'called read({"path":"0"})' in text
    assert "result of read: result 1" in text
