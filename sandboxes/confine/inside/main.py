"""The order of events inside: prepare, look, start, watch, end.

What happens is told to the process outside, one line each:

    inside              all that was to be shown is, and this program runs
    probe KIND TEXT     something that does not hold
    started             the command runs
    missing NUMBER      it cannot be run, and why, as an error number
    asked NAME          a host name that has no address here
    limit KIND          the command is ended because it went beyond that limit
    ports NAME...       sockets that listen, beside it, and what each is for
    ended CODE LEFT     it ended; how many processes it left behind
    broken TEXT         the confinement itself does not work
"""

from __future__ import annotations

import _signal
import _socket
import marshal
import os
import resource
import select
import sys
import time

from sandboxes.confine.inside import children, privileges, probes
from sandboxes.confine.inside.hostnames import Book
from sandboxes.confine.inside.outside import Sockets, Streams, read_settings, take_streams
from sandboxes.confine.inside.piping import Loop, NameServer, Port, listening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_TICK_S = 0.1
_GRACE_S = 2.0
_LAST_S = 2.0
_MOST_NAMES = 200
_LOOPBACK = "127.0.0.1"
_KILLED = 128 + 9
_LAST_WORDS = ("missing", "ended", "broken")


def main() -> NoReturn:
    """Run the command that the settings describe, where sockets were handed in.

    The arguments are two file descriptors, a socket to talk to the outside and a file with the
    settings, and the directory of the gateway's sockets.
    """
    loop = Loop()
    with open(int(sys.argv[2]), "rb") as file:
        settings = marshal.load(file)
    _live(loop, Sockets(loop, int(sys.argv[1]), sys.argv[3]), settings)


def main_over_streams() -> NoReturn:
    """Run the command that the settings describe, which come first on the standard input."""
    loop = Loop()
    source, sink = take_streams()
    settings = marshal.loads(read_settings(source))
    _live(loop, Streams(loop, source, sink), settings)


def _live(loop: Loop, outside: Sockets | Streams, settings: dict[str, Any]) -> NoReturn:
    # A connection takes two files here, and the command may have many.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    cage = _Cage(loop, outside, settings)
    try:
        cage.run()
    except OSError as error:
        cage.tell("broken", str(error))
        os._exit(1)
    os._exit(0)


