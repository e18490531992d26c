"""What a process may do and see, as the kernel tells it.

A fork of the server has the server's rights, limits and namespaces and not its client's. So the
server serves only who stands exactly as it does itself: a client that somebody has put into a
box would else have a run outside of it. Imports next to nothing: every `dry-run` waits for it.
"""

from __future__ import annotations

import os

_RIGHTS = (
    *("Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"),
    *("NoNewPrivs:", "Seccomp:", "Seccomp_filters:", "Cpus_allowed:", "Mems_allowed:"),
)
_FILES = ("limits", "cgroup", "oom_score_adj")
_NICE, _PRIORITY, _POLICY = 16, 37, 38
"""Fields of `/proc/PID/stat`, counted from the one behind the name (proc_pid_stat(5))."""


def standing(pid: int | str = "self") -> str:
    """Return all of it as text; equal texts, equal standing.

    Args:
        pid: the process; this one by default.

    Raises:
        OSError: there is no such process, or it cannot be looked at.
    """
    place = f"/proc/{pid}"
    lines = [line for line in _read(f"{place}/status").splitlines() if line.startswith(_RIGHTS)]
    lines += [_read(f"{place}/{name}") for name in _FILES]
    # The name in parentheses may itself hold spaces and parentheses.
    fields = _read(f"{place}/stat").rpartition(") ")[2].split()
    lines += [fields[_NICE], fields[_PRIORITY], fields[_POLICY]]
    lines += [os.readlink(f"{place}/ns/{name}") for name in sorted(os.listdir(f"{place}/ns"))]
    lines.append(os.readlink(f"{place}/root"))
    lines.append(_label(place))
    return "\n".join(lines)


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _label(place: str) -> str:
    """Return what a security module calls the process; empty where there is none."""
    try:
        return _read(f"{place}/attr/current")
    except OSError:
        return ""
