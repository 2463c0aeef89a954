"""The gate as a whole: the order of its layers, where paths really lead, and that every answer is told."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from oxios_kernel.adapters.files_beneath import FilesBeneath
from oxios_kernel.config import SecuritySettings
from oxios_kernel.domain.access import AccessRequest, Decision, Layer, Role
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.tool import PathArgument, Repeat, ToolCall, ToolSpec
from oxios_kernel.errors import InputError, ToolFailed
from oxios_kernel.policy import FencedFiles, Gate, rights_for

pytestmark = pytest.mark.anyio


def asking(root: Path, arguments: Mapping[str, Json] | None, *, rights: CSpace | None = None) -> AccessRequest:
    spec = ToolSpec(
        name="copy",
        description="",
        parameters={},
        repeat=Repeat.ONCE,
        capability="files.write",
        paths=(PathArgument(name="source"), PathArgument(name="target", writes=True)),
        command="command",
    )
    return AccessRequest(
        principal="somebody",
        role=Role.USER,
        rights=rights_for(Role.USER) if rights is None else rights,
        agent_id="agent",
        run_id="run",
        step=1,
        spec=spec,
        call=ToolCall(id="1", name="copy", arguments=dict(arguments) if arguments is not None else None),
        root=root,
        kept=root.parent / "kept",
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "note").write_text("note")
    (root / ".env").write_text("KEY=secret")
    (root / "innocent").symlink_to(".env")
    (root / "out").symlink_to("/etc/passwd")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "whole.txt").write_text("whole")
    return root


@pytest.mark.parametrize(
    ("arguments", "layer", "says"),
    [
        ({"source": "note", "target": "copy"}, None, ""),
        ({}, None, ""),
        (None, None, ""),
        ({"source": "/etc/passwd"}, Layer.PERMISSION, "leads outside"),
        ({"target": "../x"}, Layer.PERMISSION, "leads outside"),
        ({"source": "out"}, Layer.PERMISSION, "leads outside"),
        ({"source": "innocent"}, Layer.PERMISSION, "denied paths"),
        ({"source": "note", "command": "sudo cp"}, Layer.EXEC, "sudo"),
        ({"source": "out", "command": "sudo cp"}, Layer.PERMISSION, "leads outside"),
    ],
)
async def test_the_first_layer_that_is_against_it_answers(
    root: Path, arguments: Mapping[str, Json] | None, layer: Layer | None, says: str
) -> None:
    gate = Gate(SecuritySettings(denied_paths=(".env",)), FilesBeneath())
    decision = await gate.check(asking(root, arguments))
    assert (decision.allowed, decision.layer) == (layer is None, layer)
    assert says in decision.rule


async def test_an_agent_with_no_rights_is_refused_before_anything_is_looked_up(root: Path) -> None:
    decision = await Gate(SecuritySettings(), FilesBeneath()).check(asking(root, {"source": "out"}, rights=CSpace()))
    assert decision.layer is Layer.CAPABILITY


async def test_a_kept_output_can_be_read_and_not_written(root: Path) -> None:
    gate = Gate(SecuritySettings(), FilesBeneath())
    kept = str(root.parent / "kept" / "whole.txt")
    assert (await gate.check(asking(root, {"source": kept}))).allowed
    assert not (await gate.check(asking(root, {"target": kept}))).allowed
    beside = str(root.parent / "kept" / ".." / "other")
    assert not (await gate.check(asking(root, {"source": beside}))).allowed


@pytest.mark.parametrize("source", [["note"], 3, "", "a\0b"])
async def test_an_argument_that_cannot_be_a_path_is_no_question_for_the_gate(root: Path, source: Json) -> None:
    with pytest.raises(ToolFailed):
        await Gate(SecuritySettings(), FilesBeneath()).check(asking(root, {"source": source}))


async def test_a_folder_that_is_gone_is_said(root: Path) -> None:
    with pytest.raises(InputError, match="name an existing folder"):
        await Gate(SecuritySettings(), FilesBeneath()).check(asking(root / "gone", {"source": "note"}))


async def test_every_answer_is_told_before_it_is_given(root: Path) -> None:
    told: list[tuple[str, bool]] = []

    async def observe(request: AccessRequest, decision: Decision) -> None:
        await anyio.lowlevel.checkpoint()
        told.append((request.principal, decision.allowed))

    gate = Gate(SecuritySettings(), FilesBeneath(), observe)
    await gate.check(asking(root, {"source": "note"}))
    await gate.check(asking(root, {"source": "out"}))
    assert told == [("somebody", True), ("somebody", False)]


def test_behind_the_fence_denied_files_cannot_be_reached_or_found(root: Path) -> None:
    (root / "secrets").mkdir()
    (root / "secrets" / "key").write_text("key")
    fenced = FencedFiles(FilesBeneath(), (".env", "secrets/**")).open_root(root)
    assert [entry.path for entry in fenced.walk(".")] == ["note", "out"]
    assert [entry.path for entry in fenced.entries(".")] == ["note", "out"]
    assert fenced.stat("innocent") is None
    for path in (".env", "innocent", "secrets/key"):
        with pytest.raises(ToolFailed, match="denied paths"):
            fenced.read(path, 10)
        with pytest.raises(ToolFailed, match="denied paths"):
            fenced.write(path, b"x")
    assert fenced.read("note", 10) == b"note"
    fenced.write("new", b"new")
    assert fenced.resolve("new") == "new"


@pytest.fixture
def oxios_home(root: Path) -> Path:
    home = root / "home" / ".oxios"
    home.mkdir(parents=True)
    (home / "credentials.toml").write_text("KEY = 'secret'")
    (home / "workspace").mkdir()
    (home / "workspace" / "note").write_text("note")
    (root / "way").symlink_to(home)
    return home


@pytest.mark.parametrize(
    "arguments",
    [
        {"source": "home/.oxios/credentials.toml"},
        {"source": "home/.OXIOS/credentials.toml"},
        {"source": "way/credentials.toml"},
        {"target": "home/.oxios"},
        {"command": "cat home/.oxios/credentials.toml"},
        {"command": "cat home/../home/.oxios/config.toml"},
        {"command": "cat {root}/home/.oxios/oxios.db"},
        {"command": "python3 -c 'print(open(\"home/.oxios/credentials.toml\").read())'"},
    ],
)
async def test_the_oxios_home_is_closed_to_a_run_in_a_folder_above_it(
    root: Path, oxios_home: Path, arguments: Mapping[str, str]
) -> None:
    gate = Gate(SecuritySettings(), FilesBeneath(), home=oxios_home)
    asked = {name: text.replace("{root}", str(root)) for name, text in arguments.items()}
    decision = await gate.check(asking(root, asked))
    assert not decision.allowed
    assert "Oxios keeps its own files" in decision.rule
    assert (await gate.check(asking(root, {"source": "home/other", "command": "ls home"}))).allowed


async def test_a_run_in_the_home_itself_gets_documents_and_no_keys(oxios_home: Path) -> None:
    gate = Gate(SecuritySettings(), FilesBeneath(), home=oxios_home)
    assert (await gate.check(asking(oxios_home, {"source": "workspace/note"}))).allowed
    assert (await gate.check(asking(oxios_home / "workspace", {"source": "note"}))).allowed
    assert not (await gate.check(asking(oxios_home, {"source": "credentials.toml"}))).allowed
    assert not (await gate.check(asking(oxios_home / "workspace", {"command": "cat ../credentials.toml"}))).allowed


async def test_a_command_may_name_its_kept_output_in_the_home(root: Path, oxios_home: Path) -> None:
    gate = Gate(SecuritySettings(), FilesBeneath(), home=oxios_home)
    kept = oxios_home / "outputs" / "run"
    request = replace(asking(root, {"command": f"grep word {kept}/whole.txt"}), kept=kept)
    assert (await gate.check(request)).allowed
    beside = replace(request, kept=oxios_home / "outputs" / "other")
    assert not (await gate.check(beside)).allowed


def test_behind_the_fence_the_oxios_home_cannot_be_reached_or_found(root: Path, oxios_home: Path) -> None:
    fenced = FencedFiles(FilesBeneath(), (), home=oxios_home).open_root(root)
    assert [entry.path for entry in fenced.walk("home")] == []
    assert fenced.stat("way/credentials.toml") is None
    for path in ("home/.oxios/credentials.toml", "way/credentials.toml"):
        with pytest.raises(ToolFailed, match="Oxios keeps its own files"):
            fenced.read(path, 10)
