"""What a client is told of its run, and when, whatever becomes of the worker.

The server is a real one in a process of its own, and so are its workers; only what a worker does
is written here.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from executor.warm import talking
from sandboxes.background import wire

PROGRAM = """
import os, signal, socket, sys, time
from pathlib import Path
from executor.warm.preloading import Loaded
from executor.warm.server import Server
from sandboxes.sockets import listen_at
place, idle_s, grace_s, since, code = sys.argv[1:]
born = 0
def note(word):
    with open(f"{place}/notes", "a") as file:
        file.write(word + "\\n")
def begin(client, link):
    os.write(client, b"?")
    assert os.read(link, 1) == b"."
    note("begun")
    os.write(client, b"+")
    os.write(link, b"+")
    os.close(client)
def tell(link, status):
    os.write(link, b"=" + bytes([status]))
exec(code)
class Scripted:
    def prepare(self):
        pass
    def close(self):
        pass
    def worker(self, client, link):
        global born
        born += 1
        pid = os.fork()
        if pid == 0:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            try:
                act(born, client, link)
            finally:
                os._exit(99)
        return pid, os.pidfd_open(pid)
with listen_at(Path(place, "socket"), 8) as listener:
    listener.setblocking(False)
    loaded = Loaded([f"{place}/loaded"], int(since))
    print("listens", flush=True)
    Server(listener, loaded, Scripted(), idle_s=float(idle_s), grace_s=float(grace_s)).run()
"""
LINGERS = """
def act(born, client, link):
    begin(client, link)
    tell(link, 3)
    time.sleep(60)
