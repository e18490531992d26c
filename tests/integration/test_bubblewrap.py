"""The confinement `bubblewrap`: what a command still can do in it, and how runs end."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from executor.changes.workdir import copy_workdir
from sandboxes.confine import choose_confinement
from sandboxes.confine.bubblewrap import Bubblewrap
from sandboxes.contract import Confinement
from sandboxes.errors import ConfinementUnavailable
from sandboxes.model import CommandOutcome, Door
from sandboxes.processes import processes_of
from tests.integration.doors import PORT, Gateway, open_gateway

pytestmark = pytest.mark.bubblewrap

RUN = f"cage-{os.getpid()}"
_ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Runner:
    """Runs commands in a work directory of the test's own."""

    work: Path
    gateway: Gateway
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ["PATH"]})
    confinement: Confinement = field(default_factory=Bubblewrap)

    def __call__(
        self, *command: str, timeout_s: float | None = 60, **also: Any
    ) -> tuple[CommandOutcome, str]:
        output = io.BytesIO()
        outcome = self.confinement.run(
            command,
            run=RUN,
            door=self.gateway.door,
            workdir=also.pop("workdir", self.work),
            account="123456789012",
            region="eu-west-1",
            environment=self.environment,
            output=output,
            timeout_s=timeout_s,
            **also,
        )
        return outcome, output.getvalue().decode()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Runner]:
    for name in ("work", "home", "authority", "shown"):
        (tmp_path / name).mkdir()
    with open_gateway(tmp_path / "authority") as gateway:
        runner = Runner(tmp_path / "work", gateway)
        runner.environment["HOME"] = str(tmp_path / "home")
        yield runner


def test_it_is_what_auto_takes() -> None:
    assert choose_confinement("auto").name == "bubblewrap"
    assert isinstance(Bubblewrap(), Confinement)


def test_what_it_achieves_is_tried() -> None:
    isolation = Bubblewrap().isolation()
    assert isolation.kind == "bubblewrap"
    assert (isolation.network, isolation.filesystem, isolation.credentials) == (True,) * 3
    assert isolation.notes == ()


def test_exit_statuses_come_out(run: Runner) -> None:
    assert run("sh", "-c", "exit 7")[0].exit_code == 7
    assert run("true")[0].exit_code == 0
    assert run("sh", "-c", "kill -TERM $$")[0].exit_code == 128 + signal.SIGTERM


def test_output_of_both_streams_comes_out_and_input_is_empty(run: Runner) -> None:
    _, text = run("sh", "-c", "cat; echo one; echo two >&2")
    assert text == "one\ntwo\n"


def test_output_comes_while_the_command_runs(run: Runner) -> None:
    seen = threading.Event()

    class Watcher(io.BytesIO):
        def write(self, data: Any) -> int:
            if b"first" in bytes(data):
                (run.work / "go").touch()
                seen.set()
            return super().write(data)

    output = Watcher()
    run.confinement.run(
        ["sh", "-c", "echo first; while ! test -e go; do sleep 0.01; done; echo last"],
        run=RUN,
        door=run.gateway.door,
        workdir=run.work,
        account="123456789012",
        region="eu-west-1",
        environment=run.environment,
        output=output,
        timeout_s=30,
    )
    assert seen.is_set()
    assert output.getvalue() == b"first\nlast\n"


def test_a_command_that_takes_too_long_is_ended(run: Runner) -> None:
    outcome, text = run("sh", "-c", "trap 'echo asked; exit 9' TERM; sleep 60 & wait", timeout_s=1)
    assert outcome.timed_out
    assert outcome.exit_code == 9
    assert "asked" in text
    assert not processes_of(RUN)


def test_what_is_left_running_is_counted_and_ended(run: Runner) -> None:
    outcome, _ = run("sh", "-c", "setsid sleep 60 & setsid sleep 61 & sleep 0.2")
    assert outcome.left_running == 2
    assert not outcome.timed_out
    assert outcome.exit_code == 0
    assert not processes_of(RUN)


