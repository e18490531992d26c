"""The embedded engine as its users see it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sandboxes.embedded import wire
from sandboxes.embedded.background import reach, start_private
from sandboxes.embedded.installed import (
    DEFAULT_EMULATOR,
    EMULATOR_VARIABLE,
    EMULATORS,
    emulator_version,
    zygote_key,
)
from sandboxes.embedded.places import Home, last_lines, reap_homes, runtime_directory
from sandboxes.errors import EngineStartFailed, EngineUnavailable
from sandboxes.model import Availability, EngineInfo, Operations, SandboxSpec

DEFAULT_IDLE_S: Final = 600.0
_START_S = 30.0
_CLOSE_S = 5.0
_ATTEMPTS = 3


class EmbeddedEngine:
    """Forks emulators from a warm process.

    Args:
        emulator: `ministack` or `moto`; `$EXECUTOR_EMULATOR`, else `ministack`, when empty.
        runtime: the directory of sockets and sandboxes; the user's own when None.
        idle_s: a background server that this engine starts ends after so many idle seconds.
    """

    def __init__(
        self, emulator: str = "", *, runtime: Path | None = None, idle_s: float = DEFAULT_IDLE_S
    ) -> None:
        self._emulator = emulator or os.environ.get(EMULATOR_VARIABLE, "") or DEFAULT_EMULATOR
        self._runtime = runtime
        self._idle_s = idle_s

    @property
    def name(self) -> str:
        """`embedded`."""
        return "embedded"

    def availability(self) -> Availability:
        """Whether the emulator is installed on a Linux."""
        if sys.platform != "linux":
            return Availability(
                usable=False,
                reason="the embedded engine needs Linux (pidfd, SO_PEERCRED, PR_SET_PDEATHSIG)",
                hint="use --engine localstack",
            )
        if self._emulator not in EMULATORS:
            return Availability(
                usable=False,
                reason=f"no embedded emulator is called {self._emulator}",
                hint=f"set {EMULATOR_VARIABLE} to one of: {', '.join(EMULATORS)}",
            )
        version = emulator_version(self._emulator)
        if version is None:
            return Availability(
                usable=False,
                reason=f"{self._emulator} is not installed",
                hint="install the package dry-run-executor with its dependencies",
            )
        return Availability(usable=True, reason=f"{self._emulator} {version}")

    def start(self, spec: SandboxSpec) -> EmbeddedSandbox:
        """Fork a child.

        Raises:
            EngineUnavailable: no Linux, no emulator, or no directory of our own.
            EngineStartFailed: the zygote or the child died; `detail` has its last log lines.
        """
        available = self.availability()
        if not available.usable:
            raise EngineUnavailable(available.reason, hint=available.hint)
        version = emulator_version(self._emulator) or ""
        info = EngineInfo(name=self.name, emulator=self._emulator, version=version)
        runtime = self._runtime or runtime_directory()
        if not spec.daemon:
            own = f"private-{self._emulator}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            home = Home(runtime, own)
            connection, process = start_private(home, self._emulator)
            return _ask_for_child(home, connection, process, spec, info)
        home = Home(runtime, zygote_key(self._emulator, version))
        for _ in range(_ATTEMPTS - 1):
            with suppress(wire.Severed):
                # A server that was just ending accepts a connection and closes it.
                return self._from_server(home, spec, info)
            time.sleep(0.05)
        try:
            return self._from_server(home, spec, info)
        except wire.Severed as error:
            raise _failed(home, str(error)) from error

    def _from_server(self, home: Home, spec: SandboxSpec, info: EngineInfo) -> EmbeddedSandbox:
        connection = reach(home, self._emulator, self._idle_s)
        return _negotiate(home, connection, None, spec, info)

    def reap(self) -> Sequence[str]:
        """Remove what zygotes that were killed have left on disk; their children die with them."""
        return reap_homes(self._runtime or runtime_directory())


def _ask_for_child(
    home: Home,
    connection: socket.socket,
    process: subprocess.Popen[bytes],
    spec: SandboxSpec,
    info: EngineInfo,
) -> EmbeddedSandbox:
    try:
        return _negotiate(home, connection, process, spec, info)
    except wire.Severed as error:
        raise _failed(home, str(error)) from error
    except EngineStartFailed:
        process.wait()
        raise


def _failed(home: Home, why: str) -> EngineStartFailed:
    return EngineStartFailed(
        f"the zygote of the embedded engine ended: {why}",
        hint="run `executor doctor`; `executor clean` removes what is left of it",
        detail=last_lines(home.log, 20),
    )


def _negotiate(
    home: Home,
    connection: socket.socket,
    process: subprocess.Popen[bytes] | None,
    spec: SandboxSpec,
    info: EngineInfo,
) -> EmbeddedSandbox:
    try:
        connection.settimeout(_START_S)
        wire.send(connection, {"ask": "start", "spec": wire.spec_to_wire(spec)})
        answer = wire.receive(connection)
        error = answer.get("error")
        if error is not None:
            raise EngineStartFailed(
                f"{info.emulator} {info.version}: {error}", detail=str(answer.get("detail", ""))
            )
        port, pid = wire.number(answer, "port"), wire.number(answer, "pid")
        open_ways = str(answer.get("open_ways", ""))
        info = replace(info, confined=not open_ways, note=open_ways)
        place = Path(str(answer["directory"]))
        # From here on it is only looked at, and never waited for.
        connection.setblocking(False)
    except BaseException:
        connection.close()
        raise
    return EmbeddedSandbox(
        connection=connection,
        process=process,
        directory=place,
        port=port,
        pid=pid,
        info=info,
    )


class EmbeddedSandbox:
    """A forked child, alive for as long as the connection to its zygote is open."""

    def __init__(
        self,
        *,
        connection: socket.socket,
        process: subprocess.Popen[bytes] | None,
        directory: Path,
        port: int,
        pid: int,
        info: EngineInfo,
    ) -> None:
        self._connection = connection
        self._process = process
        self._directory = directory
        self._port = port
        self._info = info
        self._closed = False
        self._lock = threading.Lock()
        self.pid = pid

    @property
    def id(self) -> str:
        """Name of the child's directory."""
        return self._directory.name

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def info(self) -> EngineInfo:
        """The emulator and its version."""
        return self._info

    @property
    def directory(self) -> Path:
        """Where the child keeps its log and its files."""
        return self._directory

    @property
    def operations(self) -> Operations:
        """What this version of the emulator implements."""
        from sandboxes.embedded.operations import load_operations

        return load_operations(self._info.emulator, self._info.version)

    def alive(self) -> bool:
        """Whether child and zygote still run."""
        with self._lock:
            if self._closed:
                return False
            try:
                peeked = self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True
            except OSError:
                return False
            # Unasked, a zygote says nothing; it closes the stream when the child is dead.
            return peeked != b""

    def logs(self, lines: int = 20) -> str:
        """Return the end of the child's log."""
        return last_lines(self._directory / "log", lines)

    def close(self) -> None:
        """Kill the child and wait until process, port and directory are gone."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with self._connection, suppress(wire.Severed):
                self._connection.settimeout(_CLOSE_S)
                wire.send(self._connection, {"ask": "close"})
                wire.receive(self._connection)
            if self._process is not None:
                _wait(self._process)
            # Where the zygote was killed nobody else removes it.
            shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
