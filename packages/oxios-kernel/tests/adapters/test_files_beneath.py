"""Files on the machine's disk: what a path reaches, what it never does, and what a model is told. Everything holds for
both ways of opening: the kernel's `openat2` and the walk from name to name."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from oxios_kernel.adapters.files_beneath import FilesBeneath
from oxios_kernel.adapters.files_beneath_open import Openat2, Opener, best_opener, open_by_names
from oxios_kernel.errors import InputError, ToolFailed
from oxios_kernel.ports.files import FileRoot

SECRET = b"the secret outside"


@pytest.fixture(params=["the system's best", "name by name"])
def opener(request: pytest.FixtureRequest) -> Opener:
    return best_opener() if request.param == "the system's best" else open_by_names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root with a few files and ways out, and a secret beside it."""
    (tmp_path / "secret").write_bytes(SECRET)
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "file").write_text("inside")
    (root / "sub" / "deep").write_text("deep inside")
    os.link(root / "file", root / "hard")
    os.mkfifo(root / "fifo")
    for name, target in {
        "to-file": "file",
        "to-deep": "sub/deep",
        "to-sub": "sub",
        "sub/up": "../file",
        "absolute-in": str(root / "sub" / "deep"),
        "chain": "to-sub/up",
        "out": "../secret",
        "out-folder": "..",
        "absolute-out": str(tmp_path / "secret"),
        "sub/far": "../../secret",
        "environ": "/proc/self/environ",
        "broken": "nothing",
        "loop": "loop",
        "new-inside": "sub/new",
        "new-outside": "../new",
    }.items():
        (root / name).symlink_to(target)
    return root


@pytest.fixture
def root(folder: Path, opener: Opener) -> FileRoot:
    return FilesBeneath(opener).open_root(folder)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("file", b"inside"),
        ("./sub/../file", b"inside"),
        ("sub//deep", b"deep inside"),
        ("hard", b"inside"),
        ("to-file", b"inside"),
        ("to-deep", b"deep inside"),
        ("to-sub/deep", b"deep inside"),
        ("sub/up", b"inside"),
        ("absolute-in", b"deep inside"),
        ("chain", b"inside"),
    ],
)
def test_a_path_inside_is_read_through_links_that_stay_inside(root: FileRoot, path: str, content: bytes) -> None:
    assert root.read(path, 100) == content
    assert root.stat(path) is not None


def test_an_absolute_path_below_the_root_is_taken_as_relative(root: FileRoot, folder: Path) -> None:
    assert root.read(f"{folder}/sub/deep", 4) == b"deep"
    assert root.resolve(str(folder)) == "."


def test_a_root_reached_through_a_link_answers_to_both_its_names(folder: Path, tmp_path: Path, opener: Opener) -> None:
    (tmp_path / "alias").symlink_to("root")
    root = FilesBeneath(opener).open_root(tmp_path / "alias")
    assert root.read(str(tmp_path / "alias" / "file"), 100) == root.read(str(folder / "file"), 100) == b"inside"


WAYS_OUT = """
    out absolute-out out-folder/secret sub/far to-sub/far environ new-outside
    ../secret sub/../../secret / /etc/passwd /proc/self/environ //etc/passwd ~ ~/.ssh/id_rsa
"""


@pytest.mark.parametrize("path", WAYS_OUT.split())
def test_a_path_that_leads_outside_is_refused_by_every_call(root: FileRoot, path: str, tmp_path: Path) -> None:
    for attempt in (lambda: root.read(path, 100), lambda: root.write(path, b"x"), lambda: root.entries(path)):
        with pytest.raises(ToolFailed, match="leads outside"):
            attempt()
    assert root.stat(path) is None
    assert root.resolve(path) is None
    assert (tmp_path / "secret").read_bytes() == SECRET
    assert not (tmp_path / "new").exists()


