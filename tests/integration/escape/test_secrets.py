"""Attempts to find somebody's credentials."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.confine.secrets import MOST_DIRECTORIES
from tests.integration.confining import BUBBLEWRAP, CONTAINER
from tests.integration.escape.attempts import Ground

SECRET = "s3cr3t-of-somebody"
READ = """
import pathlib, sys
for path in sys.argv[1:]:
    try:
        if "s3cr3t-of-somebody" in pathlib.Path(path).expanduser().read_text():
            print("ESCAPED")
    except OSError as error:
        print(error)
"""


def keep(path: Path, text: str = SECRET) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "name",
    [
        ".aws/credentials",
        ".aws/sso/cache/token.json",
        ".ssh/id_ed25519",
        ".netrc",
        ".git-credentials",
        ".docker/config.json",
        ".kube/config",
        ".config/gh/hosts.yml",
        ".config/gcloud/credentials.db",
        ".terraform.d/credentials.tfrc.json",
        ".npmrc",
        ".local/share/keyrings/login.keyring",
        "notes.txt",
    ],
)
def test_files_of_the_home_directory_cannot_be_read(ground: Ground, name: str) -> None:
    # A file that an argument names is shown, so none is named by its path.
    keep(ground.home / name)
    ground.fails_only_confined(READ, f"~/{name}")


def test_the_home_of_the_user_database_is_not_there_either(ground: Ground) -> None:
    # `HOME` is the test's own; the user's real one has to be out of sight as well.
    program = """
import os, pathlib, pwd, sys
home = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir)
marked = [name for name in sys.argv[1:] if (home / name).exists()]
print("ESCAPED" if marked else "nothing")
"""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    with tempfile.NamedTemporaryFile(dir=home, prefix=".of-a-test-") as file:
        ground.fails_only_confined(program, Path(file.name).name)


def test_a_credentials_file_that_a_variable_names_cannot_be_read(ground: Ground) -> None:
    path = keep(ground.root / "elsewhere" / "credentials")
    ground.variables["AWS_SHARED_CREDENTIALS_FILE"] = str(path)
    ground.fails_only_confined(READ, path)


def test_a_second_slash_does_not_take_a_variable_s_file_out_of_hiding(ground: Ground) -> None:
    path = keep(ground.root / "neighbour" / "credentials")
    ground.variables["AWS_SHARED_CREDENTIALS_FILE"] = f"/{path}"
    ground.fails_only_confined(READ, path)


def test_a_second_slash_does_not_show_a_home_directory_as_a_whole(ground: Ground) -> None:
    keep(ground.home / ".aws" / "config")
    keep(ground.home / "notes.txt")
    (ground.home / "bin").mkdir()
    ground.variables["PATH"] = f"/{ground.home}/bin:{os.environ['PATH']}"
    ground.fails_only_confined(READ, "~/notes.txt")


def test_a_credentials_file_beside_the_work_directory_cannot_be_read(ground: Ground) -> None:
    path = keep(ground.root / "neighbour" / ".aws" / "credentials")
    plain = keep(ground.root / "neighbour" / "module.tf", "a module")
    ground.fails_only_confined(READ, path)
    shown = ground.confined("print(open(__import__('sys').argv[1]).read())", plain)
    assert "a module" in shown.text


def test_credentials_among_more_directories_than_are_looked_through_cannot_be_read(
    ground: Ground,
) -> None:
    place = ground.root / "neighbour"
    path = keep(place / "last" / ".aws" / "credentials")
    for n in range(MOST_DIRECTORIES):
        (place / str(n)).mkdir()
    notes = ground.fails_only_confined(READ, path).outcome.isolation.notes
    assert any("not shown as a whole" in note for note in notes), notes


def test_credentials_in_the_work_directory_cannot_be_read(ground: Ground) -> None:
    for place in (ground.work, ground.copy):
        keep(place / ".aws" / "credentials")
    ground.fails_only_confined(READ, ".aws/credentials")


def test_a_link_in_the_work_directory_leads_to_no_credentials(ground: Ground) -> None:
    path = keep(ground.home / ".aws" / "credentials")
    (ground.copy / "innocent").symlink_to(path)
    ground.fails_only_confined(READ, "innocent")


def test_a_tool_directory_does_not_show_the_keys_beside_the_tool(ground: Ground) -> None:
    place = ground.home / "tools"
    path = keep(place / ".netrc")
    tool = keep(place / "bin" / "tool", "#!/bin/sh\necho works\n")
    tool.chmod(0o755)
    ground.variables["PATH"] = f"{tool.parent}:{os.environ['PATH']}"
    ground.fails_only_confined(READ, path)
    if ground.kind == BUBBLEWRAP:
        # A container has the tools of its image.
        run = "import subprocess; subprocess.run(['tool'])"
        assert "works" in ground.confined(run).text


def test_a_second_account_s_profile_has_nobody_s_keys(ground: Ground) -> None:
    lines = f"[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = {SECRET}\n"
    keep(ground.home / ".aws" / "credentials", lines)
    program = """
