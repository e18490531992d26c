"""Runs that the warm executor makes are those that the program itself would have made."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.programs import Ended, Programs, confinement, effects_of, python
from tests.integration.test_killed import RUNNING, eventually, said
from tests.integration.warming import pid_of, runs, status, warm_up

NEW_QUEUE = "c('sqs').create_queue(QueueName='invoices')"


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


def test_the_status_is_that_of_the_run_for_every_way_to_end(warm: Programs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spoiled = {"EXECUTOR_HOME": str(tmp_path / "file" / "home")}
    before = runs(warm)
    ways: dict[int, tuple[tuple[str, ...], dict[str, str]]] = {
        0: (("--", "true"), {}),
        1: (("--", "true"), spoiled),
        2: (("--expect", "explode AWS::SQS::Queue x", "--", "true"), {}),
        3: (("--allow", "update AWS::SQS::Queue *", *python(NEW_QUEUE)), {}),
        4: (("--", "false"), {}),
        5: (python("c('braket').search_devices(filters=[])"), {}),
    }
    found = {status: warm.dry_run(*words, env=env) for status, (words, env) in ways.items()}
    assert {status: ended.status for status, ended in found.items()} == {n: n for n in ways}
    assert runs(warm) == before + len(ways)


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
    assert eventually(lambda: status(warm)["workers"] == 0)


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
        cold.dry_run(
            *options, "--confine", "off", "--", sys.executable, "-c", code
        ).err.splitlines()[-1]
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


def test_no_secret_stays_in_the_server(warm: Programs) -> None:
    secret = "a-secret-of-the-client's-own"
    before = runs(warm)
    asked = asking(warm, f"import os; print(os.environ['SECRET'] == {secret!r})", SECRET=secret)
    assert "True" in asked.err
    assert runs(warm) == before + 1
    assert secret.encode() not in _memory(pid_of(warm))


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
