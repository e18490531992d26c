"""The work directory and what belongs to it, in what a confined command sees."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandboxes.confine.hiding import hide_secrets
from sandboxes.confine.paths import above, is_within
from sandboxes.confine.secrets import MOST_DIRECTORIES, TooMuchError, secrets_of_project
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
    around = neighbourhood(work.shown, home)
    secrets: Iterable[Path] = around.secrets
    if around.place is None:
        secrets = secrets_of_project(work.shown, home, most=None)
    shown = tuple(places)
    for place in (*shown, *([around.place] if around.place else ())):
        if not is_within(str(place), str(work.shown)):
            view.show(place)
            view.read_only.append(str(place))
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
        secrets=secrets,
        environment=environment,
        empty=empty,
        system=system,
    )
    if around.withheld is not None:
        view.notes.append(
            f"{around.withheld}, around the work directory, is not shown as a whole: secrets are"
            f" looked for in at most {MOST_DIRECTORIES} directories"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What lies around the work directory.

    Attributes:
        place: the directory around it that is shown, if one is.
        secrets: what in there is not.
        withheld: what would be shown if it were not too much to look through.
    """

    place: Path | None = None
    secrets: tuple[Path, ...] = ()
    withheld: Path | None = None


def neighbourhood(work: Path, home: Path, *, most: int = MOST_DIRECTORIES) -> Neighbourhood:
    """Return what the work directory may refer to, as far as it can be looked through.

    That is its repository, or what lies two levels up at most; never a home directory or a
    place that everybody shares.

    Args:
        work: the work directory.
        home: the user's home directory.
        most: how many directories are looked through.
    """
    withheld = None
    for place in sorted(_around(work, home), key=lambda path: len(path.parts)):
        try:
            secrets = tuple(secrets_of_project(place, home, most=most))
        except TooMuchError:
            withheld = withheld or place
        else:
            return Neighbourhood(place=place, secrets=secrets, withheld=withheld)
    return Neighbourhood(withheld=withheld)


def _around(work: Path, home: Path) -> Iterator[Path]:
    """Yield directories around the work directory, the nearest first."""
    shared = {*SYSTEM, *_SHARED, str(home)}
    if not home.is_relative_to(tempfile.gettempdir()):
        shared.update(above(str(home)))
    own = []
    for directory in map(Path, above(str(work))):
        if str(directory) in shared or str(directory.parent) == "/home":
            break
        own.append(directory)
    for level, directory in enumerate(own):
        if any((directory / name).exists() for name in _REPOSITORY):
            own = own[: level + 1]
            break
    else:
        own = own[:_LEVELS]
    yield from (directory for directory in own if directory.is_dir())
