"""What a confined command sees of the machine, as values: what is mounted where."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandboxes.confine.paths import above, parts_of

OWN = Path("/run/executor")
"""Where a confined process finds what is ours."""

OTHER_HOME = Path("/home/rehearsal")
"""Its home directory, where the caller's own path cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work directory.

    Attributes:
        path: what is really written to.
        shown: at which path.
        linked: directories in it, relative, that are shown read-only from the original.
    """

    path: Path
    shown: Path
    linked: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A file or directory of the machine.

    Attributes:
        source: which.
        writable: it can be written.
        covers: it is an empty one, which hides what would be there.
    """

    source: str
    writable: bool = False
    covers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """An empty file system in memory.

    Attributes:
        size: in bytes.
        mode: rights of its root, in octal.
        writable: it can be written, by whom its mode lets.
    """

    size: int
    mode: str
    writable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of the machine's, with what it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """The file system of processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A directory with nothing in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A symbolic link."""

    target: str


Mount = Bind | Memory | Device | Processes | Directory | Link

Place = str | os.PathLike[str]
"""A path; as a text it is one that `str` makes of a `Path`."""


@dataclass(slots=True)
class View:
    """What is mounted where; paths are held as texts, since a run waits for hundreds of them.

    Attributes:
        home: the home directory inside.
        writable: mount points that can be written.
        read_only: directories that cannot, to be tried.
        hidden: paths at which nothing must be seen.
        notes: what somebody may miss, one sentence each.
    """

    home: Path
    writable: list[str] = field(default_factory=list)
    read_only: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _mounts: dict[str, Mount] = field(default_factory=dict)

    @property
    def mounts(self) -> Mapping[str, Mount]:
        """What is mounted where; what is deeper comes later, so that it wins."""
        return {path: self._mounts[path] for path in sorted(self._mounts, key=depth)}

    def show(self, path: Place, source: Place | None = None) -> None:
        """Show a file or directory read-only."""
        self._mounts[os.fspath(path)] = Bind(source=os.fspath(source or path))

    def mask(self, path: str, empty: Place) -> None:
        """Show something empty in place of what is there."""
        within = f"{path}/"
        for place in [place for place in self._mounts if place.startswith(within)]:
            del self._mounts[place]
        self._mounts[path] = Bind(source=os.fspath(empty), covers=True)

    def write(self, path: Place, source: Place) -> None:
        """Show a directory that can be written."""
        shown = os.fspath(path)
        self._mounts[shown] = Bind(source=os.fspath(source), writable=True)
        self.writable.append(shown)

    def memory(self, path: Place, size: int, mode: str, *, writable: bool = True) -> None:
        """Mount an empty file system in memory."""
        place = os.fspath(path)
        self._mounts[place] = Memory(size=size, mode=mode, writable=writable)
        if writable:
            self.writable.append(place)

    def make(self, path: Place, what: Mount) -> None:
        """Mount something else."""
        self._mounts[os.fspath(path)] = what

    def source_of(self, path: str) -> str | None:
        """Return what of the machine's is seen at a path; None where nothing of it can be."""
        for place in (path, *above(path)):
            found = self._mounts.get(place)
            if found is None or isinstance(found, Link):
                continue
            if not isinstance(found, Bind) or found.covers:
                return None
            return found.source + path[len(place) :] if place != "/" else path
        return None

    def shown_within(self, path: str) -> list[str]:
        """Return where below a path something of the machine's is shown by itself."""
        within = f"{path.rstrip('/')}/"
        return [
            place
            for place, mount in self._mounts.items()
            if place.startswith(within) and isinstance(mount, Bind) and not mount.covers
        ]


def depth(path: str) -> tuple[int, tuple[str, ...]]:
    """Return by what paths are sorted so that what is deeper comes later."""
    parts = parts_of(path)
    return len(parts), parts
