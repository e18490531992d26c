"""A fork of the server becomes what its client would have been, makes the run, and ends."""

from __future__ import annotations

import ctypes
import fcntl
import gc
import os
import select
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from executor.warm.talking import (
    ACCEPTED,
    ENDED,
    GO,
    LISTENING,
    MOST_DESCRIPTORS,
    missing,
    unpacked,
)

if TYPE_CHECKING:
    from executor.warm.talking import Errand

_PR_SET_PDEATHSIG = 1
_POPULATE_WRITE = 23
"""MADV_POPULATE_WRITE (asm-generic/mman-common.h), from Linux 5.14 on."""
# Loaded before any fork: a worker has no time for it.
_LIBC = ctypes.CDLL(None, use_errno=True)
_STREAMS = ("stdin", "stdout", "stderr")
_ERROR = 2
_FIRST_OWN = 3
_SILENT_S = 10.0
_PYTHONS = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
"""Python ignores them by itself."""
_COLLECT = (20_000, 20, 20)
"""A run is short, and most of what it makes is gone before the collector looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that a worker is given.

    Attributes:
        connection: descriptor of the socket to the client, which wants a run.
        link: descriptor of a socket to the server (SOCK_SEQPACKET). The server says `GO`, the
            worker `ACCEPTED` once it is what its client would have been, and how the run ended
            (`ENDED` and the status) once it holds nothing of the client's any more.
        interpreter: `interpreter()` of the server.
    """

    connection: int
    link: int
    interpreter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A run that was accepted.

    Attributes:
        arguments: of the command line.
        descriptors: which are the client's.
        link: as in `Job`.
    """

    arguments: list[str]
    descriptors: Sequence[int]
    link: int


class _Log:
    """The server's log, for as long as the worker is not yet its client."""

    def __init__(self) -> None:
        self.descriptor = os.dup(2)

    def write(self, text: str) -> None:
        os.write(self.descriptor, text.encode("utf-8", "replace"))

    def close(self) -> None:
        os.close(self.descriptor)


class _Unfit(Exception):
    """This process cannot be what the client would have been."""


def wait(orders: int, interpreter: str, parent: int) -> NoReturn:
    """Wait until there is something to do, with all memory at hand, and do it.

    Args:
        orders: descriptor of a socket at which the two descriptors of a `Job` come.
        interpreter: as in `Job`.
        parent: process id of the server.
    """
    try:
        _die_with(parent)
        _keep_open([orders])
        _copy_memory()
        with socket.socket(fileno=orders) as server:
            _, descriptors, _, _ = socket.recv_fds(server, 1, 2, socket.MSG_CMSG_CLOEXEC)
        if len(descriptors) != 2:
            os._exit(0)
        connection, link = descriptors
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    live(Job(connection=connection, link=link, interpreter=interpreter), parent)


def live(job: Job, parent: int) -> NoReturn:
    """Make the run; never returns into the code of whoever forked it."""
    status = 1
    log = _Log()
    try:
        _die_with(parent)
        run = _become(job, log)
    except BaseException:
        # Not where the client would see it: it goes on alone, and has nothing to do with this.
        log.write(traceback.format_exc())
        os._exit(status)
    log.close()
    try:
        from executor.cli.main import invoke

        status = invoke("dry-run", run.arguments)
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
    except KeyboardInterrupt:
        # It came before the program was there to say so.
        status = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            _tell(run, status)
        finally:
            # Where it could not be told the server sees it from this.
            os._exit(status)


def _tell(run: _Run, status: int) -> None:
    """Tell how the run ended: until the kernel has freed all this memory takes long.

    Whoever reads what the client writes waits for its end, so nothing of the client's is held
    any more by then. Nor are its numbers free: a thread that is still there and writes to one
    must not find there what another thread has just opened.
    """
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for number in run.descriptors:
        os.dup2(nothing, number)
    os.write(run.link, ENDED + bytes([status & 0xFF]))