def test_a_sibling_whose_name_begins_like_the_root_is_outside(root: FileRoot, folder: Path) -> None:
    sibling = folder.with_name("root-of-others")
    sibling.mkdir()
    (sibling / "file").write_bytes(SECRET)
    with pytest.raises(ToolFailed, match="leads outside"):
        root.read(str(sibling / "file"), 100)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("nothing", "there is no 'nothing': look with ls"),
        ("FILE", "there is no 'FILE'"),
        ("broken", "there is no 'broken'"),
        ("sub", "'sub' is a folder"),
        ("file/below", "leads through something that is not a folder"),
        ("loop", "a link that cannot be followed"),
        ("fifo", "not a regular file but a FIFO"),
        ("n" * 256, "is too long"),
        ("n/" * 3_000, "is too long"),
        ("", "the path is empty"),
        (" ", "the path is empty"),
        ("fi\0le", "cannot be a path"),
        ("\ud83d", "cannot be a path"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(root: FileRoot, path: str, sentence: str) -> None:
    with pytest.raises(ToolFailed, match=sentence):
        root.read(path, 100)


def test_a_socket_is_neither_read_nor_replaced(root: FileRoot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # the address of a socket has room for a hundred bytes only
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for attempt in (lambda: root.read("socket", 1), lambda: root.write("socket", b"x")):
            with pytest.raises(ToolFailed, match="not a regular file but a socket"):
                attempt()


@pytest.mark.parametrize("path", ["fifo", "sub", ".", "file/below"])
def test_only_regular_files_are_replaced(root: FileRoot, folder: Path, path: str) -> None:
    before = sorted(os.listdir(folder))
    with pytest.raises(ToolFailed):
        root.write(path, b"x")
    assert sorted(os.listdir(folder)) == before


def test_a_write_makes_the_folders_above_and_keeps_the_mode_of_what_it_replaces(root: FileRoot, folder: Path) -> None:
    (folder / "file").chmod(0o750)
    root.write("a/b/새 파일.txt", "안녕".encode())
    root.write("file", b"replaced")
    assert (folder / "a/b/새 파일.txt").read_text() == "안녕"
    assert (folder / "file").read_bytes() == b"replaced"
    assert stat.S_IMODE((folder / "file").stat().st_mode) == 0o750
    assert (folder / "hard").read_text() == "inside"  # replaced by a rename: the other name keeps the old content
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]


def test_a_write_through_a_link_changes_the_file_and_keeps_the_link(root: FileRoot, folder: Path) -> None:
    root.write("to-deep", b"new")
    root.write("new-inside", b"made")
    assert (folder / "sub/deep").read_bytes() == b"new"
    assert (folder / "sub/new").read_bytes() == b"made"
    assert (folder / "to-deep").is_symlink()


def test_a_read_only_file_is_not_replaced(root: FileRoot, folder: Path) -> None:
    (folder / "file").chmod(0o444)
    with pytest.raises(ToolFailed, match="marked read-only"):
        root.write("file", b"x")
    assert (folder / "file").read_text() == "inside"


def test_create_only_never_replaces(root: FileRoot) -> None:
    root.write("fresh", b"first", create_only=True)
    with pytest.raises(ToolFailed, match="is there already"):
        root.write("fresh", b"second", create_only=True)
    assert root.read("fresh", 100) == b"first"


def test_a_full_disk_is_explained_and_leaves_the_old_file(folder: Path, opener: Opener) -> None:
    resource = pytest.importorskip("resource")
    root = FilesBeneath(opener).open_root(folder)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(ToolFailed, match="files may not be that large"):
            root.write("file", b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert root.read("file", 100) == b"inside"
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]


def test_links_are_listed_with_their_target_and_what_they_lead_to(root: FileRoot) -> None:
    listed = {entry.path: entry for entry in root.entries(".")}
    assert list(listed) == sorted(listed)
    assert (listed["to-sub"].folder, listed["to-sub"].link) == (True, "sub")
    assert (listed["out-folder"].folder, listed["out-folder"].link) == (False, "..")
    assert (listed["to-deep"].size, listed["file"].size, listed["sub"].size) == (11, 6, 0)
    assert [entry.path for entry in root.entries("sub")] == ["sub/deep", "sub/far", "sub/up"]


def test_a_walk_goes_in_order_into_folders_but_not_into_links(root: FileRoot) -> None:
    paths = [entry.path for entry in root.walk(".", lambda entry: entry.path == "fifo")]
    assert paths.index("sub") + 1 == paths.index("sub/deep")
    assert "to-sub/deep" not in paths
    assert "fifo" not in paths


def test_a_walk_reaches_the_bottom_of_a_tree_deeper_than_recursion(tmp_path: Path) -> None:
    depth = sys.getrecursionlimit() + 100
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    try:
        assert sum(1 for _ in FilesBeneath().open_root(tmp_path).walk(".")) == depth
    finally:
        subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)  # Python's own rmtree cannot go so deep


def test_resolve_follows_links_and_keeps_names_that_are_not_there(root: FileRoot) -> None:
    assert root.resolve("to-sub/deep") == "sub/deep"
    assert root.resolve("chain") == "file"
    assert root.resolve("to-sub/a/b") == "sub/a/b"
    assert root.resolve("new-inside") == "sub/new"
    assert root.resolve("fifo") == "fifo"


def test_a_root_that_is_replaced_by_a_link_stays_the_folder_that_was_opened(root: FileRoot, folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.symlink_to("/etc")
    assert root.read("file", 100) == b"inside"
    with pytest.raises(ToolFailed, match="there is no"):
        root.read("passwd", 100)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_root_must_be_a_folder_that_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="name an existing folder"):
        FilesBeneath().open_root(tmp_path / name)


@pytest.fixture
def exchanger(folder: Path) -> Iterator[None]:
    """A thread that keeps turning the folder `race` into a link that leads out, and back."""
    (folder / "race").mkdir()
    (folder / "race" / "secret").write_text("inside")
    (folder / "race-link").symlink_to("..")
    stop = threading.Event()

    def put_into_place(name: str) -> None:
        while True:
            try:
                (folder / name).rename(folder / "race")
                return
            except OSError:  # a write came into the gap and made the folder that it missed
                shutil.rmtree(folder / "race", ignore_errors=True)

    def exchange() -> None:
        while not stop.is_set():
            (folder / "race").rename(folder / "race-folder")
            put_into_place("race-link")
            (folder / "race").rename(folder / "race-link")
            put_into_place("race-folder")

    thread = threading.Thread(target=exchange)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("exchanger")
def test_a_folder_exchanged_for_a_link_while_it_is_opened_never_leads_outside(root: FileRoot, tmp_path: Path) -> None:
    seen: set[bytes] = set()
    for number in count():
        if number > 2_000 and seen:
            break
        try:
            seen.add(root.read("race/secret", 100))
            if number % 20 == 0:
                root.write("race/written", b"x")
        except ToolFailed:
            continue
    assert seen == {b"inside"}
    assert not (tmp_path / "written").exists()


@pytest.mark.skipif(not isinstance(best_opener(), Openat2), reason="this system has no openat2")
def test_magic_links_are_not_followed_even_where_they_are_inside() -> None:
    everything = FilesBeneath(Openat2()).open_root(Path("/"))
    with pytest.raises(ToolFailed, match="a link that cannot be followed"):
        everything.read("/proc/self/exe", 4)
