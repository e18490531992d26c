"""What is to be confined, and what the program inside is told about it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandboxes.confine.allowed import account_variables
from sandboxes.confine.environment import Appearance
from sandboxes.confine.limits import Limits
from sandboxes.confine.names import AWS_SUFFIXES, PORTS
from sandboxes.confine.paths import is_within, text_of
from sandboxes.confine.trust import Trust
from sandboxes.confine.view import OWN, View, Work
from sandboxes.model import Door
from sandboxes.processes import MARKER, marker_value

_SOCKETS = (
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/dbus/system_bus_socket",
)
SPARE_TASKS = 64
"""More than are allowed, so that the watch inside sees them and says why the run ends."""

_OWN_LIMITS = (5, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """What is to be confined.

    Attributes:
        command: program and arguments.
        run: id of the run.
        door: where the gateway is.
        work: the work directory.
        appearance: as whom its AWS clients appear.
        environment: the caller's.
        passed: variables it gets besides the usual ones.
        hosts: further hosts that it may reach, with the addresses they have inside.
    """

    command: Sequence[str]
    run: str
    door: Door
    work: Work
    appearance: Appearance
    environment: Mapping[str, str]
    passed: Sequence[str] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)

    @property
    def copied(self) -> bool:
        """Whether it works in a copy of the directory that it sees."""
        return self.work.path != self.work.shown

    @property
    def home(self) -> Path:
        """The user's home directory."""
        named = self.environment.get("HOME", "")
        if not named.startswith("/"):
            named = pwd.getpwuid(os.getuid()).pw_dir
        return Path(text_of(named))


def variables_of(occupant: Occupant, view: View, trust: Trust | None) -> dict[str, str]:
    """Return the variables that are set for it, whatever the caller has."""
    environment = occupant.environment
    variables = account_variables(occupant.appearance) | {
        "HOME": str(view.home),
        "PWD": str(occupant.work.shown),
        "TMPDIR": "/tmp",
        MARKER: marker_value(occupant.run, environment.get(MARKER, "")),
    }
    if trust is not None:
        variables |= trust.variables(OWN)
    return variables


def settings_of(
    occupant: Occupant,
    view: View,
    limits: Limits,
    variables: Mapping[str, str],
    *,
    host: str,
    bounded: bool = False,
    handed: Sequence[str] = (),
) -> dict[str, object]:
    """Return the settings of the program inside.

    Args:
        occupant: what is confined.
        view: what it sees.
        limits: what it may take.
        variables: its environment.
        host: the machine's name inside.
        bounded: the number of its tasks is bounded already.
        handed: of what leads to the gateway, which sockets are handed out to it.
    """
    account = str(view.home / ".aws")
    hidden = [path for path in view.hidden if not is_within(path, account)]
    # Ours is there, and is empty.
    hidden += [f"{account}/credentials", *_SOCKETS]
    return {
        "arguments": [os.fsencode(word) for word in occupant.command],
        "environment": {os.fsencode(n): os.fsencode(v) for n, v in variables.items()},
        "directory": str(occupant.work.shown),
        "suffixes": list(AWS_SUFFIXES),
        "hosts": {"localhost": "127.0.0.1", host.lower(): "127.0.0.1"} | dict(occupant.hosts),
        "ports": _ports(occupant),
        "handed": list(handed),
        "writable": list(view.writable),
        "read_only": list(view.read_only),
        "hidden": hidden,
        "tasks": limits.tasks,
        "spare_tasks": SPARE_TASKS,
        "memory": limits.memory,
        "disk": limits.disk,
        "limits": _own_limits(limits, bounded=bounded),
    }


def _ports(occupant: Occupant) -> list[tuple[str, int, str, bytes]]:
    """Return address, port, what it leads to, and what is said there first."""
    ports = [(address, 443, "tls", b"") for address in ("127.0.0.1", "::1")]
    ports += [(address, 80, "http", b"") for address in ("127.0.0.1", "::1")]
    own = occupant.door.url.rpartition(":")[2].strip("/")
    if own.isdigit() and int(own) not in (0, 53, 80, 443):
        ports.append(("127.0.0.1", int(own), "http", b""))
    for host, address in occupant.hosts.items():
        for port in PORTS:
            ports.append((address, port, "relay", f"{host} {port}\n".encode()))
    return ports


def _own_limits(limits: Limits, *, bounded: bool) -> dict[str, int]:
    """Return the limits that every process carries, by the names of `setrlimit`."""
    bounds = {"CORE": 0, "FSIZE": limits.file_size, "NOFILE": limits.open_files}
    numbers = os.uname().release.split(".")[:2]
    if not bounded and os.getuid() and tuple(int(n) for n in numbers if n.isdigit()) >= _OWN_LIMITS:
        # Older kernels count what the user runs elsewhere; root they never bind.
        bounds["NPROC"] = limits.tasks + SPARE_TASKS
    return bounds