def test_an_interrupt_leaves_nothing_behind(run: Runner) -> None:
    def interrupt() -> None:
        time.sleep(0.3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("sleep", "60", under_way=interrupt)
    assert not processes_of(RUN)


def test_a_program_that_is_not_there(run: Runner) -> None:
    with pytest.raises(FileNotFoundError):
        run("no-such-program-at-all")
    with pytest.raises(FileNotFoundError):
        run("./no-such-script")
    (run.work / "script").write_text("echo not to be run")
    with pytest.raises(FileNotFoundError):
        run("./script")
    with pytest.raises(FileNotFoundError):
        run()


def test_without_doors_nothing_is_started(run: Runner) -> None:
    run.gateway.door = Door(url="http://127.0.0.1:1")
    with pytest.raises(ConfinementUnavailable) as caught:
        run("touch", "made")
    assert "--confine off" in caught.value.hint
    assert not (run.work / "made").exists()


def test_a_door_whose_certificate_is_none(run: Runner) -> None:
    assert run.gateway.door.authority is not None
    run.gateway.door.authority.write_text("nothing yet")
    with pytest.raises(ConfinementUnavailable):
        run("touch", "made")
    run.gateway.door.authority.unlink()
    with pytest.raises(ConfinementUnavailable):
        run("touch", "made")
    assert not (run.work / "made").exists()


def inside_telling(place: Path, *lines: str) -> Bubblewrap:
    """A confinement whose program inside tells these lines, whatever is true."""
    program = place / "python"
    told = "".join(f"{line}\\n" for line in lines)
    program.write_text(f"#!/bin/bash\nprintf '{told}' >&\"$6\"\n")
    program.chmod(0o755)
    return Bubblewrap(interpreter=program)


@pytest.mark.parametrize("kind", ["network", "filesystem", "credentials"])
def test_what_does_not_hold_is_recorded(run: Runner, tmp_path: Path, kind: str) -> None:
    run.confinement = inside_telling(tmp_path, f"probe {kind} it is open", "started", "ended 0 0")
    isolation = run("true", shown_as=tmp_path / "shown")[0].isolation
    held = {name for name in ("network", "filesystem", "credentials") if getattr(isolation, name)}
    assert held == {"network", "filesystem", "credentials"} - {kind}
    assert isolation.notes == ("it is open",)


def test_rights_that_were_kept_open_everything(run: Runner, tmp_path: Path) -> None:
    run.confinement = inside_telling(
        tmp_path, "probe privileges CapEff is 1", "started", "ended 0 0"
    )
    isolation = run("true")[0].isolation
    assert not isolation.network
    assert not isolation.filesystem
    assert not isolation.credentials


def test_a_program_inside_that_says_nothing_or_nonsense_is_a_failure(
    run: Runner, tmp_path: Path
) -> None:
    for lines in ((), ("broken the port is taken",), ("hello",)):
        run.confinement = inside_telling(tmp_path, *lines)
        with pytest.raises(ConfinementUnavailable):
            run("true")


def test_a_program_inside_that_dies_does_not_make_a_success(run: Runner, tmp_path: Path) -> None:
    run.confinement = inside_telling(tmp_path, "started")
    assert run("true")[0].exit_code != 0


def test_process_1_cannot_be_ended_from_inside(run: Runner) -> None:
    outcome, text = run("sh", "-c", "kill -9 1; kill -STOP 1; kill -9 -1; echo still here")
    assert outcome.exit_code == 128 + 9 or "still here" in text
    _, text = run(
        "sh", "-c", "kill -9 1; kill -STOP 1; echo still here; getent hosts s3.amazonaws.com"
    )
    assert "still here" in text
    assert "127.0.0.1" in text


def test_the_work_directory_is_seen_at_its_own_path_and_changes_stay_in_the_copy(
    run: Runner, tmp_path: Path
) -> None:
    (run.work / "state").write_text("real")
    (run.work / ".git").mkdir()
    (run.work / ".git" / "HEAD").write_text("ref: main")
    (run.work / "link").symlink_to(run.work / "state")
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "main.tf").write_text("a module")
    private = tmp_path / "private"
    private.mkdir()
    copy = copy_workdir(run.work, private)
    outcome, text = run(
        "sh",
        "-c",
        "pwd; cat ../modules/main.tf .git/HEAD; echo new > state; cat link; touch made; "
        f"cat {run.work}/state; touch .git/x ../modules/x",
        workdir=copy.path,
        shown_as=copy.source,
        linked=copy.linked,
    )
    lines = text.splitlines()
    assert lines[0] == str(run.work)
    assert lines[1] == "a moduleref: mainnew"
    assert lines[2] == "new"
    assert text.count("Read-only file system") == 2
    assert (run.work / "state").read_text() == "real"
    assert copy.changes() == ("made", "state")
    assert outcome.isolation.filesystem


def test_a_run_in_place_is_not_called_confined(run: Runner) -> None:
    outcome, _ = run("touch", "made")
    assert (run.work / "made").exists()
    assert not outcome.isolation.filesystem
    assert "not a copy" in outcome.isolation.notes[0]


