"""What every confinement does with a running command: find it, and hand its output on."""

from __future__ import annotations

import errno
import math
import os
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_DRAIN_S = 0.1
_LAST_WORDS_S = 2.0
_CHUNK = 65_536


def find_program(command: str, workdir: Path, variables: Mapping[str, str]) -> str:
    """Return where the program is that a command names.

    Raises:
        FileNotFoundError: there is none.
    """
    if os.sep in command:
        return str(workdir / command)
    found = shutil.which(command, path=variables.get("PATH"))
    if found is None:
        raise FileNotFoundError(errno.ENOENT, "no such program", command)
    return found


@dataclass(slots=True)
class Outlet:
    """Where a command's output goes.

    Attributes:
        output: gets it.
        most_bytes: what comes after so many is not handed on.
        overflowed: called once when it writes more than that.
        failure: what `output` raised.
    """

    output: IO[bytes]
    most_bytes: float = math.inf
    overflowed: Callable[[], None] | None = None
    failure: OSError | None = None

    def take(self, data: bytes) -> None:
        """Hand some of it on; never raises, or whoever writes would be held up."""
        if self.most_bytes <= 0:
            return
        self._write(data if len(data) <= self.most_bytes else data[: int(self.most_bytes)])
        self.most_bytes -= len(data)
        if self.most_bytes <= 0 and self.overflowed is not None:
            self.overflowed()

    def raise_failure(self) -> None:
        """Raise what the output raised, if it did.

        Raises:
            OSError: the output could not be written.
        """
        if self.failure is not None:
            raise self.failure

    def _write(self, data: bytes) -> None:
        if self.failure is None:
            try:
                self.output.write(data)
                self.output.flush()
            except OSError as error:
                self.failure = error
            except ValueError as error:
                # Whoever was to get it has been interrupted, and has closed it.
                self.failure = OSError(str(error))


@dataclass(slots=True)
class Copier:
    """Hands a process's output on while it runs.

    Attributes:
        process: its standard output is a pipe.
        outlet: gets what it writes.
    """

    process: subprocess.Popen[bytes]
    outlet: Outlet
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread = threading.Thread(target=self._copy, name="command-output", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Take what is still in the pipe; something that escaped may hold it open."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _copy(self) -> None:
        assert self.process.stdout is not None
        pipe = self.process.stdout.fileno()
        until = math.inf
        while time.monotonic() < until:
            if self._ended.is_set() and until == math.inf:
                until = time.monotonic() + _LAST_WORDS_S
            ready, _, _ = select.select([pipe], [], [], _DRAIN_S)
            if ready:
                data = os.read(pipe, _CHUNK)
                if not data:
                    return
                self.outlet.take(data)
            elif self._ended.is_set():
                return
