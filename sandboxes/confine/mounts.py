"""The file system that a confined command sees, as arguments of `bwrap`.

The root is empty. On it come the system's own directories, the places of tools and the work
directory's neighbours, all read-only; a fresh home, `/tmp` and `/dev/shm` in memory; and the
work directory, at its real path. What is deeper is mounted later, so that it wins.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandboxes.confine.limits import Limits
from sandboxes.confine.secrets import IN_SYSTEM, kept_from_others, secrets_below
from sandboxes.confine.tools import SYSTEM

OWN = Path("/run/executor")
"""Where a confined process finds what is ours."""

_OTHER_HOME = Path("/home/rehearsal")
_CPU = "/sys/devices/system/cpu"
_LEVELS = 2
_REPOSITORY = (".git", ".hg", ".svn")
_SHARED = ("/", "/home", "/media", "/mnt", "/root", "/run", "/tmp", "/var", "/var/tmp")
_SMALL = 1 << 20
_BINDS = ("--ro-bind", "--bind")
_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "ptmx": "pts/ptmx",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
_KEEPS_SECRETS = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "BOTO_CONFIG",
    "CLOUDSDK_CONFIG",
    "DOCKER_CONFIG",
    # Runs that were recorded, and the keys of their vaults.
    "EXECUTOR_HOME",
    "EXECUTOR_RUNTIME_DIR",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KUBECONFIG",
    "NETRC",
    "SSH_AUTH_SOCK",
)


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


@dataclass(slots=True)
class View:
    """What is mounted where; see the module.

    Attributes:
        home: the home directory inside.
        writable: mount points that can be written.
        read_only: directories that cannot, to be tried.
        hidden: paths at which nothing must be seen.
    """

    home: Path
    writable: list[Path] = field(default_factory=list)
    read_only: list[Path] = field(default_factory=list)
    hidden: list[Path] = field(default_factory=list)
    _mounts: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    _links: dict[Path, str] = field(default_factory=dict)
    _masks: set[Path] = field(default_factory=set)

    def arguments(self) -> list[str]:
        """Return the arguments, in order."""
        arguments: list[str] = []
        links = {path: ("--symlink", target, str(path)) for path, target in self._links.items()}
        steps = links | self._mounts
        for path in sorted(steps, key=lambda path: (len(path.parts), path)):
            arguments += steps[path]
        for name in ("/run", "/dev", "/"):
            arguments += ["--remount-ro", name]
        return arguments

    def show(self, path: Path, source: Path | None = None) -> None:
        """Show a file or directory read-only."""
        self._mounts[path] = ("--ro-bind", str(source or path), str(path))

    def mask(self, path: Path, empty: Path) -> None:
        """Show something empty in place of what is there."""
        self.drop_below(path)
        self.show(path, empty)
        self._masks.add(path)

    def write(self, path: Path, source: Path) -> None:
        """Show a directory that can be written."""
        self._mounts[path] = ("--bind", str(source), str(path))
        self.writable.append(path)

    def memory(self, path: Path, size: int, mode: str, *, writable: bool = True) -> None:
        """Mount an empty file system in memory."""
        self._mounts[path] = ("--perms", mode, "--size", str(size), "--tmpfs", str(path))
        if writable:
            self.writable.append(path)

    def make(self, path: Path, *arguments: str) -> None:
        """Mount something else."""
        self._mounts[path] = (*arguments, str(path))

    def link(self, path: Path, target: str) -> None:
        """Make a symbolic link."""
        self._links[path] = target

    def drop_below(self, path: Path) -> None:
        """Show nothing that lies below a path."""
        for place in [place for place in self._mounts if path in place.parents]:
            del self._mounts[place]

    def covered(self, path: Path) -> bool:
        """Whether something of the machine's is shown at a path, or above it."""
        for place in (path, *path.parents):
            if place in self._mounts:
                return place not in self._masks and self._mounts[place][0] in _BINDS
        return False


