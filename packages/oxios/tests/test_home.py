"""The home's paths and folders, on a real disk."""

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from oxios.datafiles import share_dir
from oxios.home import Home
from oxios_kernel.config import load_settings
from oxios_kernel.errors import HomeError


def test_the_home_is_a_hidden_folder_of_the_person() -> None:
    assert Home.find({"HOME": "/home/mina"}).root == Path("/home/mina/.oxios")


@pytest.mark.parametrize(
    ("named", "root"),
    [
        ("/data/oxios", Path("/data/oxios")),
        ("~/elsewhere", Path("/home/mina/elsewhere")),
        ("/data/../data/집", Path("/data/집")),
        ("here", Path.cwd() / "here"),
        ("", Path("/home/mina/.oxios")),
    ],
)
def test_a_variable_moves_the_home(named: str, root: Path) -> None:
    assert Home.find({"HOME": "/home/mina", "OXIOS_HOME": named}).root == root


def test_an_unknown_person_is_told_to_name_a_folder() -> None:
    with pytest.raises(HomeError, match="neither HOME nor the user database") as caught:
        Home.find({"OXIOS_HOME": "~no-such-person/oxios"})
    assert caught.value.hint == "Set OXIOS_HOME to a folder."


def test_every_path_is_below_the_root() -> None:
    home = Home.find({"OXIOS_HOME": "/h"})
    assert home.config == Path("/h/config.toml")
    assert home.credentials == Path("/h/credentials.toml")
    assert home.database == Path("/h/oxios.db")
    assert home.workspace == Path("/h/workspace")
    assert home.outputs == Path("/h/outputs")
    assert home.logs == Path("/h/logs")
    assert home.run == Path("/h/run")


def test_missing_folders_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    home = Home(root=tmp_path / "deep" / "home")
    home.ensure()
    home.ensure()
    for folder in (home.root, home.workspace, home.outputs, home.logs, home.run):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert [entry for entry in folder.iterdir() if entry.is_file()] == []


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Home(root=tmp_path).ensure()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_file_in_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("mine")
    with pytest.raises(HomeError, match="logs cannot be used as a folder of Oxios: there is a file in its place"):
        Home(root=tmp_path).ensure()
    assert (tmp_path / "logs").read_text() == "mine"


def test_a_file_on_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match=r"not a folder|file in its place") as caught:
        Home(root=tmp_path / "file" / "below").ensure()
    assert "OXIOS_HOME" in (caught.value.hint or "")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HomeError, match="you may not write there"):
        Home(root=tmp_path).ensure()


def test_a_disk_that_takes_no_more_is_said(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; import sys\n"
        "from oxios.home import Home\n"
        "from oxios_kernel.errors import HomeError\n"
        "try: Home(root=Path(sys.argv[1])).ensure()\n"
        "except HomeError as error: print(error.message)\n"
    )
    command = f"ulimit -f 0; exec {shlex.join([sys.executable, '-c', program, str(tmp_path)])} | cat"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert ended.stdout == f"{tmp_path} cannot be used as a folder of Oxios: File too large.\n"


def test_the_shipped_settings_are_found_and_change_nothing(tmp_path: Path) -> None:
    shipped = share_dir() / "default-config.toml"
    loaded = load_settings(shipped, {})
    assert loaded == load_settings(tmp_path / "none", {})
