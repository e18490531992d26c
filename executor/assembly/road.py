"""The road from a change's calls to the sandbox, made of the real things.

Loaded while the change is starting: it is most of what the executor imports.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import cast

from executor.assembly.targets import OpenTarget
from executor.aws import Api, Credentials, RawCaller, Where
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import ResourceType
from executor.changes.calls import CallsRunner
from executor.gateway.aliases import Aliases
from executor.gateway.doors import Doors
from executor.gateway.recorder import FileRecorder
from executor.gateway.server import Gateway
from executor.gateway.vault import Vault
from executor.model.change import CallsChange, ChangeOutcome
from executor.model.hydration import Hydrate, Hydration
from executor.model.json import JsonObject
from executor.model.progress import Progress
from executor.model.resource import Resource, Scope, Snapshot
from executor.replica import Copier, Hydrator, Seeder
from executor.snapshots import SavedSource, SettledReader, SnapshotReader
from sandboxes.contract import Sandbox

# The slowest to get ready for comes first; all are what changes are likely to ask for.
_LIKELY = ("s3", "sqs", "sns", "dynamodb", "iam")
_QUIET_S = 0.03
# They take an account's number for an access key; moto has one account.
_KEEP_ACCOUNTS_APART = frozenset({"localstack", "ministack"})
# Needed when the change has ended.
_NEEDED_AFTER = (
    "executor.effects",
    "executor.judging",
    "executor.ledger.ledger",
    "executor.model.codec",
    "executor.promotion.preconditions",
    "executor.reports.text",
)


class HydratedReplica:
    """A sandbox that hydrates by need, and can be read back; of one account or several."""

    def __init__(
        self,
        wing: Callable[[str], _Wing],
        account: str,
        regions: Sequence[str],
        aliases: Aliases,
        catalog: Catalog,
    ) -> None:
        """Args:
        wing: makes the part of the replica that is of one account.
        account: the target's own account.
        regions: its regions.
        aliases: ids of the target and of the engine.
        catalog: what it is read by.
        """
        self.catalog = catalog
        self.aliases = aliases
        self._account = account
        self._regions = regions
        self._make = wing
        self._lock = threading.Lock()
        self._own = wing("")
        self._wings = {"": self._own}

    @property
    def baseline(self) -> Snapshot:
        """What the target held."""
        return _merged(wing.hydrator.baseline for wing in self._wings.values())

    @property
    def prior(self) -> Snapshot:
        """What the replica held before the change."""
        return _merged(wing.hydrator.prior for wing in self._wings.values())

    @property
    def scopes(self) -> frozenset[Scope]:
        """What was hydrated."""
        return frozenset[Scope]().union(*(w.hydrator.scopes for w in self._wings.values()))

    def get_ready(self, service: str) -> None:
        """Make what calls the sandbox for a service, before it is needed."""
        self._own.api.prepare(service)

    def prepare(
        self, service: str, operation: str, region: str, account: str, params: Mapping[str, object]
    ) -> None:
        """Hydrate what a call may meet."""
        self._wing(account).hydrator.prepare(service, operation, region, cast(JsonObject, params))

    def prepare_types(self, type_globs: Iterable[str], region: str) -> None:
        """Hydrate the types that an intent names, in every region of the target."""
        named = tuple(type_globs)
        for place in dict.fromkeys((region, *self._regions)):
            self._own.hydrator.prepare_types(named, place)

    def prepare_all(self, accounts: Iterable[str]) -> None:
        """Hydrate everything in every region of the target's own and of other accounts."""
        for account in (self._account, *accounts):
            for region in self._regions:
                self._wing(account).hydrator.prepare_all(region)

    def observe(self) -> Snapshot:
        """Read what the replica holds once it has settled."""
        return _merged(_observed(wing) for wing in list(self._wings.values()))

    def _wing(self, account: str) -> _Wing:
        name = "" if account == self._account else account
        with self._lock:
            if name not in self._wings:
                self._wings[name] = self._make(name)
            return self._wings[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wing:
    """The part of a replica that is of one account."""

    api: Api
    hydrator: Hydrator
    reader: SettledReader


def _observed(wing: _Wing) -> Snapshot:
    found = wing.reader.read(wing.hydrator.scopes)
    unforeseen = wing.hydrator.unforeseen(found)
    return found.merged(wing.reader.read(unforeseen)) if unforeseen else found


def _merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    return reduce(Snapshot.merged, snapshots)


def hydrated(
    sandbox: Sandbox,
    target: OpenTarget,
    catalog: Catalog,
    progress: Progress,
    hydration: Hydration,
) -> HydratedReplica:
    """Return a sandbox as a replica of a target that fills by need, or as `hydration` says."""
    aliases = Aliases()

    def wing(account: str) -> _Wing:
        return _wing(sandbox, target, account, aliases, catalog, progress, hydration)

    regions = tuple(dict.fromkeys((target.ref.region, *target.settings.regions)))
    replica = HydratedReplica(wing, target.ref.account, regions, aliases, catalog)
    if hydration.mode is Hydrate.ALL and (target.read or target.saved) is not None:
        replica.prepare_all(target.others)
    return replica


def _wing(
    sandbox: Sandbox,
    target: OpenTarget,
    elsewhere: str,
    aliases: Aliases,
    catalog: Catalog,
    progress: Progress,
    hydration: Hydration,
) -> _Wing:
    """Return the part of a replica that is of one account.

    Args:
        sandbox: the replica.
        target: what it is made of.
        elsewhere: the account; empty for the target's own.
        aliases: ids of all accounts.
        catalog: the declarations.
        progress: told what happens.
        hydration: how much the replica gets.
    """
    ref = target.ref
    account = elsewhere or ref.account
    keys = Credentials(access_key=account, secret_key="rehearsal")
    api = Api(Where(region=ref.region, endpoint_url=sandbox.url, credentials=keys))
    read = partial(
        SnapshotReader,
        catalog,
        api,
        account=account,
        region=ref.region,
        implements=sandbox.operations.implements,
    )
    own, translated = read(), SettledReader(read(translation=aliases))

    def list_engine(kind: ResourceType, region: str) -> tuple[Resource, ...]:
        return own.read_type(kind, own.scope(catalog.service_of(kind.type), region))

    there = target.others[elsewhere]() if elsewhere and target.saved is None else target.read
    source, copier = _source(target, account, there, catalog, progress, hydration), None
    if there is not None and hydration.copy:
        copier = Copier(catalog, there, wanted=hydration.copies)
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
            emulator=sandbox.info.emulator,
            objects=hydration.objects,
            progress=lambda done, known: progress.tick("rebuilt", done, known),
            fill=copier,
        ),
        account=account,
        region=ref.region,
        progress=lambda text: progress.stage("replica", text),
        elsewhere=elsewhere,
        uncopied=copier.taken if copier is not None else tuple,
    )
    return _Wing(api=api, hydrator=hydrator, reader=translated)