def _become(job: Job, log: _Log) -> _Run:
    """Take on all in which the client differs from the server."""
    errand, passed = _received(job.connection)
    if errand["interpreter"] != job.interpreter or len(passed) != len(errand["descriptors"]) + 1:
        raise _Unfit("the client runs another Python, or not all of it came")
    os.setpgid(0, 0)
    os.fchdir(passed[-1])
    os.umask(errand["umask"])
    os.environb.clear()
    os.environb.update(errand["environment"])
    # Where temporary files go is told by the environment.
    tempfile.tempdir = None
    sys.argv = [errand["program"], *errand["arguments"]]
    own = [job.connection, job.link, log.descriptor]
    connection, link, log.descriptor = _take_descriptors(passed[:-1], errand["descriptors"], own)
    _take_streams(errand["streams"])
    reset_signals(errand["ignored"])
    gc.set_threshold(*_COLLECT)
    _wait_for_leave(link)
    # A client that waits no more has closed this; then there is no run.
    os.write(connection, ACCEPTED)
    os.write(link, ACCEPTED)
    os.close(connection)
    return _Run(arguments=errand["arguments"], descriptors=errand["descriptors"], link=link)


def _wait_for_leave(link: int) -> None:
    """Wait until the server has seen that what is in memory is still what is on the disk."""
    waiting = select.poll()
    waiting.register(link, select.POLLIN)
    # The client waits less long; a server that stands still must not have its descriptors kept.
    if not waiting.poll(_SILENT_S * 1000) or os.read(link, 1) != GO:
        raise _Unfit("the server does not let it begin")


def _die_with(parent: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise _Unfit("the server died before this process could ask to be told")


def _copy_memory() -> None:
    """Have all that is shared with the server for oneself: a run waits for every page else."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        areas = [line.split() for line in file]
    for place, rights, _, _, inode, *_ in areas:
        if rights.startswith("rw") and inode == "0":
            begin, end = (int(part, 16) for part in place.split("-"))
            # Older kernels refuse, and the pages come one by one.
            _LIBC.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _POPULATE_WRITE)


def _received(connection: int) -> tuple[Errand, list[int]]:
    """Read what the client wants, and the descriptors beside it.

    Raises:
        _Unfit: it says nothing that can be understood.
    """
    os.write(connection, LISTENING)
    heard, descriptors = b"", list[int]()
    with socket.socket(fileno=os.dup(connection)) as client:
        client.settimeout(_SILENT_S)
        while (errand := unpacked(heard)) is None:
            data, more, _, _ = socket.recv_fds(
                client,
                # Not a byte more: what follows are signals, and for the server.
                missing(heard),
                MOST_DESCRIPTORS,
                socket.MSG_CMSG_CLOEXEC,
            )
            if not data:
                raise _Unfit("the client is gone")
            heard += data
            descriptors += more
    return errand, descriptors


def _take_descriptors(
    theirs: Sequence[int], numbers: Sequence[int], own: Sequence[int]
) -> list[int]:
    """Have the client's descriptors at its numbers, and none of the server's, its lock above all.

    Args:
        theirs: the client's, as they were passed.
        numbers: which they are at the client.
        own: further ones to keep.

    Returns:
        Where those are now.
    """
    beyond = max(*theirs, *numbers, *own) + 1
    moved, kept = (
        [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, beyond) for descriptor in group]
        for group in (theirs, own)
    )
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number, inheritable=True)
    _keep_open([*kept, *numbers])
    return kept


def _keep_open(numbers: Sequence[int]) -> None:
    """Close every descriptor but these and the standard ones."""
    kept = {*range(_FIRST_OWN), *numbers}
    # Not all that there might be: some systems allow a thousand million.
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - speed
        if int(name) not in kept:
            with suppress(OSError):
                # The one that the directory was read with is closed already.
                os.close(int(name))


def _take_streams(forms: Sequence[tuple[str, str]]) -> None:
    for number, (encoding, errors) in enumerate(forms):
        # By lines where somebody watches, as Python opens them.
        by_lines = number == _ERROR or (number > 0 and os.isatty(number))
        stream = open(
            number,
            "w" if number else "r",
            1 if by_lines else -1,
            encoding=encoding,
            errors=errors,
            closefd=False,
        )
        name = _STREAMS[number]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def reset_signals(ignored: Sequence[int] = ()) -> None:
    """Have the dispositions that Python starts with, and nothing blocked.

    Args:
        ignored: signals that are ignored; what the process ignored before does not count.
    """
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - _PYTHONS:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
    if signal.SIGINT not in ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