def test_names_of_aws_lead_to_the_gateway_with_a_trusted_certificate(run: Runner) -> None:
    program = """
import urllib.request
for host in ("sqs.us-east-1.amazonaws.com", "bucket.s3.amazonaws.com", "sts.amazonaws.com"):
    print(urllib.request.urlopen(f"https://{host}/").status)
print(urllib.request.urlopen("http://s3.amazonaws.com/").status)
print(urllib.request.urlopen("http://127.0.0.1:%d/").status)
"""
    _, text = run(sys.executable, "-c", program % PORT)
    assert text.split() == ["200"] * 5
    assert run.gateway.hosts()[:2] == ["sqs.us-east-1.amazonaws.com", "bucket.s3.amazonaws.com"]


def test_other_names_do_not_exist_and_are_reported(run: Runner) -> None:
    program = """
import socket
for name in ("telemetry.example.com", "amazonaws.com.evil.example", "notamazonaws.com"):
    try:
        print(socket.gethostbyname(name))
    except socket.gaierror as error:
        print("none")
"""
    outcome, text = run(sys.executable, "-c", program)
    assert text.split() == ["none"] * 3
    assert set(outcome.isolation.blocked) == {
        "telemetry.example.com",
        "amazonaws.com.evil.example",
        "notamazonaws.com",
    }


@pytest.mark.awscli
def test_the_aws_cli_runs_unmodified(run: Runner, aws_cli: str) -> None:
    home = Path(run.environment["HOME"])
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[profile prod]\nsso_session = corporate\n")
    outcome, text = run(aws_cli, "sts", "get-caller-identity", "--profile", "prod")
    assert outcome.exit_code == 0, text
    assert '"Account": "123456789012"' in text
    assert run.gateway.hosts() == ["sts.eu-west-1.amazonaws.com"]


@contextlib.contextmanager
def elsewhere() -> Iterator[int]:
    """A server of somebody else's."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(1000)
                        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nsomebody else")

        thread = threading.Thread(target=serve)
        thread.start()
        stack.callback(thread.join)
        stack.callback(listener.shutdown, socket.SHUT_RDWR)
        yield listener.getsockname()[1]


def test_named_hosts_can_be_reached_and_the_report_says_so(run: Runner) -> None:
    asked: list[tuple[str, int]] = []
    with elsewhere() as port:

        def connect(host: str, wanted: int) -> socket.socket:
            asked.append((host, wanted))
            return socket.create_connection(("127.0.0.1", port))

        run.confinement = Bubblewrap(connect=connect)
        outcome, text = run(
            "sh",
            "-c",
            "curl -s http://mirror.example.com/; curl -s http://other.example.com/;"
            " curl -s --max-time 5 http://mirror.example.com:8080/",
            reachable=("mirror.example.com",),
        )
    assert text == "somebody else"
    assert asked == [("mirror.example.com", 80)]
    assert outcome.isolation.network
    assert "mirror.example.com" in " ".join(outcome.isolation.notes)
    assert outcome.isolation.blocked == ("other.example.com",)


def test_the_relay_minds_the_list_whoever_asks_it(run: Runner) -> None:
    program = """
import socket
for line in (b"internal.example.com 80\\n", b"mirror.example.com 22\\n", b"nonsense\\n"):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("/run/executor/relay")
        sock.sendall(line)
        print(sock.recv(10))
