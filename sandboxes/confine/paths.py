"""What `pathlib` says of a path, said of its text.

Preparing a confinement asks it of hundreds of paths while a run waits, and a `Path` takes longer
to make and to compare than the question does. Texts are what `str` makes of an absolute `Path`,
and nothing here looks at the disk.
"""

from __future__ import annotations

from collections.abc import Iterator


def parts_of(path: str) -> tuple[str, ...]:
    """Return what `Path.parts` is."""
    root = _root(path)
    rest = path[len(root) :]
    return (root, *rest.split("/")) if rest else (root,)


def is_within(path: str, place: str) -> bool:
    """Whether a path is a place, or lies below it."""
    if path == place:
        return True
    if place == _root(place):
        return _root(path) == place
    return path.startswith(place) and path[len(place)] == "/"


def above(path: str) -> Iterator[str]:
    """Yield the directories that a path lies in, the nearest first."""
    root = _root(path)
    while path != root:
        path = path[: path.rfind("/")]
        if len(path) < len(root):
            path = root
        yield path


def _root(path: str) -> str:
    # POSIX leaves it to the system what two slashes at the beginning mean, so they are kept.
    return "//" if path.startswith("//") else "/"
