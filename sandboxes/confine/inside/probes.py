"""Looks whether the confinement holds what it promises, from where the command will stand.

Each probe returns what it found wrong, one sentence each; nothing means that it holds.
"""

from __future__ import annotations

import _socket
import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Documentation addresses and AWS's instance metadata: no datagram is sent, only a way sought.
_FAR = (
    (_socket.AF_INET, "192.0.2.1"),
    (_socket.AF_INET, "169.254.169.254"),
    (_socket.AF_INET6, "2001:db8::1"),
    (_socket.AF_INET6, "fd00:ec2::254"),
)
_CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")


def network() -> list[str]:
    """Look for a way out of the network."""
    wrong = []
    for family, address in _FAR:
        try:
            sock = _socket.socket(family, _socket.SOCK_DGRAM)
        except OSError:
            continue  # the machine has no such addresses at all
        try:
            sock.connect((address, 53))
            wrong.append(f"there is a way to {address}")
        except OSError:
            pass
        finally:
            sock.close()
    interfaces = [line.split(":")[0].strip() for line in _lines("/proc/net/dev")[2:]]
    others = [name for name in interfaces if name != "lo"]
    if others or not interfaces:
        wrong.append(f"there are network interfaces: {', '.join(others) or 'unknown'}")
    abstract = [line for line in _lines("/proc/net/unix")[1:] if "@" in line]
    if abstract:
        wrong.append("sockets of other programs can be reached by name")
    return wrong


def filesystem(writable: Sequence[str], read_only: Sequence[str], work: str) -> list[str]:
    """Look for places that can be written, and try some.

    Args:
        writable: mount points that may be writable.
        read_only: directories in which nothing must be possible.
        work: the work directory, which must be writable.
    """
    wrong = []
    allowed = {os.path.realpath(path) for path in writable}
    for line in _lines("/proc/self/mountinfo"):
        fields = line.split(" ")
        point = fields[4].encode().decode("unicode_escape")
        if "ro" in fields[5].split(","):
            continue
        # Devices are no places to write to, and the processes' own files are theirs.
        if point not in allowed and not point.startswith(("/dev/", "/proc")):
            wrong.append(f"{point} is mounted writable")
    for directory in read_only:
        if _can_write(directory):
            wrong.append(f"{directory} can be written")
    if not _can_write(work):
        wrong.append("the work directory cannot be written")
    if os.access("/proc/sys/kernel/core_pattern", os.W_OK):
        wrong.append("kernel settings can be changed")
    return wrong


def credentials(hidden: Sequence[str]) -> list[str]:
    """Look for files and sockets that must not be there.

    Args:
        hidden: paths that must not exist, or be empty.
    """
    return [f"{path} can be read" for path in hidden if not _empty(path)]


def privileges() -> list[str]:
    """Look for capabilities, for ways to get one, and for other processes."""
    return rights() + ([] if os.getpid() == 1 else ["processes outside can be seen"])


def rights() -> list[str]:
    """Look for capabilities, and for ways to get one."""
    status = dict(line.split(":", 1) for line in _lines("/proc/self/status") if ":" in line)
    wrong = [
        f"{name} is {status.get(name, '?').strip()}"
        for name in _CAPABILITIES
        if status.get(name, "?").strip().strip("0")
    ]
    if status.get("NoNewPrivs", "").strip() != "1":
        wrong.append("set-user-ID programs work")
    return wrong


def _can_write(directory: str) -> bool:
    path = os.path.join(directory, f".executor-probe-{os.getpid()}")
    try:
        fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    except OSError as error:
        return error.errno == errno.EEXIST
    os.close(fd)
    os.unlink(path)
    return True


def _empty(path: str) -> bool:
    try:
        if os.path.isdir(path):
            return not os.listdir(path)
        return os.stat(path).st_size == 0 and not _is_socket(path)
    except OSError:
        return True


def _is_socket(path: str) -> bool:
    return os.stat(path).st_mode & 0o170000 == 0o140000


def _lines(path: str) -> list[str]:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
