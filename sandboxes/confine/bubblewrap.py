"""Confinement by `bwrap`: namespaces of its own, no way out but the gateway's sockets.

Outside, this module decides what is shown, starts `bwrap`, and listens to what the program
inside (`sandboxes.confine.inside`) tells. Nothing is believed to hold because it was asked
for: what the program inside has tried is what is recorded.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO

from sandboxes.confine.cage import Cage, cage_flags
from sandboxes.confine.environment import Appearance
from sandboxes.confine.limits import Limits, words
from sandboxes.confine.mounts import Work
from sandboxes.confine.names import PORTS, reachable_addresses
from sandboxes.confine.occupant import Occupant
from sandboxes.confine.relay import Connect, Relay, connect_public
from sandboxes.confine.running import Copier
from sandboxes.errors import ConfinementUnavailable
from sandboxes.leases import private_directory
from sandboxes.model import Availability, CommandOutcome, Door, Isolation
from sandboxes.processes import end_processes, processes_of

NAME = "bubblewrap"
_INSTALL = (
    "install bubblewrap: `apt install bubblewrap`, `dnf install bubblewrap` or"
    " `pacman -S bubblewrap`"
)
_NAMESPACES = (
    "unprivileged user namespaces are not allowed here: as root, `sysctl -w"
    " kernel.unprivileged_userns_clone=1`; on Ubuntu 24.04 and later `sysctl -w"
    " kernel.apparmor_restrict_unprivileged_userns=0`, or an AppArmor profile for bwrap that"
    " has `userns,`"
)
_OLD = "bubblewrap 0.8 or newer is needed"
_TRIAL_S = 10.0
_END_S = 8.0
_EXIT_S = 2.0


class Bubblewrap:
    """Runs a command in namespaces of its own."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        passed: Sequence[str] = (),
        connect: Connect = connect_public,
        interpreter: Path | None = None,
    ) -> None:
        """Args:
        limits: how much a command may take.
        passed: names of variables that the command gets besides the usual ones.
        connect: reaches hosts that a policy opens.
        interpreter: Python for the program inside; this one's where None.
        """
        self._limits = limits or Limits()
        self._passed = tuple(passed)
        self._connect = connect
        self._interpreter = interpreter

    @property
    def name(self) -> str:
        """See `Confinement.name`."""
        return NAME

    def availability(self) -> Availability:
        """Whether `bwrap` is there and is allowed what it does; tried once per process."""
        return _trial()

    def isolation(self) -> Isolation:
        """What it achieves, as a command that does nothing finds out.

        Raises:
            ConfinementUnavailable: it does not work here.
        """
        with tempfile.TemporaryDirectory(prefix="executor-probe-") as place:
            root = Path(place).resolve()
            work = root / "work"
            for path in (work, root / "private"):
                path.mkdir()
            for name in ("http", "tls"):
                (root / name).touch()
            door = Door(url="http://127.0.0.1:0", http=root / "http", tls=root / "tls")
            with (root / "output").open("wb") as output:
                return self._run(
                    Occupant(
                        command=("true",),
                        run="probe",
                        door=door,
                        work=Work(path=work, shown=Path("/executor-probe/work")),
                        appearance=Appearance(
                            url=door.url, account="000000000000", region="us-east-1", run="probe"
                        ),
                        environment={"PATH": "/usr/bin:/bin"},
                    ),
                    root / "private",
                    output,
                    _TRIAL_S,
                ).isolation

    def run(
        self,
        command: Sequence[str],
        *,
        run: str,
        door: Door,
        workdir: Path,
        account: str,
        region: str,
        environment: Mapping[str, str],
        output: IO[bytes],
        timeout_s: float | None = None,
        reachable: Sequence[str] = (),
        under_way: Callable[[], None] | None = None,
        shown_as: Path | None = None,
        linked: Sequence[str] = (),
    ) -> CommandOutcome:
        """Run the command; see `Confinement.run`."""
        found = self.availability()
        if not found.usable:
            raise ConfinementUnavailable(found.reason, hint=found.hint)
        if not command:
            raise FileNotFoundError(errno.ENOENT, "there is no command")
        if door.http is None or door.tls is None or door.authority is None:
            raise ConfinementUnavailable(
                "the gateway has no doors that a confined command can use",
                hint="run with --confine off, or look why the gateway opened no TLS door",
            )
        occupant = Occupant(
            command=tuple(command),
            run=run,
            door=door,
            work=Work(path=workdir, shown=shown_as or workdir, linked=tuple(linked)),
            appearance=Appearance(url=door.url, account=account, region=region, run=run),
            environment=environment,
            passed=self._passed,
            hosts=reachable_addresses(reachable),
        )
        private = private_directory(run, "cage")
        try:
            return self._run(occupant, private, output, timeout_s, under_way)
        finally:
            shutil.rmtree(private, ignore_errors=True)

    def _run(
        self,
        occupant: Occupant,
        private: Path,
        output: IO[bytes],
        timeout_s: float | None,
        under_way: Callable[[], None] | None = None,
    ) -> CommandOutcome:
        until = None if timeout_s is None else time.monotonic() + timeout_s
        with self._relay(occupant, private) as relay:
            cage = Cage.build(occupant, private, self._limits, self._interpreter)
            story = _Story(occupant, self._limits)
            with cage.start() as process:
                copier = Copier(
                    process, output, self._limits.output, lambda: story.flooded(cage.end)
                )
                try:
                    copier.start()
                    if under_way is not None:
                        under_way()
                    story.follow(cage, until)
                finally:
                    # Also when we are interrupted: its end is the end of all inside.
                    _see_off(process, occupant.run, told=story.told_its_end)
                    copier.finish()
                    cage.close()
        story.check(occupant.command[0], cage.complaint())
        copier.raise_failure()
        for line in story.ends:
            output.write(f"executor: {line}\n".encode())
        if relay is not None:
            story.blocked.extend(sorted(relay.refused))
        return story.outcome()

    @contextlib.contextmanager
    def _relay(self, occupant: Occupant, private: Path) -> Iterator[Relay | None]:
        if not occupant.hosts:
            yield None
            return
        with Relay(private / "relay", occupant.hosts, PORTS, self._connect) as relay:
            yield relay


