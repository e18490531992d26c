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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO

from sandboxes.confine.cage import Cage, cage_flags
from sandboxes.confine.environment import Appearance
from sandboxes.confine.limits import Limits
from sandboxes.confine.names import PORTS, reachable_addresses
from sandboxes.confine.occupant import Occupant
from sandboxes.confine.relay import Connect, Relay, connect_public
from sandboxes.confine.running import Copier, Outlet
from sandboxes.confine.story import TRIES, Story
from sandboxes.confine.tools import SYSTEM
from sandboxes.confine.trust import some_authority
from sandboxes.confine.view import Work
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
        program = shutil.which("bwrap")
        if program is None:
            return Availability(usable=False, reason="bwrap is not on the PATH", hint=_INSTALL)
        real = Path(program).resolve()
        return _trial(str(real), real.stat().st_mtime_ns)

    def try_ahead(self) -> None:
        """Try it for the forks of this process, which need not try it again where it works.

        One is prepared as well, in a home of its own: of that nothing stays but what whoever
        prepares the first one has to wait for, in Python and in OpenSSL.
        """
        if not self.availability().usable:
            # What hinders it may be mended before they come.
            _trial.cache_clear()
            return
        with contextlib.suppress(ConfinementUnavailable, OSError), _probe() as (occupant, private):
            authority = private.with_name("authority.pem")
            authority.write_bytes(some_authority())
            occupant = replace(
                occupant,
                door=replace(occupant.door, authority=authority),
                environment={**occupant.environment, "HOME": str(private.parent)},
            )
            Cage.build(occupant, private, self._limits, self._interpreter).give_up()

    def isolation(self) -> Isolation:
        """What it achieves, as a command that does nothing finds out.

        Raises:
            ConfinementUnavailable: it does not work here.
        """
        with _probe() as (occupant, private), (private.parent / "output").open("wb") as output:
            return self._run(occupant, private, output, _TRIAL_S).isolation

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
        ready: Callable[[], None] | None = None,
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
            return self._run(occupant, private, output, timeout_s, ready, under_way)
        finally:
            shutil.rmtree(private, ignore_errors=True)

    def _run(
        self,
        occupant: Occupant,
        private: Path,
        output: IO[bytes],
        timeout_s: float | None,
        ready: Callable[[], None] | None = None,
        under_way: Callable[[], None] | None = None,
    ) -> CommandOutcome:
        with self._relay(occupant, private) as relay:
            for tries_left in reversed(range(TRIES)):
                cage = Cage.build(occupant, private, self._limits, self._interpreter)
                try:
                    if ready is not None:
                        ready()
                except BaseException:
                    cage.give_up()
                    raise
                story, outlet = self._followed(cage, occupant, output, timeout_s, under_way)
                complaint = cage.complaint()
                if story.inside or story.timed_out or not tries_left:
                    break
                ready = under_way = None
        story.check(occupant.command[0], complaint)
        outlet.raise_failure()
        for line in story.ends:
            output.write(f"executor: {line}\n".encode())
        if relay is not None:
            story.blocked.extend(sorted(relay.refused))
        return story.outcome()

    def _followed(
        self,
        cage: Cage,
        occupant: Occupant,
        output: IO[bytes],
        timeout_s: float | None,
        under_way: Callable[[], None] | None,
    ) -> tuple[Story, Outlet]:
        """Start it, and follow it to its end."""
        story = Story(NAME, occupant, self._limits, notes=[*cage.notes])
        with cage.start() as process:
            outlet = Outlet(output, self._limits.output, lambda: story.flooded(cage.end))
            copier = Copier(process, outlet)
            try:
                copier.start()
                if under_way is not None:
                    under_way()
                story.follow(cage, timeout_s)
            finally:
                # Also when we are interrupted: its end is the end of all inside.
                _see_off(process, occupant.run, told=story.told_its_end)
                copier.finish()
                cage.close()
        return story, outlet

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


@contextlib.contextmanager
def _probe() -> Iterator[tuple[Occupant, Path]]:
    """Give a command that does nothing, and the private directory of its run."""
    with tempfile.TemporaryDirectory(prefix="executor-probe-") as place:
        root = Path(place).resolve()
        work = root / "work"
        for path in (work, root / "private"):
            path.mkdir()
        for name in ("http", "tls"):
            (root / name).touch()
        door = Door(url="http://127.0.0.1:0", http=root / "http", tls=root / "tls")
        appearance = Appearance(
            url=door.url, account="000000000000", region="us-east-1", run="probe"
        )
        occupant = Occupant(
            command=("true",),
            run="probe",
            door=door,
            work=Work(path=work, shown=Path("/executor-probe/work")),
            appearance=appearance,
            environment={"PATH": "/usr/bin:/bin"},
        )
        yield occupant, root / "private"


@cache
def _trial(program: str, _changed_ns: int) -> Availability:
    trial = [program, *cage_flags()]
    # Not all of the root: what is mounted in it, as by Docker, may go while it is being shown.
    for path in SYSTEM:
        trial += ["--ro-bind-try", path, path]
    trial += ["--proc", "/proc", "--perms", "0755", "--size", "65536", "--tmpfs", "/tmp", "true"]
    try:
        ended = subprocess.run(trial, capture_output=True, text=True, timeout=_TRIAL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Availability(usable=False, reason=f"bwrap does not work: {error}", hint=_INSTALL)
    if ended.returncode == 0:
        return Availability(usable=True, reason=program)
    said = ended.stderr.strip().splitlines()[-1:] or [f"exit status {ended.returncode}"]
    hint = _OLD if "nknown option" in said[0] else _NAMESPACES
    return Availability(usable=False, reason=f"bwrap does not work here: {said[0]}", hint=hint)