"""


class Served:
    """A server and what there is to be seen of it."""

    def __init__(self, place: Path, process: subprocess.Popen[str]) -> None:
        self.place = place
        self.process = process

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(10)
        connection.connect(str(self.place / "socket"))
        return connection

    def begun(self) -> socket.socket:
        """Ask for a run, and see it begin."""
        connection = self.connect()
        connection.sendall(talking.RUN)
        assert connection.recv(1) == talking.LISTENING
        assert connection.recv(1) == talking.ACCEPTED
        return connection

    def ask(self, question: str) -> dict[str, object]:
        with self.connect() as connection:
            wire.send(connection, {"ask": question})
            return dict(wire.receive(connection))

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def descriptors(self) -> int:
        """Return how many it has open, once it is done with what it was asked."""
        self.ask("status")
        counts = [-2, -1]
        while counts[-2] != counts[-1]:
            time.sleep(0.1)
            counts.append(len(os.listdir(f"/proc/{self.process.pid}/fd")))  # noqa: PTH208
        return counts[-1]

    def notes(self) -> list[str]:
        path = self.place / "notes"
        return path.read_text().splitlines() if path.exists() else []


Serving = Callable[..., Served]


@pytest.fixture
def serving() -> Iterator[Serving]:
    """Start servers whose workers do what is given as code."""
    with contextlib.ExitStack() as stack:

        def start(code: str, *, idle_s: float = 60.0, grace_s: float = 60.0) -> Served:
            # Not pytest's: the paths of unix sockets are short.
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xw-")))
            (place / "loaded").write_text("1")
            words = (str(place), str(idle_s), str(grace_s), str(time.time_ns() + 10**9), code)
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "error", "-c", PROGRAM, *words],
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(end, process)
            assert process.stdout is not None
            assert process.stdout.readline() == "listens\n"
            return Served(place, process)

        yield start


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        for child in psutil.Process(process.pid).children():
            child.kill()
        process.kill()


def eventually(true: Callable[[], bool], within_s: float = 10.0) -> bool:
    until = time.monotonic() + within_s
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def all_of(connection: socket.socket) -> bytes:
    """Return everything that is said until the other end hangs up."""
    with connection:
        heard = b""
        while more := connection.recv(64):
            heard += more
        return heard


def test_who_waits_is_told_before_the_worker_is_gone_and_the_next_is_served(
    serving: Serving,
) -> None:
    statuses = (0, 1, 2, 3, 4, 5, 130, 143, 255)
    served = serving(LINGERS.replace("3)", f"{statuses}[born - 1])"))
    for number, status in enumerate(statuses, start=1):
        assert all_of(served.begun()) == bytes([*talking.ENDED, status])
        assert len(served.workers()) == number
        now = served.ask("status")
        assert (now["workers"], now["runs"]) == (number, number)
    for worker in served.workers():
        worker.kill()
    assert eventually(lambda: served.ask("status")["workers"] == 0)
    assert served.workers() == []


def test_what_a_worker_has_told_holds_when_it_is_killed(serving: Serving) -> None:
    served = serving(
        "def act(born, client, link):\n"
        "    begin(client, link); tell(link, 4); os.kill(os.getpid(), signal.SIGKILL)"
    )
    for _ in range(10):
        assert all_of(served.begun()) == talking.ENDED + b"\x04"
    assert eventually(lambda: served.ask("status")["workers"] == 0)


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("os._exit(5)", talking.ENDED + b"\x05"),
        ("os.kill(os.getpid(), signal.SIGKILL)", talking.KILLED + b"\x09"),
        ("os.abort()", talking.KILLED + bytes([signal.SIGABRT])),
    ],
)
def test_of_a_worker_that_has_told_nothing_is_told_how_it_ended(
    serving: Serving, ending: str, said: bytes
) -> None:
    served = serving(f"def act(born, client, link): begin(client, link); {ending}")
    assert all_of(served.begun()) == said
    assert served.ask("status")["workers"] == 0


def test_a_client_whose_worker_does_not_begin_is_refused(serving: Serving) -> None:
    served = serving("def act(born, client, link): os.write(client, b'?'); os._exit(1)")
    connection = served.connect()
    connection.sendall(talking.RUN)
    assert all_of(connection) == talking.LISTENING + talking.REFUSED
    assert served.ask("status")["runs"] == 0


def test_signals_reach_a_run_until_it_has_told_and_nobody_from_then_on(serving: Serving) -> None:
    served = serving(
        "def act(born, client, link):\n"
        "    asked = []\n"
        "    signal.signal(signal.SIGTERM, lambda *_: (note('asked'), asked.append(1)))\n"
        "    begin(client, link)\n"
        "    while not asked: time.sleep(0.01)\n"
        "    tell(link, 143)\n"
        "    while True: time.sleep(60)"
    )
    connection = served.begun()
    connection.sendall(bytes([signal.SIGTERM]))
    assert select.select([connection], [], [], 10)[0]
    # It is told already, but has not listened yet.
    with contextlib.suppress(BrokenPipeError):
        for _ in range(3):
            connection.sendall(bytes([signal.SIGTERM]))
    assert connection.recv(2) == talking.ENDED + bytes([143])
    connection.close()
    time.sleep(0.3)
    assert served.notes() == ["begun", "asked"]
    assert len(served.workers()) == 1


def test_a_client_that_is_gone_is_not_missed(serving: Serving) -> None:
    served = serving(
        "def act(born, client, link):\n"
        "    asked = []\n"
        "    signal.signal(signal.SIGTERM, lambda *_: (note('asked'), asked.append(1)))\n"
        "    begin(client, link)\n"
        "    while not asked: time.sleep(0.01)\n"
        "    tell(link, 143)\n"
        "    os._exit(143)"
    )
    before = served.descriptors()
    served.begun().close()
    assert eventually(lambda: served.ask("status")["workers"] == 0)
    assert served.notes() == ["begun", "asked"]
    assert eventually(lambda: served.descriptors() == before)


def ends_with_its_worker(served: Served, waits_s: float) -> None:
    """See that a server waits for its only worker, and no longer."""
    with pytest.raises(subprocess.TimeoutExpired):
        served.process.wait(waits_s)
    (worker,) = served.workers()
    worker.kill()
    assert served.process.wait(10) == 0


def test_a_server_that_stops_waits_for_a_worker_that_has_told(serving: Serving) -> None:
    served = serving(LINGERS)
    assert all_of(served.begun()) == talking.ENDED + b"\x03"
    assert served.ask("stop") == {"stopping": True}
    ends_with_its_worker(served, 0.7)


def test_a_server_is_not_idle_while_a_worker_is_there(serving: Serving) -> None:
    served = serving(LINGERS, idle_s=0.3)
    assert all_of(served.begun()) == talking.ENDED + b"\x03"
    ends_with_its_worker(served, 0.9)


def test_a_worker_that_has_told_and_does_not_end_is_killed(serving: Serving) -> None:
    served = serving(LINGERS, grace_s=0.5)
    assert all_of(served.begun()) == talking.ENDED + b"\x03"
    assert eventually(lambda: served.workers() == [])
    assert served.ask("status")["workers"] == 0


def test_no_descriptor_stays_open(serving: Serving) -> None:
    served = serving(
        "def act(born, client, link):\n"
        "    begin(client, link)\n"
        "    if born % 2: tell(link, 0)\n"
        "    os._exit(0)"
    )
    before = served.descriptors()
    for _ in range(6):
        assert all_of(served.begun()) == talking.ENDED + b"\x00"
    assert eventually(lambda: served.descriptors() == before)


def test_nothing_begins_where_memory_is_not_what_is_on_the_disk(serving: Serving) -> None:
    served = serving(LINGERS)
    (served.place / "loaded").write_text("2 now")
    connection = served.connect()
    connection.sendall(talking.RUN)
    assert all_of(connection).removeprefix(talking.LISTENING) == talking.REFUSED
    assert served.process.wait(10) == 0
    assert served.notes() == []
