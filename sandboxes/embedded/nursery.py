"""Where children are born and buried: forked here, or by a template that is told to."""

from __future__ import annotations

import os
import socket
import uuid
from contextlib import ExitStack
from typing import Final

from sandboxes.background.places import Home
from sandboxes.embedded import child, pulse, shutting
from sandboxes.embedded.emulators import Emulator, Place
from sandboxes.embedded.shelf import Child, Shelf, Template, kill
from sandboxes.model import SandboxSpec

_BACKLOG: Final = 128
_ORDER_S: Final = 5.0


class Nursery:
    """Forks the children of one zygote."""

    def __init__(self, emulator: Emulator, home: Home, shelf: Shelf) -> None:
        """Args:
        emulator: already loaded.
        home: where children keep what they have on disk.
        shelf: the templates.
        """
        self._emulator = emulator
        self._home = home
        self._shelf = shelf
        self._shown = shutting.places()

    def fork(self, spec: SandboxSpec, template: Template | None, *, orders: bool) -> Child:
        """Fork a child, from a template where one is given.

        Args:
            spec: as whom it serves.
            template: what it is a fork of; None for the empty emulator.
            orders: it is to become a template itself.

        Raises:
            OSError: the kernel does not let us.
            Severed: the template did not.
        """
        name = f"embedded-{uuid.uuid4().hex[:12]}"
        directory = self._home.directory / name
        child.make_directory(directory)
        ours, theirs = _socket_pair() if orders else (None, None)
        with (
            socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener,
            ExitStack() as passed_on,
        ):
            ready, announce = os.pipe()
            log = child.open_log(directory)
            page = pulse.create(directory)
            proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            for descriptor in (announce, log, page, proc):
                passed_on.callback(os.close, descriptor)
            if theirs is not None:
                passed_on.enter_context(theirs)
            port = listener.getsockname()[1]
            job = child.Job(
                place=Place(listener=listener, directory=str(directory), spec=spec, known_as=port),
                ready=announce,
                log=log,
                pulse=page,
                proc=proc,
                parent=os.getpid(),
                shown=self._shown,
                orders=theirs,
            )
            pid, handle = self._born(job) if template is None else self._forked(template, job)
            born = Child(
                id=name,
                pid=pid,
                handle=handle,
                ready=ready,
                port=port,
                directory=directory,
                spec=spec,
                orders=ours,
                parent=template,
            )
        if template is not None:
            template.forks.add(born)
        return born

    def _born(self, job: child.Job) -> tuple[int, int]:
        pid = os.fork()
        if pid == 0:
            child.live(job, self._emulator)
        return pid, os.pidfd_open(pid)

    def _forked(self, template: Template, job: child.Job) -> tuple[int, int]:
        passed = [job.place.listener.fileno(), job.ready, job.log, job.pulse, job.proc]
        if job.orders is not None:
            passed.append(job.orders.fileno())
        return self._shelf.fork(template, job.place.spec, passed)

    def bury(self, ending: Child) -> None:
        """End a child, and wait until nothing is left of it but its directory."""
        kill(ending)
        if ending.parent is None:
            os.waitpid(ending.pid, 0)
        self._shelf.buried(ending)
        ending.dead = True
        for descriptor in (ending.handle, ending.ready):
            os.close(descriptor)
        if ending.orders is not None:
            ending.orders.close()


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    # Whole messages: two orders must not be read as one.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(_ORDER_S)
    return ours, theirs
