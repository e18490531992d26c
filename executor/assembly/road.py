"""The road from a change's calls to the sandbox, made of the real things.

Loaded while the change is starting: it is most of what the executor imports.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from executor.assembly.bench import BenchMaker, RunsWorkshop, made_by
from executor.assembly.targets import OpenTarget
from executor.assembly.wings import HydratedReplica, Wing
from executor.aws import Api, Credentials, RawCaller, Where
from executor.catalog.catalog import Catalog
from executor.changes.calls import CallsRunner
from executor.gateway.aliases import Aliases
from executor.gateway.doors import Doors
from executor.gateway.recorder import FileRecorder
from executor.gateway.server import Gateway
from executor.gateway.vault import Vault
from executor.model.addresses import host_port
from executor.model.change import CallsChange, ChangeOutcome
from executor.model.hydration import Hydrate, Hydration
from executor.model.progress import Progress
from executor.model.resource import Scope, Snapshot
from executor.replica import Copier, Hydrator, Rebuilder
from executor.snapshots import SavedSource, SnapshotReader
from sandboxes.contract import KeepsReplicas, Sandbox, TellsRest

# The slowest to get ready for comes first; all are what changes are likely to ask for.
_LIKELY = ("s3", "sqs", "sns", "dynamodb", "iam")
# Of these the first call would wait for a read or two.
_READ_AHEAD = ("s3", "sqs", "sns", "dynamodb")
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


def hydrated(
    sandbox: Sandbox,
    target: OpenTarget,
    catalog: Catalog,
    progress: Progress,
    hydration: Hydration,
    address: str = "",
    *,
    confined: bool = False,
) -> HydratedReplica:
    """Return a sandbox as a replica of a target that fills by need, or as `hydration` says.

    Args:
        sandbox: the emulator.
        target: what the replica is made of.
        catalog: the declarations.
        progress: told what happens.
        hydration: how much the replica gets.
        address: `host:port` at which the change sees it; empty for its own.
        confined: the change reaches it by the gateway alone.
    """
    aliases = Aliases()
    # Addresses that the engine gives out must lead back to the gateway, not around it.
    aliases.add(address, host_port(sandbox.url))

    def wing(account: str, replica: HydratedReplica) -> Wing:
        return _wing(sandbox, target, account, replica, progress, hydration, address)

    regions = tuple(dict.fromkeys((target.ref.region, *target.settings.regions)))
    resting = sandbox.resting if confined and isinstance(sandbox, TellsRest) else None
    replica = HydratedReplica(wing, target.ref.account, regions, aliases, catalog, resting)
    if hydration.mode is Hydrate.ALL and (target.read or target.saved) is not None:
        replica.prepare_all(target.others)
    return replica


def _wing(
    sandbox: Sandbox,
    target: OpenTarget,
    elsewhere: str,
    replica: HydratedReplica,
    progress: Progress,
    hydration: Hydration,
    address: str,
) -> Wing:
    """Return the part of a replica that is of one account.

    Args:
        sandbox: the emulator.
        target: what it is made of.
        elsewhere: the account; empty for the target's own.
        replica: what it is a part of.
        progress: told what happens.
        hydration: how much the replica gets.
        address: `host:port` at which the change sees it; empty for its own.
    """
    ref, catalog = target.ref, replica.catalog
    account = elsewhere or ref.account
    there = target.others[elsewhere]() if elsewhere and target.saved is None else target.read
    source, copier = _source(target, account, there, catalog, progress, hydration), None
    if there is not None and hydration.copy:
        copier = Copier(catalog, there, wanted=hydration.copies)
    maker = BenchMaker(
        sandbox=sandbox,
        account=account,
        region=ref.region,
        catalog=catalog,
        hydration=hydration,
        progress=progress,
        copier=copier,
    )
    workshop = RunsWorkshop(maker, replica.aliases, address, replica.moved)
    bench = workshop.here()
    nothing_to_keep = source is None or elsewhere or copier is not None
    keeper = None if nothing_to_keep else _keeper(sandbox)
    rebuilder = Rebuilder(
        catalog=catalog,
        bench=bench,
        workshop=workshop,
        keeper=keeper,
        made_by=made_by(sandbox, hydration) if keeper is not None else "",
        objects=hydration.objects,
        known=_known(source),
        alone=replica.alone,
        quiet=replica.quiet,
    )
    hydrator = Hydrator(
        catalog=catalog,
        source=source,
        rebuilder=rebuilder,
        account=account,
        region=ref.region,
        progress=lambda text: progress.stage("replica", text),
        elsewhere=elsewhere,
    )
    return Wing(hydrator=hydrator, rebuilder=rebuilder, get_ready=bench.api.prepare)


def _keeper(sandbox: Sandbox) -> KeepsReplicas | None:
    return sandbox if isinstance(sandbox, KeepsReplicas) and sandbox.keeps else None


def _known(
    source: SnapshotReader | SavedSource | None,
) -> Callable[[Scope], Snapshot] | None:
    """Return what tells, without asking a target, what a scope holds; None where nothing does."""
    return (lambda scope: source.read([scope])) if isinstance(source, SavedSource) else None


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
        watcher=replica.early,
    )
    replica.leads(gateway)
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
    for service in _READ_AHEAD:
        replica.read_ahead(service, lambda: not gateway.asked)
    replica.catalog.load()


def _wait_for_quiet(gateway: Gateway) -> None:
    """Wait for a moment in which loading is in no call's way."""
    seen = 0
    while gateway.asked != seen:
        seen = gateway.asked
        time.sleep(_QUIET_S)
