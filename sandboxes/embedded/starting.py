"""A child that has been asked for, until it is there."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from sandboxes.background import wire
from sandboxes.background.places import Home, last_lines
from sandboxes.embedded import messages
from sandboxes.embedded.sandbox import EmbeddedSandbox, Held
from sandboxes.errors import EngineStartFailed
from sandboxes.model import EngineInfo, SandboxSpec

_ATTEMPTS: Final = 3
_PAUSE_S: Final = 0.05

Reached = tuple[socket.socket, "subprocess.Popen[bytes] | None"]
"""A connection to a zygote, and its process where it is the client's own."""


class EmbeddedStarting:
    """Of the protocol `Starting`."""

    def __init__(
        self, reach: Callable[[], Reached], home: Home, spec: SandboxSpec, info: EngineInfo
    ) -> None:
        """Args:
        reach: connects to the zygote; raises `EngineUnavailable`, `EngineStartFailed`.
        home: where it lives.
        spec: what is asked for.
        info: the emulator.

        Raises:
            EngineUnavailable: there is no directory of our own.
            EngineStartFailed: no zygote came up.
        """
        self._reach = reach
        self._home = home
        self._spec = spec
        self._info = info
        self._found: EmbeddedSandbox | None = None
        self._asked: Reached | None = self._ask()

    def sandbox(self) -> EmbeddedSandbox:
        """Wait until the child serves, and return it.

        Raises:
            EngineStartFailed: the zygote or the child died; `detail` has its last log lines.
        """
        if self._found is None:
            self._found = self._wait()
        return self._found

    def close(self) -> None:
        """Close the sandbox, or give up what was asked for; idempotent."""
        if self._found is not None:
            self._found.close()
        if self._asked is not None:
            self._give_up(self._asked)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self) -> Reached | None:
        """Ask for a child; None where the zygote was about to end."""
        reached = self._reach()
        try:
            Held.ask(reached[0], {"ask": "start", "spec": messages.spec_to_wire(self._spec)})
        except wire.Severed:
            self._give_up(reached)
            return None
        return reached

    def _wait(self) -> EmbeddedSandbox:
        said = ""
        for attempt in range(_ATTEMPTS):
            reached = self._asked or self._ask()
            self._asked = None
            if reached is not None:
                try:
                    return self._held(*reached)
                except wire.Severed as error:
                    # A server that was just ending accepts a connection and closes it.
                    said = str(error)
                    if reached[1] is not None:
                        break
            if attempt < _ATTEMPTS - 1:
                time.sleep(_PAUSE_S)
        raise EngineStartFailed(
            f"the zygote of the embedded engine ended: {said}",
            hint="run `executor doctor`; `executor clean` removes what is left of it",
            detail=last_lines(self._home.log, 20),
        )

    def _held(
        self, connection: socket.socket, process: subprocess.Popen[bytes] | None
    ) -> EmbeddedSandbox:
        try:
            held = Held.of(connection)
        except EngineStartFailed as error:
            if process is not None:
                process.wait()
            raise EngineStartFailed(
                f"{self._info.emulator} {self._info.version}: {error.message}",
                detail=error.detail,
            ) from error
        return EmbeddedSandbox(
            held, home=self._home, spec=self._spec, info=self._info, process=process
        )

    def _give_up(self, reached: Reached) -> None:
        connection, process = reached
        connection.close()
        if process is not None:
            # It ends when its only client has gone.
            with suppress(subprocess.TimeoutExpired):
                process.wait(5.0)
