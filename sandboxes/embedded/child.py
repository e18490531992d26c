"""The life of a forked child, from the fork to its end."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from sandboxes.embedded import guard, shutting, template
from sandboxes.embedded.emulators import Emulator, Place
from sandboxes.embedded.pulse import Pulse

READY = b"1"
MOST_SAID = 1000
LOG = "log"
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child has no time for it.
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that a child is given.

    Attributes:
        place: what it serves with.
        ready: descriptor to write `READY` to when it serves, and what does not hold behind it.
        log: descriptor of its log.
        pulse: descriptor of its page; see `pulse`.
        proc: descriptor of the machine's `/proc`, for the time until it is shut in.
        parent: process id of who forked it, with which it dies.
        shown: what it needs of the machine's files.
        orders: where the zygote tells it to stop serving, and to fork; None for a child that
            only serves. What a change can reach is never given any.
    """

    place: Place
    ready: int
    log: int
    pulse: int
    proc: int
    parent: int
    shown: Sequence[str]
    orders: socket.socket | None = None


def live(job: Job, emulator: Emulator) -> NoReturn:
    """Serve until killed; never returns into the code of whoever forked it."""
    try:
        _die_with(job.parent)
        place = replace(job.place, beat=Pulse(job.pulse).beat)
        _drop_inherited(job)
        forks = job.orders is not None
        open_ways = shutting.shut_in(job.place.directory, job.shown, proc=job.proc, forks=forks)
        os.close(job.proc)
        # Whoever changes its rights is no longer told of its parent's death.
        _die_with(job.parent)
        installed = _settle(job.place)
        if job.orders is None:
            emulator.serve(place, lambda: _announce(job.ready, open_ways))
        else:
            emulator.serve(place, lambda: _announce(job.ready, open_ways), job.orders.fileno())
            template.live(job, emulator, installed)
    except BaseException:
        # Whatever it was, the log is where the client looks for it.
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(1)


def make_directory(directory: Path) -> None:
    """Make what a child needs on disk."""
    directory.mkdir(mode=0o700)
    for name in shutting.WITHIN:
        (directory / name).mkdir(mode=0o700)


def open_log(directory: Path) -> int:
    """Return a descriptor of a child's log."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    return os.open(f"{directory}/{LOG}", flags, 0o600)


def _die_with(parent: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        # It died before we could ask to be told.
        os._exit(1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)


def _drop_inherited(job: Job) -> None:
    # The zygote's lock above all, and its other clients' connections.
    kept = {job.place.listener.fileno(), job.ready, job.proc}
    if job.orders is not None:
        kept.add(job.orders.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(job.log, 1)
    os.dup2(job.log, 2)
    below = 3
    for descriptor in sorted(kept):
        os.closerange(below, descriptor)
        below = descriptor + 1
    os.closerange(below, os.sysconf("SC_OPEN_MAX"))


def _settle(place: Place) -> guard.Guard:
    temporary = f"{place.directory}/tmp"
    # The zygote was started without anything of its user's, and with the emulator's settings.
    os.environ.update(_environment(place, temporary))
    os.chdir(place.directory)
    tempfile.tempdir = temporary
    sys.dont_write_bytecode = True
    return guard.install(place.directory, place.port)


def _environment(place: Place, temporary: str) -> Mapping[str, str]:
    return {
        "HOME": f"{place.directory}/home",
        "TMPDIR": temporary,
        "DOCKER_HOST": f"unix://{place.directory}/no-docker",
        "GATEWAY_PORT": str(place.known_as),
        "MINISTACK_ACCOUNT_ID": place.spec.account,
        "MINISTACK_REGION": place.spec.region,
        "AWS_ACCESS_KEY_ID": place.spec.account,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": place.spec.region,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{place.known_as}",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _announce(descriptor: int, open_ways: str) -> None:
    os.write(descriptor, READY + open_ways.encode()[:MOST_SAID])
    os.close(descriptor)
