"""One confinement of one command: what is written for it, how `bwrap` is called, how it talks."""

from __future__ import annotations

import contextlib
import marshal
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sandboxes.confine.allowed import allowed
from sandboxes.confine.limits import Limits
from sandboxes.confine.mounts import arguments_of, make_view
from sandboxes.confine.occupant import Occupant, settings_of, variables_of
from sandboxes.confine.own import make_mount_points, show_own, starting, write_empty
from sandboxes.confine.running import find_program
from sandboxes.confine.tools import Tools
from sandboxes.confine.trust import Trust, find_java, make_trust
from sandboxes.confine.view import OWN, View
from sandboxes.errors import ConfinementUnavailable
from sandboxes.processes import MARKER, marker_value

_CAPABILITIES = ("CAP_NET_BIND_SERVICE", "CAP_SETPCAP", "CAP_SYS_ADMIN", "CAP_SYS_RESOURCE")
"""Held by the program inside until it has prepared the place; the command has none."""

_HANDED = ("http", "tls")
_MOST_HANDED = 16
_MOST_COMPLAINT = 2000


class Cage:
    """Runs one `bwrap`; closed when that has ended."""

    def __init__(
        self,
        flags: Sequence[str],
        program: Sequence[str],
        settings: Mapping[str, object],
        run: str,
        notes: Sequence[str] = (),
        take: Callable[[str, socket.socket], None] | None = None,
    ) -> None:
        """Args:
        flags: for `bwrap`.
        program: the program inside, and its first arguments.
        settings: for the program inside.
        run: marks the processes.
        notes: what somebody may miss inside.
        take: takes sockets that listen inside; see `Door.take`.
        """
        self._take = take
        self._received: list[int] = []
        self.notes = tuple(notes)
        self._flags = flags
        self._program = program
        self._settings = settings
        self._run = run
        self._ours, self._theirs = socket.socketpair()
        self._heard = b""
        self._said = os.memfd_create("complaint")

    @classmethod
    def build(
        cls, occupant: Occupant, private: Path, limits: Limits, interpreter: Path | None
    ) -> Cage:
        """Prepare everything; nothing is started.

        Args:
            occupant: what is to be confined.
            private: an empty directory of the run's.
            limits: what it may take.
            interpreter: runs the program inside; this process's where None.

        Raises:
            FileNotFoundError: there is no such program.
            ConfinementUnavailable: the gateway's certificate is none.
            OSError: something cannot be read or written.
        """
        python = interpreter or _own_interpreter()
        host = socket.gethostname()
        environment = occupant.environment
        variables = allowed(environment, occupant.passed)
        program = find_program(occupant.command[0], occupant.work.path, variables)
        tools = Tools(occupant.home)
        tools.add_environment(variables)
        tools.add_program(python)
        if interpreter is None:
            tools.add(Path(sys.base_prefix))
            tools.add(Path(sys.prefix))
        tools.add_words(occupant.command)
        tools.add_project(occupant.work.shown)
        tools.add_arguments(occupant.command[1:], occupant.work.shown)
        make_mount_points(occupant.work)
        if not Path(program).is_relative_to(occupant.work.path):
            tools.add_program(Path(program))
        write_empty(private)
        view = make_view(
            home=occupant.home,
            work=occupant.work,
            tools=tools.places,
            environment=environment,
            limits=limits,
            empty=private,
        )
        trust = _trust(occupant, private, variables)
        _show_doors(view, occupant, private)
        show_own(view, occupant, private, trust, host=host, present=_present)
        variables |= variables_of(occupant, view, trust)
        take = occupant.door.take
        handed = _HANDED if take is not None else ()
        return cls(
            [*cage_flags(), *arguments_of(view)],
            [str(python), *starting("main")],
            settings_of(occupant, view, limits, variables, host=host, handed=handed),
            marker_value(occupant.run, environment.get(MARKER, "")),
            view.notes,
            take,
        )

    @contextlib.contextmanager
    def start(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start it; its output is a pipe.

        Raises:
            OSError: `bwrap` cannot be started.
        """
        control = self._theirs.fileno()
        with _in_memory(marshal.dumps(dict(self._settings), 2)) as settings:
            words = b"".join(os.fsencode(word) + b"\0" for word in self._flags)
            with _in_memory(words) as listed:
                process = subprocess.Popen(
                    [
                        *(shutil.which("bwrap") or "bwrap", "--args", str(listed), "--"),
                        *self._program,
                        *(str(control), str(settings), str(OWN)),
                    ],
                    pass_fds=(control, settings, listed),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=self._said,
                    env={MARKER: self._run, **_libraries()},
                    cwd="/",
                )
        self._theirs.close()
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def listen(self, seconds: float | None) -> str | None:
        """Return the next line that is told; empty when none came in time, None at the end."""
        while b"\n" not in self._heard:
            self._ours.settimeout(None if seconds is None else max(seconds, 0.001))
            try:
                data, received, _, _ = socket.recv_fds(
                    self._ours, 65_536, _MOST_HANDED, socket.MSG_CMSG_CLOEXEC
                )
            except TimeoutError:
                return ""
            except OSError:
                return None
            if not data:
                return None
            self._heard += data
            self._received += received
        line, _, self._heard = self._heard.partition(b"\n")
        word, *names = line.decode("utf-8", "replace").split(" ")
        if word == "ports" and self._take is not None and len(names) == len(self._received):
            for name in names:
                self._take(name, socket.socket(fileno=self._received.pop(0)))
            return ""
        return line.decode("utf-8", "replace")

    def end(self) -> None:
        """Have the command ended, and what it started."""
        with contextlib.suppress(OSError):
            self._ours.send(b"end\n")

    def complaint(self) -> str:
        """Return what `bwrap` or the program inside said last, and forget it."""
        text = os.pread(self._said, _MOST_COMPLAINT, 0).decode("utf-8", "replace").strip()
        os.close(self._said)
        return text.splitlines()[-1] if text else ""

    def give_up(self) -> None:
        """Close all of it, where nothing was started."""
        os.close(self._said)
        self.close()

    def close(self) -> None:
        """Hang up; idempotent."""
        self._ours.close()
        self._theirs.close()
        for descriptor in self._received:
            os.close(descriptor)
        self._received.clear()


def cage_flags() -> list[str]:
    """Return the options of `bwrap` that make it a confinement."""
    flags = ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    flags += ["--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session"]
    flags += ["--as-pid-1", "--cap-drop", "ALL"]
    for capability in _CAPABILITIES:
        flags += ["--cap-add", capability]
    return flags


def _libraries() -> dict[str, str]:
    """Return where the interpreter finds its own library, where it has to be told."""
    path = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": path} if path else {}


def _own_interpreter() -> Path:
    return Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()


def _trust(occupant: Occupant, private: Path, variables: Mapping[str, str]) -> Trust | None:
    authority = occupant.door.authority
    if authority is None:
        return None
    java = find_java(variables, variables.get("PATH", "").split(os.pathsep))
    try:
        return make_trust(authority, private, java=java, others=bool(occupant.hosts))
    except (OSError, ValueError) as error:
        raise ConfinementUnavailable(
            f"a confined command cannot be made to trust the gateway: {error}"
        ) from error


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    fd = os.memfd_create("executor")
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


def _show_doors(view: View, occupant: Occupant, private: Path) -> None:
    door = occupant.door
    sockets: dict[str, Path | None] = {"http": door.http, "tls": door.tls}
    if occupant.hosts:
        sockets["relay"] = private / "relay"
    for name, place in sockets.items():
        if place is not None:
            view.show(OWN / name, place)


def _present(path: Path) -> Path | None:
    # A link is left as it is, and what it leads to replaced.
    return Path(os.path.realpath(path)) if os.path.lexists(path) else None
