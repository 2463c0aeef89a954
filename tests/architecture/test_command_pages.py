"""The reference of the commands and of the errors says what the program does."""

from pathlib import Path

import pytest
from oxios_cli import ExitCode

from tests.architecture.command_pages import CODES, PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_a_page_says_what_the_program_says(page: Path) -> None:
    wanted = PAGES[page]()
    assert page.read_text("utf-8") == wanted, "bring it up to date: python -m tests.architecture.command_pages"


def test_every_exit_code_is_explained() -> None:
    assert set(ExitCode) <= set(CODES)
