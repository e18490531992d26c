"""The collaborators of one dry run, made of the real things."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from executor.assembly.targets import OpenTarget
from executor.aws import Api, Credentials, Where, warm_up
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import ResourceType
from executor.changes import CallsRunner, copy_workdir
from executor.errors import InvalidChange
from executor.gateway import Aliases, FileRecorder, Gateway, Vault
from executor.model.application import DryRunRequest
from executor.model.call import Call, Trace
from executor.model.change import AnyChange, CallsChange, ChangeOutcome, CommandChange
from executor.model.effect import Effects
from executor.model.json import Json
from executor.model.policy import NOT_NEEDED
from executor.model.progress import Progress
from executor.model.resource import Resource, Scope, Snapshot
from executor.pipeline import OpenGateway, Ran, Replica
from executor.replica import Hydrator, Seeder
from executor.snapshots import SettledReader, SnapshotReader
from sandboxes.contract import Confinement, Engine, Sandbox
from sandboxes.leases import Lease, private_directory
from sandboxes.model import Door, Isolation, SandboxSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlace:
    """Where one run keeps its things.

    Attributes:
        run: its id.
        trace: the trace file.
        output: the log of the change's output.
        vault: exact parameters.
        lease: what has to be removed if we are killed.
    """

    run: str
    trace: Path
    output: Path
    vault: Vault
    lease: Lease


class HydratedReplica:
    """A sandbox that hydrates by need, and can be read back."""

    def __init__(self, hydrator: Hydrator, reader: SettledReader, aliases: Aliases) -> None:
        """Args:
        hydrator: fills the sandbox.
        reader: reads it.
        aliases: ids of the target and of the engine.
        """
        self._hydrator = hydrator
        self._reader = reader
        self.aliases = aliases

    @property
    def baseline(self) -> Snapshot:
        """What the target held."""
        return self._hydrator.baseline

    @property
    def prior(self) -> Snapshot:
        """What the replica held before the change."""
        return self._hydrator.prior

    @property
    def scopes(self) -> frozenset[Scope]:
        """What was hydrated."""
        return self._hydrator.scopes

    def prepare(self, service: str, operation: str, region: str) -> None:
        """Hydrate what a call may meet."""
        self._hydrator.prepare(service, operation, region)

    def prepare_types(self, type_globs: Iterable[str], region: str) -> None:
        """Hydrate the types that an intent names."""
        self._hydrator.prepare_types(type_globs, region)

    def observe(self) -> Snapshot:
        """Read what the replica holds once it has settled."""
        return self._reader.read(self._hydrator.scopes)


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
        catalog: Catalog,
        progress: Progress,
        timeout_s: float | None,
        environment: dict[str, str],
    ) -> None:
        """Args:
        request: what was asked for.
        place: where the run keeps its things.
        target: what the replica is made of.
        engine: starts the sandbox.
        confinement: runs the command.
        catalog: the declarations.
        progress: told what happens.
        timeout_s: the command is ended after that many seconds.
        environment: the caller's environment.
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

    def open_sandbox(self) -> AbstractContextManager[Sandbox]:
        """Start a fresh sandbox."""
        ref = self._target.ref
        return self._engine.start(
            SandboxSpec(
                run=self._place.run,
                account=ref.account,
                region=ref.region,
                daemon=self._request.daemon,
            )
        )

    def replica(self, sandbox: Sandbox) -> HydratedReplica:
        """Make the sandbox hydrate by need."""
        return hydrated(sandbox, self._target, self._catalog, self._progress)

    def gateway(self, sandbox: Sandbox, replica: Replica) -> Gateway:
        """Open the only road to the sandbox."""
        assert isinstance(replica, HydratedReplica)
        gateway = Gateway(
            upstream=sandbox.url,
            operations=sandbox.operations,
            recorder=FileRecorder(self._place.trace),
            account=self._target.ref.account,
            region=self._target.ref.region,
            vault=self._place.vault,
            aliases=replica.aliases,
            prepare=replica.prepare,
        )
        # Addresses that the engine gives out must lead back to the gateway, not around it.
        replica.aliases.add(f"127.0.0.1:{gateway.port}", sandbox.url.partition("://")[2])
        return gateway

    def run(self, change: AnyChange, gateway: OpenGateway) -> Ran:
        """Run the change to its end."""
        match change:
            case CommandChange():
                threading.Thread(target=_get_ready, name="warm-up", daemon=True).start()
                return self._command(change, gateway.url)
            case CallsChange():
                return self._calls(change, gateway.url)

    def trace(self, calls: Iterable[Call]) -> Trace:
        """Read what the calls meant."""
        return self._catalog.trace(calls)

    def effects(self, prior: Snapshot, observed: Snapshot, trace: Trace) -> Effects:
        """Tell what the change did."""
        from executor.effects import Differ

        return Differ(self._catalog).diff(prior, observed, trace)

    def _command(self, change: CommandChange, url: str) -> Ran:
        workdir, copy = change.workdir, None
        if not self._request.in_place:
            root = private_directory(self._place.run, "work")
            self._place.lease.add_directory(root)
            copy = copy_workdir(change.workdir, root)
            workdir = copy.path
        with self._place.output.open("wb") as log:
            try:
                ended = self._confinement.run(
                    change.command,
                    run=self._place.run,
                    door=Door(url=url),
                    workdir=workdir,
                    account=self._target.ref.account,
                    region=self._target.ref.region,
                    environment=self._environment,
                    output=cast(IO[bytes], _Tee(log, self._request.output)),
                    timeout_s=self._timeout_s,
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

    def _calls(self, change: CallsChange, url: str) -> Ran:
        keys = Credentials(access_key=self._target.ref.account, secret_key="rehearsal")
        where = Where(region=self._target.ref.region, endpoint_url=url, credentials=keys)
        outcome = CallsRunner(Api(where)).run(change)
        isolation: dict[str, Json] = {
            "kind": NOT_NEEDED,
            "network": True,
            "filesystem": True,
            "credentials": True,
            "notes": ["no process was started; the executor made the calls itself"],
            "blocked": [],
        }
        return Ran(outcome=outcome, isolation=isolation)


def hydrated(
    sandbox: Sandbox, target: OpenTarget, catalog: Catalog, progress: Progress
) -> HydratedReplica:
    """Return a sandbox as a replica of a target that fills by need."""
    ref = target.ref
    keys = Credentials(access_key=ref.account, secret_key="rehearsal")
    api = Api(Where(region=ref.region, endpoint_url=sandbox.url, credentials=keys))
    aliases = Aliases()
    own = SnapshotReader(
        catalog,
        api,
        account=ref.account,
        region=ref.region,
        implements=sandbox.operations.implements,
    )
    translated = SettledReader(
        SnapshotReader(
            catalog,
            api,
            account=ref.account,
            region=ref.region,
            implements=sandbox.operations.implements,
            translation=aliases,
        )
    )

    def list_engine(kind: ResourceType, region: str) -> tuple[Resource, ...]:
        return own.read_type(kind, own.scope(catalog.service_of(kind.type), region))

    source = None
    if target.read is not None:
        source = SnapshotReader(catalog, target.read, account=ref.account, region=ref.region)
    hydrator = Hydrator(
        catalog=catalog,
        source=source,
        sandbox=translated,
        seeder=Seeder(
            catalog,
            api,
            aliases,
            list_engine=list_engine,
            implements=sandbox.operations.implements,
        ),
        account=ref.account,
        region=ref.region,
        progress=lambda text: progress.stage("replica", text),
    )
    return HydratedReplica(hydrator, translated, aliases)


# Not imported above: the command is started first, and these load while it is starting.
_NEEDED_AFTER = (
    "botocore.session",
    "executor.effects",
    "executor.judging",
    "executor.promotion.preconditions",
    "executor.reports.text",
)


def _get_ready() -> None:
    """Load what will be needed while the command is still starting."""
    for name in _NEEDED_AFTER:
        importlib.import_module(name)
    warm_up()


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
