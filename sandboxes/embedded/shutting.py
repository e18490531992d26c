"""Shuts an emulator in: no network, none of the machine's files, no rights, limits.

Emulators run what a change hands them, and were not written to be safe. The kernel keeps this
one to an empty root with the interpreter, its libraries and one directory in it, in a network
without a way out. The socket it listens on was made before and is inherited: a socket stays in
the network it was made in.

It shares the machine's process numbers, since who leaves those behind can start no thread; it
sees no process (there is no `/proc`), and `guard` lets it signal none.

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
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sandboxes.embedded import kernel

_SPACES: Final = (
    kernel.NEW_MOUNTS
    | kernel.NEW_NETWORK
    | kernel.NEW_IPC
    | kernel.NEW_UTS
    | kernel.NEW_CGROUP
)
_SYSTEM: Final = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/nix")
_SETTINGS: Final = ("/etc/localtime", "/etc/mime.types", "/etc/ld.so.cache", "/etc/alternatives")
_DEVICES: Final = ("/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero")
_MODULES: Final = ("sandboxes", "ministack", "moto", "botocore")
_ROOT_BYTES: Final = 1 << 20
_WORK_BYTES: Final = 2 << 30
_LIMITS: Final = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_DATA: 8 << 30,
    resource.RLIMIT_FSIZE: 2 << 30,
    resource.RLIMIT_NOFILE: 4096,
    resource.RLIMIT_NPROC: 512,
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


def shut_in(directory: str, shown: Sequence[str]) -> str:
    """Shut this process in, for good.

    Args:
        directory: its own, the only one it can write to.
        shown: what it needs of the machine's files; see `places`.

    Returns:
        Empty when everything holds; else what does not, in words.
    """
    try:
        _leave()
        _change_root(directory, shown)
        kernel.drop_rights()
    except OSError as error:
        return f"the kernel refuses: {error.strerror or error}"
    _limit()
    return "; ".join(_open_ways(directory))


def _leave() -> None:
    """Enter namespaces of one's own."""
    uid, gid = os.geteuid(), os.getegid()
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
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def _change_root(directory: str, shown: Sequence[str]) -> None:
    root = f"{directory}/root"
    os.mkdir(root, 0o700)  # noqa: PTH102 - strings all the way, for time
    kernel.make_private()
    kernel.mount_memory(root, _ROOT_BYTES)
    for path in shown:
        _show(path, root)
    for path in _DEVICES:
        _place_file(root + path)
        kernel.show(path, root + path, devices=True)
    os.makedirs(root + directory, 0o700)  # noqa: PTH103
    kernel.show(directory, root + directory, read_only=False)
    for name in ("home", "tmp"):
        kernel.mount_memory(f"{root}{directory}/{name}", _WORK_BYTES)
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


def _open_ways(directory: str) -> Iterator[str]:
    """Try what must not work, and yield what does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: it asks the kernel for a way there.
            probe.connect(("192.0.2.1", 9))
            yield "there is a way out of its network"
        except OSError as error:
            if error.errno != errno.ENETUNREACH:
                yield f"its network answers {error.strerror}"
    if kernel.rights():
        yield "it has kept rights"
    for path in ("/", "/usr", f"{directory}/.."):
        if _writable(path):
            yield f"it can write to {path}"
    if os.path.lexists("/proc/self"):
        yield "it sees processes"


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
