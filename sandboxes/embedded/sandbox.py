"""A sandbox of the embedded engine as its user holds it, and what it keeps to be forked."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sandboxes.background import wire
from sandboxes.background.asking import connect
from sandboxes.background.places import Home, last_lines
from sandboxes.embedded import messages
from sandboxes.embedded.pulse import under_way
from sandboxes.errors import EngineStartFailed, NotKept, ReplicaGone
from sandboxes.model import EngineInfo, KeptReplica, Operations, SandboxSpec
from sandboxes.resting import resting, shares_processes

_START_S: Final = 30.0
_CLOSE_S: Final = 5.0
_ANSWER_S: Final = 10.0
_MEMO: Final = "memo"


class Held:
    """One child, alive for as long as the connection to its zygote is open."""

    def __init__(self, connection: socket.socket, answer: Mapping[str, object]) -> None:
        """Args:
        connection: the child's own.
        answer: what the zygote said of it.

        Raises:
            Severed: it did not say enough.
        """
        self._connection = connection
        self.port = wire.number(answer, "port")
        self.pid = wire.number(answer, "pid")
        self.open_ways = str(answer.get("open_ways", ""))
        self.directory = Path(str(answer.get("directory")))
        # Else its process id may be a stranger's here.
        self.near = shares_processes(connection)
        # From here on it is only looked at, and never waited for.
        connection.setblocking(False)

    @staticmethod
    def ask(connection: socket.socket, message: Mapping[str, object]) -> None:
        """Ask for a child; the connection is to be its own.

        Raises:
            Severed: the zygote is gone.
        """
        connection.settimeout(_START_S)
        wire.send(connection, message)

    @classmethod
    def of(cls, connection: socket.socket) -> Held:
        """Wait for the child that was asked for; the connection is its own, or closed.

        Raises:
            EngineStartFailed: there is none to be had.
            Severed: the zygote is gone.
        """
        try:
            answer = wire.receive(connection)
            error = answer.get("error")
            if error is not None:
                raise EngineStartFailed(str(error), detail=str(answer.get("detail", "")))
            return cls(connection, answer)
        except BaseException:
            connection.close()
            raise

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        """Whether child and zygote still run."""
        try:
            peeked = self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        # Unasked, a zygote says nothing; it closes the stream when the child is dead.
        return peeked != b""

    def say(self, message: Mapping[str, object]) -> Mapping[str, object]:
        """Tell the zygote something about the child, and return its answer.

        Raises:
            Severed: it is gone, or the child is.
        """
        self._connection.settimeout(_START_S)
        try:
            wire.send(self._connection, message)
            return wire.receive(self._connection)
        finally:
            self._connection.setblocking(False)

    def hang_up(self) -> None:
        """Close the connection, and with it whatever child it still has."""
        self._connection.close()

    def close(self) -> None:
        """Kill the child and wait until process, port and directory are gone."""
        with self._connection, suppress(wire.Severed):
            self._connection.settimeout(_CLOSE_S)
            wire.send(self._connection, {"ask": "close"})
            wire.receive(self._connection)
        # Where the zygote was killed nobody else removes it.
        shutil.rmtree(self.directory, ignore_errors=True)


class EmbeddedSandbox:
    """A forked child; one of a background server can turn into a fork of a template."""

    def __init__(
        self,
        held: Held,
        *,
        home: Home,
        spec: SandboxSpec,
        info: EngineInfo,
        process: subprocess.Popen[bytes] | None,
    ) -> None:
        """Args:
        held: the child.
        home: where its zygote lives.
        spec: what was asked for.
        info: the emulator.
        process: its zygote, where that is its own.
        """
        self._held = held
        self._left: list[Held] = []
        self._home = home
        self._spec = spec
        self._info = replace(info, confined=not held.open_ways, note=held.open_ways)
        self._process = process
        self._closed = False
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """Name of the child's directory."""
        return self._held.directory.name

    @property
    def pid(self) -> int:
        """The child's process."""
        return self._held.pid

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return self._held.url

    @property
    def info(self) -> EngineInfo:
        """The emulator and its version."""
        return self._info

    @property
    def directory(self) -> Path:
        """Where the child keeps its log and its files."""
        return self._held.directory

    @property
    def operations(self) -> Operations:
        """What this version of the emulator implements."""
        from sandboxes.embedded.operations import load_operations

        return load_operations(self._info.emulator, self._info.version)

    def alive(self) -> bool:
        """Whether child and zygote still run."""
        with self._lock:
            return not self._closed and self._held.alive()

    def resting(self) -> str | None:
        """Return a mark of the child at rest."""
        held = self._held
        mark = resting(held.pid) if held.near else None
        # What waits for its time sleeps as well; only the child knows of it.
        return mark if under_way(held.directory) == 0 else None

    def logs(self, lines: int = 20) -> str:
        """Return the end of the child's log."""
        return last_lines(self._held.directory / "log", lines)

    @property
    def keeps(self) -> bool:
        """Whether its zygote is there for others as well, and so worth keeping something in."""
        return self._process is None

    def kept(self) -> Sequence[KeptReplica]:
        """Return the templates that there are."""
        if not self.keeps:
            return ()
        try:
            answer = self._asked({"ask": "kept", "spec": messages.spec_to_wire(self._spec)})
        except wire.Severed:
            return ()
        found = answer.get("templates")
        return tuple(_replica(view) for view in (found if isinstance(found, list) else ()))

    def memo(self, replica: KeptReplica) -> bytes:
        """Return what was put beside a template."""
        try:
            return (self._home.directory / replica.id / _MEMO).read_bytes()
        except OSError as error:
            raise ReplicaGone(f"the template {replica.id} is gone") from error

    def draft(self, on: KeptReplica | None = None) -> EmbeddedDraft:
        """Fork a child to be seeded and kept."""
        if not self.keeps:
            raise NotKept("a zygote of one's own is forked from once")
        try:
            if (why := self._asked({"ask": "kept", "spec": self._wired()}).get("useless")) != "":
                raise NotKept(f"nothing is kept here: {why}")
            of = {"template": on.id} if on is not None else {}
            return EmbeddedDraft(self._child({"ask": "draft", "spec": self._wired(), **of}))
        except (wire.Severed, EngineStartFailed) as error:
            raise NotKept(f"there is no draft: {error}") from error

    def become(self, replica: KeptReplica) -> None:
        """Turn into a fork of a template."""
        try:
            born = self._child({"ask": "fork", "template": replica.id, "spec": self._wired()})
        except (wire.Severed, EngineStartFailed) as error:
            raise ReplicaGone(f"the template {replica.id} does not fork: {error}") from error
        if born.open_ways != self._info.note:
            born.close()
            with suppress(wire.Severed):
                self._asked({"ask": "forsake", "why": f"forks are open: {born.open_ways}"})
            raise ReplicaGone(f"forks of templates are less shut in: {born.open_ways}")
        with self._lock:
            # What is under way there may end.
            self._left.append(self._held)
            self._held = born

    def close(self) -> None:
        """Kill the child and wait until process, port and directory are gone."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for held in (self._held, *self._left):
                held.close()
            if self._process is not None:
                _wait(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _wired(self) -> Mapping[str, object]:
        return messages.spec_to_wire(self._spec)

    def _connected(self) -> socket.socket:
        connection = connect(self._home)
        if connection is None:
            raise wire.Severed("the background server is gone")
        return connection

    def _child(self, message: Mapping[str, object]) -> Held:
        connection = self._connected()
        try:
            Held.ask(connection, message)
        except wire.Severed:
            connection.close()
            raise
        return Held.of(connection)

    def _asked(self, message: Mapping[str, object]) -> Mapping[str, object]:
        with self._connected() as connection:
            connection.settimeout(_ANSWER_S)
            wire.send(connection, message)
            return wire.receive(connection)


class EmbeddedDraft:
    """A child that is seeded, and then a template."""

    def __init__(self, held: Held) -> None:
        """Args:
        held: the child.
        """
        self._held: Held | None = held
        self.url = held.url

    def keep(self, parts: Mapping[str, str], memo: bytes) -> KeptReplica:
        """Turn it into a template."""
        held, self._held = self._held, None
        if held is None:
            raise NotKept("it was kept or closed before")
        name = held.directory.name
        try:
            (held.directory / _MEMO).write_bytes(memo)
            answer = held.say({"ask": "keep", "parts": dict(parts)})
        except (OSError, wire.Severed) as error:
            held.close()
            raise NotKept(f"it cannot be kept: {error}") from error
        if answer.get("kept") is not True:
            held.close()
            why = answer.get("why") or answer.get("error")
            raise NotKept(f"it cannot be kept: {why}", detail=str(answer.get("detail", "")))
        held.hang_up()
        return KeptReplica(id=name, parts=dict(parts), address=f"127.0.0.1:{held.port}")

    def close(self) -> None:
        """Destroy it, unless it is kept."""
        held, self._held = self._held, None
        if held is not None:
            held.close()


def _replica(view: object) -> KeptReplica:
    if not isinstance(view, dict):
        raise wire.Severed("a template is no object")
    port = wire.number(view, "port")
    return KeptReplica(id=str(view["id"]), parts=messages.parts(view), address=f"127.0.0.1:{port}")


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