def make_view(
    *,
    home: Path,
    work: Work,
    tools: Iterable[Path],
    environment: Mapping[str, str],
    limits: Limits,
    empty: Path,
) -> View:
    """Return what a command is to see.

    Args:
        home: the user's home directory.
        work: the work directory.
        tools: places to show.
        environment: the caller's.
        limits: sizes of what lies in memory.
        empty: a directory with an empty directory `directory` and an empty file `file`.
    """
    view = View(home=_home_inside(home, work))
    _system(view, limits)
    neighbours = neighbourhood(work.shown, home)
    shown = [*tools, *([neighbours] if neighbours else [])]
    for place in shown:
        if not place.is_relative_to(work.shown):
            view.show(place)
            view.read_only.append(place)
    if view.home != work.shown:
        view.memory(view.home, limits.home, "0700")
    view.write(work.shown, work.path)
    if work.path != work.shown:
        # Links in the copy that lead to something in the copy name it by its real path.
        view.write(work.path, work.path)
    for name in work.linked:
        view.show(work.shown / name, work.shown / name)
    secret = {*_secrets(view, home, work, shown, neighbours, environment), *_sockets()}
    for path in sorted(secret, key=lambda path: len(path.parts)):
        _hide(view, path, work, empty)
    return view


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


def _home_inside(home: Path, work: Work) -> Path:
    top = f"/{home.parts[1]}" if len(home.parts) > 1 else "/"
    # Programs may lie there, or there is no directory to mount one on.
    if top in (*SYSTEM, "/", "/proc", "/dev", "/sys", "/run") or not home.is_dir():
        return _OTHER_HOME
    return _OTHER_HOME if home != work.shown and home.is_relative_to(work.shown) else home


def _system(view: View, limits: Limits) -> None:
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            view.link(path, str(path.readlink()))
        elif path.is_dir():
            view.show(path)
            view.read_only.append(path)
    top = Path("/", *view.home.parts[1:2])
    if top.is_symlink():
        view.link(top, str(top.readlink()))
    if Path(_CPU).is_dir():
        view.show(Path(_CPU))
    view.make(Path("/proc"), "--proc")
    _devices(view)
    view.memory(Path("/dev/shm"), limits.shared_memory, "1777")
    view.memory(Path("/tmp"), limits.temporary, "1777")
    view.memory(Path("/run"), _SMALL, "0755", writable=False)
    view.make(Path("/var"), "--dir")
    view.link(Path("/var/run"), "/run")
    view.link(Path("/var/tmp"), "/tmp")
    view.read_only += [Path("/"), Path("/run"), Path("/dev"), OWN]


def _devices(view: View) -> None:
    # Not by `--dev`: for an ordinary user that takes a second user namespace, in which nobody
    # may open the ports of the first.
    dev = Path("/dev")
    view.memory(dev, _SMALL, "0755", writable=False)
    for name in _DEVICES:
        if (dev / name).exists():
            view.make(dev / name, "--dev-bind", str(dev / name))
    for name, target in _DEVICE_LINKS.items():
        view.link(dev / name, target)
    # The program inside mounts terminals of its own there, where the kernel lets it.
    view.make(dev / "pts", "--dir")


def _secrets(
    view: View,
    home: Path,
    work: Work,
    shown: Sequence[Path],
    neighbours: Path | None,
    environment: Mapping[str, str],
) -> Iterable[Path]:
    yield from (Path(name) for name in IN_SYSTEM)
    if os.getuid() == 0:
        yield from kept_from_others(Path("/etc"))
    for place in shown:
        if place.is_dir():
            yield from secrets_below(place, home, project=place == neighbours)
    yield from secrets_below(work.shown, home, project=True)
    for name in _KEEPS_SECRETS:
        value = environment.get(name, "")
        if value.startswith("/"):
            yield Path(os.path.normpath(value))
    if Path("/opt") in home.parents:
        yield from secrets_below(home, home)


def _sockets() -> Iterable[Path]:
    """Return where programs of this machine listen: a read-only mount keeps nobody from it."""
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            names = {line.rstrip("\n").partition(" /")[2] for line in file}
    except OSError:
        return
    yield from (Path("/", name) for name in names if name)


def _hide(view: View, path: Path, work: Work, empty: Path) -> None:
    view.hidden.append(path)
    if not view.covered(path) or path in (work.shown, view.home):
        return
    inside = path.is_relative_to(work.shown)
    there = work.path / path.relative_to(work.shown) if inside else path
    if any(place.is_relative_to(path) for place in (work.path, work.shown)):
        # Covering it would cover the work as well; that it is in sight is told by the probe.
        return
    if there.is_symlink():
        real = there.resolve()
        if real.exists() and not real.is_symlink():
            _hide(view, real, work, empty)
    elif there.is_dir():
        view.mask(path, empty / "directory")
    elif there.exists():
        view.mask(path, empty / "file")
