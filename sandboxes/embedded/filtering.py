"""A filter on system calls: this process makes no other, signals none, and mounts nothing.

An emulator in Python needs threads, files and the socket it has; what is refused here is what
makes processes, looks into them, or asks the kernel for more than that. So code that a change
hands to the emulator is not run as a program, whatever the emulator tries, nor by native code.

A list of what is refused, since what Python, C libraries and kernels call is not ours to know:
namespaces and lost rights stand behind it. Numbers are those of Linux's `unistd.h`; a program
of another kind than the interpreter's (32 bit, x32) is refused whatever it calls. Manual pages:
seccomp(2), prctl(2), bpf classic.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from typing import Final

from sandboxes.embedded import kernel

# Audit architecture, in `linux/audit.h`, by the name that `uname` gives it.
_MACHINES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32: Final = 0x40000000
_NEW_THREAD: Final = 0x10000
_FAMILIES: Final = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)

# Name: number on x86_64, number on aarch64 (None where it has no such call).
_REFUSED: Final[dict[str, tuple[int, int | None]]] = {
    # Processes, and looking into them. `clone` and `tgkill` are treated below.
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "process_madvise": (440, 440),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    # Namespaces, mounts, roots.
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # Parts of the kernel that no emulator needs.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
_CLONE: Final = (56, 220)
_CLONE3: Final = (435, 435)
_TGKILL: Final = (234, 131)
_SOCKET: Final = (41, 198)

# What a template needs to fork sandboxes, and they to shut themselves in, after which all of it
# is refused to them. It has no rights, so that it gains nothing by them itself.
_TO_FORK: Final = frozenset(
    {
        "fork",
        "pidfd_open",
        "unshare",
        "mount",
        "chroot",
        "mount_setattr",
    }
)

_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install(*, forks: bool = False) -> None:
    """Filter this process and its threads from now on; it cannot be undone.

    Args:
        forks: it is to fork sandboxes one day, which install the rest.

    Raises:
        OSError: the kernel has no filters, or this processor is not known.
    """
    machine = os.uname().machine
    if machine not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no filter on system calls for {machine}")
    own = None if forks else os.getpid()
    code = b"".join(struct.pack("=HBBI", *i) for i in _instructions(machine, own))
    held = ctypes.create_string_buffer(code, len(code))
    kernel.filter_calls(_Program(len(code) // 8, ctypes.addressof(held)))


def _instructions(machine: str, own: int | None) -> Sequence[Instruction]:
    """Return the filter, first match first.

    Args:
        machine: the processor.
        own: the process that may signal itself; None for one that may fork others.
    """
    which = 0 if machine == "x86_64" else 1
    left = _TO_FORK if own is None else frozenset[str]()
    return [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, _MACHINES[machine]),
        _refusing(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        _refusing(errno.EPERM),
        # glibc then takes `clone`, whose flags a filter can see.
        *_matching(_CLONE3[which], [_refusing(errno.ENOSYS)]),
        *(() if own is None else _one_process(which, own)),
        # Others, of virtual machines for one, do not end where the network does.
        *_matching(_SOCKET[which], _one_of(_FAMILIES, errno.EAFNOSUPPORT)),
        *_refused(numbers[which] for name, numbers in _REFUSED.items() if name not in left),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _one_process(which: int, own: int) -> Sequence[Instruction]:
    """Return what lets a process make threads only, and signal those only."""
    return [
        *_matching(
            _CLONE[which],
            [
                (_LOAD, 0, 0, _FIRST_ARGUMENT),
                (_ANY_BIT, 1, 0, _NEW_THREAD),
                _refusing(errno.EPERM),
                (_RETURN, 0, 0, _ALLOW),
            ],
        ),
        *_matching(_TGKILL[which], _one_of([own], errno.EPERM)),
    ]


def _refused(numbers: Iterable[int | None]) -> Iterable[Instruction]:
    for number in numbers:
        if number is not None:
            yield from _matching(number, [_refusing(errno.EPERM)])


def _matching(number: int, then: Sequence[Instruction]) -> Sequence[Instruction]:
    """Return what decides the one call; it has to end in a decision."""
    return [(_EQUAL, 0, len(then), number), *then]


def _one_of(values: Sequence[int], refusal: int) -> Sequence[Instruction]:
    """Return what lets through a first argument of these values alone."""
    count = len(values)
    tests = [(_EQUAL, count - index, 0, value) for index, value in enumerate(values)]
    return [
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *tests,
        _refusing(refusal),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _refusing(number: int) -> Instruction:
    return (_RETURN, 0, 0, _REFUSE | number)