import botocore.session, pathlib
keys = botocore.session.Session(profile="other").get_credentials()
print(keys.access_key)
text = pathlib.Path("~/.aws/credentials").expanduser().read_text()
print("ESCAPED" if "AKIAOTHER" in keys.access_key + text else "")
"""
    confined = ground.fails_only_confined(program)
    assert "123456789012" in confined.text


def test_variables_that_nobody_knows_are_not_passed_on(ground: Ground) -> None:
    ground.variables["DEPLOY_KEY"] = SECRET
    ground.variables["TF_VAR_stage"] = "prod"
    program = """
import os
print("ESCAPED" if "s3cr3t-of-somebody" in str(dict(os.environ)) else "nothing")
print(os.environ["TF_VAR_stage"])
"""
    assert "prod" in ground.fails_only_confined(program).text


def test_the_environment_of_other_processes_cannot_be_read(ground: Ground) -> None:
    program = """
import pathlib
for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
    try:
        if b"HIDDEN_KEY=s3cr3t-of-somebody" in path.read_bytes():
            print("ESCAPED")
    except OSError:
        pass
"""
    waiting = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        waiting,
        env={**os.environ, "HIDDEN_KEY": SECRET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as neighbour:
        assert neighbour.stdout is not None
        neighbour.stdout.readline()
        try:
            ground.fails_only_confined(program)
        finally:
            neighbour.kill()


KEYRINGS = {"x86_64": (248, 250), "aarch64": (217, 219)}


@contextlib.contextmanager
def kept_key() -> Iterator[int]:
    """A secret in the session's keyring of the kernel, where some programs keep theirs."""
    libc = ctypes.CDLL(None, use_errno=True)
    add, control = KEYRINGS[os.uname().machine]
    value = SECRET.encode()
    key = libc.syscall(add, b"user", b"executor-test", value, len(value), -3)
    assert key > 0, os.strerror(ctypes.get_errno())
    try:
        yield key
    finally:
        libc.syscall(control, 9, key, -3, 0, 0)


@pytest.mark.skipif(os.uname().machine not in KEYRINGS, reason="its numbers are not known")
def test_the_kernel_s_keyring(ground: Ground) -> None:
    program = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
room = ctypes.create_string_buffer(100)
if libc.syscall(int(sys.argv[2]), 11, int(sys.argv[1]), room, 100, 0) > 0:
    print("ESCAPED" if room.value == b"s3cr3t-of-somebody" else room.value)
else:
    print(os.strerror(ctypes.get_errno()))
"""
    with kept_key() as key:
        ground.fails_only_confined(program, key, KEYRINGS[os.uname().machine][1])


def test_the_helper_inside_cannot_be_looked_into(ground: Ground) -> None:
    program = """
import pathlib
for name in ("environ", "mem", "maps"):
    try:
        data = pathlib.Path(f"/proc/{__import__('os').getppid()}/{name}").open("rb").read(1)
        print("ESCAPED")
    except OSError as error:
        print(error)
