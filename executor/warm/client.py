"""The console script `dry-run`: have the warm executor make the run, or make it oneself.

The client is what the user sees of a run: it passes on its descriptors and signals, and ends as
the run ended. Should it die, its run is ended. It imports next to nothing until it is clear that
it goes on alone.
"""

from __future__ import annotations

import _signal
import _socket
import os
import sys

from executor.warm.standing import standing
from executor.warm.talking import (
    ACCEPTED,
    ENDED,
    FORWARDED,
    LISTENING,
    MOST_DESCRIPTORS,
    RUN,
    interpreter,
    key,
    packed,
)
from sandboxes.background.runtime import is_private, runtime_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

    from executor.warm.talking import Errand

PROGRAM = "dry-run"
_WITHIN = "EXECUTOR_RUN"
"""Marks what runs within a dry run (`sandboxes.processes.MARKER`)."""
_DECIDED = (0, 3, 4, 5)
"""Exit statuses of a run that came to a decision."""

_SOON_S = 5.0
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SIGNALS = 64
_PYTHONS = (_signal.SIGPIPE, _signal.SIGXFSZ)
"""Python ignores them by itself."""


def dry_run_command() -> NoReturn:
    """Run `dry-run`."""
    arguments = sys.argv[1:]
    # Until there is something to clean up an interrupt just ends it, without a traceback.
    if interruptible := _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    asking = _Asking.of(arguments)
    status = asking.ask(arguments) if asking is not None else None
    if status is not None:
        os._exit(status)
    from executor.cli.main import invoke, leave

    if interruptible:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    status = invoke(PROGRAM, arguments)
    if asking is not None and status in _DECIDED and "executor.assembly" in sys.modules:
        # There was a run, and there may be another one.
        asking.have_one_started()
    leave(status)


class _Asking:
    """Asks the server for clients such as this one."""

    def __init__(self, interpreter: str, standing: str, runtime: str) -> None:
        self._interpreter = interpreter
        self._standing = standing
        self._runtime = runtime
        self._key = key(interpreter, standing)
        self._caught: list[int] = []

    @classmethod
    def of(cls, arguments: list[str]) -> _Asking | None:
        """Return what asks; None where this one has to go on alone."""
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        if sys.platform != "linux" or "--no-daemon" in options or _WITHIN in os.environ:
            return None
        if sys.gettrace() or sys.getprofile() or sys.warnoptions or sys._xoptions:
            return None
        if None in (sys.stdin, sys.stdout, sys.stderr):
            return None
        if _signal.pthread_sigmask(_signal.SIG_BLOCK, ()):
            # A run has nothing blocked.
            return None
        try:
            return cls(interpreter(sys.path), standing(), runtime_path())
        except OSError:
            return None

    def ask(self, arguments: list[str]) -> int | None:
        """Have the run made; returns its exit status, None where no server makes it."""
        connection = self._connected()
        if connection is None:
            return None
        errand = self._errand(arguments)
        forwarded = [n for n in FORWARDED if n not in errand["ignored"]]
        handlers = [
            _signal.signal(number, lambda number, _: self._caught.append(number))
            for number in forwarded
        ]
        if _accepted(connection, errand):
            before = _signal.pthread_sigmask(_signal.SIG_BLOCK, forwarded)
            for number in forwarded:
                _signal.signal(number, lambda number, _: self._pass_on(connection, number))
            for number in self._caught:
                # They came before there was anybody to take them.
                _say(connection, number)
            _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
            self._stop_together(connection, errand["ignored"])
            return self._told(connection)
        connection.close()
        for number, handler in zip(forwarded, handlers, strict=True):
            _signal.signal(number, handler)
        for number in self._caught:
            # It was to reach a run that there is not.
            _end_by(number)
        return None

    def have_one_started(self) -> None:
        """Start a server for the next one, unless one is there or coming."""
        from executor.warm.starting import start

        start(self._key, self._runtime)

    def _connected(self) -> _socket.socket | None:
        opened: list[int] = []
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        connection.settimeout(_SOON_S)
        try:
            for name in (self._runtime, self._key):
                at = opened[-1] if opened else None
                opened.append(os.open(name, _DIRECTORY, dir_fd=at))
                # In a directory of somebody else's a server of somebody else's may listen.
                if not is_private(os.fstat(opened[-1])):
                    raise OSError("others may enter it")
            # However long the path is, this one is short enough.
            connection.connect(f"/proc/self/fd/{opened[-1]}/socket")
            process, user = _other_end(connection)
            if user != os.getuid() or standing(process) != self._standing:
                raise OSError("it is somebody else's")
        except OSError:
            connection.close()
            return None
        finally:
            for descriptor in opened:
                os.close(descriptor)
        return connection

    def _errand(self, arguments: list[str]) -> Errand:
        umask = os.umask(0o077)
        os.umask(umask)
        return {
            "interpreter": self._interpreter,
            "program": sys.argv[0],
            "arguments": arguments,
            "environment": dict(os.environb),
            "umask": umask,
            "ignored": _ignored(),
            "streams": [
                (stream.encoding, stream.errors or "strict")
                for stream in (sys.stdin, sys.stdout, sys.stderr)
            ],
            "descriptors": [0, 1, 2, *_passed_to_us()],
        }

    def _pass_on(self, connection: _socket.socket, number: int) -> None:
        if number in self._caught:
            # The second time it is meant for this process, whatever the run is still doing.
            _end_by(number)
        self._caught.append(number)
        _say(connection, number)

    def _stop_together(self, connection: _socket.socket, ignored: list[int]) -> None:
        """When the user stops this process, the run stops as well, and goes on with it."""

        def stop(number: int, frame: FrameType | None) -> None:
            _say(connection, number)
            _signal.signal(number, _signal.SIG_DFL)
            os.kill(os.getpid(), number)
            # Only reached once somebody lets us go on.
            _signal.signal(number, stop)
            _say(connection, _signal.SIGCONT)

        if _signal.SIGTSTP not in ignored:
            _signal.signal(_signal.SIGTSTP, stop)

    def _told(self, connection: _socket.socket) -> int:
        """Wait for the end of the run and return its exit status."""
        heard = b""
        while len(heard) < 2:
            try:
                more = connection.recv(2 - len(heard))
            except OSError:
                more = b""
            if not more:
                return _lost("the background server that made the run is gone")
            heard += more
        number = heard[1]
        if heard[:1] == ENDED:
            return number
        if number in self._caught:
            # It came before the run could make a message of it.
            return 128 + number
        return _lost(f"the run was ended by signal {number}")


