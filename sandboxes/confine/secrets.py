"""Where programs keep credentials: what a confined command must never see.

Paths are relative to a home directory. Nothing of a home directory is shown unless a tool lies
there, so this list guards what lies beside tools and beside the work directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

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
# Beside a work directory these may belong to the project, and hold what it needs.
_OF_PROJECTS = frozenset({".npmrc", ".gradle/gradle.properties", ".m2/settings.xml"})
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
_MOST_DIRECTORIES = 1000
_LEVELS = 3
# Of other people's making, and large.
_DEEP = frozenset({".git", ".terraform", ".venv", "__pycache__", "node_modules", "venv"})


def secrets_below(directory: Path, home: Path, *, project: bool = False) -> Iterator[Path]:
    """Return the known secret files and directories that lie in a directory.

    Args:
        directory: what is going to be shown.
        home: the user's home directory.
        project: it belongs to a project: look a few levels deep, and leave what projects need.
    """
    names = [name for name in IN_HOME if not (project and name in _OF_PROJECTS)]
    for name in IN_HOME:
        path = home / name
        if path.is_relative_to(directory) and os.path.lexists(path):
            yield path
    yield from _present(directory, names)
    if project:
        for child in _directories(directory):
            yield from _present(child, names)


def kept_from_others(directory: Path) -> Iterator[Path]:
    """Return what in a directory not everybody may read: keys of servers, mostly.

    A command that runs as root would be let in by its owner's rights.
    """
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_symlink():
                    continue
                mode = entry.stat(follow_symlinks=False).st_mode
                if not mode & 0o004:
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    yield from kept_from_others(Path(entry.path))
    except OSError:
        return


def is_secret(path: Path) -> bool:
    """Whether a path leads to where a program keeps credentials, in whosever home."""
    return any(
        path.parts[i : i + len(name)] == name for name in _NAMES for i in range(len(path.parts))
    )


def _present(directory: Path, names: Iterable[str]) -> Iterator[Path]:
    try:
        there = set(os.listdir(directory))  # noqa: PTH208 - one look instead of one per name
    except OSError:
        return
    for name in names:
        if name.partition("/")[0] in there and os.path.lexists(directory / name):
            yield directory / name


def _directories(top: Path) -> Iterator[Path]:
    """Return directories below one, the nearest first, as far as it is worth to look."""
    level = [top]
    left = _MOST_DIRECTORIES
    for _ in range(_LEVELS):
        below: list[Path] = []
        for directory in level:
            below += _children(directory)
        yield from below[:left]
        left -= len(below)
        if left <= 0:
            return
        level = below


def _children(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if entry.name not in _DEEP and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []
