import pytest
from oxios_cli.slash import HELP, Help, Model, New, OpenSession, Persona, Quit, Say, Unknown, parse


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/new", New()),
        ("/session", OpenSession(None)),
        ("/session  abc ", OpenSession("abc")),
        ("/persona dev", Persona("dev")),
        ("/persona", Persona(None)),
        ("/model openai/gpt-5", Model("openai/gpt-5")),
        ("/model", Model(None)),
        ("/help", Help()),
        ("/quit ", Quit()),
        ("안녕하세요", Say("안녕하세요")),
        ("two\nlines", Say("two\nlines")),
        ("/etc/hosts has which entries?", Say("/etc/hosts has which entries?")),
        (" /new as text", Say(" /new as text")),
        ("  \t", None),
        ("", None),
    ],
)
def test_a_line_is_a_command_or_something_to_say(line: str, command: object) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(
    ("line", "words"),
    [("/modle x", "Did you mean /model?"), ("/xyzzy", "/help"), ("/", "/help"), ("/quit now", "'now'")],
)
def test_an_unknown_command_is_answered_by_one_sentence_that_helps(line: str, words: str) -> None:
    command = parse(line)

    assert isinstance(command, Unknown)
    assert words in command.sentence


def test_the_help_names_every_command() -> None:
    assert all(name in HELP for name in ("/new", "/session [ID]", "/persona [NAME]", "/model [ID]", "/help", "/quit"))
