"""The trace on disk: a row before a call is forwarded, a row after it was answered.

If a row cannot be written the gateway stops: an unrecorded call may not happen.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from executor.errors import RecorderFailed
from executor.model.call import Call
from executor.model.codec import call_to_json
from executor.model.json import Json, JsonObject


class Recorder(Protocol):
    """Keeps calls in order."""

    def begin(self, call: Call) -> Call:
        """Number a call and write it down before it is forwarded.

        Raises:
            RecorderFailed: it could not be written.
        """
        ...

    def end(self, call: Call) -> None:
        """Write down what came of a call.

        Raises:
            RecorderFailed: it could not be written.
        """
        ...

    def calls(self) -> tuple[Call, ...]:
        """Return what was recorded, in the order of `begin`."""
        ...

    def close(self) -> None:
        """Take no more calls; idempotent."""
        ...


class FileRecorder:
    """Appends JSON lines to a file of mode 0600; thread-safe."""

    def __init__(self, path: Path) -> None:
        """Args:
        path: the trace; made when it is not there.

        Raises:
            RecorderFailed: it cannot be opened.
        """
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._calls: dict[int, Call] = {}
        self._failure: RecorderFailed | None = None
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._file = os.open(path, flags, 0o600)
        except OSError as error:
            raise RecorderFailed(f"the trace {path} cannot be written: {error.strerror}") from error

    def begin(self, call: Call) -> Call:
        """Number a call and write it down; see `Recorder.begin`."""
        with self._lock:
            numbered = replace(call, n=len(self._calls) + 1, started_ms=self._now())
            self._write("call", call_to_json(numbered))
            self._calls[numbered.n] = numbered
            return numbered

    def end(self, call: Call) -> None:
        """Write down what came of a call; see `Recorder.end`."""
        with self._lock:
            ended = replace(call, duration_ms=round(self._now() - call.started_ms, 3))
            row = call_to_json(ended)
            del row["params"]
            self._write("outcome", row)
            self._calls[call.n] = ended

    def calls(self) -> tuple[Call, ...]:
        """Return what was recorded, in order."""
        with self._lock:
            return tuple(self._calls[n] for n in sorted(self._calls))

    def close(self) -> None:
        """Take no more calls; idempotent."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1

    def _now(self) -> float:
        return round((time.monotonic() - self._started) * 1000, 3)

    def _write(self, event: str, row: JsonObject) -> None:
        if self._failure is not None:
            # After a gap the trace is worth nothing, even if there is room again.
            raise self._failure
        line: dict[str, Json] = {"event": event, **row}
        data = json.dumps(line, ensure_ascii=True).encode() + b"\n"
        try:
            written = os.write(self._file, data)
        except OSError as error:
            self._failure = RecorderFailed(f"the trace cannot be written: {error.strerror}")
            raise self._failure from error
        if written != len(data):
            self._failure = RecorderFailed("the trace cannot be written: the disk is full")
            raise self._failure
