"""The built-in tools as a model calls them, on real files and real processes."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolStatus
from oxios_kernel.ports.toolset import ToolContext, Toolset

pytestmark = pytest.mark.anyio

CallTool = Callable[..., Awaitable[ToolResult]]


async def test_a_file_is_written_read_and_edited(call: CallTool, root: Path) -> None:
    written = await call("write", path="notes/새 메모.txt", content="하나\n둘\n")
    assert written.text == "Wrote 11 bytes to notes/새 메모.txt."
    assert (await call("read", path="notes/새 메모.txt")).text == "하나\n둘\n"
    assert (await call("edit", path="notes/새 메모.txt", old="둘", new="셋 👍")).text.startswith("Replaced 1 place in")
    assert (root / "notes/새 메모.txt").read_text() == "하나\n셋 👍\n"


async def test_a_part_of_a_file_says_where_it_goes_on(call: CallTool, root: Path) -> None:
    (root / "file").write_text("".join(f"line {number}\n" for number in range(1, 11)))
    part = await call("read", path="file", offset=3, limit=2)
    assert part.text == "line 3\nline 4\n[lines 3 to 4 of 10; go on with offset=5]"
    assert (await call("read", path="file", offset=10)).text == "line 10\n[lines 10 to 10 of 10]"
    beyond = await call("read", path="file", offset=11)
    assert (beyond.status, "has 10 lines" in beyond.text) == (ToolStatus.FAILED, True)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", "[the file is empty]"),
        (b"no line end", "no line end"),
        (b"\xef\xbb\xbfmarked", "marked"),
        (b"caf\xe9 \xb0\xa1", "caf\ufffd \ufffd\ufffd\n[3 places are not UTF-8 and shown as \ufffd]"),
    ],
)
async def test_a_file_is_shown_as_valid_text(call: CallTool, root: Path, content: bytes, shown: str) -> None:
    (root / "file").write_bytes(content)
    assert (await call("read", path="file")).text == shown


async def test_a_binary_file_is_refused_with_its_kind_and_size(call: CallTool, root: Path) -> None:
    (root / "image").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 1_000)
    result = await call("read", path="image")
    assert (result.status, "a PNG image of 1008 bytes" in result.text) == (ToolStatus.FAILED, True)


@pytest.mark.parametrize(
    ("content", "arguments", "text"),
    [
        ("a b", {"old": "x", "new": "y"}, "is not in 'file'"),
        ("a\nb a\n\na", {"old": "a", "new": "x"}, "is 3 times in 'file' (lines 1, 2, 4)"),
        ("a", {"old": "a", "new": "a"}, "there is nothing to change"),
        ("a", {"old": "", "new": "a"}, "at least 1 character"),
        ("a\0b", {"old": "a", "new": "c"}, "is not text"),
    ],
)
async def test_an_edit_that_is_not_clear_changes_nothing(
    call: CallTool, root: Path, content: str, arguments: JsonObject, text: str
) -> None:
    (root / "file").write_text(content)
    result = await call("edit", path="file", **arguments)
    assert result.status is ToolStatus.FAILED
    assert text in result.text
    assert (root / "file").read_text() == content


@pytest.mark.parametrize(
    ("before", "arguments", "after"),
    [
        (b"a b a", {"old": "a", "new": "x", "all": True}, b"x b x"),
        (b"one\r\ntwo\r\n", {"old": "one\ntwo", "new": "1\n2\n3"}, b"1\r\n2\r\n3\r\n"),
        (b"\xef\xbb\xbfa", {"old": "a", "new": "b"}, b"\xef\xbb\xbfb"),
    ],
)
async def test_an_edit_keeps_everything_else_as_it_was(
    call: CallTool, root: Path, before: bytes, arguments: JsonObject, after: bytes
) -> None:
    (root / "file").write_bytes(before)
    assert (await call("edit", path="file", **arguments)).status is ToolStatus.OK
    assert (root / "file").read_bytes() == after


async def test_a_file_in_another_encoding_is_not_damaged_by_an_edit(call: CallTool, root: Path) -> None:
    (root / "file").write_bytes(b"caf\xe9")
    result = await call("edit", path="file", old="caf", new="x")
    assert (result.status, "is not UTF-8" in result.text) == (ToolStatus.FAILED, True)
    assert (root / "file").read_bytes() == b"caf\xe9"


async def test_a_folder_is_listed_folders_first_with_sizes_and_links(call: CallTool, root: Path) -> None:
    assert (await call("ls")).text == "[the folder is empty]"
    (root / "a.txt").write_text("12345")
    (root / "z").mkdir()
    (root / "link").symlink_to("a.txt")
    (root / os.fsdecode(b"b\xff")).touch()
    assert (await call("ls")).text == "z/\na.txt  5\nb\ufffd  0\nlink -> a.txt"


@pytest.fixture
def tree(root: Path) -> Path:
    for name in ("a.py", "src/b.py", "src/deep/c.py", "src/c.txt", ".git/d.py", "node_modules/e.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"import os\n# {name}\n")
    (root / "src/out").symlink_to("/etc")
    return root


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"pattern": "*.py"}, ["a.py", "src/b.py", "src/deep/c.py"]),
        ({"pattern": "*.py", "path": "src"}, ["src/b.py", "src/deep/c.py"]),
        ({"pattern": "src/*.py"}, ["src/b.py"]),
        ({"pattern": "deep/*.py", "path": "./src/"}, ["src/deep/c.py"]),
        ({"pattern": "**/deep/**", "type": "any"}, ["src/deep", "src/deep/c.py"]),
        ({"type": "folder"}, ["src", "src/deep"]),
        ({"pattern": "d.py", "hidden": True}, [".git/d.py"]),
        ({"pattern": "nothing"}, []),
    ],
)
@pytest.mark.usefixtures("tree")
async def test_files_are_found_by_name(call: CallTool, arguments: JsonObject, found: list[str]) -> None:
    assert (await call("find", **arguments)).text == "\n".join([*found, f"[{len(found)} found]"])


@pytest.mark.usefixtures("tree")
async def test_a_find_beyond_its_limit_says_how_many_there_are(call: CallTool) -> None:
    assert (await call("find", pattern="*.py", limit=1)).text == "a.py\n[1 of 3 shown, found]"


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ({"pattern": "^import"}, ["a.py:1:import os", "src/b.py:1:import os", "[…]"]),
        ({"pattern": "b.py", "literal": True}, ["src/b.py:2:# src/b.py", "[1 matching lines in 1 files]"]),
        ({"pattern": "B.PY", "ignore_case": True}, ["src/b.py:2:# src/b.py", "[1 matching lines in 1 files]"]),
        ({"pattern": "# ", "path": "a.py", "context": 1}, ["a.py-1-import os", "a.py:2:# a.py", "a.py-3-", "[…]"]),
        ({"pattern": "#", "glob": "*.txt"}, ["src/c.txt:2:# src/c.txt", "[1 matching lines in 1 files]"]),
        ({"pattern": "#", "glob": "deep/*", "path": "src"}, ["src/deep/c.py:2:# src/deep/c.py", "[…]"]),
        ({"pattern": "d.py", "hidden": True}, [".git/d.py:2:# .git/d.py", "[1 matching lines in 1 files]"]),
        ({"pattern": "nowhere"}, ["[0 matching lines in 0 files]"]),
        (
            {"pattern": "import", "limit": 1},
            ["a.py:1:import os", "[stopped at 1 matching lines; raise limit or narrow it]"],
        ),
    ],
)
@pytest.mark.usefixtures("tree")
async def test_lines_are_found_by_pattern(call: CallTool, arguments: JsonObject, lines: list[str]) -> None:
    shown = (await call("grep", **arguments)).text.split("\n")
    for expected in lines:
        assert expected == "[…]" or expected in shown


async def test_a_search_skips_what_is_no_text_and_cuts_long_lines(call: CallTool, root: Path) -> None:
    (root / "binary").write_bytes(b"needle\0")
    (root / "long").write_text("x" * 10_000 + "needle\nend")
    (root / "euc-kr").write_bytes("needle 한글\r\n".encode("euc-kr"))
    shown = (await call("grep", pattern="needle")).text.split("\n")
    assert shown[0].startswith("euc-kr:1:needle \ufffd")
    assert shown[1].startswith("long:1:xxx")
    assert len(shown[1]) < 600
    assert shown[2] == "[2 matching lines in 2 files]"


@pytest.mark.parametrize("path", ["missing", "fifo"])
async def test_a_file_that_was_named_and_cannot_be_searched_is_said(call: CallTool, root: Path, path: str) -> None:
    os.mkfifo(root / "fifo")
    assert (await call("grep", pattern="x", path=path)).status is ToolStatus.FAILED


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "*", "(?P<a>x)(?P<a>y)", "a{99999999999999999999}"])
async def test_a_pattern_that_is_none_is_explained(call: CallTool, pattern: str) -> None:
    result = await call("grep", pattern=pattern)
    assert (result.status, "is not a regular expression" in result.text) == (ToolStatus.FAILED, True)


async def test_a_pattern_that_never_ends_holds_up_nobody_and_can_be_stopped(
    tools: Toolset, context: ToolContext
) -> None:
    (context.root / "file").write_text("a" * 100 + "!")
    evil = ToolCall(id="1", name="grep", arguments={"pattern": "(a+)+$"})
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(tools.call, evil, context)
            listed = await tools.call(ToolCall(id="2", name="ls", arguments={}), context)
            group.cancel_scope.cancel()
    assert listed.text == "file  101"


async def test_a_command_runs_in_the_folder_with_a_clean_environment(call: CallTool, root: Path) -> None:
    result = await call("bash", command='echo "$PWD|$HOME|$LANG|${USER-}"; touch "$TMPDIR/x"; echo "$TMPDIR"; exit 4')
    shown = result.text.split("\n")
    assert shown[0] == f"{root}|{root}|C.UTF-8|"
    assert not await anyio.Path(shown[1]).exists()
    assert root not in Path(shown[1]).parents
    assert shown[2] == "[exit status 4]"
    assert (result.status, result.exit_code) == (ToolStatus.OK, 4)


async def test_a_command_that_takes_too_long_says_so(call: CallTool) -> None:
    result = await call("bash", command="echo begun; sleep 1000", timeout_seconds=0.5)
    assert (result.status, result.exit_code) == (ToolStatus.TIMED_OUT, None)
    assert result.text.endswith("[stopped after 0.5 seconds; give it more time or less to do]")


async def test_what_a_command_leaves_in_the_background_is_told(call: CallTool) -> None:
    result = await call("bash", command="sleep 1000 & echo done")
    assert result.text == "done\n[1 processes were left in the background and were stopped]\n[exit status 0]"


async def test_output_that_is_no_utf8_is_shown_as_text(call: CallTool) -> None:
    result = await call("bash", command=r"printf 'caf\xe9'; kill -9 $$")
    assert result.text == "caf\ufffd\n[1 places are not UTF-8 and shown as \ufffd]\n[ended by signal 9]"


async def test_long_output_is_kept_whole_and_can_be_read_and_searched(call: CallTool) -> None:
    result = await call("bash", command="for i in {1..60000}; do echo 한글 $i; done")
    assert result.kept is not None
    assert result.text.startswith("한글 1\n")
    assert result.text.endswith("한글 60000\n[exit status 0, 768894 bytes of output]")
    assert f"all of it is in {result.kept}" in result.text
    assert "\ufffd" not in result.text
    assert (await call("read", path=result.kept, offset=30_000, limit=1)).text.startswith("한글 30000\n")
    assert (await call("grep", path=result.kept, pattern=" 44444$")).text.startswith(f"{result.kept}:44444:한글")
    assert (await call("write", path=result.kept, content="")).status is ToolStatus.DENIED
    others = str(Path(result.kept).parent.parent / "other-run" / "x.txt")
    assert (await call("read", path=others)).status is ToolStatus.DENIED
