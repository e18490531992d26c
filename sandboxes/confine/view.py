"""What a confined command sees of the machine, as values: what is mounted where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

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

    source: Path
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


@dataclass(slots=True)
class View:
    """What is mounted where.

    Attributes:
        home: the home directory inside.
        writable: mount points that can be written.
        read_only: directories that cannot, to be tried.
        hidden: paths at which nothing must be seen.
        notes: what somebody may miss, one sentence each.
    """

    home: Path
    writable: list[Path] = field(default_factory=list)
    read_only: list[Path] = field(default_factory=list)
    hidden: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _mounts: dict[Path, Mount] = field(default_factory=dict)

    @property
    def mounts(self) -> Mapping[Path, Mount]:
        """What is mounted where; what is deeper comes later, so that it wins."""
        paths = sorted(self._mounts, key=lambda path: (len(path.parts), path))
        return {path: self._mounts[path] for path in paths}

    def show(self, path: Path, source: Path | None = None) -> None:
        """Show a file or directory read-only."""
        self._mounts[path] = Bind(source=source or path)

    def mask(self, path: Path, empty: Path) -> None:
        """Show something empty in place of what is there."""
        # As texts: a run waits for this, and there are hundreds.
        within = f"{path}/"
        for place in [place for place in self._mounts if str(place).startswith(within)]:
            del self._mounts[place]
        self._mounts[path] = Bind(source=empty, covers=True)

    def write(self, path: Path, source: Path) -> None:
        """Show a directory that can be written."""
        self._mounts[path] = Bind(source=source, writable=True)
        self.writable.append(path)

    def memory(self, path: Path, size: int, mode: str, *, writable: bool = True) -> None:
        """Mount an empty file system in memory."""
        self._mounts[path] = Memory(size=size, mode=mode, writable=writable)
        if writable:
            self.writable.append(path)

    def make(self, path: Path, what: Mount) -> None:
        """Mount something else."""
        self._mounts[path] = what

    def covered(self, path: Path) -> bool:
        """Whether something of the machine's is shown at a path, or above it."""
        for place in (path, *path.parents):
            found = self._mounts.get(place)
            if found is not None and not isinstance(found, Link):
                return isinstance(found, Bind) and not found.covers
        return False
