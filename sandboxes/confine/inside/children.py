"""The command and all that it starts, seen from the process that is their process 1."""

from __future__ import annotations

import _signal
import errno
import os
import resource

from sandboxes.confine.inside import privileges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import NoReturn

_PAGE = resource.getpagesize()
_OWN = 1
_CANNOT_RUN = 127
_RESTORED = (_signal.SIGPIPE, _signal.SIGXFSZ)


class CannotRun(Exception):
    """There is no such program, or it cannot be run."""

    def __init__(self, number: int) -> None:
        super().__init__(os.strerror(number))
        self.number = number


class Child:
    """A live process."""

    __slots__ = ("pid", "resident", "threads")

    def __init__(self, pid: int, threads: int, resident: int) -> None:
        """Args:
        pid: its number inside.
        threads: how many it has.
        resident: bytes of memory, what it shares with others included.
        """
        self.pid = pid
        self.threads = threads
        self.resident = resident


def numbered(limits: Mapping[str, int]) -> dict[int, tuple[int, int]]:
    """Return resource limits by this system's numbers.

    Args:
        limits: by name: `NOFILE` and the like.
    """
    return {getattr(resource, f"RLIMIT_{name}"): (most, most) for name, most in limits.items()}


def start(
    arguments: Sequence[bytes],
    environment: Mapping[bytes, bytes],
    directory: bytes,
    limits: Mapping[int, tuple[int, int]],
) -> int:
    """Start the command in a session of its own; return its process id.

    Raises:
        CannotRun: there is no such program.
        OSError: its place could not be prepared.
    """
    told, tell = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            _prepare(directory, limits)
            _become(arguments, environment)
        except CannotRun as error:
            os.write(tell, str(error.number).encode())
        except OSError as error:
            os.write(tell, b"0" + str(error).encode())
        finally:
            os._exit(_CANNOT_RUN)
    os.close(tell)
    failure = os.read(told, 200)
    os.close(told)
    if failure:
        os.waitpid(pid, 0)
        if failure.startswith(b"0"):
            raise OSError(errno.EINVAL, failure[1:].decode("utf-8", "replace"))
        raise CannotRun(int(failure))
    return pid


def _prepare(directory: bytes, limits: Mapping[int, tuple[int, int]]) -> None:
    os.setsid()
    for number in _RESTORED:
        _signal.signal(number, _signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(1, 2)
    # Where memory runs out, this is what has to go.
    privileges.be_open()
    _write("/proc/self/oom_score_adj", b"1000")
    for which, bounds in limits.items():
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            bounds = (min(bounds[0], hard), min(bounds[1], hard))
        resource.setrlimit(which, bounds)
    os.chdir(directory)


def _become(arguments: Sequence[bytes], environment: Mapping[bytes, bytes]) -> NoReturn:
    failure = errno.ENOENT
    for path in _candidates(arguments[0], environment):
        try:
            os.execve(path, list(arguments), environment)
        except OSError as error:
            # A program that is there and cannot be run says more than one that is not.
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                failure = error.errno or errno.ENOENT
    raise CannotRun(failure)


def _candidates(program: bytes, environment: Mapping[bytes, bytes]) -> Iterator[bytes]:
    if b"/" in program:
        yield program
        return
    for directory in environment.get(b"PATH", os.defpath.encode()).split(b":"):
        yield os.path.join(directory, program)


def live() -> list[Child]:
    """Return every live process inside but this one."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == _OWN:
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The name in parentheses may itself hold spaces and parentheses.
                fields = file.read().rpartition(b") ")[2].split()
        except OSError:
            continue
        if fields[0] not in (b"Z", b"X"):
            found.append(Child(int(name), int(fields[17]), int(fields[21]) * _PAGE))
    return found


def proportional(children: Sequence[Child]) -> int:
    """Return the memory of all together in bytes, shared pages counted once."""
    total = 0
    for child in children:
        share = child.resident
        try:
            with open(f"/proc/{child.pid}/smaps_rollup", "rb") as file:
                for line in file:
                    if line.startswith(b"Pss:"):
                        share = int(line.split()[1]) * 1024
                        break
        except (OSError, ValueError):
            pass
        total += share
    return total


def signal_all(number: int) -> None:
    """Send a signal to every process inside but this one."""
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        return


def collect() -> dict[int, int]:
    """Collect who ended: process id -> wait status."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not pid:
            return ended
        ended[pid] = status


def disk_use(directory: str) -> int:
    """Return the bytes on disk of a tree; links are not followed."""
    total = 0
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += disk_use(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:
        pass
    return total


def _write(path: str, value: bytes) -> None:
    try:
        fd = os.open(path, os.O_WRONLY)
    except OSError:
        return
    try:
        os.write(fd, value)
    except OSError:
        pass
    finally:
        os.close(fd)