def _accepted(connection: _socket.socket, errand: Errand) -> bool:
    """Say what is to be done, and return whether it is being done."""
    numbers = errand["descriptors"]
    if len(numbers) >= MOST_DESCRIPTORS:
        return False
    try:
        connection.sendall(RUN, _socket.MSG_NOSIGNAL)
        if connection.recv(1) != LISTENING:
            return False
    except OSError:
        return False
    try:
        here = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        beside = b"".join(number.to_bytes(4, sys.byteorder) for number in [*numbers, here])
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, beside)]
        data = packed(errand)
        sent = connection.sendmsg([data], rights, _socket.MSG_NOSIGNAL)
        connection.sendall(data[sent:], _socket.MSG_NOSIGNAL)
        os.close(here)
        accepted = connection.recv(1) == ACCEPTED
    except TimeoutError:
        # Nobody can accept it from here on; who has done so has said it already.
        accepted = _hung_up(connection)
    except OSError:
        return False
    connection.settimeout(None)
    return accepted


def _hung_up(connection: _socket.socket) -> bool:
    try:
        connection.shutdown(_socket.SHUT_RD)
        return connection.recv(1) == ACCEPTED
    except OSError:
        return False


def _say(connection: _socket.socket, number: int) -> None:
    try:
        connection.send(bytes([number]), _socket.MSG_NOSIGNAL)
    except OSError:
        # It ended meanwhile; what it said is still to be read.
        return


def _end_by(number: int) -> None:
    _signal.signal(number, _signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _other_end(connection: _socket.socket) -> tuple[int, int]:
    """Return process and user of who listens there (struct ucred: process, user, group)."""
    found = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return int.from_bytes(found[:4], sys.byteorder), int.from_bytes(found[4:8], sys.byteorder)


def _lost(why: str) -> int:
    sys.stderr.write(f"{PROGRAM}: {why}\n  hint: nothing may be concluded from it; run it again\n")
    sys.stderr.flush()
    return 1


def _ignored() -> list[int]:
    found = []
    for number in range(1, _SIGNALS + 1):
        try:
            if _signal.getsignal(number) == _signal.SIG_IGN and number not in _PYTHONS:
                found.append(number)
        except ValueError:
            continue
    return found


def _passed_to_us() -> list[int]:
    """Return the descriptors that whoever started us has left open for us."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2 and os.get_inheritable(int(name)):
                found.append(int(name))
        except OSError:
            # The one that the directory was read with.
            continue
    return found
