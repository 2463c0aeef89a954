"""What every adapter of `Records` promises, and what the files add to it, on both event loops."""

import stat
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from oxios_kernel.adapters.records_files import FileRecords
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.errors import HomeError, InputError
from oxios_kernel.ports.records import Records
from oxios_kernel.testing.records import MemoryRecords

pytestmark = pytest.mark.anyio

DOCUMENT: JsonObject = {"글": "안녕 🌱 שלום", "list": [1, 2.5, None, True], "deep": {"a": {"b": "\n\"'\\ \x00"}}}


@pytest.fixture(params=["files", "memory"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Records:
    makers: dict[str, Callable[[], Records]] = {
        "files": lambda: FileRecords(tmp_path / "workspace"),
        "memory": MemoryRecords,
    }
    return makers[request.param]()


async def test_what_was_saved_is_loaded(records: Records) -> None:
    await records.save("sessions", "s-1", DOCUMENT)
    assert await records.load("sessions", "s-1") == DOCUMENT
    await records.save("sessions", "s-1", {"new": 1})
    assert await records.load("sessions", "s-1") == {"new": 1}


async def test_what_was_never_saved_is_none(records: Records) -> None:
    assert await records.load("sessions", "s-1") is None
    assert list(await records.names("sessions")) == []
    assert await records.delete("sessions", "s-1") is False


async def test_names_are_those_of_the_kind_sorted(records: Records) -> None:
    for name in ("b", "a.json", "C", "0"):
        await records.save("sessions", name, {})
    await records.save("seeds", "other", {})
    assert list(await records.names("sessions")) == ["0", "C", "a.json", "b"]


async def test_a_deleted_document_is_gone_and_the_others_stay(records: Records) -> None:
    await records.save("sessions", "a", {})
    await records.save("sessions", "b", {})
    assert await records.delete("sessions", "a") is True
    assert await records.load("sessions", "a") is None
    assert list(await records.names("sessions")) == ["b"]


@pytest.mark.parametrize("bad", ["", ".", "..", "../a", "a/b", "a\\b", "/etc", ".hidden", "a" * 65, "가", "a\n", "a\0"])
async def test_a_name_that_could_be_a_path_is_refused_everywhere(records: Records, bad: str) -> None:
    for kind, name in ((bad, "a"), ("sessions", bad)):
        with pytest.raises(InputError):
            await records.save(kind, name, {})
        with pytest.raises(InputError):
            await records.load(kind, name)
        with pytest.raises(InputError):
            await records.delete(kind, name)
    with pytest.raises(InputError):
        await records.names(bad)


async def test_a_changed_copy_does_not_change_what_is_kept(records: Records) -> None:
    document: JsonObject = {"list": [1]}
    await records.save("seeds", "a", document)
    document["list"] = []
    loaded = await records.load("seeds", "a")
    assert loaded == {"list": [1]}


async def test_many_saves_of_one_document_at_once_leave_one_of_them_whole(records: Records) -> None:
    async def save(number: int) -> None:
        await records.save("seeds", "a", {"number": number, "bulk": "x" * 10_000})

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(save, number)
    loaded = await records.load("seeds", "a")
    assert loaded is not None
    assert loaded["number"] in range(10)
    assert list(await records.names("seeds")) == ["a"]


async def test_files_are_readable_json_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    await FileRecords(folder).save("sessions", "s", {"글": "안녕"})
    file = folder / "sessions" / "s.json"
    assert file.read_text("utf-8") == '{\n  "글": "안녕"\n}\n'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "sessions").stat().st_mode) == 0o700
    assert [entry.name for entry in (folder / "sessions").iterdir()] == ["s.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b'{"a": 1} x', b"[" * 100_000])
async def test_a_damaged_file_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sessions" / "s.json"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(HomeError, match=r"s\.json is damaged"):
        await FileRecords(tmp_path).load("sessions", "s")
    assert file.read_bytes() == content


async def test_other_files_in_the_folder_are_no_documents(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    for name in (".s.json.x.tmp", "notes.txt", "가.json", ".json"):
        (folder / name).write_text("{}")
    assert list(await FileRecords(tmp_path).names("sessions")) == []


async def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("")
    records = FileRecords(tmp_path)
    for attempt in (records.save("sessions", "s", {}), records.load("sessions", "s"), records.names("sessions")):
        with pytest.raises(HomeError, match="cannot be"):
            await attempt


async def test_a_save_that_cannot_finish_leaves_the_old_document(tmp_path: Path) -> None:
    records = FileRecords(tmp_path)
    await records.save("sessions", "s", {"old": 1})
    folder = tmp_path / "sessions"
    (folder / "t.json").mkdir()
    with pytest.raises(HomeError, match=r"t\.json cannot be written"):
        await records.save("sessions", "t", {"new": 1})
    assert await records.load("sessions", "s") == {"old": 1}
    assert sorted(entry.name for entry in folder.iterdir()) == ["s.json", "t.json"]


async def test_half_of_a_character_is_kept_as_an_escape(tmp_path: Path) -> None:
    records = FileRecords(tmp_path)
    await records.save("sessions", "s", {"name": "a\udcff"})
    assert await records.load("sessions", "s") == {"name": "a\udcff"}
