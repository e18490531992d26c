"""Serves clients: forks a worker for each, tells how it ended, and ends what clients leave.

One thread and one selector, because a fork copies only the thread that calls it and all the
locks of the others. What a client wants is read by the worker: its environment is never here.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress

from executor.warm import talking
from executor.warm.births import Forking
from executor.warm.preloading import Loaded
from executor.warm.served import Client, Worker
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


class Server:
    """Serves until told to stop, idle for too long, or no longer what is on the disk."""

    def __init__(
        self,
        listener: socket.socket,
        loaded: Loaded,
        births: Forking,
        *,
        idle_s: float,
        grace_s: float = _GRACE_S,
    ) -> None:
        """Args:
        listener: where clients connect; does not block.
        loaded: what is in memory.
        births: forks workers.
        idle_s: end after that many seconds without a run.
        grace_s: kill a worker that nobody waits for any more after that many seconds.
        """
        self._listener = listener
        self._loaded = loaded
        self._idle_limit_s = idle_s
        self._idle_since = time.monotonic()
        self._births = births
        self._grace_s = grace_s
        self._clients: dict[int, Client] = {}
        self._workers: list[Worker] = []
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
            for worker in list(self._workers):
                self._signal(worker, signal.SIGKILL)
                self._ended(worker)

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

    def _finished(self) -> bool:
        if self._workers:
            return False
        return self._stopping or self._idle_s() >= self._idle_limit_s

    def _idle_s(self) -> float:
        return 0.0 if self._workers else time.monotonic() - self._idle_since

    def _patience_s(self) -> float:
        silent = any(client.worker is None for client in self._clients.values())
        if silent or any(worker.until is not None for worker in self._workers):
            return _TICK_S
        if self._workers:
            return _LONG_S
        idle = self._idle_s()
        until = _READY_S if idle < _READY_S else self._idle_limit_s
        return max(0.0, min(until, self._idle_limit_s) - idle)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for client in list(self._clients.values()):
            if client.worker is None and now - client.since > _SILENT_S:
                self._drop(client)
        for worker in self._workers:
            if worker.until is not None:
                self._hurry(worker, now)

    def _hurry(self, worker: Worker, now: float) -> None:
        """End a worker that nobody waits for and that does not end by itself."""
        assert worker.until is not None
        if worker.told and now > worker.until - self._grace_s + _HEARD_S:
            # It may have come to a thread that cannot act on it; to Python the same signal again
            # is the same interrupt.
            self._signal(worker, worker.told)
            worker.told = 0
        if now > worker.until:
            self._signal(worker, signal.SIGKILL)

    def _watch(self, descriptor: int, react: Callable[[], object]) -> None:
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
        client = Client(connection, peer, _stands_like_us(connection), time.monotonic())
        self._clients[connection.fileno()] = client
        self._watch(connection.fileno(), lambda: self._heard(client))

    def _heard(self, client: Client) -> None:
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

    def _pass_on(self, client: Client, worker: Worker) -> None:
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

    def _left(self, client: Client, worker: Worker) -> None:
        """See to the worker of a client that is gone."""
        self._unwatch(client.connection.fileno())
        self._dismiss(worker)

    def _obey(self, client: Client) -> None:
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

    def _run(self, client: Client) -> None:
        if self._stopping or not client.equal or _is_over(client.peer):
            self._tell(client, talking.REFUSED)
            return
        link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link.setblocking(False)
        try:
            with theirs:
                pid, handle = self._births.worker(client.connection.fileno(), theirs.fileno())
        except OSError:
            link.close()
            raise
        client.worker = worker = Worker(pid=pid, handle=handle, link=link, client=client)
        self._workers.append(worker)
        # Until the worker has begun what the client says is for the worker.
        self._unwatch(client.connection.fileno())
        self._watch(link.fileno(), lambda: self._hear(worker))
        self._watch(worker.handle, lambda: self._ended(worker))
        self._let(worker)

    def _let(self, worker: Worker) -> None:
        """Let a worker begin, or nobody any more where memory is not what is on the disk."""
        # Looked at while the worker becomes its client, which takes about as long.
        if self._loaded.is_stale():
            self._stopping = True
            self._signal(worker, signal.SIGKILL)
            return
        with suppress(OSError):
            # If it is gone, that comes to be known by its handle.
            worker.link.send(talking.GO)

    def _hear(self, worker: Worker) -> bool:
        """See to what a worker says; returns whether it said anything."""
        try:
            said = worker.link.recv(_LONGEST)
        except BlockingIOError:
            return False
        except ConnectionError:
            said = b""
        client = worker.client
        if not said or client is None:
            self._unwatch(worker.link.fileno())
            return False
        if said == talking.ACCEPTED:
            worker.has_begun = True
            self._runs += 1
            self._watch(client.connection.fileno(), lambda: self._heard(client))
        else:
            # Whatever becomes of it from here on, this is how the run ended.
            worker.until = worker.until or time.monotonic() + self._grace_s
            worker.told = 0
            self._part(worker, client, said)
        return True

    def _signal(self, worker: Worker, number: int) -> None:
        # Until it has been waited for its number is nobody else's.
        os.kill(worker.pid, number)

    def _dismiss(self, worker: Worker) -> None:
        """Have a worker clean up and end, and end it where it does not."""
        if worker.until is None:
            worker.until = time.monotonic() + self._grace_s
            if not worker.told:
                self._signal(worker, signal.SIGTERM)
            # Signals wait for a process that stands still.
            self._signal(worker, signal.SIGCONT)

    def _ended(self, worker: Worker) -> None:
        while self._hear(worker):
            # What it said last may be unread.
            continue
        self._unwatch(worker.handle)
        self._unwatch(worker.link.fileno())
        _, status = os.waitpid(worker.pid, 0)
        os.close(worker.handle)
        worker.link.close()
        self._workers.remove(worker)
        self._idle_since = time.monotonic()
        if worker.client is not None:
            code = os.waitstatus_to_exitcode(status)
            if not worker.has_begun:
                said = talking.REFUSED
            elif code >= 0:
                said = talking.ENDED + bytes([code])
            else:
                said = talking.KILLED + bytes([-code])
            self._part(worker, worker.client, said)

    def _part(self, worker: Worker, client: Client, said: bytes) -> None:
        """Tell a client how its run ended; from then on it has nothing to do with the worker."""
        worker.client = client.worker = None
        self._tell(client, said)

    def _tell(self, client: Client, said: bytes) -> None:
        """Say the last thing that is said to a client."""
        try:
            client.connection.sendall(said)
        except OSError:
            # It did not wait for that.
            pass
        finally:
            self._drop(client)

    def _drop(self, client: Client) -> None:
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
