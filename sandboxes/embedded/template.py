"""The life of a template: a child that was seeded, has stopped serving, and forks from then on.

It was shut in before it served, like any child, but for the filter, which lets it fork and lets
its forks shut themselves in (`filtering`). Each fork does that once more, in namespaces of its
own within the template's, and under the whole filter. Nothing of a change ever reaches a
template: it served those who seeded it, and took their seeds alone.

The zygote gives it orders over a socket pair, one at a time; see `zygote_side` in `shelf`.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from sandboxes.background import wire
from sandboxes.embedded import messages, shutting
from sandboxes.embedded.emulators import Emulator, Place, StillWorking
from sandboxes.embedded.guard import Guard

if TYPE_CHECKING:
    from sandboxes.embedded.child import Job

FORK: Final = "fork"
_QUIET_S: Final = 5.0
_STEP_S: Final = 0.01
_MOST_DESCRIPTORS: Final = 4096


def live(job: Job, emulator: Emulator, installed: Guard) -> NoReturn:
    """Tell the zygote that it has stopped, and fork when told to, until the zygote ends it."""
    assert job.orders is not None
    orders = job.orders
    try:
        wire.receive(orders)
        job.place.listener.close()
        _see_that_all_is_in_memory(job)
        os.mkdir(f"{job.place.directory}/{FORK}", 0o700)  # noqa: PTH102 - as in `shutting`
        gc.collect()
        # Objects that the collector never visits stay on pages that forks share.
        gc.freeze()
    except StillWorking as error:
        wire.send(orders, {"stopped": False, "why": str(error)})
        os._exit(0)
    wire.send(orders, {"stopped": True})
    installed.lift()
    while True:
        _obey(job, emulator, *wire.receive_with(orders))


def _obey(
    job: Job, emulator: Emulator, order: Mapping[str, object], descriptors: list[int]
) -> None:
    assert job.orders is not None
    _bury_the_dead()
    if order.get("ask") != "fork":
        # It was only told that one of its forks has died.
        return
    parent = os.getpid()
    born = os.fork()
    if born == 0:
        _be_born(job, emulator, order, descriptors, parent)
    handle = os.pidfd_open(born)
    wire.send_with(job.orders, {"pid": born}, [handle])
    for descriptor in (handle, *descriptors):
        os.close(descriptor)


def _be_born(
    job: Job,
    emulator: Emulator,
    order: Mapping[str, object],
    descriptors: list[int],
    parent: int,
) -> NoReturn:
    # Imported here, since it is what imports us.
    from sandboxes.embedded import child

    try:
        listening, ready, log, pulse, proc, *more = descriptors
        place = Place(
            listener=socket.socket(fileno=listening),
            directory=f"{job.place.directory}/{FORK}",
            spec=messages.spec_from_wire(order.get("spec")),
            known_as=job.place.known_as,
        )
        theirs = child.Job(
            place=place,
            ready=ready,
            log=log,
            pulse=pulse,
            proc=proc,
            parent=parent,
            shown=job.shown,
            orders=socket.socket(fileno=more[0]) if more else None,
        )
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    child.live(theirs, emulator)


def _bury_the_dead() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _see_that_all_is_in_memory(job: Job) -> None:
    """See that a fork has everything: it gets this thread alone, and no files.

    Raises:
        StillWorking: it would not.
    """
    ends = time.monotonic() + _QUIET_S
    while threading.active_count() > 1:
        if time.monotonic() > ends:
            names = sorted(t.name for t in threading.enumerate())
            raise StillWorking(f"threads go on: {', '.join(names)}")
        time.sleep(_STEP_S)
    for path in _files(job.place.directory):
        raise StillWorking(f"something is kept in a file: {path}")
    assert job.orders is not None
    known = {0, 1, 2, job.orders.fileno()}
    for descriptor in range(_MOST_DESCRIPTORS):
        with suppress(OSError):
            os.fstat(descriptor)
            if descriptor not in known:
                raise StillWorking(f"descriptor {descriptor} is open")
    signal.set_wakeup_fd(-1)


def _files(directory: str) -> Iterator[str]:
    for name in shutting.WITHIN:
        for path, _, files in os.walk(f"{directory}/{name}"):
            yield from (f"{path}/{file}" for file in files)
