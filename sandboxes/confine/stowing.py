"""What a container is made of that confines a command: its files, its limits, its settings.

The files are the image's, read-only, with a fresh home and the like in memory; the work directory
at its own path, and what lies around it. It has no network, no capabilities, and no way to get
more of either.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandboxes.confine.allowed import allowed, is_input
from sandboxes.confine.environment import scrubbed
from sandboxes.confine.images import Image
from sandboxes.confine.limits import Limits
from sandboxes.confine.occupant import SPARE_TASKS, Occupant, settings_of, variables_of
from sandboxes.confine.own import make_mount_points, show_own, starting, write_empty
from sandboxes.confine.project import show_project
from sandboxes.confine.tools import Tools, linked_providers
from sandboxes.confine.trust import Trust, make_trust_elsewhere
from sandboxes.confine.view import OTHER_HOME, OWN, Bind, Memory, View
from sandboxes.errors import ConfinementUnavailable
from sandboxes.processes import MARKER, marker_value

if TYPE_CHECKING:
    from docker.types import Mount

_HOST = "rehearsal"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SMALL = 65_536
_SPARE_MEMORY = 256 << 20
# Of the machine outside, and no use in an image.
_NOT_PASSED = frozenset({"HOME", "LOGNAME", "PATH", "SHELL", "USER"})
_HOMES = (".aws/credentials", ".aws/config", ".docker/config.json", ".netrc", ".ssh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The Docker engine, as far as it decides how a container is made.

    Attributes:
        user: numbers of the user and group inside, so that the copy's files stay the caller's.
        control_groups: version of the kernel's control groups.
    """

    user: tuple[int, int]
    control_groups: int

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Place:
        """Return what `docker info` tells."""
        # To an engine of the user's own, its root is the user.
        rootless = any("name=rootless" in str(o) for o in info.get("SecurityOptions") or ())
        return cls(
            user=(0, 0) if rootless else (os.getuid(), os.getgid()),
            control_groups=2 if str(info.get("CgroupVersion", "2")) == "2" else 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stowed:
    """A container that can be made.

    Attributes:
        options: for the Docker SDK.
        settings: for the program inside.
        notes: what somebody may miss inside.
    """

    options: Mapping[str, Any]
    settings: Mapping[str, object]
    notes: Sequence[str]


def stow(
    occupant: Occupant,
    *,
    image: Image,
    python: Sequence[str],
    place: Place,
    private: Path,
    limits: Limits,
) -> Stowed:
    """Prepare everything; nothing is started.

    Args:
        occupant: what is to be confined.
        image: what it sees of a system.
        python: how Python is started inside.
        place: the Docker engine.
        private: a directory of the run's; `python` in it is shown, where it is there.
        limits: what it may take.

    Raises:
        ConfinementUnavailable: the gateway's certificate is none.
        OSError: something cannot be read or written.
    """
    make_mount_points(occupant.work)
    write_empty(private)
    view = _view(occupant, image, place, private, limits)
    trust = _trust(occupant, image, private)
    show_own(view, occupant, private, trust, host=_HOST, present=lambda path: path)
    _show_user(view, private, place)
    variables = _variables(occupant, image, place) | variables_of(occupant, view, trust)
    view.hidden += [str(Path("/root", name)) for name in _HOMES]
    settings = settings_of(occupant, view, limits, variables, host=_HOST, bounded=True)
    return Stowed(
        options=_options(occupant, image, place, limits)
        | {
            "entrypoint": [*python, *starting("main_over_streams")],
            "mounts": _mounts(view),
            "tmpfs": _in_memory(view, place),
        },
        settings=settings,
        notes=tuple(view.notes),
    )


def _view(occupant: Occupant, image: Image, place: Place, private: Path, limits: Limits) -> View:
    view = View(home=OTHER_HOME)
    view.memory(view.home, limits.home, "0700")
    for name, size in (
        ("/tmp", limits.temporary),
        ("/var/tmp", limits.temporary),
        ("/dev/shm", limits.shared_memory),
        # Docker would put these on disk, without a bound.
        *((name, limits.temporary) for name in image.volumes),
    ):
        view.memory(Path(name), size, "1777")
    view.memory(Path("/dev"), _SMALL, "0755", writable=False)
    if place.control_groups == 1:
        # There it is a file system of its own, which root could write to.
        view.memory(Path("/sys/fs/cgroup"), _SMALL, "0755", writable=False)
    view.read_only += ["/", "/etc", "/usr", "/run", "/dev", "/sys", str(OWN)]
    tools = Tools(occupant.home)
    tools.add_arguments(occupant.command[1:], occupant.work.shown)
    providers = [place for place in linked_providers(occupant.work.shown) if place.is_dir()]
    show_project(
        view,
        home=occupant.home,
        work=occupant.work,
        places=[*tools.places, *providers],
        environment=occupant.environment,
        empty=private,
        system=False,
    )
    if (private / "python").is_dir():
        view.show(OWN / "python", private / "python")
    return view


def _trust(occupant: Occupant, image: Image, private: Path) -> Trust | None:
    authority = occupant.door.authority
    if authority is None:
        return None
    java_home = image.variables.get("JAVA_HOME", "")
    try:
        return make_trust_elsewhere(
            authority, private, java_home=java_home, others=bool(occupant.hosts)
        )
    except (OSError, ValueError) as error:
        raise ConfinementUnavailable(
            f"a confined command cannot be made to trust the gateway: {error}"
        ) from error


def _show_user(view: View, private: Path, place: Place) -> None:
    """Give the user a name: some programs stop where it has none."""
    user, group = place.user
    if not user:
        return
    root, home = "root:x:0:0:root:/root:/bin/sh", view.home
    texts = {
        "passwd": f"{root}\n{_HOST}:x:{user}:{group}::{home}:/bin/sh\n",
        "group": f"root:x:0:\n{_HOST}:x:{group}:\n",
    }
    for name, text in texts.items():
        (private / name).write_text(text)
        view.show(Path("/etc", name), private / name)


def _variables(occupant: Occupant, image: Image, place: Place) -> dict[str, str]:
    """Return the image's variables, and of the caller's what means something there."""
    passed = {
        name: value
        for name, value in allowed(occupant.environment, occupant.passed).items()
        if name in occupant.passed or is_input(name) or not _names_a_place(name, value)
    }
    own = {"PATH": _PATH, **scrubbed(image.variables)}
    user = _HOST if place.user[0] else "root"
    return own | passed | {"USER": user, "LOGNAME": user}


def _names_a_place(name: str, value: str) -> bool:
    return name in _NOT_PASSED or any(part.startswith("/") for part in value.split(os.pathsep))


def _options(occupant: Occupant, image: Image, place: Place, limits: Limits) -> dict[str, Any]:
    from docker.types import LogConfig

    in_memory = limits.home + 2 * limits.temporary + limits.shared_memory
    memory = limits.memory + in_memory + _SPARE_MEMORY
    return {
        "image": image.id,
        "command": [],
        "hostname": _HOST,
        "working_dir": "/",
        "user": f"{place.user[0]}:{place.user[1]}",
        "environment": {MARKER: marker_value(occupant.run, occupant.environment.get(MARKER, ""))},
        "stdin_open": True,
        "auto_remove": True,
        "network_mode": "none",
        # So that nothing needs the right to open the gateway's ports.
        "sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
        "ipc_mode": "private",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        # The watch inside sees these limits first, and says so; the kernel's are for its absence.
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": limits.tasks + SPARE_TASKS,
        "healthcheck": {"test": ["NONE"]},
        "log_config": LogConfig(type="none"),
    }


def _mounts(view: View) -> list[Mount]:
    from docker.types import Mount

    return [
        Mount(path, mount.source, type="bind", read_only=not mount.writable)
        for path, mount in view.mounts.items()
        if isinstance(mount, Bind)
    ]


def _in_memory(view: View, place: Place) -> dict[str, str]:
    return {
        path: _memory_options(path, mount, place)
        for path, mount in view.mounts.items()
        if isinstance(mount, Memory)
    }


def _memory_options(path: str, mount: Memory, place: Place) -> str:
    options = ["rw" if mount.writable else "ro", "nosuid", f"size={mount.size}"]
    # Devices of the container's own are in there, and programs in the others.
    options += ["dev", "noexec"] if path == "/dev" else ["nodev", "exec"]
    options.append(f"mode={mount.mode}")
    if mount.writable:
        options += [f"uid={place.user[0]}", f"gid={place.user[1]}"]
    return ",".join(options)
