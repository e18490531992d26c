"""The kernel's own calls for shutting a process in, by ctypes: Python 3.11 has none of them.

Sources: the manual pages unshare(2), mount(2), mount_setattr(2), capabilities(7), prctl(2).
Every function raises `OSError` where the kernel refuses.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

NEW_CGROUP: Final = 0x02000000
NEW_IPC: Final = 0x08000000
NEW_MOUNTS: Final = 0x00020000
NEW_NETWORK: Final = 0x40000000
NEW_USER: Final = 0x10000000
NEW_UTS: Final = 0x04000000

NO_SUID: Final = 2
NO_DEVICES: Final = 4
NO_EXECUTION: Final = 8

_BIND, _MOVE, _RECURSIVE, _PRIVATE = 4096, 8192, 16384, 1 << 18
_READ_ONLY = 1
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_NO_NEW_PRIVILEGES, _DROP_BOUND, _AMBIENT, _CLEAR_ALL = 38, 24, 47, 4
_HAS_NO_NEW_PRIVILEGES, _SET_FILTER, _BY_PROGRAM = 39, 22, 2
_CAPABILITY_VERSION = 0x20080522
_MOST_CAPABILITIES = 64
_MOUNT_SETATTR = 442
# Loaded once: a forked child has no time for it.
_LIBC = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user", ctypes.c_uint64),
    )


def unshare(flags: int) -> None:
    """Leave the namespaces of one's parent."""
    _check(_LIBC.unshare(flags), "unshare")


def make_private() -> None:
    """Keep what is mounted from here on to this namespace."""
    _mount("none", "/", None, _RECURSIVE | _PRIVATE, None)


def mount_memory(path: str, size: int) -> None:
    """Mount an empty file system in memory.

    Args:
        path: an existing directory.
        size: bytes it may hold.
    """
    options = f"size={size},mode=0700"
    _mount("tmpfs", path, "tmpfs", NO_SUID | NO_DEVICES, options)


def show(source: str, target: str, *, read_only: bool = True, devices: bool = False) -> None:
    """Show a file or directory at another path; one to read with all that is mounted in it.

    Args:
        source: what is shown.
        target: an existing file or directory.
        read_only: nobody can write to it there.
        devices: it is a device.
    """
    _mount(source, target, None, _BIND | (_RECURSIVE if read_only else 0), None)
    flags = NO_SUID | (_READ_ONLY if read_only else 0) | (0 if devices else NO_DEVICES)
    restrict(target, flags)


def restrict(path: str, flags: int) -> None:
    """Take rights from all that is mounted at a path and below."""
    _set_attributes(path, flags, _AT_RECURSIVE)


def restrict_one(path: str) -> None:
    """Let nobody write to what is mounted at a path itself; what is mounted below stays."""
    _set_attributes(path, _READ_ONLY, 0)


def change_root(path: str) -> None:
    """Make a mount point the root.

    The old root lies below it, where nobody without rights comes any more. Unmounting it would
    be no safer, and takes the kernel five milliseconds.
    """
    os.chdir(path)
    _mount(path, "/", None, _MOVE, None)
    os.chroot(".")
    os.chdir("/")


def drop_rights() -> None:
    """Give up every capability, for good."""
    for number in range(_MOST_CAPABILITIES):
        # The kernel has fewer; it refuses the rest.
        _LIBC.prctl(_DROP_BOUND, number, 0, 0, 0)
    _LIBC.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _check(_LIBC.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _check(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")


def rights() -> bool:
    """Return whether a capability is left."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()
    _check(_LIBC.capget(header, held), "capget")
    return any(held)


def gains_rights() -> bool:
    """Return whether a program started from here could get rights that this one lacks."""
    return bool(_LIBC.prctl(_HAS_NO_NEW_PRIVILEGES, 0, 0, 0, 0) != 1)


def filter_calls(program: ctypes.Structure) -> None:
    """Put system calls of this process through a filter, for good.

    Args:
        program: a `struct sock_fprog`; rights must be dropped before.
    """
    done = _LIBC.prctl(_SET_FILTER, _BY_PROGRAM, ctypes.byref(program), 0, 0)
    _check(done, "seccomp")


def _set_attributes(path: str, flags: int, how: int) -> None:
    attributes = _Attributes(flags, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    number, name = ctypes.c_long(_MOUNT_SETATTR), os.fsencode(path)
    done = _LIBC.syscall(number, _AT_FDCWD, name, how, ctypes.byref(attributes), size)
    _check(done, f"mount_setattr {path}")


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None) -> None:
    done = _LIBC.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode() if options else None,
    )
    _check(done, f"mount {target}")


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
