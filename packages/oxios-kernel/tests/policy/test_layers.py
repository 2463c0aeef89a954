"""The gate's layers one by one: a table of requests and answers for each."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_kernel.domain.access import AccessRequest, Layer, Role
from oxios_kernel.domain.capability import CSPACE_ALL, CSpace
from oxios_kernel.domain.path import denying_pattern, matches, relative_path
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolSpec
from oxios_kernel.policy import CAPABILITIES, rights_for
from oxios_kernel.policy.capabilities import check_capability
from oxios_kernel.policy.exec_rules import check_command, programs
from oxios_kernel.policy.paths import Target
from oxios_kernel.policy.permissions import check_paths, check_tool
from oxios_kernel.policy.roles import check_role


def request(
    capability: str = "exec", *, rights: CSpace = CSPACE_ALL, role: Role = Role.USER, command: object = "ls"
) -> AccessRequest:
    spec = ToolSpec(
        name="bash", description="", parameters={}, repeat=Repeat.ONCE, capability=capability, command="command"
    )
    return AccessRequest(
        principal="somebody",
        role=role,
        rights=rights,
        agent_id="agent",
        run_id="run",
        step=1,
        spec=spec,
        call=ToolCall.model_construct(id="1", name="bash", arguments={"command": command}),
        root=Path("/work"),
        kept=Path("/kept/run"),
    )


@pytest.mark.parametrize(
    ("held", "capability", "allowed"),
    [
        ({"exec"}, "exec", True),
        ({"files.*"}, "files.read", True),
        ({"files.read"}, "files.write", False),
        ({"files"}, "files.read", False),
        ({"fil*"}, "files.read", False),
        ({"*"}, "memory.write", True),
        (set(), "exec", False),
        ({"*"}, "rockets.launch", False),
        ({"rockets.*"}, "rockets.launch", False),
    ],
)
def test_only_capabilities_that_exist_and_are_held_pass(held: set[str], capability: str, allowed: bool) -> None:
    refusal = check_capability(request(capability, rights=CSpace(held=frozenset(held))))
    assert (refusal is None) == allowed
    if refusal:
        assert (refusal.allowed, refusal.layer) == (False, Layer.CAPABILITY)
        assert capability in refusal.rule


def test_a_capability_that_does_not_exist_is_refused_with_the_nearest() -> None:
    refusal = check_capability(request("files.reed"))
    assert refusal is not None
    assert "did its author mean 'files.read'" in refusal.rule


@pytest.mark.parametrize("role", list(Role))
def test_a_fresh_agent_in_any_role_can_use_every_capability_of_honest_work(role: Role) -> None:
    for capability in CAPABILITIES.keys() - {"cron"}:
        asked = request(capability, role=role, rights=rights_for(role))
        assert check_capability(asked) is None
        assert check_role(asked) is None


def test_work_by_the_clock_is_for_more_trusted_roles() -> None:
    asked = {role: check_role(request("cron", role=role, rights=rights_for(role))) for role in Role}
    assert [role for role, refusal in asked.items() if refusal] == [Role.USER]


def test_a_role_reaches_no_further_than_its_table_whatever_is_held() -> None:
    refusal = check_role(request("agents.kill", rights=CSPACE_ALL))
    assert refusal is not None
    assert (refusal.layer, refusal.remedy) == (Layer.ROLE, "act as 'superuser'")
    assert check_role(request("agents.kill", role=Role.SUPERUSER)) is None
    assert check_role(request("anything.else", role=Role.SUPERUSER)) is not None
    assert check_role(request("anything.else", role=Role.SYSTEM)) is None


@pytest.mark.parametrize(
    ("allowed", "denied", "setting"),
    [
        ((), (), None),
        (("bash", "read"), (), None),
        (("read",), (), "security.allowed_tools"),
        ((), ("bash",), "security.denied_tools"),
        (("bash",), ("bash",), "security.denied_tools"),
    ],
)
def test_the_lists_of_tools_name_the_setting_to_change(
    allowed: tuple[str, ...], denied: tuple[str, ...], setting: str | None
) -> None:
    refusal = check_tool(request(), allowed, denied)
    assert (refusal is None) == (setting is None)
    if refusal:
        assert f"oxios config set {setting}" in (refusal.remedy or "")


@pytest.mark.parametrize(
    ("place", "refused"),
    [
        (Target(asked="a.py", path="a.py"), None),
        (Target(asked="x", path=None), "leads outside"),
        (Target(asked="link", path=".env"), "fits '.env'"),
        (Target(asked="a", path="deep/.ENV"), "fits '.env'"),
        (Target(asked="a", path=".git/config"), "fits '.git'"),
        (Target(asked="a", path="private/x/y", writes=True), "fits 'private/**'"),
        (Target(asked="a", path="notprivate/x"), None),
        (Target(asked="/kept/run/a", path="a", kept=True), None),
        (Target(asked="/kept/run/.env", path=".env", kept=True), None),
        (Target(asked="/kept/run/a", path="a", kept=True, writes=True), "can be read but not changed"),
    ],
)
def test_places_outside_or_on_the_list_are_refused(place: Target, refused: str | None) -> None:
    refusal = check_paths(request(), [place], (".env", ".git", "private/**"))
    assert (refusal is None) == (refused is None)
    if refusal:
        assert refused is not None
        assert refused in refusal.rule


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("ls", ["ls"]),
        ("/usr/bin/sudo ls", ["sudo"]),
        ("echo sudo; grep -r sudo .", ["echo", "grep"]),
        ("cd x && make || sudo make install", ["cd", "make", "sudo"]),
        ("A=1 B='x y' env -i C=2 nohup sudo ls", ["sudo"]),
        ("timeout 5 shutdown now", ["shutdown"]),
        ("for x in a; do su; done", ["for", "su", "done"]),
        ("(su)", ["su"]),
        ("echo $(sudo id)", ["echo", "sudo"]),
        ("true\nsudo ls\n", ["true", "sudo"]),
        ("cat > notes <<EOF\nsudo is a program\nEOF\nls", ["cat", "ls"]),
        ("cat <<'END' | wc\nsudo\nEND", ["cat", "wc"]),
        ("find . | xargs su", ["find", "su"]),
        ("echo 'unfinished", ["echo"]),
        ("", []),
    ],
)
def test_the_programs_of_a_command_are_those_its_text_starts(command: str, names: Sequence[str]) -> None:
    assert list(programs(command)) == names


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("ls -la", None),
        ("sudo ls", "'sudo'"),
        ("mkfs.ext4 image", "'mkfs.ext4'"),
        ("dd if=image of=/dev/sda", "disk"),
        ("echo x > /dev/nvme0n1", "disk"),
        ("echo x > /dev/null 2>/dev/stderr", None),
        ("cat sub/../.env", "'.env'"),
        ("python -c 'open(1)' < /work/.env", "'.env'"),
        ("tar --file=.env -x", "'.env'"),
        ("git log -- environment", None),
        (f"echo {'x' * 5_000}", None),
        (None, None),
        (["sudo"], None),
    ],
)
def test_commands_are_refused_by_program_device_and_denied_path(command: object, rule: str | None) -> None:
    refusal = check_command(request(command=command), ("sudo", "mkfs"), (".env",))
    assert (refusal is None) == (rule is None)
    if refusal:
        assert rule is not None
        assert rule in refusal.rule
        assert refusal.layer is Layer.EXEC


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_commands(command: str) -> None:
    check_command(request(command=command), ("sudo",), (".env",))


WORDS = st.lists(st.sampled_from(["files", "exec", "memory", "read", "write", "*"]), min_size=1, max_size=3)
SPACES = st.builds(CSpace, held=st.frozensets(WORDS.map(".".join), max_size=5))


@given(SPACES, SPACES, WORDS.map(".".join))
def test_a_fork_never_holds_what_its_parent_does_not(parent: CSpace, wanted: CSpace, word: str) -> None:
    child = parent.shrunk_to(wanted)
    if child.allows(word):
        assert parent.allows(word)
        assert wanted.allows(word)
    assert child.shrunk_to(wanted) == child


@given(st.lists(st.sampled_from(["a", "b", "..", ".", "", "~", "work", "한글"]), max_size=8), st.booleans())
def test_a_relative_path_never_climbs(parts: list[str], absolute: bool) -> None:
    text = ("/work/" if absolute else "") + "/".join(parts)
    try:
        path = relative_path(text, ("/work",))
    except ValueError:
        assert not text
        return
    if path is not None:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert relative_path(path, ("/work",)) == path or path.startswith("~")


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a/b/c.py", "*.py", True),
        ("a/b/c.py", "a/*.py", False),
        ("a/b/c.py", "a/**/*.py", True),
        ("a/c.py", "a/**/*.py", True),
        ("a/b/c.py", "**", True),
        ("a/b/c.py", "**/b/**", True),
        ("a", "a/**", True),
        ("ab", "a/**", False),
        ("a/b", "/a/b/", True),
        ("a" * 30, "*a" * 30 + "b", False),
        ("/".join("a" * 40), "/".join(["**", "a"] * 20) + "/b", False),
    ],
)
def test_a_glob_pattern_fits_by_name_or_by_path(path: str, pattern: str, fits: bool) -> None:
    assert matches(path, pattern) == fits


def test_a_denied_folder_denies_all_below_it() -> None:
    assert denying_pattern("a/.git/hooks/x", ("*.key", ".git")) == ".git"
    assert denying_pattern("a/gitlab/x", ("*.key", ".git")) is None
