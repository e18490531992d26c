"""Progress on standard error: one line that changes on a terminal, else a line per long stage."""

from __future__ import annotations

import io
import sys
import threading
import time
from typing import IO

from executor.cli.console import say
from executor.reports.style import Style, Tone

_REDRAW_S = 0.05
_CLEAR = "\r\x1b[2K"


class Watch:
    """Shows what a run is doing, and passes the change's output on between.

    Of the `Progress` protocol; a context that clears the line at its end.
    """

    def __init__(
        self, program: str, style: Style, *, terminal: bool, quiet: bool, long_s: float = 2.0
    ) -> None:
        """Args:
        program: what lines begin with.
        style: of standard error.
        terminal: standard error is a terminal.
        quiet: show nothing, and pass only the change's output on.
        long_s: without a terminal, stages that take longer are named.
        """
        self._program = program
        self._style = style
        self._terminal = terminal and not quiet and style.colour
        self._quiet = quiet
        self._long_s = long_s
        self._lock = threading.RLock()
        self._stage = ""
        self._drawn = False
        self._last = 0.0
        self._timer: threading.Timer | None = None
        self.output: IO[bytes] = io.BufferedWriter(_Passing(self))

    def stage(self, name: str, detail: str = "") -> None:
        """See `Progress.stage`."""
        with self._lock:
            self._stage = self._style.shown(f"{name} {detail}".rstrip())
            self._stop_timer()
            if self._terminal:
                self._draw(self._stage)
            elif not self._quiet:
                self._timer = threading.Timer(self._long_s, self._report, [self._stage])
                self._timer.daemon = True
                self._timer.start()

    def tick(self, name: str, done: int, total: int) -> None:
        """See `Progress.tick`."""
        if self._terminal and time.monotonic() - self._last > _REDRAW_S:
            count = f"{done}/{total}" if total else str(done)
            self._draw(f"{self._stage} · {self._style.shown(name)} {count}")

    def note(self, text: str) -> None:
        """See `Progress.note`."""
        if self._quiet:
            return
        with self._lock:
            self._clear()
            say(f"{self._program}: {self._style.shown(text)}")

    def pause(self) -> None:
        """Take the line away, because somebody else writes to the terminal now."""
        with self._lock:
            self._stop_timer()
            self._clear()

    def pass_on(self, data: bytes) -> None:
        """Write output of the change, which is not ours, as it is."""
        with self._lock:
            self._clear()
            self._stop_timer()
            binary = getattr(sys.stderr, "buffer", None)
            if binary is None:
                sys.stderr.write(data.decode("utf-8", "replace"))
            else:
                sys.stderr.flush()
                binary.write(data)
            sys.stderr.flush()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def _report(self, stage: str) -> None:
        with self._lock:
            if stage == self._stage:
                say(f"{self._program}: {stage}{self._style.sign('…')}")

    def _draw(self, text: str) -> None:
        with self._lock:
            self._last = time.monotonic()
            line = self._style.cut(
                self._style.sign(f"{self._program}: {text}…"), self._style.width - 1
            )
            sys.stderr.write(_CLEAR + self._style.paint(line, Tone.FAINT))
            sys.stderr.flush()
            self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
            self._drawn = False

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Passing(io.RawIOBase):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        taken = bytes(data)  # type: ignore[call-overload]
        self._watch.pass_on(taken)
        return len(taken)
