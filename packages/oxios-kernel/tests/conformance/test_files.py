"""What all files promise, be they on the disk or in memory: the contract of `ports/files.py` without links."""

from pathlib import Path

import pytest
from oxios_kernel.adapters.files_beneath import FilesBeneath
from oxios_kernel.errors import InputError, ToolFailed
from oxios_kernel.ports.files import Files
from oxios_kernel.testing import MemoryFiles

CONTENT = {"a.txt": b"alpha", "sub/b.txt": b"beta", "sub/deep/c": b""}


@pytest.fixture(params=["disk", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "memory":
        return MemoryFiles({tmp_path: CONTENT})
    for name, content in CONTENT.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return FilesBeneath()


def test_what_is_written_is_read_listed_and_walked(files: Files, tmp_path: Path) -> None:
    root = files.open_root(tmp_path)
    root.write("new/folder/한글.txt", b"gamma")
    assert root.read("new/folder/한글.txt", 3) == b"gam"
    assert [(entry.path, entry.folder, entry.size) for entry in root.entries(".")] == [
        ("a.txt", False, 5),
        ("new", True, 0),
        ("sub", True, 0),
    ]
    below = [entry.path for entry in root.walk("sub")]
    assert below == ["sub/b.txt", "sub/deep", "sub/deep/c"]
    assert [entry.path for entry in root.walk(".", lambda entry: entry.folder)] == ["a.txt"]


def test_a_file_is_replaced_unless_it_may_only_be_created(files: Files, tmp_path: Path) -> None:
    root = files.open_root(tmp_path)
    root.write("a.txt", b"replaced")
    with pytest.raises(ToolFailed, match="there already"):
        root.write("a.txt", b"again", create_only=True)
    assert root.read("a.txt", 100) == b"replaced"


@pytest.mark.parametrize("path", ["..", "../x", "/", "/elsewhere/x", "~/x", "sub/../../x"])
def test_nothing_outside_is_reached(files: Files, tmp_path: Path, path: str) -> None:
    root = files.open_root(tmp_path)
    for attempt in (lambda: root.read(path, 1), lambda: root.write(path, b""), lambda: root.entries(path)):
        with pytest.raises(ToolFailed, match="leads outside"):
            attempt()
    assert root.resolve(path) is None
    assert root.stat(path) is None


@pytest.mark.parametrize("path", ["nothing", "sub", "a.txt/below", "", "a\0"])
def test_what_is_no_file_cannot_be_read(files: Files, tmp_path: Path, path: str) -> None:
    with pytest.raises(ToolFailed):
        files.open_root(tmp_path).read(path, 1)


@pytest.mark.parametrize("path", ["sub", ".", "a.txt/below", ""])
def test_what_cannot_be_a_file_cannot_be_written(files: Files, tmp_path: Path, path: str) -> None:
    with pytest.raises(ToolFailed):
        files.open_root(tmp_path).write(path, b"x")


def test_paths_are_told_apart_by_what_is_there(files: Files, tmp_path: Path) -> None:
    root = files.open_root(tmp_path)
    folder, file = root.stat("./sub"), root.stat(f"{tmp_path}/sub/../a.txt")
    assert folder is not None
    assert (folder.path, folder.folder) == ("sub", True)
    assert file is not None
    assert (file.path, file.folder, file.size) == ("a.txt", False, 5)
    assert root.stat("nothing") is None
    assert root.resolve("sub/new/../x") == "sub/x"


def test_a_root_must_be_there(files: Files, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name an existing folder"):
        files.open_root(tmp_path / "missing")
