"""Serves clients: forks a worker for each, tells how it ended, and ends what clients leave.

One thread and one selector, because a fork copies only the thread that calls it and all the
locks of the others. What a client wants is read by the worker: its environment is never here.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from executor.warm import talking
from executor.warm.births import Births
from executor.warm.preloading import Loaded
from executor.warm.standing import standing
from sandboxes.background import wire

_SILENT_S = 10.0
_GRACE_S = 10.0
_HEARD_S = 3.0
_TICK_S = 0.5
_READY_S = 60.0
"""So long after a run a worker is kept ready for the next one; it takes memory of its own."""
_LONG_S = 3600.0
_LONGEST = 4096
_PASSED = (*talking.FORWARDED, signal.SIGTSTP, signal.SIGCONT)
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(slots=True, eq=False)
class _Worker:
    """A fork.

    Attributes:
        pid: its process id.
        handle: descriptor of the process, readable when it has ended.
        begun: a pipe in which it says that it has become its client.
        has_begun: it said so; what the client says from then on is for the server.
        told: the signal by which it was asked to end already; it is not to be interrupted while
            it cleans up.
        until: when it is killed; None as long as its client is there.
    """

    pid: int
    handle: int
    begun: int
    has_begun: bool = False
    told: int = 0
    until: float | None = None


@dataclass(slots=True, eq=False)
class _Client:
    """Who is connected.

    Attributes:
        connection: to it.
        peer: descriptor of the process that connected.
        equal: whether that stands as this process does.
        since: when it came.
    """

    connection: socket.socket
    peer: int
    equal: bool
    since: float
    heard: bytearray = field(default_factory=bytearray)
    worker: _Worker | None = None


class Server:
    """Serves until told to stop, idle for too long, or no longer what is on the disk."""

    def __init__(self, listener: socket.socket, loaded: Loaded, *, idle_s: float) -> None:
        """Args:
        listener: where clients connect; does not block.
        loaded: what is in memory.
        idle_s: end after that many seconds without a run.
        """
        self._listener = listener
        self._loaded = loaded
        self._idle_limit_s = idle_s
        self._idle_since = time.monotonic()
        self._births = Births(talking.interpreter(sys.path))
        self._clients: dict[int, _Client] = {}
        self._runs = 0
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._watch(listener.fileno(), self._accept)

    def run(self) -> None:
        """Serve; on return, however it comes, every worker is dead."""
        self._stop_on_signals()
        self._births.prepare()
        try:
            while not self._finished():
                for key, _ in self._selector.select(self._patience_s()):
                    # An earlier event of the same round may have ended it.
                    if key.fd in self._selector.get_map():
                        key.data()
                self._end_overdue()
                self._see_to_births()
        finally:
            self._births.close()
            for client in list(self._clients.values()):
                if client.worker is not None:
                    self._signal(client.worker, signal.SIGKILL)
                    self._ended(client, client.worker)

    def _see_to_births(self) -> None:
        """Have a worker ready while it is likely to be needed, when that is in nobody's way."""
        if self._workers or self._stopping:
            return
        if self._idle_s() < _READY_S:
            self._births.prepare()
        else:
            self._births.close()

    def _stop_on_signals(self) -> None:
        """Stop as when asked to; not at once, for anything might be under way."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        for number in _ENDING:
            signal.signal(number, lambda *_: os.write(wake, b"."))

        def stop() -> None:
            os.read(woken, 64)
            self._stop()

        self._watch(woken, stop)

    @property
    def _workers(self) -> list[_Worker]:
        return [c.worker for c in self._clients.values() if c.worker is not None]

    def _finished(self) -> bool:
        if self._workers:
            return False
        return self._stopping or self._idle_s() >= self._idle_limit_s

    def _idle_s(self) -> float:
        return 0.0 if self._workers else time.monotonic() - self._idle_since

    def _patience_s(self) -> float:
        if any(c.worker is None or c.worker.until is not None for c in self._clients.values()):
            return _TICK_S
        if self._workers:
            return _LONG_S
        idle = self._idle_s()
        until = _READY_S if idle < _READY_S else self._idle_limit_s
        return max(0.0, min(until, self._idle_limit_s) - idle)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for client in list(self._clients.values()):
            worker = client.worker
            if worker is None:
                if now - client.since > _SILENT_S:
                    self._drop(client)
            elif worker.until is not None:
                self._hurry(worker, now)

    def _hurry(self, worker: _Worker, now: float) -> None:
        """End a worker without a client that does not end by itself."""
        assert worker.until is not None
        if worker.told and now > worker.until - _GRACE_S + _HEARD_S:
            # It may have come to a thread that cannot act on it; to Python the same signal again
            # is the same interrupt.
            self._signal(worker, worker.told)
            worker.told = 0
        if now > worker.until:
            self._signal(worker, signal.SIGKILL)

    def _watch(self, descriptor: int, react: Callable[[], None]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, react)

    def _unwatch(self, descriptor: int) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:
            # No descriptors are left; others may give theirs back.
            time.sleep(_TICK_S)
            return
        try:
            if not wire.is_ours(connection):
                raise OSError("another user's")
            peer = wire.peer_handle(connection)
        except OSError:
            connection.close()
            return
        # What is said is small; a client that does not listen must not hold up the others.
        connection.settimeout(1.0)
        client = _Client(connection, peer, _stands_like_us(connection), time.monotonic())
        self._clients[connection.fileno()] = client
        self._watch(connection.fileno(), lambda: self._heard(client))

    def _heard(self, client: _Client) -> None:
        """See to what a client says; never raises, for the sake of the others."""
        try:
            if client.worker is not None:
                self._pass_on(client, client.worker)
            else:
                self._obey(client)
        except Exception:
            traceback.print_exc()
            if client.worker is None:
                self._drop(client)
            else:
                self._left(client, client.worker)

    def _pass_on(self, client: _Client, worker: _Worker) -> None:
        try:
            heard = client.connection.recv(64)
        except ConnectionError:
            # It went without reading what it was told.
            heard = b""
        if not heard:
            self._left(client, worker)
        for number in heard:
            if number in _PASSED:
                if number in talking.FORWARDED:
                    worker.told = number
                self._signal(worker, number)

    def _left(self, client: _Client, worker: _Worker) -> None:
        """See to the worker of a client that is gone."""
        self._unwatch(client.connection.fileno())
        self._dismiss(worker)

    def _obey(self, client: _Client) -> None:
        heard = client.connection.recv(_LONGEST)
        client.heard += heard
        if client.heard == talking.RUN:
            self._run(client)
        elif not heard or len(client.heard) > _LONGEST:
            self._drop(client)
        elif client.heard.endswith(b"\n"):
            answer = self._answer(wire.parse(bytes(client.heard)))
            client.heard.clear()
            wire.send(client.connection, answer)

    def _answer(self, message: Mapping[str, object]) -> Mapping[str, object]:
        match message.get("ask"):
            case "status":
                return {
                    "pid": os.getpid(),
                    "workers": len(self._workers),
                    "runs": self._runs,
                    "idle_s": self._idle_s(),
                }
            case "stop":
                self._stop()
                return {"stopping": True}
        raise wire.Severed("cannot be asked that")

    def _stop(self) -> None:
        """Take no more clients, and end when the last worker has."""
        self._stopping = True
        for worker in self._workers:
            self._dismiss(worker)

    def _run(self, client: _Client) -> None:
        self._stopping = self._stopping or self._loaded.is_stale()
        if self._stopping or not client.equal or _is_over(client.peer):
            client.connection.sendall(talking.REFUSED)
            self._drop(client)
            return
        begun, begins = os.pipe()
        try:
            pid, handle = self._births.worker(client.connection.fileno(), begins)
        except OSError:
            os.close(begun)
            raise
        finally:
            os.close(begins)
        client.worker = worker = _Worker(pid=pid, handle=handle, begun=begun)
        # Until the worker has begun what the client says is for the worker.
        self._unwatch(client.connection.fileno())
        self._watch(worker.begun, lambda: self._begun(client, worker))
        self._watch(worker.handle, lambda: self._ended(client, worker))

    def _begun(self, client: _Client, worker: _Worker) -> None:
        self._unwatch(worker.begun)
        worker.has_begun = os.read(worker.begun, 1) == talking.ACCEPTED
        if worker.has_begun:
            self._runs += 1
            self._watch(client.connection.fileno(), lambda: self._heard(client))

    def _signal(self, worker: _Worker, number: int) -> None:
        # Until it has been waited for its number is nobody else's.
        os.kill(worker.pid, number)

    def _dismiss(self, worker: _Worker) -> None:
        """Have a worker clean up and end, and end it where it does not."""
        if worker.until is None:
            worker.until = time.monotonic() + _GRACE_S
            if not worker.told:
                self._signal(worker, signal.SIGTERM)
            # Signals wait for a process that stands still.
            self._signal(worker, signal.SIGCONT)

    def _ended(self, client: _Client, worker: _Worker) -> None:
        if not worker.has_begun:
            self._begun(client, worker)
        self._unwatch(worker.handle)
        _, status = os.waitpid(worker.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if not worker.has_begun:
            said = talking.REFUSED
        elif code >= 0:
            said = talking.ENDED + bytes([code])
        else:
            said = talking.KILLED + bytes([-code])
        os.close(worker.handle)
        os.close(worker.begun)
        client.worker = None
        self._idle_since = time.monotonic()
        try:
            client.connection.sendall(said)
        except OSError:
            # It did not wait for that.
            pass
        finally:
            self._drop(client)

    def _drop(self, client: _Client) -> None:
        descriptor = client.connection.fileno()
        if self._clients.pop(descriptor, None) is not None:
            self._unwatch(descriptor)
            client.connection.close()
            os.close(client.peer)


def _stands_like_us(connection: socket.socket) -> bool:
    try:
        return standing(wire.peer(connection)) == standing()
    except OSError:
        return False


def _is_over(handle: int) -> bool:
    """Whether a process has ended; what was found out about its number says nothing then."""
    with selectors.DefaultSelector() as selector:
        selector.register(handle, selectors.EVENT_READ)
        return bool(selector.select(0))
