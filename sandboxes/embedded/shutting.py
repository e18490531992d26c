"""Shuts an emulator in: no network, none of the machine's files, no rights, limits.

Emulators run what a change hands them, and were not written to be safe. The kernel keeps this
one to an empty root with the interpreter, its libraries and one directory in it, in a network
without a way out. The socket it listens on was made before and is inherited: a socket stays in
the network it was made in.

It shares the machine's process numbers, since who leaves those behind can start no thread; it
sees no process (there is no `/proc`), and `filtering` lets it make none and signal none.

Where the kernel refuses namespaces, `guard` alone is left, and the sandbox says so. What was
achieved is tried, not believed.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from sandboxes.embedded import filtering, kernel

_SPACES: Final = (
    kernel.NEW_MOUNTS | kernel.NEW_NETWORK | kernel.NEW_IPC | kernel.NEW_UTS | kernel.NEW_CGROUP
)
_SYSTEM: Final = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/nix")
_SETTINGS: Final = ("/etc/localtime", "/etc/mime.types", "/etc/ld.so.cache", "/etc/alternatives")
_DEVICES: Final = ("/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero")
_MODULES: Final = ("sandboxes", "ministack", "moto", "botocore")
_SOMEBODY: Final = 1000
WITHIN: Final = ("home", "tmp")
_SHOWN_AT_MOST: Final = 3
_ROOT_BYTES: Final = 1 << 20
_WORK_BYTES: Final = 2 << 30
_MACHINES_MEMORY: Final = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
_LIMITS: Final = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_DATA: min(8 << 30, _MACHINES_MEMORY // 2),
    resource.RLIMIT_FSIZE: 2 << 30,
    resource.RLIMIT_NOFILE: 4096,
    resource.RLIMIT_NPROC: 4096,
}


def places() -> tuple[str, ...]:
    """Return what an emulator in this interpreter needs of the machine's files."""
    wanted = [*_SYSTEM, *_SETTINGS, sys.prefix, sys.base_prefix, *_packages()]
    wanted += [entry for entry in sys.path if _is_library(entry)]
    found: list[str] = []
    for path in sorted({os.path.abspath(p) for p in wanted if p}):  # noqa: PTH100
        if os.path.lexists(path) and not any(_within(path, place) for place in found):
            found.append(path)
    return tuple(found)


def shut_in(
    directory: str, shown: Sequence[str], *, proc: int | None = None, forks: bool = False
) -> str:
    """Shut this process in, for good; what the kernel refuses is left out, and said.

    Args:
        directory: its own, the only one it can write to.
        shown: what it needs of the machine's files; see `places`.
        proc: descriptor of `/proc`, for who is shut in already and does not see it.
        forks: it is to fork sandboxes one day; these are shut in once more, within it.

    Returns:
        Empty when everything holds; else what does not, in words.
    """
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("a place of its own", lambda: _move(directory, shown, proc, forks=forks)),
        ("giving up rights", kernel.drop_rights),
        ("limits", _limit),
        ("a filter on system calls", lambda: filtering.install(forks=forks)),
    )
    refused = []
    for what, take in steps:
        try:
            take()
        except OSError as error:
            refused.append(f"the kernel refuses {what}: {error.strerror or error}")
    return "; ".join([*refused, *_open_ways(directory, shown)])


def _move(directory: str, shown: Sequence[str], proc: int | None, *, forks: bool) -> None:
    _leave(proc, forks=forks)
    _change_root(directory, shown)


