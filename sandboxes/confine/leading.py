"""Where secrets really lie: what links lead to, from them and from within them.

A directory of keys may be a link to a place that is shown, or hold one. Each path on the way is as
secret as the first. What is asked here is asked of the disk anew for each run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress

from sandboxes.confine.paths import text_of

MOST_DIRECTORIES = 200
"""How many directories of one secret are looked through for links."""

_MOST_PLACES = 2_000
_MOST_LINKS = 40  # the kernel follows no more
# Large, made by programs, and without anybody's links to keys.
_NOT_LOOKED_INTO = frozenset(
    {
        ".azure/cliextensions",
        ".git",
        ".kube/cache",
        ".kube/http-cache",
        "gcloud/logs",
        "gcloud/virtenv",
        "node_modules",
        "state/executor",
    }
)


class Leads:
    """Follows secrets to wherever they lie."""

    def __init__(self, real: Callable[[str], str], wide: Collection[str]) -> None:
        """Args:
        real: returns what is seen inside at a path, as a path of the machine.
        wide: directories that are not looked through.
        """
        self._real = real
        self._wide = wide
        self._directories: dict[str, str] = {}
        self.found: dict[str, str] = {}
        """For each path at which a secret is found, the one that leads there."""
        self.unfinished: list[str] = []
        """Secrets that have more directories or links than are looked through."""

    def follow(self, secrets: Iterable[str], *, into: bool = True) -> None:
        """Add secrets and what they lead to.

        Args:
            secrets: files and directories.
            into: what links in the directories lead to is added as well.
        """
        waiting = [(path, path) for path in secrets]
        seen: set[str] = set()
        while waiting:
            path, first = waiting.pop()
            if path != first and len(self.found) > _MOST_PLACES:
                self.unfinished.append(first)
                continue
            places = list(self._way(path))
            for place in places:
                self.found.setdefault(place, first)
            if into and places[-1] not in seen:
                seen.add(places[-1])
                waiting += [(link, first) for link in self._links_in(places[-1])]

    def _way(self, path: str) -> Iterator[str]:
        """Yield a path, what every link on its way leads to, and last where it really lies."""
        first = path
        for _ in range(_MOST_LINKS):
            yield text_of(os.path.normpath(path))
            directory, name = os.path.split(path)
            if name in ("", ".", ".."):
                here = os.path.realpath(path)
            else:
                here = os.path.join(self._real_directory(directory), name)
            yield here
            try:
                target = os.readlink(self._real(here))
            except OSError:
                break
            path = os.path.join(os.path.dirname(here), target)
        else:
            # It leads to itself, so that nothing is there.
            return
        if path != first or self._real(here) != here:
            # Of the work directory a copy is seen, whose links may lead elsewhere.
            yield os.path.realpath(first)
            yield here

    def _real_directory(self, path: str) -> str:
        # Most lie beside others.
        real = self._directories.get(path)
        if real is None:
            real = self._directories[path] = os.path.realpath(path)
        return real

    def _links_in(self, top: str) -> Iterator[str]:
        """Yield the links below a directory."""
        places = [] if top in self._wide or _skipped(top) else [top]
        # What is nearer the top is looked at first.
        for number, place in enumerate(places):
            if number == MOST_DIRECTORIES:
                self.unfinished.append(top)
                return
            with suppress(OSError), os.scandir(self._real(place)) as entries:
                for entry in entries:
                    path = os.path.join(place, entry.name)
                    if entry.is_symlink():
                        yield path
                    elif entry.is_dir(follow_symlinks=False) and not _skipped(path):
                        places.append(path)


def _skipped(directory: str) -> bool:
    head, name = os.path.split(directory)
    return name in _NOT_LOOKED_INTO or f"{os.path.basename(head)}/{name}" in _NOT_LOOKED_INTO
