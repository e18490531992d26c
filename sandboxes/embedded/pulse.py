"""What a child tells while it serves: how much is under way in it, in a page that others can read.

A process that sleeps may be waiting for its time. Only the process itself knows: so it says, after
every request, whether it will do anything before the next one. What it never said is not known.
"""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress
from pathlib import Path

FILE = "pulse"
_SIZE = 8


class Pulse:
    """The page of one child; it is written to without a system call."""

    def __init__(self, descriptor: int) -> None:
        """Args:
        descriptor: of a file that `create` made; it may be closed afterwards. Python keeps one
            of its own with the page, which lives as long as the process.
        """
        self._page: mmap.mmap | None = None
        # Some file systems share no pages; there nothing is told.
        with suppress(OSError, ValueError):
            self._page = mmap.mmap(descriptor, _SIZE)

    def beat(self, under_way: int) -> None:
        """Say how much is under way: requests, and all that goes on, or will, without one."""
        if self._page is not None:
            self._page[:] = (under_way + 1).to_bytes(_SIZE, sys.byteorder)


def create(directory: Path) -> int:
    """Make the file of a child's page, with nothing in it yet, and return its descriptor."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(f"{directory}/{FILE}", flags, 0o600)
    # Room on the disk, too: who writes to a page without any is killed. Without a page, and so
    # in an empty file, nothing is told.
    with suppress(OSError):
        os.posix_fallocate(descriptor, 0, _SIZE)
    return descriptor


def under_way(directory: Path) -> int | None:
    """Return what a child said last; None where it has said nothing."""
    try:
        with open(f"{directory}/{FILE}", "rb") as file:  # noqa: PTH123 - a run waits for this
            said = int.from_bytes(file.read(_SIZE), sys.byteorder)
    except OSError:
        return None
    return said - 1 if said else None
