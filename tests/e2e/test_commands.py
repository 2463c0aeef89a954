"""The other commands: what they print, what they change, how they say no."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from oxios import __version__
from oxios.usage import COMMANDS, help_text

from tests.e2e.brain import Brain, chat, unclear
from tests.e2e.person import CTRL_C, CTRL_D, Person
from tests.loopback import Hang, ModelServer, Status


def test_version_and_help_are_the_same_on_the_short_and_on_the_long_way(person: Person) -> None:
    assert person.run("--version").out == person.run("--debug", "--version").out == f"oxios {__version__}\n"
    assert person.run().out == person.run("--help").out == person.run("--debug", "--help").out == f"{help_text()}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_the_help_names_explains_itself(person: Person, name: str) -> None:
    done = person.run(name, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: oxios {name}")


def test_settings_are_shown_changed_and_returned_to_their_default(person: Person) -> None:
    person.environment.pop("OXIOS_ENGINE_MAX_RETRIES")
    assert person.run("config", "path").out == f"{person.home / 'config.toml'}\n"
    assert person.run("config", "set", "engine.max_retries", "7").code == 0
    assert person.run("config", "get", "engine.max_retries").out == "7\n"
    assert person.run("config", "set", "security.denied_tools", "bash, write").code == 0
    assert person.run("config", "set", "engine.api_base.openai", "http://127.0.0.1:1/v1").code == 0
    shown = person.run("config", "show").out
    assert tomllib.loads(shown)["security"]["denied_tools"] == ["bash", "write"]
    assert tomllib.loads(shown)["engine"]["api_base"] == {"openai": "http://127.0.0.1:1/v1"}
    assert f"max_retries = 7  # {person.home / 'config.toml'}" in shown
    assert person.run("config", "unset", "engine.max_retries").code == 0
    assert person.run("config", "get", "engine.max_retries").out == "4\n"


def test_a_setting_that_does_not_exist_or_does_not_fit_changes_nothing(person: Person) -> None:
    unknown = person.run("config", "set", "engine.max_retry", "7")
    wrong = person.run("config", "set", "engine.max_retries", "many")
    assert (unknown.code, wrong.code) == (2, 3)
    assert "`engine.max_retries`" in unknown.err
    assert "'many'" in wrong.err
    assert not (person.home / "config.toml").exists()


def test_a_variable_that_is_stronger_than_the_file_is_told(person: Person) -> None:
    done = person.run("config", "set", "engine.max_retries", "7")
    assert "OXIOS_ENGINE_MAX_RETRIES=0" in done.err
    assert (
        "OXIOS_ENGINE_MAX_RETRIES" in person.run("config", "show").out.replace("oxios_engine", "OXIOS_ENGINE").upper()
    )


def test_the_editor_gets_the_commented_defaults_and_what_it_leaves_is_checked(person: Person) -> None:
    person.environment["EDITOR"] = "sed -i 's/^# level = .*/level = 3/'"
    done = person.run("config", "edit")
    assert done.code == 3
    assert "logging.level" in done.err
    assert "level = 3" in (person.home / "config.toml").read_text()


def test_an_editor_that_fails_is_told_with_what_to_set(person: Person) -> None:
    person.environment["EDITOR"] = "false"
    done = person.run("config", "edit")
    assert done.code == 3
    assert "false: Editing failed" in done.err
    assert "Set EDITOR" in done.err


def test_a_space_is_written_down_and_said_to_change_nothing_yet(person: Person) -> None:
    done = person.run("run", "--json", "--space", "lab", "hello")
    assert (done.code, done.json["space_id"]) == (0, "lab")
    assert "There are no Spaces yet: 'lab'" in done.err


def test_personas_are_listed_added_shown_and_chosen(person: Person) -> None:
    (person.folder / "쉽게.txt").write_text("Explain as to a child 🧒", encoding="utf-8")
    assert person.run("persona", "add", "teacher", "--role", "Explains", "--prompt-file", "쉽게.txt").code == 0
    assert person.run("persona", "use", "teacher").code == 0
    listed = json.loads(person.run("persona", "list", "--json").out)
    assert [entry["id"] for entry in listed] == ["dev", "review", "research", "teacher"]
    assert [entry["id"] for entry in listed if entry["active"]] == ["teacher"]
    assert "Explain as to a child 🧒" in person.run("persona", "show", "teacher").out
    again = person.run("persona", "add", "teacher", "--prompt", "x")
    assert (again.code, "already" in again.err) == (2, True)
    with ModelServer(Brain(assess=chat("Hi."))) as server:
        person.uses(server)
        person.run("run", "Hello")
    assert "Explain as to a child 🧒" in server.requests[0].text


def test_sessions_are_listed_shown_and_deleted(person: Person) -> None:
    with ModelServer(Brain(assess=[chat("A parrot."), unclear("Which one?"), Status(500)])) as server:
        person.uses(server)
        person.run("run", "--session", "birds", "Name a bird")
        person.run("run", "--session", "fish", "Name a fish")
        failed = person.run("run", "--session", "birds", "--json", "And another")
    listed = {entry["id"]: entry for entry in json.loads(person.run("sessions", "list", "--json").out)}
    assert listed["fish"]["waits_for_answer"] is True
    assert listed["birds"]["title"] == "Name a bird"
    assert "waits for an answer" in person.run("sessions", "list").out
    shown = person.run("sessions", "show", "birds")
    assert "> Name a bird\n\nA parrot." in shown.out
    assert f"oxios run --resume {failed.json['run_id']}" in shown.err
    assert json.loads(person.run("sessions", "show", "birds", "--json").out)["paused_runs"] == [failed.json["run_id"]]
    assert person.run("sessions", "delete", "birds").code == 0
    assert person.run("sessions", "show", "birds").code == 2
    assert person.run("sessions", "delete", "birds").code == 2


def test_models_says_what_is_usable_and_what_is_missing(person: Person) -> None:
    person.environment["ANTHROPIC_API_KEY"] = "k-right"
    rows = {row["model"]: row for row in json.loads(person.run("models", "--json").out)}
    text = person.run("models").out
    assert rows["oxios/demo"]["usable"] is True
    default = [model for model, row in rows.items() if row["default"]]
    assert [model.partition("/")[0] for model in default] == ["anthropic"]
    assert any("OPENAI_API_KEY" in row["sentence"] for row in rows.values() if not row["usable"])
    assert text.index("Usable now:") < text.index("oxios/demo") < text.index("Not usable:")
    assert "anthropic" not in person.run("models", "--provider", "oxios").out
    unknown = person.run("models", "--provider", "antropic")
    assert (unknown.code, unknown.out) == (2, "")
    assert "`anthropic`" in unknown.err


def test_models_and_doctor_know_the_default_model_and_a_server_without_a_key(person: Person) -> None:
    person.environment["OXIOS_ENGINE_DEFAULT_MODEL"] = "openai/mine"
    without_a_key = person.run("doctor", "--json")
    assert without_a_key.code == 3
    assert "openai/mine" in str(without_a_key.json["checks"])
    person.run("config", "set", "engine.api_base.openai", "http://127.0.0.1:9/v1")
    listed, well = person.run("models"), person.run("doctor")
    assert "* openai/mine" in listed.out.partition("Not usable:")[0]
    assert "no key for OpenAI" not in listed.out
    assert well.code == 0
    assert "openai/mine is the default" in well.out


def test_doctor_finds_nothing_wrong_in_a_fresh_home_and_names_what_could_be_better(person: Person) -> None:
    done = person.run("doctor", "--json")
    checks = {check["name"]: check for check in done.json["checks"]}
    assert (done.code, done.json["ok"]) == (0, True)
    assert checks["models"]["status"] == "warning"
    assert "OPENAI_API_KEY" in checks["models"]["fix"]
    assert {check["status"] for name, check in checks.items() if name != "models"} == {"ok"}


def test_doctor_says_how_to_mend_settings_that_cannot_be_read(person: Person) -> None:
    person.home.mkdir()
    (person.home / "config.toml").write_text("[engine\n")
    done = person.run("doctor")
    assert done.code == 3
    assert "failed   settings" in done.out
    assert "oxios config edit" in done.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed_for_each_shell(person: Person, shell: str) -> None:
    done = person.run("completion", shell)
    assert done.code == 0
    assert "_OXIOS_COMPLETE" in done.out


def test_bash_completes_commands_and_options(person: Person) -> None:
    scripts = str(Path(sys.executable).parent)
    environment = person.environment | {"PATH": os.pathsep.join([scripts, person.environment["PATH"]])}
    asked = 'COMP_WORDS="oxios run --exit" COMP_CWORD=2 _OXIOS_COMPLETE=bash_complete oxios'
    done = subprocess.run(["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "plain,--exit-code\n"


def test_a_chat_answers_line_by_line_and_ends_with_its_input(person: Person) -> None:
    with ModelServer(Brain(assess=[chat("One."), chat("Two.")])) as server:
        person.uses(server)
        done = person.run("chat", "--quiet", stdin="First 👋\nSecond\n".encode())
    assert (done.code, done.out) == (0, "One.\nTwo.\n")
    assert "One." in server.requests[1].text


def test_a_chat_on_a_terminal_switches_the_persona_stops_at_ctrl_c_and_leaves_at_ctrl_d(person: Person) -> None:
    with ModelServer(Brain(assess=[Hang(), chat("Here I am.")])) as server:
        person.uses(server)
        screen = person.start_on_terminal("chat")
        screen.read_until("oxios> ")
        screen.press("/persona reviw\r")
        screen.read_until("`review`")
        screen.read_until("oxios> ")
        screen.press("/persona review\r")
        screen.read_until("now uses the persona review")
        screen.read_until("oxios> ")
        screen.press("안녕\r")
        server.wait_for(1)
        screen.press(CTRL_C)
        screen.read_until("stopped before it was done")
        screen.read_until("oxios> ")
        screen.press("Hello?\r")
        screen.read_until("Here I am.")
        screen.read_until("oxios> ")
        screen.press(CTRL_D)
        done = screen.wait()
    assert done.code == 0
    assert "안녕" in server.requests[0].text
    assert "Finds faults" in server.requests[0].text or "fault" in server.requests[0].text
