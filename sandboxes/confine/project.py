"""The work directory and what belongs to it, in what a confined command sees."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandboxes.confine.hiding import hide_secrets
from sandboxes.confine.tools import SYSTEM
from sandboxes.confine.view import View, Work

_LEVELS = 2
_REPOSITORY = (".git", ".hg", ".svn")
_SHARED = ("/", "/home", "/media", "/mnt", "/root", "/run", "/tmp", "/var", "/var/tmp")


def show_project(
    view: View,
    *,
    home: Path,
    work: Work,
    places: Iterable[Path],
    environment: Mapping[str, str],
    empty: Path,
    system: bool,
) -> None:
    """Show the work directory, what lies around it, and other places; cover what is secret there.

    Args:
        view: what else is shown.
        home: the user's home directory.
        work: the work directory.
        places: to be shown besides.
        environment: the caller's.
        empty: a directory with an empty directory `directory` and an empty file `file`.
        system: the machine's own directories are shown as well.
    """
    neighbours = neighbourhood(work.shown, home)
    shown = [*places, *([neighbours] if neighbours else [])]
    for place in shown:
        if not place.is_relative_to(work.shown):
            view.show(place)
            view.read_only.append(place)
    view.write(work.shown, work.path)
    if work.path != work.shown:
        # Links in the copy that lead to something in the copy name it by its real path.
        view.write(work.path, work.path)
    for name in work.linked:
        view.show(work.shown / name, work.shown / name)
    hide_secrets(
        view,
        home=home,
        work=work,
        shown=shown,
        neighbours=neighbours,
        environment=environment,
        empty=empty,
        system=system,
    )


def neighbourhood(work: Path, home: Path) -> Path | None:
    """Return the directory around the work directory that it may refer to, if there is one.

    That is its repository, or what lies two levels up at most; never a home directory or a
    place that everybody shares.
    """
    shared = {Path(p) for p in (*SYSTEM, *_SHARED)} | {home}
    if not home.is_relative_to(tempfile.gettempdir()):
        shared.update(home.parents)
    found = None
    for level, directory in enumerate(work.parents):
        if directory in shared or directory.parent == Path("/home"):
            break
        if any((directory / name).exists() for name in _REPOSITORY):
            return directory
        if level < _LEVELS and directory.is_dir():
            found = directory
    return found
