"""What `pathlib` says of a path, said of its text.

Preparing a confinement asks it of hundreds of paths while a run waits, and a `Path` takes longer
to make and to compare than the question does. Texts are what `str` makes of an absolute `Path`,
and nothing here looks at the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def text_of(path: str | os.PathLike[str]) -> str:
    """Return a path as a text without needless dots and slashes, the first one included.

    `pathlib` keeps two slashes at the beginning, since POSIX leaves it to the system what they
    mean. To Linux they mean one; taken for another place, they showed a home directory as a whole.
    """
    text = os.fspath(path)
    if text.startswith("/") and not text.endswith("/") and "//" not in text and "/." not in text:
        # Nearly all are so already, and making a `Path` of each takes its time.
        return text
    text = str(Path(text))
    return text[1:] if text.startswith("//") else text


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
