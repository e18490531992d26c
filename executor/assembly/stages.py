"""The collaborators of one dry run, made of the real things."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from executor.changes.workdir import WorkCopy, copy_workdir
from executor.errors import EngineFailed, InvalidChange
from executor.gateway.doors import Doors
from executor.model.addresses import host_port
from executor.model.application import DryRunRequest
from executor.model.change import AnyChange, CallsChange, ChangeOutcome, CommandChange
from executor.model.hydration import Hydration
from executor.model.json import Json
from executor.model.policy import NOT_NEEDED
from executor.model.progress import Progress
from executor.pipeline import OpenGateway, Ran, Replica
from sandboxes.confine.off import NAME as OFF
from sandboxes.contract import Confinement, Engine, Sandbox, StartsAhead
from sandboxes.leases import Lease, private_directory
from sandboxes.model import Door, Isolation, SandboxSpec

if TYPE_CHECKING:
    from executor.assembly.targets import OpenTarget
    from executor.catalog.catalog import Catalog
    from executor.gateway.vault import Vault
    from executor.model.call import Call, Trace
    from executor.model.effect import Effects
    from executor.model.resource import Snapshot


@dataclass(frozen=True, kw_only=True)
class RunPlace:
    """Where one run keeps its things.

    Attributes:
        run: its id.
        trace: the trace file.
        output: the log of the change's output.
        replay: directory of the exact parameters.
        key: what they are sealed with.
        lease: what has to be removed if we are killed.
    """

    run: str
    trace: Path
    output: Path
    replay: Path
    key: bytes
    lease: Lease

    @cached_property
    def vault(self) -> Vault:
        """Exact parameters; one for the run."""
        from executor.gateway.vault import Vault

        return Vault(self.replay, self.key)


class RealStages:
    """Implements `executor.pipeline.Stages`."""

    def __init__(
        self,
        *,
        request: DryRunRequest,
        place: RunPlace,
        target: OpenTarget,
        engine: Engine,
        confinement: Confinement,
        catalog: Callable[[], Catalog],
        progress: Progress,
        timeout_s: float | None,
        environment: dict[str, str],
        reachable: tuple[str, ...] = (),
        hydration: Hydration | None = None,
    ) -> None:
        """Args:
        request: what was asked for.
        place: where the run keeps its things.
        target: what the replica is made of.
        engine: starts the sandbox.
        confinement: runs the command.
        catalog: gives the declarations.
        progress: told what happens.
        timeout_s: the command is ended after that many seconds.
        environment: the caller's environment.
        reachable: hosts that the policy opens to the command.
        hydration: how much of the target the replica gets.
        """
        self._request = request
        self._place = place
        self._target = target
        self._engine = engine
        self._confinement = confinement
        self._catalog = catalog
        self._progress = progress
        self._timeout_s = timeout_s
        self._environment = environment
        self._reachable = reachable
        self._hydration = hydration or Hydration()
        self._sandbox: Callable[[], Sandbox] | None = None
        self._doors: Doors | None = None
        self._leaving: Future[None] | None = None

    @contextmanager
    def open_sandbox(self) -> Iterator[Callable[[], Sandbox]]:
        """Start a fresh sandbox, or ask for one where the engine makes it meanwhile."""
        ref = self._target.ref
        spec = SandboxSpec(
            run=self._place.run,
            account=ref.account,
            region=ref.region,
            daemon=self._request.daemon,
        )
        with ExitStack() as opened:
            opened.callback(self._close_doors)
            if isinstance(self._engine, StartsAhead):
                self._sandbox = opened.enter_context(self._engine.begin(spec)).sandbox
            else:
                sandbox = opened.enter_context(self._engine.start(spec))
                self._sandbox = lambda: sandbox
            yield self._sandbox
            # Nobody needs it any more, and the judge need not wait until it is gone.
            self._leave(opened.pop_all())

    def close(self) -> None:
        """Wait until the sandbox is gone."""
        if self._leaving is not None:
            self._leaving.result()

    def _leave(self, leaving: ExitStack) -> None:
        try:
            aside = ThreadPoolExecutor(1, thread_name_prefix="closing")
            self._leaving = aside.submit(leaving.close)
            aside.shutdown(wait=False)
        except BaseException as error:
            leaving.close()
            # Where no thread can be had it is gone a bit later, and that is all.
            if not isinstance(error, RuntimeError):
                raise

    def _close_doors(self) -> None:
        if self._doors is not None:
            # Where the gateway has closed them already, this does nothing.
            self._doors.close()

    def replica(self, sandbox: Sandbox) -> Replica:
        """Make the sandbox hydrate by need."""
        from executor.assembly.road import hydrated

        assert self._doors is not None
        return hydrated(
            sandbox,
            self._target,
            self._catalog(),
            self._progress,
            self._hydration,
            host_port(self._doors.door.url),
            confined=self._confinement.name != OFF,
        )

    def gateway(self, sandbox: Sandbox, replica: Replica) -> OpenGateway:
        """Open the only road to the sandbox."""
        from executor.assembly.road import get_ready, open_gateway
        from executor.assembly.wings import HydratedReplica

        assert isinstance(replica, HydratedReplica)
        assert self._doors is not None
        place = self._place
        gateway = open_gateway(
            sandbox,
            replica,
            self._target,
            doors=self._doors,
            trace=place.trace,
            vault=place.vault,
        )
        get_ready(gateway, replica)
        return gateway

    def run(self, change: AnyChange, under_way: Callable[[], None]) -> Ran:
        """Run the change to its end."""
        doors = self._opened()
        match change:
            case CommandChange():
                return self._command(change, doors.door, under_way)
            case CallsChange():
                return self._calls(change, doors.door, under_way)

    def _opened(self) -> Doors:
        """Open doors.

        Raises:
            EngineFailed: the machine does not let us.
        """
        directory = private_directory(self._place.run, "doors")
        self._place.lease.add_directory(directory)
        try:
            # An unconfined command would resolve AWS's names to AWS, and never knock there.
            self._doors = Doors.open(directory, tls=self._confinement.name != OFF)
        except OSError as error:
            raise EngineFailed(f"no door can be opened for the change: {error}") from error
        return self._doors

    def trace(self, calls: Iterable[Call]) -> Trace:
        """Read what the calls meant."""
        return self._catalog().trace(calls)

    def effects(self, prior: Snapshot, observed: Snapshot, trace: Trace) -> Effects:
        """Tell what the change did."""
        from executor.effects import Differ

        return Differ(self._catalog()).diff(prior, observed, trace)

    def _command(self, change: CommandChange, door: Door, under_way: Callable[[], None]) -> Ran:
        copy = self._copied(change)
        with self._place.output.open("wb") as log:
            try:
                ended = self._confinement.run(
                    change.command,
                    run=self._place.run,
                    door=door,
                    workdir=copy.path if copy is not None else change.workdir,
                    account=self._target.ref.account,
                    region=self._target.ref.region,
                    environment=self._environment,
                    output=cast(IO[bytes], _Tee(log, self._request.output)),
                    timeout_s=self._timeout_s,
                    ready=self._await_sandbox,
                    reachable=self._reachable,
                    under_way=under_way,
                    shown_as=copy.source if copy is not None else None,
                    linked=copy.linked if copy is not None else (),
                )
            except FileNotFoundError as error:
                raise InvalidChange(
                    f"there is no command {change.command[0]!r}",
                    hint="check its spelling and the PATH",
                ) from error
        outcome = ChangeOutcome(
            exit_code=ended.exit_code,
            timed_out=ended.timed_out,
            left_running=ended.left_running,
        )
        files = copy.changes() if copy is not None else ()
        return Ran(outcome=outcome, isolation=_isolation(ended.isolation), files=files)

    def _copied(self, change: CommandChange) -> WorkCopy | None:
        """Copy the work directory, unless the change is to run in the real one."""
        if self._request.in_place:
            return None
        root = private_directory(self._place.run, "work")
        self._place.lease.add_directory(root)
        return copy_workdir(change.workdir, root, neighbours=self._confinement.name == OFF)

    def _await_sandbox(self) -> None:
        # Nothing of the change is started before it is known that there is where to run it.
        assert self._sandbox is not None
        self._sandbox()

    def _calls(self, change: CallsChange, door: Door, under_way: Callable[[], None]) -> Ran:
        from executor.assembly.road import make_calls

        under_way()
        outcome = make_calls(change, door.url, self._target)
        isolation: dict[str, Json] = {
            "kind": NOT_NEEDED,
            "network": True,
            "filesystem": True,
            "credentials": True,
            "notes": ["no process was started; the executor made the calls itself"],
            "blocked": [],
        }
        return Ran(outcome=outcome, isolation=isolation)


class _Tee:
    """Writes the change's output to the log and to whoever watches."""

    def __init__(self, log: IO[bytes], watcher: IO[bytes] | None) -> None:
        self._log = log
        self._watcher = watcher

    def write(self, data: bytes) -> int:
        self._log.write(data)
        if self._watcher is not None:
            self._watcher.write(data)
            self._watcher.flush()
        return len(data)

    def flush(self) -> None:
        self._log.flush()


def _isolation(isolation: Isolation) -> dict[str, Json]:
    return {
        "kind": isolation.kind,
        "network": isolation.network,
        "filesystem": isolation.filesystem,
        "credentials": isolation.credentials,
        "notes": list(isolation.notes),
        "blocked": list(isolation.blocked),
    }