def _source(
    target: OpenTarget,
    account: str,
    there: RawCaller | None,
    catalog: Catalog,
    progress: Progress,
    hydration: Hydration,
) -> SnapshotReader | SavedSource | None:
    """Return where the state of an account comes from; None where there is no target."""
    ref = target.ref
    if target.saved is not None:
        return SavedSource(
            catalog,
            target.saved,
            account=account,
            region=ref.region,
            left_out=left_out(hydration, catalog),
        )
    if there is None:
        return None
    return SnapshotReader(
        catalog,
        there,
        account=account,
        region=ref.region,
        cap=hydration.entries,
        left_out=left_out(hydration, catalog),
        progress=lambda done, known: progress.tick("read", done, known),
    )


def left_out(hydration: Hydration, catalog: Catalog) -> Callable[[str], str]:
    """Return why a type is not read from the target; empty for what is."""
    match hydration.mode:
        case Hydrate.NONE:
            return lambda type_name: "not read from the target: --hydrate none"
        case Hydrate.TYPES:
            wanted = catalog.needed(hydration.names)
            reason = f"not read from the target: --hydrate {','.join(hydration.types)}"
            return lambda type_name: "" if type_name in wanted else reason
        case Hydrate.ALL | Hydrate.TOUCHED:
            return lambda type_name: ""


def open_gateway(
    sandbox: Sandbox,
    replica: HydratedReplica,
    target: OpenTarget,
    *,
    doors: Doors,
    trace: Path,
    vault: Vault,
) -> Gateway:
    """Let a gateway answer at doors that are open already.

    Args:
        sandbox: where it leads to.
        replica: what makes the sandbox ready for a call.
        target: whose account and region calls appear in.
        doors: where clients knock, and may have been waiting.
        trace: the file that calls are recorded in.
        vault: keeps exact parameters.
    """
    gateway = Gateway(
        upstream=sandbox.url,
        operations=sandbox.operations,
        recorder=FileRecorder(trace),
        account=target.ref.account,
        accounts=_rehearsed_accounts(sandbox, target),
        region=target.ref.region,
        vault=vault,
        aliases=replica.aliases,
        prepare=replica.prepare,
        parameters_tell=replica.catalog.parameters_tell,
        doors=doors,
    )
    # Addresses that the engine gives out must lead back to the gateway, not around it.
    replica.aliases.add(f"127.0.0.1:{gateway.port}", sandbox.url.partition("://")[2])
    return gateway


def _rehearsed_accounts(sandbox: Sandbox, target: OpenTarget) -> tuple[str, ...]:
    """Return the further accounts whose roles a change may take."""
    if sandbox.info.emulator not in _KEEP_ACCOUNTS_APART:
        return ()
    saved = target.saved.accounts if target.saved is not None else ()
    return tuple({*target.others, *saved} - {target.ref.account})


def make_calls(change: CallsChange, url: str, target: OpenTarget) -> ChangeOutcome:
    """Make the calls of a change through the gateway at `url`."""
    keys = Credentials(access_key=target.ref.account, secret_key="rehearsal")
    where = Where(region=target.ref.region, endpoint_url=url, credentials=keys)
    return CallsRunner(Api(where)).run(change)


def get_ready(gateway: Gateway, replica: HydratedReplica) -> None:
    """Load in the background what the change is about to ask for; returns at once.

    Its process needs a while until its first call, which would else wait for all this.
    """
    thread = threading.Thread(
        target=_get_ready, args=(gateway, replica), name="warm-up", daemon=True
    )
    thread.start()


def _get_ready(gateway: Gateway, replica: HydratedReplica) -> None:
    for service in _LIKELY:
        if gateway.asked:
            # Now it is known what is needed, and this would only be in its way.
            break
        gateway.learn(service)
        replica.get_ready(service)
    for name in _NEEDED_AFTER:
        _wait_for_quiet(gateway)
        importlib.import_module(name)
    replica.catalog.load()


def _wait_for_quiet(gateway: Gateway) -> None:
    """Wait for a moment in which loading is in no call's way."""
    seen = 0
    while gateway.asked != seen:
        seen = gateway.asked
        time.sleep(_QUIET_S)
