"""What is sent to a model: the markers, the instructions' size, and inputs without ballast."""

import json
import re

import pytest
from oxios_ouroboros import (
    AssessReply,
    Check,
    CrystallizeReply,
    EvolveReply,
    InterviewReply,
    Ouroboros,
    Phase,
    Purpose,
    ReviewReply,
)
from oxios_ouroboros.instructions import instructions
from oxios_ouroboros.testing import ScriptedComplete, finish
from pydantic import BaseModel, TypeAdapter

REPLIES: dict[Purpose, type[BaseModel]] = {
    Purpose.ASSESS: AssessReply,
    Purpose.INTERVIEW: InterviewReply,
    Purpose.CRYSTALLIZE: CrystallizeReply,
    Purpose.EVALUATE: ReviewReply,
    Purpose.VOTE: ReviewReply,
    Purpose.EVOLVE: EvolveReply,
}


@pytest.mark.parametrize("purpose", Purpose)
def test_the_first_line_of_the_instructions_tells_the_purpose(purpose: Purpose) -> None:
    assert instructions(purpose).splitlines()[0] == f"oxios-ouroboros/{purpose.value}/1"


@pytest.mark.parametrize("purpose", Purpose)
def test_the_instructions_name_every_key_of_the_reply(purpose: Purpose) -> None:
    text = instructions(purpose)
    not_asked_for = {"reply"} if purpose is Purpose.INTERVIEW else set()
    assert {key for key in REPLIES[purpose].model_fields if f'"{key}"' not in text} == not_asked_for


@pytest.mark.parametrize("purpose", Purpose)
def test_the_instructions_stay_short(purpose: Purpose) -> None:
    assert len(re.findall(r"\w+|[^\w\s]", instructions(purpose))) < 700


@pytest.mark.parametrize("purpose", [Purpose.ASSESS, Purpose.INTERVIEW, Purpose.CRYSTALLIZE, Purpose.EVOLVE])
def test_the_examples_of_checks_are_valid_and_cover_every_kind(purpose: Purpose) -> None:
    adapter = TypeAdapter[Check](Check)
    decoder = json.JSONDecoder()
    text = instructions(purpose)
    found = [decoder.raw_decode(text, example.start())[0] for example in re.finditer(r'\{"kind":', text)]
    assert [adapter.validate_python(example).kind for example in found] == ["command", "file", "schema", "judged"]


def test_every_purpose_belongs_to_a_phase() -> None:
    assert [purpose.phase.label for purpose in Purpose] == [
        "interview",
        "interview",
        "seed",
        "evaluate",
        "evaluate",
        "evolve",
    ]
    assert Phase("Execute").label == "execute"


def test_an_input_leaves_out_what_is_empty() -> None:
    model = ScriptedComplete([json.dumps({"kind": "chat", "reply": "ok"})])
    finish(Ouroboros(model).assess("hello"))
    assert json.loads(model.prompts[0].user) == {"request": "hello"}