"""

    def connect(host: str, wanted: int) -> socket.socket:
        raise AssertionError((host, wanted))

    run.confinement = Bubblewrap(connect=connect)
    outcome, text = run(sys.executable, "-c", program, reachable=("mirror.example.com",))
    assert text.split() == ["b''"] * 3
    assert set(outcome.isolation.blocked) == {"internal.example.com:80", "mirror.example.com:22"}


@pytest.mark.parametrize("host", ["169.254.169.254", "localhost", "s3.amazonaws.com", "*.com", ""])
def test_hosts_that_cannot_be_opened(run: Runner, host: str) -> None:
    with pytest.raises(ConfinementUnavailable):
        run("true", reachable=(host,))


def test_a_virtual_environment_and_scripts_of_it_work(run: Runner, tmp_path: Path) -> None:
    place = tmp_path / "home" / "envs" / "tool"
    venv.create(place, symlinks=True)
    script = place / "bin" / "tool"
    script.write_text(f"#!{place}/bin/python\nimport sys; print(sys.prefix)\n")
    script.chmod(0o755)
    local = tmp_path / "home" / ".local" / "bin"
    local.mkdir(parents=True)
    (local / "tool").symlink_to(script)
    run.environment["PATH"] = f"{local}:{os.environ['PATH']}"
    _, text = run("tool")
    assert text.strip() == str(place)
    _, text = run("sh", "-c", f"ls -A {tmp_path}/home {tmp_path}/home/.local")
    assert set(text.split()) <= {
        ".aws",
        ".local",
        "envs",
        "bin",
        f"{tmp_path}/home:",
        *(f"{tmp_path}/home/.local:",),
    }


def test_a_work_directory_s_own_environment_works(run: Runner, tmp_path: Path) -> None:
    venv.create(run.work / ".venv", symlinks=True)
    private = tmp_path / "private"
    private.mkdir()
    copy = copy_workdir(run.work, private)
    _, text = run(
        ".venv/bin/python",
        "-c",
        "import sys; print(sys.prefix)",
        workdir=copy.path,
        shown_as=copy.source,
        linked=copy.linked,
    )
    assert text.strip() == str(run.work / ".venv")


def test_providers_that_lie_elsewhere_are_seen(run: Runner, tmp_path: Path) -> None:
    cache = tmp_path / "home" / "cache" / "aws"
    cache.mkdir(parents=True)
    (cache / "provider").write_text("a provider")
    place = run.work / ".terraform" / "providers" / "registry" / "hashicorp" / "aws" / "5.0"
    place.mkdir(parents=True)
    (place / "linux_amd64").symlink_to(cache)
    _, text = run("sh", "-c", "cat .terraform/providers/*/*/*/*/linux_amd64/provider; ls -A ~")
    assert "a provider" in text


def test_shims_of_a_version_manager_work(run: Runner, tmp_path: Path) -> None:
    manager = tmp_path / "home" / ".manager"
    files = {
        "shims/tool": f'#!/bin/sh\nexec "{manager}/versions/1.0/bin/tool" "$@"\n',
        "versions/1.0/bin/tool": "#!/bin/sh\necho version 1.0\n",
    }
    for name, text in files.items():
        path = manager / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    run.environment["PATH"] = f"{manager}/shims:{os.environ['PATH']}"
    assert run("tool")[1].strip() == "version 1.0"


def test_home_and_temporary_directories_can_be_used_and_are_gone_afterwards(run: Runner) -> None:
    script = "echo 1 > ~/file; echo 2 > /tmp/file; echo 3 > /dev/shm/file; cat ~/file /tmp/file"
    assert run("sh", "-c", script)[1].split() == ["1", "2"]
    _, text = run("sh", "-c", "ls ~ /dev/shm; ls /tmp/file")
    assert "No such file" in text
    assert not (Path(run.environment["HOME"]) / "file").exists()


def test_it_sees_itself_as_the_usual_user(run: Runner) -> None:
    assert run("id", "-u")[1].strip() == str(os.getuid())
    _, text = run("sh", "-c", "grep -E '^(Cap|NoNewPrivs)' /proc/self/status")
    values = dict(line.split(":\t") for line in text.splitlines())
    assert values.pop("NoNewPrivs") == "1"
    assert {int(value, 16) for value in values.values()} == {0}


def test_settings_of_the_kernel_cannot_be_changed(run: Runner) -> None:
    # To the kernel, a root inside is the root outside, capabilities or not.
    _, text = run(
        "sh",
        "-c",
        "for f in kernel/core_pattern vm/swappiness; do"
        " cat /proc/sys/$f > /proc/sys/$f; done; echo done",
    )
    assert text.strip().endswith("done")
    assert text.count("ermission denied") + text.count("Read-only file system") == 2


def as_ordinary_user(program: str, *arguments: str) -> Sequence[str]:
    drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    command = ["/usr/bin/python3", "-c", program, *arguments]
    return [*drop, *command] if os.getuid() == 0 else command


def test_an_ordinary_user_gets_the_same(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        sys.path.insert(0, sys.argv[1])
        from pathlib import Path
        from sandboxes.confine.bubblewrap import Bubblewrap
        from sandboxes.confine.limits import Limits
        print(Bubblewrap(interpreter=Path("/usr/bin/python3"), limits=Limits(tasks=50)).isolation())
        """
    )
    ended = subprocess.run(
        as_ordinary_user(program, str(_ROOT)),
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "network=True, filesystem=True, credentials=True, notes=()" in ended.stdout


def test_what_only_its_owner_may_read_is_not_shown_to_root_either(run: Runner) -> None:
    _, text = run("sh", "-c", "cat /etc/shadow; find /etc -type f ! -perm -o=r -size +0 | head")
    assert [line for line in text.splitlines() if "ermission denied" not in line] == []
