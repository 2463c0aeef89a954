"""The distribution's front door: its list of names, its dependencies, its settings and its fake."""

import asyncio
import json
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import oxios_ouroboros
import pytest
import trio
from oxios_ouroboros import Assessment, CompletionFailed, Ouroboros, Prompt, ProtocolSettings, SettingsError
from oxios_ouroboros.testing import ScriptedComplete, finish

README = Path(__file__).parents[1] / "README.md"


def modules() -> list[ModuleType]:
    names = [module.name for module in pkgutil.iter_modules(oxios_ouroboros.__path__)]
    return [import_module(f"oxios_ouroboros.{name}") for name in names if name != "testing"]


def test_the_list_of_public_names_is_whole() -> None:
    offered = [name for module in modules() for name in module.__all__]
    assert sorted(oxios_ouroboros.__all__) == sorted([*offered, "__version__"])


@pytest.mark.parametrize("name", sorted(set(oxios_ouroboros.__all__) - {"__version__"}))
def test_every_public_class_and_function_says_what_it_is(name: str) -> None:
    found = getattr(oxios_ouroboros, name)
    if isinstance(found, type) or hasattr(found, "__code__"):
        assert found.__doc__
        assert not found.__doc__.startswith(f"{name}(")


def test_importing_it_brings_in_nothing_but_pydantic() -> None:
    script = (
        "import sys, oxios_ouroboros; print([m for m in ('anyio', 'jsonschema', 'oxios_kernel') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_example_of_the_readme_prints_what_it_says() -> None:
    _, example, *_ = README.read_text(encoding="utf-8").split("```python\n")
    code, _, rest = example.partition("```")
    shown = rest.split("```text\n")[1].split("```")[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == (shown, "")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"max_rounds": 0}, "max_rounds"),
        ({"pass_score": 0}, "pass_score"),
        ({"pass_score": 1.1}, "pass_score"),
        ({"max_evolutions": -1}, "max_evolutions"),
        ({"votes": 2}, "votes"),
        ({"vote_share": 0.5}, "vote_share"),
        ({"borderline": (0.8, 0.7)}, "borderline"),
        ({"uncertainty_limit": 2}, "uncertainty_limit"),
        ({"converged_at": 0}, "converged_at"),
        ({"output_characters": 5}, "output_characters"),
        ({"evidence_characters": 5}, "evidence_characters"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(wrong: dict[str, float], name: str) -> None:
    with pytest.raises(SettingsError, match=f"expected {name} to be .* got"):
        ProtocolSettings(**wrong)  # type: ignore[arg-type]  # one of the wrong values is a pair


def test_the_protocol_runs_on_any_event_loop() -> None:
    class Slow:
        def __init__(self, pause: Callable[[], Coroutine[Any, Any, None]]) -> None:
            self.pause = pause

        async def __call__(self, prompt: Prompt, /) -> str:
            await self.pause()
            return json.dumps({"kind": "chat", "reply": "hi"})

    async def assess(pause: Callable[[], Coroutine[Any, Any, None]]) -> Assessment:
        return await Ouroboros(Slow(pause)).assess("hello")

    on_asyncio = asyncio.run(assess(lambda: asyncio.sleep(0)))
    on_trio = trio.run(assess, trio.lowlevel.checkpoint)
    assert (on_asyncio.reply, on_trio.reply) == ("hi", "hi")


def test_a_script_that_runs_out_says_for_what() -> None:
    with pytest.raises(AssertionError, match="one more for assess"):
        finish(Ouroboros(ScriptedComplete([])).assess("hello"))


def test_a_script_raises_the_errors_in_it() -> None:
    with pytest.raises(CompletionFailed, match="down"):
        finish(ScriptedComplete([CompletionFailed("down")])(prompt_of_assess()))


def test_finish_refuses_a_call_that_waits() -> None:
    async def wait() -> None:
        await asyncio.sleep(0)

    with pytest.raises(AssertionError, match="event loop"):
        finish(wait())


def prompt_of_assess() -> Prompt:
    model = ScriptedComplete([json.dumps({"kind": "chat", "reply": "hi"})])
    finish(Ouroboros(model).assess("hello"))
    return model.prompts[0]
