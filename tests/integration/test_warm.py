"""Runs that the warm executor makes are those that the program itself would have made."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from executor.warm import starting
from sandboxes.background.asking import connect
from sandboxes.embedded import stop_daemons
from tests.integration.programs import Ended, Programs, confinement, effects_of, python
from tests.integration.test_killed import (
    RUNNING,
    SLEEP,
    eventually,
    kill,
    nothing_is_left,
    processes,
    said,
    seen,
    start,
)
from tests.integration.warming import runs, servers, status, warm_up

NEW_QUEUE = "c('sqs').create_queue(QueueName='invoices')"


@pytest.fixture
def cold(programs: Programs, tmp_path: Path) -> Iterator[Programs]:
    """Programs with background servers of their own, of which none runs yet."""
    yield dataclasses.replace(programs, runtime=tmp_path / "run", target="none")
    stop_daemons(tmp_path / "run")


@pytest.fixture
def warm(cold: Programs) -> Programs:
    """The same, with a warm executor."""
    warm_up(cold)
    return cold


def told(ended: Ended) -> dict[str, object]:
    """Return what a command printed as JSON in its last line."""
    found = json.loads(ended.err.strip().splitlines()[-1])
    assert isinstance(found, dict)
    return found


def asking(programs: Programs, code: str, **more: str) -> Ended:
    """Run Python that looks at itself, unconfined."""
    return programs.dry_run(
        *("--confine", "off", "--in-place", "--quiet", "--format", "json"),
        *("--", sys.executable, "-c", code),
        env=more,
    )


def test_the_second_run_is_made_by_the_server_and_is_the_same(cold: Programs) -> None:
    first = cold.script(NEW_QUEUE)
    warm_up(cold)
    before = runs(cold)
    second = cold.script(NEW_QUEUE)
    assert runs(cold) == before + 1
    assert first.status == second.status == 0, second.err
    ours, theirs = (ended.report() for ended in (first, second))
    for name in ("decision", "engine", "isolation", "change", "findings", "coverage"):
        assert ours[name] == theirs[name]
    assert effects_of(ours) == effects_of(theirs) == {("create", "AWS::SQS::Queue", "invoices")}


def test_statuses_and_streams_are_the_runs_own(warm: Programs) -> None:
    before = runs(warm)
    denied = warm.script("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert denied.status == 4
    assert denied.report()["decision"] == "deny"
    assert {"out", "err"} <= set(denied.err.splitlines())
    wrong = warm.dry_run("--allow", "explode AWS::SQS::Queue x", "--", "true")
    assert wrong.status == 2
    assert "explode" in wrong.err
    assert "hint" in wrong.err
    assert warm.dry_run("--help").out.startswith("Usage: dry-run")
    assert runs(warm) == before + 3


def test_a_run_has_the_clients_environment_directory_and_mask(warm: Programs) -> None:
    code = (
        "import json, os; m = os.umask(0); print(json.dumps({'dir': os.getcwd(), 'umask': m,"
        " 'mine': os.environ.get('MINE')}))"
    )
    before = runs(warm)
    previous = os.umask(0o037)
    try:
        found = told(asking(warm, code, MINE="käse"))
    finally:
        os.umask(previous)
    assert found == {"dir": str(warm.workdir), "umask": 0o037, "mine": "käse"}
    again = told(asking(warm, code))
    assert again["mine"] is None
    assert runs(warm) == before + 2


def test_a_run_reads_and_writes_the_clients_descriptors(warm: Programs, tmp_path: Path) -> None:
    before = runs(warm)
    intent, give = os.pipe()
    os.write(give, b"expect: [create AWS::SQS::Queue nothing]\n")
    os.close(give)
    report = os.open(tmp_path / "report", os.O_WRONLY | os.O_CREAT, 0o600)
    words = ("dry-run", "--target", "none", "--intent", f"/dev/fd/{intent}", "--", "true")
    ended = subprocess.run(
        [str(Path(sys.executable).with_name(words[0])), *words[1:]],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        stdout=report,
        stderr=subprocess.PIPE,
        pass_fds=(intent,),
        timeout=60,
        check=False,
    )
    os.close(intent)
    os.close(report)
    assert ended.returncode == 4, ended.stderr
    assert "nothing" in (tmp_path / "report").read_text()
    assert runs(warm) == before + 1


def test_each_run_has_an_authority_of_its_own(warm: Programs) -> None:
    if confinement() == "off":
        pytest.skip("an unconfined command is shown none")
    code = (
        "import hashlib, os; text = open(os.environ['AWS_CA_BUNDLE'], 'rb').read();"
        " print('PEM', hashlib.sha256(text).hexdigest())"
    )
    before = runs(warm)
    said = [warm.dry_run("--", sys.executable, "-c", code).err for _ in range(2)]
    pems = [[line for line in err.splitlines() if line.startswith("PEM")] for err in said]
    assert len(pems[0]) == len(pems[1]) == 1
    assert pems[0] != pems[1]
    assert runs(warm) == before + 2


@pytest.mark.parametrize("words", [("--no-daemon",), ()])
def test_who_asks_for_none_or_is_within_a_run_goes_on_alone(
    warm: Programs, words: tuple[str, ...]
) -> None:
    before = runs(warm)
    env = {} if words else {"EXECUTOR_RUN": "outer"}
    assert warm.dry_run(*words, "--", "true", env=env).status == 0
    assert runs(warm) == before


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupted_run_cleans_up(warm: Programs, number: signal.Signals, code: int) -> None:
    before = runs(warm)
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert "what was started was ended" in err
    assert runs(warm) == before + 1
    assert eventually(lambda: warm.left() == []), seen(warm)
    assert status(warm)["workers"] == 0


def test_what_is_ignored_stays_ignored(warm: Programs) -> None:
    def hold() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    code = f"print({RUNNING!r}, flush=True); time.sleep(1); print('over')"
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("dry-run")), "--target", "none", *python(code)],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hold,
    )
    with process:
        assert said(process, RUNNING)
        os.kill(process.pid, signal.SIGHUP)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "over" in err


@pytest.mark.parametrize("options", [(), ("--no-daemon",)])
def test_a_failing_command_is_denied_whatever_a_parent_had_ignored(
    warm: Programs, options: tuple[str, ...]
) -> None:
    ended = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dry-run")), "--target", "none", *options),
            *("--confine", "off", "--", "sh", "-c", "exit 3"),
        ],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
        timeout=60,
        check=False,
    )
    assert ended.returncode == 4, ended.stderr
    assert "exit 3" in ended.stdout
    assert status(warm)["workers"] == 0


def test_what_its_starter_ignored_is_nothing_to_its_clients(cold: Programs) -> None:
    handled = (signal.SIGCHLD, signal.SIGQUIT, signal.SIGUSR1, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in handled}
    try:
        warm_up(cold)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    code = "print([line for line in open('/proc/self/status') if line.startswith('SigIgn')])"
    seen = [
        cold.dry_run(*options, "--confine", "off", "--", sys.executable, "-c", code).err
        for options in ((), ("--no-daemon",))
    ]
    assert runs(cold) == 1
    assert seen[0] == seen[1]
    assert "SigIgn" in seen[0]


def test_temporary_files_lie_where_the_client_wants_them(warm: Programs, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = runs(warm)
    code = "import os; print(os.getcwd())"
    ended = warm.dry_run(
        *("--confine", "off", "--", sys.executable, "-c", code), env={"TMPDIR": str(elsewhere)}
    )
    assert ended.err.startswith(str(elsewhere)), ended.err
    assert list(elsewhere.iterdir()) == []
    assert runs(warm) == before + 1


def test_a_server_that_does_not_answer_is_done_without(warm: Programs) -> None:
    server = psutil.Process(_pid(warm))
    server.suspend()
    try:
        ended = warm.dry_run("--engine", "embedded", "--", "true")
    finally:
        server.resume()
    assert ended.status == 0, ended.err
    # What it finds in its queue now asks for nothing any more.
    assert eventually(lambda: status(warm)["workers"] == 0)
    assert runs(warm) == 0


def test_an_interrupt_reaches_a_client_whose_server_does_not_answer(warm: Programs) -> None:
    server = psutil.Process(_pid(warm))
    server.suspend()
    try:
        process = start(warm)
        with process:
            time.sleep(1)
            os.kill(process.pid, signal.SIGTERM)
            process.communicate(timeout=20)
    finally:
        server.resume()
    assert process.returncode in (143, -signal.SIGTERM)
    assert eventually(lambda: warm.left() == []), seen(warm)


def test_a_second_interrupt_ends_the_client_at_once(warm: Programs) -> None:
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        worker = _worker(warm)
        worker.suspend()
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in err
    # What the first one was to have cleaned up is cleaned up all the same.
    assert eventually(lambda: not worker.is_running())
    assert eventually(lambda: warm.left() == []), seen(warm)
    assert list((warm.home / "leases").glob("*")) == []


def test_a_server_that_is_asked_to_end_has_its_runs_cleaned_up(warm: Programs) -> None:
    pid = _pid(warm)
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        os.kill(pid, signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert "what was started was ended" in err
    assert eventually(lambda: not psutil.pid_exists(pid))
    assert eventually(lambda: warm.left() == []), seen(warm)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"nonsense\n",
        b'{"ask": "fly"}\n',
        b"{" + b"[" * 3000 + b"\n",
        b"x" * 100_000,
        b"R" + (5).to_bytes(8, "big") + b"\xe9\x05\x00\x00\x00",
        b"R" + (1 << 40).to_bytes(8, "big") + b"x" * 100,
    ],
)
def test_nonsense_hurts_nobody(warm: Programs, nonsense: bytes) -> None:
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        connection = connect(servers(warm)[0])
        assert connection is not None
        with connection, contextlib.suppress(OSError):
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(20)
            assert connection.recv(100).strip(b"?-") == b""
        assert status(warm)["workers"] == 1
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130


def test_no_secret_stays_in_the_server(warm: Programs) -> None:
    secret = "a-secret-of-the-client's-own"
    before = runs(warm)
    asked = asking(warm, f"import os; print(os.environ['SECRET'] == {secret!r})", SECRET=secret)
    assert "True" in asked.err
    assert runs(warm) == before + 1
    assert secret.encode() not in _memory(_pid(warm))


def test_killed_client_takes_its_run_along(warm: Programs) -> None:
    process = start(warm)
    assert said(process, RUNNING)
    kill(process)
    # Nobody has to clean: the server sees that the client is gone.
    assert eventually(lambda: status(warm)["workers"] == 0)
    assert eventually(lambda: warm.left() == []), seen(warm)
    assert list((warm.home / "leases").glob("*")) == []
    assert warm.executor("clean").status == 0
    assert eventually(lambda: nothing_is_left(warm), 5), seen(warm)


def test_killed_server_ends_its_clients_with_a_word(warm: Programs) -> None:
    pid = _pid(warm)
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert out == ""
    assert "the background server that made the run is gone" in err
    assert warm.executor("clean").status == 0
    assert eventually(lambda: nothing_is_left(warm), 5), seen(warm)


def test_a_run_stands_still_with_its_client(warm: Programs) -> None:
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("dry-run")), "--target", "none"),
            *("--", sys.executable, "-c", SLEEP),
        ],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The kernel stops nobody whose group has no parent in the session.
        process_group=0,
    )
    with process:
        assert said(process, RUNNING)
        worker = _worker(warm)
        os.kill(process.pid, signal.SIGTSTP)
        assert eventually(lambda: worker.status() == psutil.STATUS_STOPPED)
        assert eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        os.kill(process.pid, signal.SIGCONT)
        assert eventually(lambda: worker.status() != psutil.STATUS_STOPPED)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130


def test_clean_ends_the_server_and_its_runs(warm: Programs) -> None:
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        ended = warm.executor("clean")
        process.communicate(timeout=20)
    assert process.returncode == 143
    assert "background server executor-" in ended.out
    assert eventually(lambda: nothing_is_left(warm), 5), seen(warm)


def test_clean_ends_a_server_that_still_loads(cold: Programs) -> None:
    assert cold.dry_run("--", "true").status == 0
    assert eventually(lambda: bool(servers(cold)) and servers(cold)[0].holder() != 0)
    assert cold.executor("clean").status == 0
    assert eventually(lambda: not processes(cold), 5), seen(cold)


def test_doctor_tells_of_it(warm: Programs) -> None:
    lines = [line for line in warm.executor("doctor").out.splitlines() if "warm executor" in line]
    assert len(lines) == 1
    assert f"pid {status(warm)['pid']}" in lines[0]


def test_it_ends_by_itself(cold: Programs) -> None:
    home = warm_up(cold)
    stop_daemons(cold.runtime)
    path = subprocess.run(
        [sys.executable, "-c", "import json, sys; print(json.dumps(sys.path[1:]))"],
        capture_output=True,
        text=True,
        check=True,
    )
    sys_path = [str(Path(sys.executable).parent), *json.loads(path.stdout)]
    before, sys.path[:] = list(sys.path), sys_path
    try:
        started = starting.start(home.key, str(cold.runtime), idle_s=0.5)
    finally:
        sys.path[:] = before
    assert started is not None
    assert started.wait(20) == 0
    assert eventually(lambda: bool(servers(cold)))
    assert eventually(lambda: not servers(cold)), home.log.read_text()


def _pid(programs: Programs) -> int:
    pid = status(programs)["pid"]
    assert isinstance(pid, int)
    return pid


def _memory(pid: int) -> bytes:
    """Return all that a process can write."""
    found: list[bytes] = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights = line.split()[:2]
            if rights.startswith("rw"):
                begin, end = (int(part, 16) for part in place.split("-"))
                memory.seek(begin)
                with contextlib.suppress(OSError):
                    found.append(memory.read(end - begin))
    return b"".join(found)


def _worker(programs: Programs) -> psutil.Process:
    children = psutil.Process(_pid(programs)).children()
    assert len(children) == 1
    return children[0]


def lowered() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))


def nicer() -> None:
    os.nice(1)


def likelier_to_be_killed() -> None:
    Path("/proc/self/oom_score_adj").write_text("500")


def unprivileged() -> None:
    import ctypes

    assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS


ASKER = """
import sys
from executor.warm import client
asking = client._Asking.of([])
asking._key = sys.argv[1]
sys.exit(9 if asking.ask(["--target", "none", "--", "true"]) is None else 0)
"""


@pytest.mark.parametrize("prepare", [None, lowered, nicer, likelier_to_be_killed, unprivileged])
def test_only_equals_are_served(warm: Programs, prepare: Callable[[], None] | None) -> None:
    # Its name is no secret to who lies about who it is.
    before = runs(warm)
    program = warm.workdir / "dry-run"
    program.write_text(ASKER)
    program.chmod(stat.S_IRWXU)
    asked = subprocess.run(
        [sys.executable, "-c", _as_console_script(program), servers(warm)[0].key],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=prepare,
        timeout=60,
        check=False,
    )
    assert asked.returncode == (0 if prepare is None else 9), asked.stderr
    assert runs(warm) == before + (prepare is None)


def _as_console_script(program: Path) -> str:
    """Return code that runs a program with the path of modules that console scripts have."""
    place = str(Path(sys.executable).parent)
    return f"import sys; sys.path[0] = {place!r}; exec(open({str(program)!r}).read())"


def test_a_directory_that_others_may_enter_is_not_trusted(warm: Programs) -> None:
    before = runs(warm)
    warm.runtime.chmod(0o755)
    try:
        ended = warm.dry_run("--engine", "embedded", "--", "true")
    finally:
        warm.runtime.chmod(0o700)
    assert ended.status != 0
    assert "runtime directory" in ended.err
    assert runs(warm) == before


def test_many_at_once(warm: Programs) -> None:
    before = runs(warm)
    started = [warm.start("dry-run", "--target", "none", *python("pass")) for _ in range(4)]
    for process in started:
        with process:
            process.communicate(timeout=60)
        assert process.returncode == 0
    assert runs(warm) == before + 4


@pytest.mark.parametrize("locale", [{}, {"LANG": "C"}, {"LC_ALL": "C.UTF-8"}])
def test_clients_without_a_locale_are_served_too(
    cold: Programs, monkeypatch: pytest.MonkeyPatch, locale: dict[str, str]
) -> None:
    for name in [n for n in os.environ if n.startswith(("LC_", "LANG"))]:
        monkeypatch.delenv(name)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    warm_up(cold)
    assert cold.dry_run("--", "true").status == 0
    assert runs(cold) == 1


def test_a_client_that_goes_without_having_listened_takes_its_run_along(warm: Programs) -> None:
    program = (
        "import os, sys, time\nfrom executor.warm import client, talking\n"
        f"sys.path[:] = [{str(Path(sys.executable).parent)!r}, *sys.path[1:]]\n"
        "asking = client._Asking.of([])\n"
        "errand = asking._errand(['--target', 'none', '--confine', 'off', '--', 'sleep', '60'])\n"
        "connection = asking._connected()\n"
        "connection.sendall(talking.RUN)\nassert connection.recv(1) == b'?'\n"
        "import _socket\nhere = os.open('.', os.O_PATH)\n"
        "beside = b''.join(n.to_bytes(4, sys.byteorder) for n in [*errand['descriptors'], here])\n"
        "rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, beside)]\n"
        "connection.sendmsg([talking.packed(errand)], rights)\n"
        "time.sleep(3)\nos._exit(0)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert runs(warm) == 1
    assert eventually(lambda: status(warm)["workers"] == 0, 9)
    assert eventually(lambda: warm.left() == []), seen(warm)


def test_many_that_knock_in_vain_keep_nobody_waiting(warm: Programs) -> None:
    home = servers(warm)[0]
    server = psutil.Process(_pid(warm))
    server.suspend()
    try:
        while (connection := connect(home, 5.0)) is not None:
            connection.close()
        ended = warm.dry_run("--engine", "embedded", "--", "true")
    finally:
        server.resume()
    assert ended.status == 0, ended.err


def test_a_fork_that_was_made_ahead_and_is_gone_is_done_without(warm: Programs) -> None:
    assert eventually(lambda: len(psutil.Process(_pid(warm)).children()) == 1)
    before = runs(warm)
    ahead = _worker(warm)
    ahead.kill()
    assert eventually(lambda: ahead.status() == psutil.STATUS_ZOMBIE)
    assert warm.dry_run("--", "true").status == 0
    assert runs(warm) == before + 1
    assert eventually(lambda: not ahead.is_running())
    assert warm.dry_run("--", "true").status == 0
    assert runs(warm) == before + 2
