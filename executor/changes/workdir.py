"""A private copy of the work directory, so that a dry run leaves the real one untouched.

The copy lies at the same path below a temporary root. Where it is not going to be shown at the
original's, what stands beside the work directory and beside its parents is linked there, so that
`../modules` leads where it did. Large directories of known tools are linked too and not copied;
what the change writes into those, or beside the work directory, it writes for good. A confinement
that makes the file system read-only ends that as well.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from executor.errors import InvalidChange

MOST_BYTES = 512 << 20
MOST_FILES = 50_000
_LINKED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".gradle",
        ".m2",
        ".cache",
    }
)
_LINKED_IN = {".terraform": frozenset({"providers", "plugins"})}
_MOST_NEIGHBOURS = 1000
_LEVELS = 6

_Mark = tuple[int, int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCopy:
    """A copy of a work directory.

    Attributes:
        path: the copy, to run in.
        source: the directory it was made of.
        marks: relative path -> size, time, mode and link as copied.
        linked: relative paths of directories that were not copied but linked.
    """

    path: Path
    source: Path
    marks: dict[str, _Mark] = field(default_factory=dict)
    linked: tuple[str, ...] = ()

    def changes(self) -> tuple[str, ...]:
        """Return paths, relative to the work directory, that were made, changed or removed."""
        now = {name: _mark(entry) for name, entry in _walk(self.path, "")}
        names = {n for n in self.marks.keys() | now.keys() if self.marks.get(n) != now.get(n)}
        return tuple(sorted(names))


def copy_workdir(
    source: Path,
    root: Path,
    *,
    neighbours: bool = True,
    most_bytes: int = MOST_BYTES,
    most_files: int = MOST_FILES,
) -> WorkCopy:
    """Copy a work directory below `root`, an empty private directory.

    Args:
        source: the work directory.
        root: where to.
        neighbours: link what stands beside it; not needed where the copy is shown in its place.
        most_bytes: a larger one is refused.
        most_files: so is one of more files.

    Raises:
        InvalidChange: it cannot be read, or is too large to be copied.
    """
    source = source.resolve()
    path = root.joinpath(*source.parts[1:])
    path.mkdir(parents=True, mode=0o700, exist_ok=True)
    copier = _Copier(source, path)
    try:
        # Counted first, so that a refusal comes at once and not after half a gigabyte.
        _Counter(source, most_bytes, most_files).count(source, "")
        if neighbours:
            _link_neighbours(source, path)
        copier.copy(source, path, "")
    except OSError as error:
        raise InvalidChange(
            f"the work directory cannot be copied: {error.filename}: {error.strerror}",
            hint="run in a directory that can be read, or with --in-place",
        ) from error
    return WorkCopy(path=path, source=source, marks=copier.marks, linked=tuple(copier.linked))


class _Counter:
    """Refuses a tree that is too large."""

    def __init__(self, source: Path, most_bytes: int, most_files: int) -> None:
        self._source = source
        self._bytes = most_bytes
        self._files = most_files

    def count(self, directory: Path, prefix: str) -> None:
        """Count the content of one directory."""
        linked = _linked(directory, prefix)
        with os.scandir(directory) as entries:
            for entry in entries:
                self._files -= 1
                if entry.is_file(follow_symlinks=False):
                    self._bytes -= entry.stat(follow_symlinks=False).st_size
                if self._files < 0 or self._bytes < 0:
                    raise InvalidChange(
                        f"the work directory {self._source} is too large to be copied",
                        hint="run in a smaller directory, or with --in-place in the real one",
                    )
                if entry.is_dir(follow_symlinks=False) and entry.name not in linked:
                    self.count(Path(entry.path), f"{prefix}{entry.name}/")


class _Copier:
    """Copies one tree."""

    def __init__(self, source: Path, copy: Path) -> None:
        self._source = source
        self._copy = copy
        self.marks: dict[str, _Mark] = {}
        self.linked: list[str] = []

    def copy(self, source: Path, target: Path, prefix: str) -> None:
        """Copy the content of one directory."""
        linked = _linked(source, prefix)
        with os.scandir(source) as entries:
            for entry in entries:
                name = prefix + entry.name
                destination = target / entry.name
                if entry.is_symlink():
                    self._link(Path(entry.path), destination)
                    if entry.name in linked:
                        continue
                elif entry.is_dir():
                    if entry.name in linked:
                        destination.symlink_to(entry.path, target_is_directory=True)
                        self.linked.append(name)
                        continue
                    destination.mkdir()
                    self.copy(Path(entry.path), destination, name + "/")
                    shutil.copystat(entry.path, destination)
                    continue
                elif entry.is_file():
                    shutil.copy2(entry.path, destination)
                else:
                    continue  # sockets, pipes and devices are no files to work on
                self.marks[name] = _mark_of(destination)

    def _link(self, link: Path, destination: Path) -> None:
        """Keep a link, but let none lead from the copy back into the original."""
        target = link.readlink()
        if target.is_absolute() and target.is_relative_to(self._source):
            target = self._copy / target.relative_to(self._source)
        destination.symlink_to(target)


def _linked(directory: Path, prefix: str) -> frozenset[str]:
    """Return the names in a directory that are linked and not copied."""
    return _LINKED | _LINKED_IN.get(directory.name, frozenset()) if prefix else _LINKED


def _link_neighbours(source: Path, path: Path) -> None:
    for _ in range(_LEVELS):
        here, there = source.parent, path.parent
        if here == source or here == here.parent:
            return
        try:
            names = os.listdir(here)  # noqa: PTH208 - the count decides before any Path is made
        except OSError:
            return
        if len(names) > _MOST_NEIGHBOURS:
            return
        for name in names:
            # What is the copy's own temporary root must not lead into itself.
            if name != source.name and not there.is_relative_to(here / name):
                (there / name).symlink_to(here / name)
        source, path = here, there


def _walk(directory: Path, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    linked = _linked(directory, prefix)
    with os.scandir(directory) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in linked:
                    yield from _walk(Path(entry.path), name + "/")
            elif not (entry.is_symlink() and entry.name in linked):
                yield name, entry


def _mark(entry: os.DirEntry[str]) -> _Mark:
    return _mark_of(Path(entry.path))


def _mark_of(path: Path) -> _Mark:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return 0, 0, 0, str(path.readlink())
    return found.st_size, found.st_mtime_ns, stat.S_IMODE(found.st_mode), ""