def _leave(proc: int | None, *, forks: bool) -> None:
    """Enter namespaces of one's own."""
    uid, gid = os.geteuid(), os.getegid()
    # A namespace in which somebody is root takes rights to be made in that one's; forks have none.
    inner = _SOMEBODY if forks and uid == 0 else uid
    try:
        kernel.unshare(kernel.NEW_USER | _SPACES)
    except OSError:
        if uid != 0:
            raise
        # Root may do without, where user namespaces are switched off.
        kernel.unshare(_SPACES)
        return
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inner} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        where = f"/proc/self/{name}" if proc is None else f"self/{name}"
        descriptor = os.open(where, os.O_WRONLY, dir_fd=proc)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def _change_root(directory: str, shown: Sequence[str]) -> None:
    root = f"{directory}/root"
    # Forks of one template mount theirs at the same place, each in its own mounts.
    with contextlib.suppress(FileExistsError):
        os.mkdir(root, 0o700)  # noqa: PTH102 - strings all the way, for time
    kernel.make_private()
    kernel.mount_memory(root, _ROOT_BYTES)
    for path in shown:
        _show(path, root)
    for path in _DEVICES:
        _place_file(root + path)
        kernel.show(path, root + path, devices=True)
    os.makedirs(root + directory, 0o700)  # noqa: PTH103
    kernel.mount_memory(root + directory, _WORK_BYTES)
    for name in WITHIN:
        os.mkdir(f"{root}{directory}/{name}", 0o700)  # noqa: PTH102
    kernel.restrict_one(root)
    kernel.change_root(root)


def _show(path: str, root: str) -> None:
    """Show a path at its own place in the new root, a link as the link it is."""
    target = root + path
    os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)  # noqa: PTH103, PTH120
    if os.path.islink(path):  # noqa: PTH114
        os.symlink(os.readlink(path), target)  # noqa: PTH115, PTH211
    elif os.path.isdir(path):  # noqa: PTH112
        with contextlib.suppress(FileExistsError):
            os.mkdir(target, 0o755)  # noqa: PTH102
        kernel.show(path, target)
    else:
        _place_file(target)
        kernel.show(path, target)


def _place_file(target: str) -> None:
    os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)  # noqa: PTH103, PTH120
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600))


def _limit() -> None:
    for which, most in _LIMITS.items():
        hard = resource.getrlimit(which)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (bound, bound))


def _open_ways(directory: str, shown: Sequence[str]) -> Iterator[str]:
    """Try what must not work, and yield what does."""
    yield from _ways_out()
    if kernel.rights():
        yield "it has kept rights"
    if kernel.gains_rights():
        yield "programs may give it rights"
    for path in ("/", "/usr", f"{directory}/.."):
        if _writable(path):
            yield f"it can write to {path}"
    seen = [
        f"{path.rstrip('/')}/{name}"
        for path, known in _ways_to([*shown, *_DEVICES, directory]).items()
        for name in sorted(set(os.listdir(path)) - known)  # noqa: PTH208
    ]
    if seen:
        yield f"it sees the machine's files ({', '.join(seen[:_SHOWN_AT_MOST])})"
    if os.path.lexists("/proc/self"):
        yield "it sees processes"
    with contextlib.suppress(PermissionError):
        # Tries whether it could be signalled, and sends nothing.
        os.kill(os.getppid(), 0)
        yield "it can signal its parent"


def _ways_to(paths: Sequence[str]) -> Mapping[str, set[str]]:
    """Return every directory that leads to the paths, and what of it they need."""
    ways: dict[str, set[str]] = {}
    for path in paths:
        while path != "/":
            path, _, name = path.rpartition("/")
            path = path or "/"
            ways.setdefault(path, set()).add(name)
    return ways


def _ways_out() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: it asks the kernel for a way there.
            probe.connect(("192.0.2.1", 9))
            yield "there is a way out of its network"
        except OSError as error:
            if error.errno != errno.ENETUNREACH:
                yield f"its network answers {error.strerror}"
    for family in (socket.AF_NETLINK, socket.AF_VSOCK):
        with contextlib.suppress(OSError):
            socket.socket(family, socket.SOCK_DGRAM).close()
            yield f"it can open sockets of {family.name}"


def _writable(directory: str) -> bool:
    try:
        os.mkdir(f"{directory}/.tried", 0o700)  # noqa: PTH102
    except OSError:
        return False
    os.rmdir(f"{directory}/.tried")  # noqa: PTH106
    return True


def _packages() -> Iterable[str]:
    for name in _MODULES:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin:
            yield os.path.dirname(found.origin)  # noqa: PTH120


def _is_library(entry: str) -> bool:
    # What merely lies on the path, such as somebody's project, is none.
    return os.path.basename(entry) in ("site-packages", "dist-packages")  # noqa: PTH119


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")
