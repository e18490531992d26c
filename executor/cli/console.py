"""Where the command line writes, and how it looks there."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

from executor.atomic import write_atomically
from executor.errors import InvalidConfig
from executor.reports.style import Style, encodable

_WIDEST = 120


def style_of(stream: TextIO, *, no_color: bool = False) -> Style:
    """Return how to write to a stream: colours only on a terminal that nobody silenced."""
    terminal = _is_terminal(stream)
    plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    # A file is not as wide as the terminal from which it was asked for.
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 100
    return Style(
        width=max(40, min(width, _WIDEST)),
        colour=terminal and not plain,
        unicode=encodable(getattr(stream, "encoding", None)),
    )


def is_interactive() -> bool:
    """Whether a person can be asked."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def write_out(text: str) -> None:
    """Write to standard output; a reader that has gone away is no error."""
    data = text.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(
        sys.stdout.encoding or "utf-8"
    )
    try:
        sys.stdout.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it flushes at its end.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """Write a line to standard error."""
    with contextlib.suppress(OSError, ValueError):
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()


def check_writable(path: Path) -> None:
    """Check, before a long run, that its report can be written.

    Raises:
        InvalidConfig: it cannot.
    """
    directory = path.absolute().parent
    if path.is_dir() or not directory.is_dir() or not os.access(directory, os.W_OK):
        raise InvalidConfig(
            f"--output: {path} cannot be written", hint="name a file in a directory of yours"
        )


def write_file(path: Path, text: str) -> None:
    """Write a report to a file, whole or not at all.

    Raises:
        InvalidConfig: it cannot be written.
    """
    umask = os.umask(0o077)
    os.umask(umask)
    try:
        write_atomically(
            path.absolute(), text.encode("utf-8", "backslashreplace"), mode=0o666 & ~umask
        )
    except OSError as error:
        raise InvalidConfig(
            f"--output: {path} cannot be written: {error.strerror}",
            hint="the report is kept all the same: `executor show last`",
        ) from error


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False
