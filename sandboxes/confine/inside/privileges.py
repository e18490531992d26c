"""Gives up what only the preparation needed, for good.

`_ctypes` is used bare: `ctypes` costs a command half as long as the interpreter itself.
"""

from __future__ import annotations

import _ctypes
import os

_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64
_JOIN_SESSION_KEYRING = 1
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND = 32, 4096

_DIRECTORIES = frozenset({"acpi", "asound", "bus", "driver", "fs", "irq", "scsi", "sys", "tty"})

_C = _ctypes.dlopen(None, 2)  # type: ignore[arg-type]  # the program itself


def limit_namespaces(tasks: int) -> None:
    """Bound the tasks of this process namespace, and allow no user namespaces below this one.

    Kernels before 6.14 have no bound of their own per namespace; the watch over the tasks
    has to do there.
    """
    for name, value in (("kernel/pid_max", max(tasks, 301)), ("user/max_user_namespaces", 0)):
        if name == "kernel/pid_max" and _kernel() < (6, 14):
            # There it would be the whole machine's.
            continue
        try:
            fd = os.open(f"/proc/sys/{name}", os.O_WRONLY)
        except OSError:
            continue
        try:
            os.write(fd, str(value).encode())
        except OSError:
            continue
        finally:
            os.close(fd)


def protect_kernel_settings() -> None:
    """Make read-only what changes the kernel: a root inside may be the root outside to it."""
    for name in os.listdir("/proc"):
        path = f"/proc/{name}"
        if name.isdigit() or os.path.islink(path):
            continue
        if name in _DIRECTORIES or (not os.path.isdir(path) and os.stat(path).st_mode & 0o222):
            _make_read_only(path.encode())


def mount_terminals() -> None:
    """Mount pseudo-terminals of our own; only a user that is root inside gets them."""
    flags = _MS_NOSUID | _MS_NOEXEC
    _call("mount", b"devpts", b"/dev/pts", b"devpts", flags, b"newinstance,ptmxmode=0666,mode=620")


def _make_read_only(path: bytes) -> None:
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC | _MS_RDONLY
    if _call("mount", path, path, 0, _MS_BIND, 0) == 0:
        _call("mount", 0, path, 0, flags | _MS_REMOUNT | _MS_BIND, 0)


def leave_keyring() -> None:
    """Take an empty session keyring: some programs keep credentials in the caller's."""
    number = _KEYCTL.get(os.uname().machine)
    if number is not None:
        _call("syscall", number, _JOIN_SESSION_KEYRING, 0, 0, 0, 0)


def drop_everything() -> None:
    """Drop every capability, and the ways to get one back."""
    # Nobody inside may look into this process, or hold it up.
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(_MOST_CAPABILITIES):
        _call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
    head = _CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4)
    _call("capset", head, bytes(24))


def be_open() -> None:
    """Let this process change its own settings under `/proc` again."""
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def _kernel() -> tuple[int, int]:
    numbers = os.uname().release.split(".")
    return int(numbers[0]), int("".join(c for c in numbers[1] if c.isdigit()) or 0)


def _call(name: str, *arguments: int | bytes) -> int:
    function = _ctypes.dlsym(_C, name)
    result: int = _ctypes.call_cdeclfunction(function, arguments)
    return result
