"""The process that has the emulator in memory and forks a child for every sandbox.

It is one thread and one selector, because a fork copies only the thread that calls it and all
the locks of the others. Run as a program it is either the per-user background server or, with
`--connection`, the private zygote of one client.
"""

from __future__ import annotations

import gc
import os
import selectors
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sandboxes.background import wire
from sandboxes.background.detached import settle
from sandboxes.background.places import Home, last_lines
from sandboxes.embedded import child, messages
from sandboxes.embedded.emulators import Emulator
from sandboxes.embedded.nursery import Nursery
from sandboxes.embedded.shelf import Child, Limits, Shelf, Template, threads_of

_LOG_LINES = 20
_SILENT_S = 10.0
_LONG_S = 3600.0

Message = Mapping[str, object]


@dataclass(slots=True, eq=False)
class _Client:
    connection: socket.socket
    since: float
    heard: bytearray = field(default_factory=bytearray)
    child: Child | None = None


class Zygote:
    """Serves clients until told to stop, idle for too long, or left by its only client."""

    def __init__(
        self,
        *,
        emulator: Emulator,
        home: Home,
        listener: socket.socket | None,
        idle_s: float,
        limits: Limits | None = None,
    ) -> None:
        """Args:
        emulator: already loaded.
        home: whose lock this process holds.
        listener: where clients connect; None for a private zygote.
        idle_s: end after that many seconds without a sandbox.
        limits: how many templates are kept, and for how long.
        """
        self._shelf = Shelf(limits)
        self._nursery = Nursery(emulator, home, self._shelf)
        self._emulator = emulator
        self._home = home
        self._listener = listener
        self._idle_limit_s = idle_s
        self._idle_since = time.monotonic()
        self._clients: dict[int, _Client] = {}
        self._stopping = False
        # A private zygote forks once, so that what it loads later would serve nobody.
        self._warming = listener is not None
        self._selector = selectors.DefaultSelector()
        if listener is not None:
            self._watch(listener.fileno(), self._accept)

    def adopt(self, connection: socket.socket) -> None:
        """Serve a client that is already connected."""
        client = _Client(connection, time.monotonic())
        # Replies are small; a client that does not read them must not hold up the others.
        connection.settimeout(1.0)
        self._clients[connection.fileno()] = client
        self._watch(connection.fileno(), lambda: self._read(client))

    def run(self) -> None:
        """Serve; on return, however it comes, every child is dead and its directory gone."""
        try:
            while not self._finished():
                events = self._selector.select(0 if self._warming else self._patience_s())
                if self._warming and not events:
                    self._warming = self._emulator.warm()
                    gc.freeze()
                for key, _ in events:
                    # An earlier event of the same round may have ended it.
                    if key.fd in self._selector.get_map():
                        key.data()
                self._drop_silent()
                for template in self._shelf.to_end():
                    self._end_template(template)
        finally:
            for client in list(self._clients.values()):
                self._gone(client)
            for template in self._shelf:
                self._end_template(template)

    def _finished(self) -> bool:
        if self._stopping or (self._listener is None and not self._clients):
            return True
        return self._idle_s() >= self._idle_limit_s

    def _sandboxes(self) -> int:
        return sum(client.child is not None for client in self._clients.values())

    def _idle_s(self) -> float:
        return 0.0 if self._sandboxes() else time.monotonic() - self._idle_since

    def _patience_s(self) -> float | None:
        waiting = any(c.child is None for c in self._clients.values())
        if self._listener is None and not waiting:
            return None
        left = min(self._idle_limit_s - self._idle_s(), self._shelf.patience_s() or _LONG_S)
        return max(0.0, min(left, _SILENT_S) if waiting else left)

    def _drop_silent(self) -> None:
        if self._listener is None:
            return
        now = time.monotonic()
        for client in list(self._clients.values()):
            if client.child is None and now - client.since > _SILENT_S:
                self._gone(client)

    def _watch(self, descriptor: int, react: Callable[[], None]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, react)

    def _unwatch(self, descriptor: int) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if wire.is_ours(connection):
            self.adopt(connection)
        else:
            connection.close()

    def _read(self, client: _Client) -> None:
        try:
            heard = client.connection.recv(65_536)
        except OSError:
            heard = b""
        client.heard += heard
        if not heard:
            self._gone(client)
        elif client.heard.endswith(b"\n"):
            line = bytes(client.heard)
            client.heard.clear()
            self._obey(client, line)

    def _obey(self, client: _Client, line: bytes) -> None:
        try:
            message = wire.parse(line)
            ask = message.get("ask")
            if ask in ("start", "draft", "fork") and client.child is None:
                self._start(client, str(ask), message)
            elif ask == "keep" and client.child is not None:
                self._keep(client, client.child, messages.parts(message))
            elif ask in self._answers:
                wire.send(client.connection, self._answers[str(ask)](client, message))
            else:
                raise wire.Severed(f"cannot be asked to {ask}")
        except wire.Severed:
            self._gone(client)

    @cached_property
    def _answers(self) -> Mapping[str, Callable[[_Client, Message], Message]]:
        return {
            "close": self._closed,
            "status": lambda client, message: self._status(),
            "stop": self._stop,
            "kept": self._kept,
            "forsake": self._forsake,
        }

    def _closed(self, client: _Client, message: Message) -> Message:
        self._end(client)
        return {"closed": True}

    def _stop(self, client: _Client, message: Message) -> Message:
        self._stopping = True
        return {"stopping": True}

    def _kept(self, client: _Client, message: Message) -> Message:
        spec = messages.spec_from_wire(message.get("spec"))
        return {
            "templates": [t.view() for t in self._shelf.offered(spec)],
            "useless": self._shelf.useless,
        }

    def _forsake(self, client: _Client, message: Message) -> Message:
        self._shelf.forsake(str(message.get("why", "")))
        return {"forsaken": True}

    def _status(self) -> Message:
        return {
            "pid": os.getpid(),
            "sandboxes": self._sandboxes(),
            "templates": len(self._shelf),
            "idle_s": self._idle_s(),
        }

    def _start(self, client: _Client, ask: str, message: Message) -> None:
        spec = messages.spec_from_wire(message.get("spec"))
        template = None
        if "template" in message:
            template = self._shelf.find(message["template"], spec)
            if template is None:
                self._refuse(client, "that template is gone")
                return
        try:
            born = self._nursery.fork(spec, template, orders=ask == "draft")
        except OSError as error:
            self._refuse(client, f"cannot fork: {error}")
            return
        except wire.Severed as error:
            assert template is not None
            template.leaving = True
            self._refuse(client, f"the template does not fork: {error}")
            return
        client.child = born
        self._watch(born.ready, lambda: self._serving(client, born))
        self._watch(born.handle, lambda: self._died(client, born))

    def _refuse(self, client: _Client, why: str) -> None:
        wire.send(client.connection, {"error": why, "detail": ""})

    def _keep(self, client: _Client, draft: Child, parts: Mapping[str, str]) -> None:
        if draft.orders is None or self._shelf.useless:
            self._tell(client, {"kept": False, "why": self._shelf.useless or "it is no draft"})
            return
        wire.send_with(draft.orders, {"ask": "stop"}, ())
        self._watch(draft.orders.fileno(), lambda: self._stopped(client, draft, parts))

    def _stopped(self, client: _Client, draft: Child, parts: Mapping[str, str]) -> None:
        assert draft.orders is not None
        self._unwatch(draft.orders.fileno())
        try:
            said = wire.receive(draft.orders)
        except wire.Severed:
            # The event of its death follows, and tells the client.
            draft.serving = False
            return
        why = str(said.get("why", ""))
        if said.get("stopped") is True and threads_of(draft.pid) != 1:
            why = "something goes on in threads that Python does not know"
        if why:
            self._tell(client, {"kept": False, "why": why})
            self._end(client)
            return
        client.child = None
        client.since = time.monotonic()
        self._unwatch(draft.handle)
        template = self._shelf.add(draft, parts)
        self._watch(draft.handle, lambda: self._end_template(template))
        self._tell(client, {"kept": True})

    def _end_template(self, template: Template) -> None:
        self._shelf.drop(template)
        self._bury(template.child)
        shutil.rmtree(template.child.directory, ignore_errors=True)

    def _serving(self, client: _Client, born: Child) -> None:
        self._unwatch(born.ready)
        said = os.read(born.ready, len(child.READY) + child.MOST_SAID)
        if not said.startswith(child.READY):
            # Its end of the pipe closed: the event of its death follows.
            return
        born.serving = True
        born.open_ways = said.removeprefix(child.READY).decode("utf-8", "replace")
        self._tell(
            client,
            {
                "id": born.id,
                "pid": born.pid,
                "port": born.port,
                "directory": str(born.directory),
                "open_ways": born.open_ways,
            },
        )

    def _died(self, client: _Client, born: Child) -> None:
        self._bury(born)
        if born.serving:
            # The client sees the end of the stream, and can still read the log.
            client.connection.shutdown(socket.SHUT_WR)
            return
        lines = last_lines(born.directory / child.LOG, _LOG_LINES)
        self._tell(client, {"error": "the emulator died while starting", "detail": lines})

    def _tell(self, client: _Client, message: Mapping[str, object]) -> None:
        try:
            wire.send(client.connection, message)
        except wire.Severed:
            self._gone(client)

    def _end(self, client: _Client) -> None:
        """End the client's sandbox: its process, its port, its directory."""
        ending = client.child
        if ending is None:
            return
        if not ending.dead:
            self._bury(ending)
        shutil.rmtree(ending.directory, ignore_errors=True)
        client.child = None
        client.since = self._idle_since = time.monotonic()

    def _bury(self, ending: Child) -> None:
        descriptors = [ending.handle, ending.ready]
        if ending.orders is not None:
            descriptors.append(ending.orders.fileno())
        for descriptor in descriptors:
            self._unwatch(descriptor)
        self._nursery.bury(ending)

    def _gone(self, client: _Client) -> None:
        self._end(client)
        descriptor = client.connection.fileno()
        if self._clients.pop(descriptor, None) is not None:
            self._unwatch(descriptor)
            client.connection.close()


def prepare(emulator: Emulator, home: Home) -> None:
    """Load the emulator so that what follows may fork.

    Raises:
        RuntimeError: the emulator left a thread running, whose locks a fork would copy.
    """
    temporary = home.directory / "zygote-tmp"
    temporary.mkdir(mode=0o700, exist_ok=True)
    os.environ["TMPDIR"] = os.environ["HOME"] = str(temporary)
    os.environ.update(emulator.settings(str(temporary)))
    emulator.load()
    settle("the emulator")
