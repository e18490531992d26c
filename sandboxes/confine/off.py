"""No confinement: the command runs with the user's own rights, and only its AWS settings are
pointed to the gateway.

A client with a hard-coded endpoint, or one that reads `~/.aws` by itself, is not held back;
that is recorded, and the judge reads it.
"""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from sandboxes.confine.environment import Appearance, rehearsal_environment
from sandboxes.confine.running import Copier, Outlet, find_program
from sandboxes.errors import ConfinementUnavailable
from sandboxes.leases import private_directory
from sandboxes.model import Availability, CommandOutcome, Door, Isolation
from sandboxes.processes import Found, end_processes, processes_of

NAME = "off"
_NOTE = "the command ran with this user's own rights; only its AWS settings pointed to the sandbox"
_BIRTH_S = 0.05


class Off:
    """Runs a command as this user, with AWS settings that lead to the gateway."""

    @property
    def name(self) -> str:
        """See `Confinement.name`."""
        return NAME

    def availability(self) -> Availability:
        """It works everywhere."""
        return Availability(usable=True, reason="needs nothing")

    def isolation(self) -> Isolation:
        """Nothing is achieved, and that is what is recorded."""
        return Isolation(
            kind=NAME, network=False, filesystem=False, credentials=False, notes=(_NOTE,)
        )

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
        """Run the command; see `Confinement.run`. Its standard input is empty."""
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            raise ConfinementUnavailable(
                "this process ignores SIGCHLD, so that how a command ends cannot be told",
                hint="set SIGCHLD to its default before, or confine the command",
            )
        private = private_directory(run, "aws")
        try:
            appearance = Appearance(url=door.url, account=account, region=region, run=run)
            variables = rehearsal_environment(environment, appearance, private)
            variables["PWD"] = str(workdir)
            if ready is not None:
                ready()
            process = _start(command, workdir, variables)
            return self._watch(process, run, output, timeout_s, under_way)
        except BaseException:
            # An interrupt may come before there is anything to watch, even before the child
            # has become the command and carries the marker.
            time.sleep(_BIRTH_S)
            end_processes(lambda: processes_of(run))
            raise
        finally:
            shutil.rmtree(private, ignore_errors=True)

    def _watch(
        self,
        process: subprocess.Popen[bytes],
        run: str,
        output: IO[bytes],
        timeout_s: float | None,
        under_way: Callable[[], None] | None,
    ) -> CommandOutcome:
        outlet = Outlet(output)
        copier = Copier(process, outlet)
        until = None if timeout_s is None else time.monotonic() + timeout_s
        timed_out = False
        left = 0
        try:
            copier.start()
            if under_way is not None:
                under_way()
            process.wait(None if until is None else max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            # Also when we are interrupted: nothing of the run may outlive it.
            ended = process.poll() is not None
            left = _end(process, run)
            copier.finish()
        outlet.raise_failure()
        code = process.returncode
        return CommandOutcome(
            exit_code=128 - code if code < 0 else code,
            timed_out=timed_out,
            left_running=left if ended else max(left - 1, 0),
            isolation=self.isolation(),
        )


def _start(
    command: Sequence[str], workdir: Path, variables: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    if not command:
        raise FileNotFoundError(errno.ENOENT, "there is no command")
    program = command[0]
    found = find_program(program, workdir, variables)
    try:
        return subprocess.Popen(
            list(command),
            executable=found,
            cwd=workdir,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(errno.ENOENT, "no such program", program) from error
    except (PermissionError, OSError) as error:
        # A directory, a file without the right to be run, or one in no known format.
        raise FileNotFoundError(errno.ENOENT, "this cannot be run", program) from error


def _end(process: subprocess.Popen[bytes], run: str) -> int:
    def remaining() -> list[Found]:
        process.poll()  # collects it, so that it is not found as a zombie
        return processes_of(run, session=process.pid)

    count = end_processes(remaining)
    process.wait()
    return count
