"""Requests in plain English, read as wishes: what is understood, what is asked back, what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_kernel.adapters.demo.answers import read_answer
from oxios_kernel.adapters.demo.reading import is_greeting, read_wish
from oxios_kernel.adapters.demo.wish import Action, Slot, Wish

COUNT, LIST, SEARCH = Action.COUNT, Action.LIST, Action.SEARCH

UNDERSTOOD = {
    "Count the Python files in packages and write the number to count.txt": Wish(
        action=COUNT, pattern="*.py", path="packages", output="count.txt"
    ),
    "count the files": Wish(action=COUNT),
    "count the files in .": Wish(action=COUNT),
    "count the files in ..": Wish(action=COUNT, path=".."),
    "Count the files in docs. ": Wish(action=COUNT, path="docs"),
    "write hello to hello.txt": Wish(action=Action.WRITE, text="hello", output="hello.txt"),
    "Write the word 안녕 into a file called 인사.txt.": Wish(action=Action.WRITE, text="안녕", output="인사.txt"),
    "How many markdown files are there in docs?": Wish(action=COUNT, pattern="*.md", path="docs"),
    "Please count all .py files under src/, then save it to “내 파일.txt”.": Wish(
        action=COUNT, pattern="*.py", path="src", output="내 파일.txt"
    ),
    "Write the number of Python files in packages to count.txt": Wish(
        action=COUNT, pattern="*.py", path="packages", output="count.txt"
    ),
    "how many lines are in README.md": Wish(action=COUNT, unit="lines", path="README.md"),
    "How many words does README.md have?": Wish(action=COUNT, unit="words", path="README.md"),
    "count files ending in .toml": Wish(action=COUNT, pattern="*.toml"),
    "List the files in docs": Wish(action=LIST, path="docs"),
    "could you list all markdown files here and save the list to list.txt": Wish(
        action=LIST, pattern="*.md", output="list.txt"
    ),
    "find files named conftest.py in packages": Wish(action=LIST, pattern="conftest.py", path="packages"),
    "Where is pyproject.toml?": Wish(action=LIST, pattern="pyproject.toml"),
    'list files named "보고서 *.txt" in "내 문서"': Wish(action=LIST, pattern="보고서 *.txt", path="내 문서"),
    "Search for TODO in packages": Wish(action=SEARCH, text="TODO", path="packages"),
    "Search packages for TODO": Wish(action=SEARCH, text="TODO", path="packages"),
    'search for "import anyio" in the Python files in src and write the matches to hits.txt': Wish(
        action=SEARCH, text="import anyio", pattern="*.py", path="src", output="hits.txt"
    ),
    "find all lines containing TODO in src": Wish(action=SEARCH, text="TODO", path="src"),
    'which python files in src contain "async def"': Wish(action=SEARCH, text="async def", pattern="*.py", path="src"),
    "Summarise README.md": Wish(action=Action.SUMMARISE, path="README.md"),
    "summarize the file docs/a.md and write the summary to summary.md": Wish(
        action=Action.SUMMARISE, path="docs/a.md", output="summary.md"
    ),
    "Add up the amount column in sales.csv and write the total to total.txt": Wish(
        action=Action.TOTAL, column="amount", path="sales.csv", output="total.txt"
    ),
    'Sum the column "unit price" of data/sales.csv': Wish(
        action=Action.TOTAL, column="unit price", path="data/sales.csv"
    ),
    "What is the total of amount in sales.csv?": Wish(action=Action.TOTAL, column="amount", path="sales.csv"),
    'Write "hello 안녕 👋" to hello.txt': Wish(action=Action.WRITE, text="hello 안녕 👋", output="hello.txt"),
    'Create a file called notes.md with the text "- one\n\n- two"': Wish(
        action=Action.WRITE, text="- one\n\n- two", output="notes.md"
    ),
}


@pytest.mark.parametrize(("request_text", "wish"), UNDERSTOOD.items(), ids=list(UNDERSTOOD))
def test_a_request_of_a_known_shape_is_understood_whole(request_text: str, wish: Wish) -> None:
    assert read_wish(request_text) == wish


@pytest.mark.parametrize(
    ("request_text", "questions"),
    [
        ("Count the test files", [Slot.PATTERN]),
        ("Count the Python files and write it down", [Slot.OUTPUT]),
        ("Summarise the file", [Slot.PATH]),
        ("Add up the column in sales.csv", [Slot.COLUMN]),
        ("Total the amount column", [Slot.PATH]),
        ("Create a file", [Slot.TEXT, Slot.OUTPUT]),
        ('Write "x"', [Slot.OUTPUT]),
    ],
)
def test_a_part_that_is_missing_is_asked_for(request_text: str, questions: list[Slot]) -> None:
    wish = read_wish(request_text)
    assert wish is not None
    assert list(wish.missing) == questions


@pytest.mark.parametrize(
    "request_text",
    [
        "build me an app",
        "What is the capital of France?",
        "write a poem",
        "write a poem to poem.txt",
        "write tests to test_x.py",
        "write hello to somebody",
        "Fix the bug in main.py",
        "find the bug in main.py",
        "delete all files",
        "Count the Python files in packages and delete them",
        "Summarise the news",
        "hello",
        "   ",
        "ls",
    ],
)
def test_what_is_only_half_understood_is_not_begun(request_text: str) -> None:
    assert read_wish(request_text) is None


@pytest.mark.parametrize("text", ["hi", "Hello there!", "안녕하세요", "thank you.", "What can you do?"])
def test_greetings_are_told_from_requests(text: str) -> None:
    assert is_greeting(text)
    assert not is_greeting(f"{text} and count the files")


NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\"'“”«»`\ue000\ue001"), min_size=1
).filter(lambda name: name == name.strip() and name not in ("*", ".") and not name.endswith("/"))
PLACES = st.one_of(st.just("."), NAMES)
OUTPUTS = st.one_of(st.just(""), NAMES)
WISHES = st.one_of(
    st.builds(
        Wish, action=st.sampled_from([COUNT, LIST]), pattern=st.one_of(st.just("*"), NAMES), path=PLACES, output=OUTPUTS
    ),
    st.builds(Wish, action=st.just(SEARCH), text=NAMES, path=PLACES, output=OUTPUTS),
    st.builds(Wish, action=st.just(COUNT), unit=st.sampled_from(["lines", "words"]), path=NAMES, output=OUTPUTS),
    st.builds(Wish, action=st.just(Action.TOTAL), column=NAMES, path=NAMES, output=OUTPUTS),
    st.builds(Wish, action=st.just(Action.SUMMARISE), path=NAMES, output=OUTPUTS),
    st.builds(Wish, action=st.just(Action.WRITE), text=NAMES, output=NAMES),
)


@given(WISHES)
def test_a_wish_survives_being_told_in_words(wish: Wish) -> None:
    assert read_wish(wish.sentence()) == wish


@pytest.mark.parametrize(
    ("slot", "answer", "value"),
    [
        (Slot.OUTPUT, "to result.txt please", "result.txt"),
        (Slot.OUTPUT, 'into "내 결과.txt".', "내 결과.txt"),
        (Slot.PATH, "README", "README"),
        (Slot.PATH, "it is docs/a.md.", "docs/a.md"),
        (Slot.PATTERN, "the Python files", "*.py"),
        (Slot.PATTERN, "*.rs", "*.rs"),
        (Slot.COLUMN, "the amount column", "amount"),
        (Slot.TEXT, "Hello, all of you.", "Hello, all of you."),
        (Slot.OUTPUT, "whatever you like best", None),
        (Slot.OUTPUT, "  ", None),
    ],
)
def test_an_answer_names_the_missing_part(slot: Slot, answer: str, value: str | None) -> None:
    assert read_answer(slot, answer) == value
