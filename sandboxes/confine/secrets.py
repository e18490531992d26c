"""Where programs keep credentials: what a confined command must never see.

Paths are relative to a home directory. Nothing of a home directory is shown unless a tool lies
there, so this list guards what lies beside tools and beside the work directory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from pathlib import Path

from sandboxes.confine.paths import is_within

IN_HOME = (
    ".aws",
    ".azure",
    ".boto",
    ".bundle/config",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".config/doctl",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".config/hub",
    ".config/op",
    ".config/rclone",
    ".databrickscfg",
    ".docker/config.json",
    ".gem/credentials",
    ".git-credentials",
    ".gnupg",
    ".gradle/gradle.properties",
    ".kube",
    ".local/state/executor",
    ".m2/settings-security.xml",
    ".m2/settings.xml",
    ".my.cnf",
    ".netrc",
    ".npmrc",
    ".oci",
    ".password-store",
    ".pgpass",
    ".pypirc",
    ".s3cfg",
    ".ssh",
    ".terraform.d/credentials.tfrc.json",
    ".vault-token",
)
_NAMES = [Path(name).parts for name in IN_HOME]
_TOPS = frozenset(name.partition("/")[0] for name in IN_HOME)
# Beside a work directory these may belong to the project, and hold what it needs.
_OF_PROJECTS = frozenset({".npmrc", ".gradle/gradle.properties", ".m2/settings.xml"})
_IN_PROJECT = tuple(name for name in IN_HOME if name not in _OF_PROJECTS)
IN_SYSTEM = (
    "/etc/boto.cfg",
    "/etc/docker",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/krb5.keytab",
    "/etc/kubernetes",
    "/etc/NetworkManager/system-connections",
    "/etc/openvpn",
    "/etc/ppp",
    "/etc/rancher",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/wireguard",
)
MOST_DIRECTORIES = 5_000
"""How many a place may have that is looked through."""

# Of other people's making, and large.
_DEEP = frozenset({".git", ".terraform", ".venv", "__pycache__", "node_modules", "venv"})


class TooMuchError(Exception):
    """A place has more directories than are looked through."""


def secrets_in(directory: Path, home: Path) -> Iterator[Path]:
    """Return the known secret files and directories that lie in a directory.

    Args:
        directory: what is going to be shown.
        home: the user's home directory.
    """
    yield from _of_home(directory, home)
    with suppress(OSError):
        yield from _named(str(directory), set(os.listdir(directory)), IN_HOME)


def secrets_of_home(home: Path) -> Iterator[Path]:
    """Return the known secret files and directories of a home directory."""
    for name in IN_HOME:
        path = os.path.join(home, name)
        if os.path.lexists(path):
            yield Path(path)


def secrets_of_project(
    directory: Path, home: Path, *, most: int | None = MOST_DIRECTORIES
) -> Iterator[Path]:
    """Return the known secret files and directories that lie anywhere below a directory.

    What projects need is none, nor is what lies in directories of other people's making.

    Args:
        directory: what is going to be shown.
        home: the user's home directory.
        most: how many directories are looked through; None for all.

    Raises:
        TooMuchError: there are more.
    """
    yield from _of_home(directory, home)
    waiting = [str(directory)]
    looked = 0
    while waiting:
        looked += 1
        if most is not None and looked > most:
            raise TooMuchError
        place = waiting.pop()
        there, below = _look(place)
        waiting += below
        yield from _named(place, there, _IN_PROJECT)


def _of_home(directory: Path, home: Path) -> Iterator[Path]:
    place = str(directory)
    if not is_within(str(home), place) and not is_within(place, str(home)):
        return
    yield from (path for path in secrets_of_home(home) if is_within(str(path), place))


def kept_from_others(directory: Path) -> Iterator[Path]:
    """Return what in a directory not everybody may read: keys of servers, mostly.

    A command that runs as root would be let in by its owner's rights.
    """
    waiting = [str(directory)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    continue
                mode = entry.stat(follow_symlinks=False).st_mode
                if not mode & stat.S_IROTH:
                    yield Path(entry.path)
                elif stat.S_ISDIR(mode):
                    waiting.append(entry.path)


def is_secret(path: Path) -> bool:
    """Whether a path leads to where a program keeps credentials, in whosever home."""
    return any(
        path.parts[i : i + len(name)] == name for name in _NAMES for i in range(len(path.parts))
    )


def _named(directory: str, there: Set[str], names: Iterable[str]) -> Iterator[Path]:
    # Thousands of directories are looked through, and hardly any has one.
    if there.isdisjoint(_TOPS):
        return
    for name in names:
        path = os.path.join(directory, name)
        if name.partition("/")[0] in there and os.path.lexists(path):
            yield Path(path)


def _look(directory: str) -> tuple[set[str], list[str]]:
    """Return the names in a directory, and the directories among them to look through."""
    names: set[str] = set()
    below: list[str] = []
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            names.add(entry.name)
            if entry.name not in _DEEP and entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
    return names, below
