"""The opening messages hold the task and nothing an agent could be graded by."""

from oxios_kernel.agents import system_prompt, task_prompt


def test_the_persona_and_the_folder_reach_the_system_prompt() -> None:
    text = system_prompt(persona="You review code.", folder="project")
    assert "You review code." in text
    assert "The folder: project" in text


def test_the_request_is_quoted_when_the_goal_says_something_else() -> None:
    text = task_prompt(goal="Count files", request="파일 수를 세어 줘", constraints=["only *.py"])
    assert "Task: Count files" in text
    assert "파일 수를 세어 줘" in text
    assert "- only *.py" in text


def test_nothing_is_said_twice_or_empty() -> None:
    assert task_prompt(goal="Count files", request="Count files", constraints=[]) == "Task: Count files"
