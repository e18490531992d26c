"""The embedded engine as its users see it."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sandboxes.background.places import PRIVATE, Home, reap_homes, runtime_directory
from sandboxes.embedded.background import reach, start_private
from sandboxes.embedded.installed import (
    DEFAULT_EMULATOR,
    EMULATOR_VARIABLE,
    EMULATORS,
    emulator_version,
    zygote_key,
)
from sandboxes.embedded.sandbox import EmbeddedSandbox
from sandboxes.embedded.starting import EmbeddedStarting, Reached
from sandboxes.errors import EngineUnavailable
from sandboxes.model import Availability, EngineInfo, SandboxSpec

DEFAULT_IDLE_S: Final = 600.0


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
        return self.begin(spec).sandbox()

    def begin(self, spec: SandboxSpec) -> EmbeddedStarting:
        """Ask for a child and go on; see `StartsAhead`.

        Raises:
            EngineUnavailable: no Linux, no emulator, or no directory of our own.
        """
        available = self.availability()
        if not available.usable:
            raise EngineUnavailable(available.reason, hint=available.hint)
        version = emulator_version(self._emulator) or ""
        info = EngineInfo(name=self.name, emulator=self._emulator, version=version)
        runtime = self._runtime or runtime_directory()
        if not spec.daemon:
            own = f"{PRIVATE}{self._emulator}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            private = Home(runtime, own)
            return EmbeddedStarting(
                lambda: start_private(private, self._emulator), private, spec, info
            )
        home = Home(runtime, zygote_key(self._emulator, version))

        def reached() -> Reached:
            return reach(home, self._emulator, self._idle_s), None

        return EmbeddedStarting(reached, home, spec, info)

    def reap(self) -> Sequence[str]:
        """Remove what zygotes that were killed have left on disk; their children die with them."""
        return reap_homes(self._runtime or runtime_directory())