"""
    # The parent is the program inside there, and this test here.
    ground.fails_only_confined(program)


def keep_links(ground: Ground, name: str, how: str) -> Path:
    """Keep a secret beside the work directory, to which a link in the home directory leads."""
    place = ground.root / "neighbour" / "team"
    link = ground.home / name
    match how:
        case "directory":
            path = keep(place / Path(name).name / "inner" / "key")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.parent.parent)
        case "file":
            path = keep(place / "key")
            link.mkdir(parents=True)
            (link / "key").symlink_to(path)
        case "relative":
            path = keep(place / "key")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(place, link.parent))
        case "twice":
            path = keep(place / "key")
            between = ground.root / "neighbour" / "between"
            between.symlink_to("team")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(between)
        case _:
            # A directory that is elsewhere has a link to a third place.
            path = keep(ground.root / "neighbour" / "keys" / "key")
            place.mkdir(parents=True)
            (place / "key").symlink_to("../keys/key")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(place)
    return path


@pytest.mark.parametrize("name", [".aws", ".ssh", ".config/gh"])
@pytest.mark.parametrize("how", ["directory", "file", "relative", "twice", "through"])
def test_what_a_link_in_the_home_directory_leads_to_cannot_be_read(
    ground: Ground, name: str, how: str
) -> None:
    path = keep_links(ground, name, how)
    plain = keep(ground.root / "neighbour" / "module.tf", "a module")
    ground.fails_only_confined(READ, path)
    shown = ground.confined("print(open(__import__('sys').argv[1]).read())", plain)
    assert "a module" in shown.text


@pytest.mark.parametrize("value", ["{link}", "{relative}", "~/link"])
def test_what_a_variable_s_link_leads_to_cannot_be_read(ground: Ground, value: str) -> None:
    path = keep(ground.root / "neighbour" / "team" / "credentials")
    link = ground.home / "link"
    link.symlink_to(path)
    relative = os.path.relpath(link, ground.work)
    ground.variables["AWS_SHARED_CREDENTIALS_FILE"] = value.format(link=link, relative=relative)
    ground.fails_only_confined(READ, path)


def test_none_of_several_files_that_a_variable_names_can_be_read(ground: Ground) -> None:
    paths = [keep(ground.root / "neighbour" / name) for name in ("first", "second")]
    ground.variables["KUBECONFIG"] = os.pathsep.join(map(str, paths))
    for path in paths:
        ground.fails_only_confined(READ, path)


def test_a_link_out_of_the_home_directory_keeps_the_copy_s_file_from_sight(ground: Ground) -> None:
    for place in (ground.work, ground.copy):
        keep(place / "keys" / "aws")
    (ground.home / ".aws").mkdir()
    (ground.home / ".aws" / "credentials").symlink_to(ground.work / "keys" / "aws")
    ground.fails_only_confined(READ, "keys/aws")


def test_credentials_in_the_work_directory_cannot_be_read_at_the_copy_s_own_path(
    ground: Ground,
) -> None:
    for place in (ground.work, ground.copy):
        keep(place / ".aws" / "credentials")
    ground.fails_only_confined(READ, ground.copy / ".aws" / "credentials")


def test_a_relative_link_in_the_work_directory_leads_to_no_credentials(ground: Ground) -> None:
    path = keep(ground.root / "neighbour" / "keys" / "credentials")
    for place in (ground.work, ground.copy):
        (place / ".aws").symlink_to("../neighbour/keys")
    confined = ground.fails_only_confined(READ, path)
    assert "ESCAPED" not in ground.confined(READ, ".aws/credentials").text, confined.text


@pytest.fixture
def apart(ground: Ground) -> Iterator[Path]:
    """A home directory that is in sight of no test."""
    with tempfile.TemporaryDirectory(prefix="executor-test-home-") as place:
        ground.variables["HOME"] = place
        yield Path(place)


@pytest.mark.parametrize("target", ["/", "/usr", "home", "work", "around"])
def test_a_link_to_what_cannot_be_hidden_is_told_and_stops_no_run(
    ground: Ground, apart: Path, target: str
) -> None:
    path = keep(ground.root / "notes")
    places = {"home": apart, "work": ground.work, "around": ground.root}
    (apart / ".ssh").symlink_to(places.get(target, Path(target)))
    attempt = ground.attempt(READ, path)
    isolation = attempt.outcome.isolation
    assert attempt.outcome.exit_code == 0, attempt.text
    assert isolation.network
    assert isolation.filesystem
    # What the command can do without is covered.
    assert attempt.escaped == (target != "around"), attempt.text
    told = [note for note in isolation.notes if f"{apart}/.ssh leads to" in note]
    # Nothing of the home directory is shown, and of the system nothing in a container.
    unseen = target == "home" or (target == "/usr" and ground.kind == CONTAINER)
    assert bool(told) != unseen, isolation.notes
    assert isolation.credentials == unseen, isolation.notes


def test_links_that_lead_nowhere_stop_no_run(ground: Ground, apart: Path) -> None:
    (apart / ".aws").symlink_to(".aws")
    (apart / ".ssh").symlink_to("gone")
    (apart / ".kube").mkdir()
    (apart / ".kube" / "first").symlink_to("second")
    (apart / ".kube" / "second").symlink_to("first")
    assert "works" in ground.confined("print('works')").text


def test_a_program_to_which_a_directory_of_keys_has_a_link_can_be_run(ground: Ground) -> None:
    tool = ground.root / "neighbour" / "tool"
    tool.parent.mkdir()
    tool.write_bytes(Path("/bin/true").resolve().read_bytes())
    (ground.home / ".kube").mkdir()
    (ground.home / ".kube" / "tool").symlink_to(tool)
    size = "import os, sys; print('size', os.stat(sys.argv[1]).st_size)"
    assert f"size {tool.stat().st_size}" in ground.confined(size, tool).text
