"""Keeps an emulator to its own directory and its own port, from inside its process.

Emulators were not written to be harmless: they run functions as processes of the host, talk
to a Docker engine, open ports on all interfaces, keep caches in shared directories. An audit
hook refuses each of these with `PermissionError`, which the emulator sees as an operating
system that does not allow it.

Known limit: it stops the emulator's Python code, which means no harm, not hostile native code.
No code of the change runs in the process: nothing can be executed from here.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

_NEVER: Final = frozenset(
    {
        "socket.bind",
        "os.killpg",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.forkpty",
        "os.startfile",
        "pty.spawn",
    }
)
# Which of an event's arguments are paths that it changes.
_CHANGES: Final[Mapping[str, tuple[int, ...]]] = {
    "os.chflags": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.link": (0, 1),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.removexattr": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.setxattr": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.utime": (0,),
}
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REACHING: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

Check = Callable[[str, tuple[object, ...]], None]


class Guard:
    """A guard that is in force until whoever installed it lifts it.

    Only what has stopped to serve, to fork from then on, has any business with `lift`.
    """

    __slots__ = ("_lifted",)

    def __init__(self) -> None:
        self._lifted = False

    @property
    def lifted(self) -> bool:
        """It is not in force any more."""
        return self._lifted

    def lift(self) -> None:
        """Let this process, and those it forks, do what the emulator must not."""
        self._lifted = True


def install(directory: str, port: int) -> Guard:
    """Guard this process from now on; a process that nobody lifts it in cannot undo it.

    Args:
        directory: the only place where it may write.
        port: the only port it may reach, on loopback.
    """
    checks = _checks(os.path.realpath(directory), port)
    guard = Guard()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        check = checks.get(event)
        if check is not None and not guard.lifted:
            check(event, arguments)

    sys.addaudithook(hook)
    return guard


def _checks(directory: str, port: int) -> Mapping[str, Check]:
    def opening(event: str, arguments: tuple[object, ...]) -> None:
        flags = arguments[2]
        if isinstance(flags, int) and flags & _WRITING and not _inside(arguments[0], directory):
            _refuse(event, arguments)

    def changing(event: str, arguments: tuple[object, ...]) -> None:
        if not all(_inside(arguments[index], directory) for index in _CHANGES[event]):
            _refuse(event, arguments)

    def reaching(event: str, arguments: tuple[object, ...]) -> None:
        address = arguments[1]
        if not (isinstance(address, tuple) and address[0] in _LOOPBACK and address[1] == port):
            _refuse(event, arguments)

    return {
        **dict.fromkeys(_NEVER, _refuse),
        **dict.fromkeys(_CHANGES, changing),
        **dict.fromkeys(_REACHING, reaching),
        **dict.fromkeys(_RESOLVING, _resolving),
        "open": opening,
        "os.kill": _killing,
    }


def _resolving(event: str, arguments: tuple[object, ...]) -> None:
    # A question to a name server leaves the machine as well.
    if arguments[0] not in _LOOPBACK:
        _refuse(event, arguments)


def _killing(event: str, arguments: tuple[object, ...]) -> None:
    if arguments[0] != os.getpid():
        _refuse(event, arguments)


def _inside(path: object, directory: str) -> bool:
    if isinstance(path, int):
        # A descriptor that is open already.
        return True
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    found = os.path.realpath(os.fsdecode(path))
    return found == os.devnull or found == directory or found.startswith(directory + os.sep)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    # With a number, because callers expect one of an operating system's refusal.
    raise PermissionError(errno.EACCES, f"the sandbox does not allow {event} {arguments[:2]!r}")