def _see_off(process: subprocess.Popen[bytes], run: str, *, told: bool) -> None:
    """Wait until nothing is left of a confinement.

    Args:
        process: its `bwrap`, which outlives what is inside unless it is killed.
        run: marks the processes.
        told: it is about to end by itself.
    """
    if told:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_EXIT_S)
            return
    process.kill()
    process.wait()
    end_processes(lambda: processes_of(run))


@dataclass(slots=True)
class _Story:
    """What the program inside told."""

    occupant: Occupant
    limits: Limits
    wrong: dict[str, list[str]] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    started: bool = False
    missing: int = 0
    broken: str = ""
    code: int | None = None
    left: int = 0
    timed_out: bool = False

    def follow(self, cage: Cage, until: float | None) -> None:
        """Listen until it has ended, or has to be."""
        last = None
        while self.code is None:
            now = time.monotonic()
            if last is None and until is not None and now >= until:
                self.timed_out = True
                cage.end()
            if last is None and (self.timed_out or self.ends):
                last = now + _END_S
            ways = [t for t in (last, until if last is None else None) if t is not None]
            if last is not None and now >= last:
                return
            line = cage.listen(max(0.0, min(ways) - now) if ways else None)
            if line is None:
                return
            try:
                self._hear(line)
            except ValueError:
                self.broken = line
                return

    @property
    def told_its_end(self) -> bool:
        """Whether the program inside said that it is done."""
        return self.code is not None or bool(self.missing or self.broken)

    def flooded(self, end: Callable[[], None]) -> None:
        """Note that it wrote too much, and have it ended."""
        self.ends.append(words("output", self.limits))
        end()

    def check(self, program: str, complaint: str) -> None:
        """Raise what kept the command from running.

        Raises:
            FileNotFoundError: there is no such program inside.
            ConfinementUnavailable: the confinement broke.
        """
        if self.missing:
            raise FileNotFoundError(self.missing, "this cannot be run here", program)
        if not self.started:
            reason = self.broken or complaint or "it said nothing"
            raise ConfinementUnavailable(
                f"bubblewrap could not confine the command: {reason}",
                hint="`executor doctor` shows what it can do here",
            )

    def outcome(self) -> CommandOutcome:
        """Return how it ended."""
        return CommandOutcome(
            exit_code=128 + 9 if self.code is None else self.code,
            timed_out=self.timed_out,
            left_running=self.left,
            isolation=self._isolation(),
        )

    def _hear(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "probe":
                kind, _, text = rest.partition(" ")
                self.wrong.setdefault(kind, []).append(text)
            case "started":
                self.started = True
            case "asked":
                self.blocked.append(rest)
            case "missing":
                self.missing = int(rest) or errno.ENOENT
            case "limit":
                self.ends.append(words(rest, self.limits))
            case "ended":
                code, _, left = rest.partition(" ")
                self.code, self.left = int(code), int(left)
            case "":
                return
            case _:
                self.broken = rest or line

    def _isolation(self) -> Isolation:
        notes = [text for texts in self.wrong.values() for text in texts]
        if self.occupant.hosts:
            hosts = ", ".join(self.occupant.hosts)
            notes.append(f"opened to the command by policy, at ports 80 and 443: {hosts}")
        in_place = not self.occupant.copied
        if in_place:
            notes.append("the work directory itself could be written, not a copy of it")
        privileged = "privileges" in self.wrong
        return Isolation(
            kind=NAME,
            network="network" not in self.wrong and not privileged,
            filesystem="filesystem" not in self.wrong and not privileged and not in_place,
            credentials="credentials" not in self.wrong and not privileged,
            notes=(*notes, *self.ends),
            blocked=tuple(dict.fromkeys(self.blocked)),
        )


@cache
def _trial() -> Availability:
    program = shutil.which("bwrap")
    if program is None:
        return Availability(usable=False, reason="bwrap is not on the PATH", hint=_INSTALL)
    trial = [program, *cage_flags(), "--ro-bind", "/", "/", "--proc", "/proc"]
    trial += ["--perms", "0755", "--size", "65536", "--tmpfs", "/tmp", "true"]
    try:
        ended = subprocess.run(trial, capture_output=True, text=True, timeout=_TRIAL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Availability(usable=False, reason=f"bwrap does not work: {error}", hint=_INSTALL)
    if ended.returncode == 0:
        return Availability(usable=True, reason=program)
    said = ended.stderr.strip().splitlines()[-1:] or [f"exit status {ended.returncode}"]
    hint = _OLD if "nknown option" in said[0] else _NAMESPACES
    return Availability(usable=False, reason=f"bwrap does not work here: {said[0]}", hint=hint)