class _Cage:
    def __init__(self, loop: Loop, outside: Sockets | Streams, settings: dict[str, Any]) -> None:
        self._loop = loop
        self._outside = outside
        self._settings = settings
        self._asked: set[str] = set()
        self._command = 0
        self._code: int | None = None
        self._ordered = False  # to end

    def tell(self, word: str, text: str = "") -> None:
        """Tell the outside; when nobody listens there, nothing may go on here."""
        line = f"{word} {text}".strip().replace("\n", " ")
        try:
            self._outside.tell(line.encode("utf-8", "replace"))
            if word in _LAST_WORDS:
                self._outside.finish()
        except OSError:
            os._exit(1)

    def run(self) -> None:
        """Go through it all."""
        self.tell("inside")
        privileges.limit_namespaces(self._settings["tasks"] + self._settings["spare_tasks"])
        self._open_ports()
        privileges.mount_terminals()
        privileges.protect_kernel_settings()
        privileges.leave_keyring()
        privileges.drop_everything()
        self._probe()
        self._watch_signals()
        if self._start():
            self._follow()
            self._end()

    def _open_ports(self) -> None:
        settings = self._settings
        book = Book(settings["suffixes"], settings["hosts"], _LOOPBACK)
        NameServer(self._loop, _LOOPBACK, book, self._asked_in_vain)
        handed: list[tuple[str, _socket.socket]] = []
        for address, port, name, greeting in settings["ports"]:
            try:
                if name in settings["handed"]:
                    handed.append((name, listening(address, port)))
                else:
                    Port(self._loop, address, port, self._outside.road(name, greeting))
            except OSError:
                # A machine may be without IPv6; nobody is let out by that.
                if ":" not in address:
                    raise
        self._outside.hand_out(handed)

    def _probe(self) -> None:
        settings = self._settings
        found = {
            "network": probes.network(),
            "filesystem": probes.filesystem(
                settings["writable"], settings["read_only"], settings["directory"]
            ),
            "credentials": probes.credentials(settings["hidden"]),
            "privileges": probes.privileges(),
        }
        for kind, wrong in found.items():
            for text in wrong:
                self.tell("probe", f"{kind} {text}")

    def _watch_signals(self) -> None:
        woken, wake = os.pipe()
        for fd in (woken, wake):
            os.set_blocking(fd, False)
        _signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
        self._loop.add(woken, select.POLLIN, lambda _: self._emptied(woken))
        self._outside.await_order(self._told)

    def _emptied(self, fd: int) -> None:
        os.read(fd, 4096)
        self._collect()

    def _collect(self) -> None:
        status = children.collect().get(self._command)
        if status is not None:
            code = os.waitstatus_to_exitcode(status)
            self._code = 128 - code if code < 0 else code

    def _told(self, there: bool) -> None:
        # Anything that is said from outside, silence included, means the end.
        if not there:
            os._exit(1)
        self._ordered = True

    def _asked_in_vain(self, name: str) -> None:
        if name not in self._asked and len(self._asked) < _MOST_NAMES:
            self._asked.add(name)
            self.tell("asked", name)

    def _start(self) -> bool:
        settings = self._settings
        try:
            self._command = children.start(
                settings["arguments"],
                settings["environment"],
                os.fsencode(settings["directory"]),
                children.numbered(settings["limits"]),
            )
        except children.CannotRun as error:
            self.tell("missing", str(error.number))
            return False
        self.tell("started")
        # What is written from here on is the command's alone.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        return True

    def _follow(self) -> None:
        looked = time.monotonic()
        free = self._free()
        while self._code is None and not self._ordered:
            self._loop.turn(_TICK_S)
            if time.monotonic() - looked < _TICK_S:
                continue
            broken = self._broken_limit(free)
            looked = time.monotonic()
            if broken:
                self.tell("limit", broken)
                children.signal_all(_signal.SIGKILL)
                self._ordered = True

    def _broken_limit(self, free: int) -> str:
        settings = self._settings
        found = children.live()
        if sum(child.threads for child in found) > settings["tasks"]:
            return "processes"
        memory = settings["memory"]
        if (
            sum(child.resident for child in found) > memory
            and children.proportional(found) > memory
        ):
            return "memory"
        work = settings["directory"]
        if free - self._free() > settings["disk"] and children.disk_use(work) > settings["disk"]:
            return "disk"
        return ""

    def _free(self) -> int:
        try:
            found = os.statvfs(self._settings["directory"])
        except OSError:
            return 0
        return found.f_bavail * found.f_frsize

    def _end(self) -> None:
        self._collect()
        alive = children.live()
        left = sum(child.pid != self._command for child in alive)
        if alive:
            children.signal_all(_signal.SIGTERM)
            # Signals wait for a process that stands still.
            children.signal_all(_signal.SIGCONT)
            self._wait_for_none(_GRACE_S)
            children.signal_all(_signal.SIGKILL)
            self._wait_for_none(_LAST_S)
        self._deliver()
        self.tell("ended", f"{_KILLED if self._code is None else self._code} {left}")

    def _deliver(self) -> None:
        """Hand on what was sent before everybody had ended; nothing more can come."""
        until = time.monotonic() + _LAST_S
        while time.monotonic() < until:
            busy = self._loop.waiting or self._outside.busy
            if not self._loop.turn(0.0) and not busy:
                return
            if busy:
                self._loop.turn(0.01)

    def _wait_for_none(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while children.live() and time.monotonic() < until:
            self._loop.turn(0.01)
        self._collect()


if __name__ == "__main__":
    main()
