"""The embedded engine as its users see it."""

from __future__ import annotations

import os
import socket
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from sandboxes.background import wire
from sandboxes.background.places import Home, last_lines, reap_homes, runtime_directory
from sandboxes.embedded import messages
from sandboxes.embedded.background import reach, start_private
from sandboxes.embedded.installed import (
    DEFAULT_EMULATOR,
    EMULATOR_VARIABLE,
    EMULATORS,
    emulator_version,
    zygote_key,
)
from sandboxes.embedded.sandbox import EmbeddedSandbox, Held
from sandboxes.errors import EngineStartFailed, EngineUnavailable
from sandboxes.model import Availability, EngineInfo, SandboxSpec

DEFAULT_IDLE_S: Final = 600.0
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
            return self._private(Home(runtime, own), spec, info)
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
        held = _started(reach(home, self._emulator, self._idle_s), spec, info)
        return EmbeddedSandbox(held, home=home, spec=spec, info=info, process=None)

    def _private(self, home: Home, spec: SandboxSpec, info: EngineInfo) -> EmbeddedSandbox:
        connection, process = start_private(home, self._emulator)
        try:
            held = _started(connection, spec, info)
        except wire.Severed as error:
            raise _failed(home, str(error)) from error
        except EngineStartFailed:
            process.wait()
            raise
        return EmbeddedSandbox(held, home=home, spec=spec, info=info, process=process)

    def reap(self) -> Sequence[str]:
        """Remove what zygotes that were killed have left on disk; their children die with them."""
        return reap_homes(self._runtime or runtime_directory())


def _started(connection: socket.socket, spec: SandboxSpec, info: EngineInfo) -> Held:
    try:
        return Held.ask(connection, {"ask": "start", "spec": messages.spec_to_wire(spec)})
    except EngineStartFailed as error:
        raise EngineStartFailed(
            f"{info.emulator} {info.version}: {error.message}", detail=error.detail
        ) from error


def _failed(home: Home, why: str) -> EngineStartFailed:
    return EngineStartFailed(
        f"the zygote of the embedded engine ended: {why}",
        hint="run `executor doctor`; `executor clean` removes what is left of it",
        detail=last_lines(home.log, 20),
    )
