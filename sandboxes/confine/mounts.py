"""The file system that a confined command sees, as arguments of `bwrap`.

The root is empty. On it come the system's own directories, the places of tools and the work
directory's neighbours, all read-only; a fresh home, `/tmp` and `/dev/shm` in memory; and the
work directory, at its real path. What is deeper is mounted later, so that it wins.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import assert_never

from sandboxes.confine.limits import Limits
from sandboxes.confine.project import show_project
from sandboxes.confine.tools import SYSTEM
from sandboxes.confine.view import (
    OTHER_HOME,
    OWN,
    Bind,
    Device,
    Directory,
    Link,
    Memory,
    Mount,
    Processes,
    View,
    Work,
)

_CPU = "/sys/devices/system/cpu"
_SMALL = 1 << 20
_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "ptmx": "pts/ptmx",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}


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
    if view.home != work.shown:
        view.memory(view.home, limits.home, "0700")
    show_project(
        view, home=home, work=work, places=tools, environment=environment, empty=empty, system=True
    )
    return view


def arguments_of(view: View) -> list[str]:
    """Return what makes the view, as arguments of `bwrap`."""
    arguments: list[str] = []
    for path, mount in view.mounts.items():
        arguments += [*_options_of(path, mount), path]
    for name in ("/run", "/dev", "/"):
        arguments += ["--remount-ro", name]
    return arguments


def _options_of(path: str, mount: Mount) -> tuple[str, ...]:
    match mount:
        case Bind():
            return ("--bind" if mount.writable else "--ro-bind", mount.source)
        case Memory():
            return ("--perms", mount.mode, "--size", str(mount.size), "--tmpfs")
        case Device():
            return ("--dev-bind", path)
        case Processes():
            return ("--proc",)
        case Directory():
            return ("--dir",)
        case Link():
            return ("--symlink", mount.target)
        case _:
            assert_never(mount)


def _home_inside(home: Path, work: Work) -> Path:
    top = f"/{home.parts[1]}" if len(home.parts) > 1 else "/"
    # Programs may lie there, or there is no directory to mount one on, as far as the user may
    # look; some versions of `pathlib` raise where that is not far enough.
    there = os.path.isdir(home)  # noqa: PTH112
    if top in (*SYSTEM, "/", "/proc", "/dev", "/sys", "/run") or not there:
        return OTHER_HOME
    return OTHER_HOME if home != work.shown and home.is_relative_to(work.shown) else home


def _system(view: View, limits: Limits) -> None:
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            view.make(name, Link(target=str(path.readlink())))
        elif path.is_dir():
            view.show(name)
            view.read_only.append(name)
    top = Path("/", *view.home.parts[1:2])
    if top.is_symlink():
        view.make(top, Link(target=str(top.readlink())))
    if Path(_CPU).is_dir():
        view.show(_CPU)
    view.make("/proc", Processes())
    _devices(view)
    view.memory("/dev/shm", limits.shared_memory, "1777")
    view.memory("/tmp", limits.temporary, "1777")
    view.memory("/run", _SMALL, "0755", writable=False)
    view.make("/var", Directory())
    view.make("/var/run", Link(target="/run"))
    view.make("/var/tmp", Link(target="/tmp"))
    view.read_only += ["/", "/run", "/dev", str(OWN)]


def _devices(view: View) -> None:
    # Not by `--dev`: for an ordinary user that takes a second user namespace, in which nobody
    # may open the ports of the first.
    view.memory("/dev", _SMALL, "0755", writable=False)
    for name in _DEVICES:
        if Path(f"/dev/{name}").exists():
            view.make(f"/dev/{name}", Device())
    for name, target in _DEVICE_LINKS.items():
        view.make(f"/dev/{name}", Link(target=target))
    # The program inside mounts terminals of its own there, where the kernel lets it.
    view.make("/dev/pts", Directory())
