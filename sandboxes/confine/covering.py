"""Covers a place in what a confined command sees, as far as the command can do without it.

A link of secrets may lead to the system's own directories, to the home directory, or to what the
work directory lies in. Of these, what the command needs stays; that it does is noted, and the
probe inside finds it, so that the run does not count as one without credentials in sight.

Paths are texts as `text_of` makes them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandboxes.confine.paths import above, is_within
from sandboxes.confine.tools import SYSTEM
from sandboxes.confine.view import View, Work, depth

_MOST_COVERED = 500
_NEEDED = (
    *SYSTEM,
    *("/dev", "/proc", "/run", "/sys", "/tmp"),
    *("/etc/alternatives", "/etc/ca-certificates", "/etc/pki", "/etc/ssl", "/etc/ssl/certs"),
    *("/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/sbin"),
    *("/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/usr/share"),
)
_PROGRAMS = ("bin", "sbin", "shims")
# No program needs a file that lies directly there.
_OPEN = frozenset({"/opt", "/usr/local", "/usr/share"})
_ELF = b"\x7fELF"


class Cover:
    """Covers places in a view."""

    def __init__(
        self, view: View, *, home: Path, work: Work, shown: Sequence[Path], empty: Path
    ) -> None:
        """Args:
        view: what is shown.
        home: the user's home directory.
        work: the work directory.
        shown: places of tools.
        empty: a directory with an empty directory `directory` and an empty file `file`.
        """
        self._view = view
        self._empty = empty
        self._work = (str(work.shown), str(work.path))
        self._programs = set(_programs_in(shown))
        self._leaves = {*_NEEDED, *self._work, str(view.home)}
        # Never shown as a whole; what is shown of it has nothing to do with a link to all of it.
        self._homes = {str(home), *above(str(home))}
        self._leaves.update(self._homes)
        self.needed = frozenset(_with_above(self._leaves | self._programs))
        """Places that cannot be covered as a whole."""
        self.notes: list[str] = []
        """What could not be covered, one sentence each."""

    def hide(self, path: str, secret: str) -> None:
        """Cover a place, wherever it is shown.

        Args:
            path: the place.
            secret: what led there.
        """
        for place in self._names(path):
            left = self._hide(place, led=path != secret)
            named = place if place == secret else f"{secret} leads to {place}, which"
            if not self._programs.issuperset(left):
                self._view.hidden.append(place)
                needed = next(path for path in left if path not in self._programs)
                self.notes.append(
                    f"{named} cannot be hidden as a whole: the command needs {needed}"
                )
            elif left:
                self.notes.append(f"{named} is hidden but for the programs in {left[0]}")

    def _names(self, path: str) -> Iterator[str]:
        """Yield a path, and the other one that it has in the work directory."""
        yield path
        shown, copy = self._work
        if shown != copy:
            for one, other in ((shown, copy), (copy, shown)):
                if is_within(path, one):
                    yield other + path[len(one) :]

    def _hide(self, path: str, *, led: bool) -> list[str]:
        """Cover a place, and return what in it could not be.

        Args:
            path: the place.
            led: a link led there, and programs have those as well.
        """
        if path in self.needed:
            return self._hide_around(path, led=led)
        source = self._view.source_of(path)
        if source is None:
            for place in sorted(self._view.shown_within(path), key=depth):
                self._hide(place, led=led)
        elif os.path.islink(source):
            # What it leads to is covered by itself.
            self._view.hidden.append(path)
        elif os.path.isdir(source):
            self._cover(path, "directory")
        elif os.path.exists(source) and not (led and _is_program(source)):
            self._cover(path, "file")
        return []

    def _cover(self, path: str, name: str) -> None:
        self._view.mask(path, self._empty / name)
        self._view.hidden.append(path)

    def _hide_around(self, path: str, *, led: bool) -> list[str]:
        """Cover what lies in a place but for what is needed, and return that."""
        source = self._view.source_of(path)
        inside = [] if source else self._view.shown_within(path)
        if path in self._homes:
            return [path] if source else inside[:1]
        if path in self._programs or (path in self._leaves and path not in _OPEN and source):
            return [path] if source else []
        left: list[str] = []
        places = _entries(path, source) if source else inside
        if path in _OPEN and source:
            left.append(path)
            places = [place for place in places if not os.path.isdir(place)]
        if len(places) > _MOST_COVERED:
            return [path]
        for place in places:
            left += self._hide(place, led=led)
        return left


def _with_above(places: set[str]) -> Iterator[str]:
    for place in places:
        yield place
        yield from above(place)


def _entries(path: str, source: str) -> list[str]:
    """Return what lies in a directory, but for links."""
    try:
        with os.scandir(source) as entries:
            return [os.path.join(path, e.name) for e in entries if not e.is_symlink()]
    except OSError:
        return []


def _programs_in(places: Sequence[Path]) -> Iterator[str]:
    """Return the directories of programs among places of tools."""
    for place in map(str, places):
        if os.path.basename(place) in _PROGRAMS:
            yield place
        for name in _PROGRAMS:
            path = os.path.join(place, name)
            if os.path.isdir(path):
                yield path


def _is_program(source: str) -> bool:
    """Whether a file is a program: tools link to theirs from where they keep keys as well."""
    if not os.path.isfile(source):
        return False
    try:
        with open(source, "rb") as file:
            return file.read(len(_ELF)) == _ELF
    except OSError:
        return False
