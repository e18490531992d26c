"""A promotion from a stored run to a receipt."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

from executor.assembly.targets import OpenTarget, writing_api
from executor.catalog.catalog import Catalog
from executor.effects import Differ
from executor.errors import LedgerTampered, PromotionRefused
from executor.gateway import Vault, unchunked_pieces
from executor.ledger.ledger import Kind, Ledger
from executor.ledger.store import RunStore
from executor.model.call import Call
from executor.model.codec import call_from_json, snapshot_from_json
from executor.model.json import Json, JsonObject
from executor.model.progress import Progress
from executor.model.receipt import Receipt, Step
from executor.model.report import Report
from executor.model.resource import Scope, Snapshot
from executor.promotion import Promoter, Rehearsed, target_lock
from executor.promotion.preconditions import require_allowed
from executor.reports import read_report
from executor.snapshots import AccountsReader, SettledReader, SnapshotReader
from executor.snapshots.redaction import RedactedReader


class Promotions:
    """Promotes stored runs."""

    def __init__(self, store: RunStore, catalog: Catalog) -> None:
        """Args:
        store: keeps runs.
        catalog: the declarations.
        """
        self._store = store
        self._catalog = catalog
        self._ledger = Ledger(store.ledger_path)

    def report(self, run: str) -> Report:
        """Return the stored report of a run, if it is the one the ledger knows.

        Raises:
            NotFound: there is none.
            PromotionRefused: it was altered (`altered`).
        """
        try:
            report = read_report(self._store.read_report(run))
        except LedgerTampered as error:
            raise PromotionRefused(error.message, reason="altered", hint=error.hint) from error
        known = [e.payload.get("digest") for e in self._ledger.entries(kind=Kind.DRY_RUN, run=run)]
        if report.digest not in known:
            raise PromotionRefused(
                f"the stored report of run {run} is not the one that was recorded",
                reason="altered",
                hint="`executor verify` checks the ledger; rehearse the change again",
            )
        return report

    def approved(self, run: str) -> tuple[str, ...]:
        """Return the digests of reports of the run that a person approved."""
        entries = self._ledger.entries(kind=Kind.APPROVAL, run=run)
        return tuple(str(entry.payload.get("digest")) for entry in entries)

    def promote(self, run: str, target: OpenTarget, progress: Progress) -> Receipt:
        """Do to the target what the run rehearsed.

        Raises:
            PromotionRefused: a precondition does not hold; nothing was changed.
        """
        report = self.report(run)
        # First, because a run that was not allowed keeps nothing for a promotion.
        require_allowed(report, self.approved(run))
        self._refuse_second(run)
        _refuse_other_target(report, target)
        assert target.read is not None
        ref = report.target
        reader = SettledReader(self._reader(target), patience_s=900.0)
        rehearsed = self._rehearsed(report)
        # All of them before the first step: a role that cannot be taken changes nothing.
        writers = {call.account: writing_api(target, call.account) for call in rehearsed.made}
        with (
            target_lock(self._store.home / "locks", ref, run),
            _Material(self._store, run).opened() as material,
        ):
            promoter = Promoter(
                catalog=self._catalog,
                api=writers.__getitem__,
                # What a snapshot file holds was redacted, and can only be compared with its like.
                reader=RedactedReader(reader) if ref.snapshot else reader,
                effects=Differ(self._catalog),
                material=material,
                journal=_LedgerJournal(self._ledger),
                progress=progress,
            )
            receipt = promoter.promote(rehearsed, approved_digests=self.approved(run))
        self._ledger.append(Kind.PROMOTION, run, receipt.to_json())
        self._store.write(run, "receipt.json", receipt.to_json())
        return receipt

    def _reader(self, target: OpenTarget) -> AccountsReader:
        ref = target.ref

        def reader(account: str) -> SnapshotReader:
            read = target.others[account]() if account else target.read
            assert read is not None
            return SnapshotReader(
                self._catalog, read, account=account or ref.account, region=ref.region
            )

        return AccountsReader(cache(reader), Snapshot(account=ref.account, region=ref.region))

    def _refuse_second(self, run: str) -> None:
        if self._ledger.entries(kind=Kind.PROMOTION_STEP, run=run):
            raise PromotionRefused(
                f"run {run} was promoted before, wholly or in part",
                reason="promoted-before",
                hint="rehearse the change again, on the target as it is now",
            )

    def _rehearsed(self, report: Report) -> Rehearsed:
        try:
            calls = self._store.read(report.id, "calls.json")["calls"]
            kept = self._store.read(report.id, "baseline.json")
            assert isinstance(calls, list)
            scopes = kept["scopes"]
            snapshot = kept["snapshot"]
            assert isinstance(scopes, list)
            assert isinstance(snapshot, dict)
            recorded = [call_from_json(_object(call)) for call in calls]
            return Rehearsed(
                report=report,
                trace=self._catalog.trace(recorded),
                baseline=snapshot_from_json(snapshot),
                scopes=frozenset(Scope(*_place(scope)) for scope in scopes),
            )
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            raise PromotionRefused(
                f"what run {report.id} left for its promotion cannot be read: {error}",
                reason="altered",
                hint="rehearse the change again",
            ) from error


class _LedgerJournal:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def before(self, run: str, call: Call) -> None:
        name = f"{call.service}:{call.operation}"
        entry: dict[str, Json] = {"call": call.n, "operation": name, "event": "begin"}
        self._ledger.append(Kind.PROMOTION_STEP, run, entry)

    def after(self, run: str, step: Step) -> None:
        self._ledger.append(Kind.PROMOTION_STEP, run, {**step.view(), "event": "end"})


class _Material:
    """Exact parameters from the vault of a run; streamed bodies in temporary files."""

    def __init__(self, store: RunStore, run: str) -> None:
        self._vault = Vault(store.replay_path(run), store.key(run))
        self._directory = Path()
        self._files: list[BinaryIO] = []

    @contextmanager
    def opened(self) -> Iterator[_Material]:
        self._directory = Path(tempfile.mkdtemp(prefix="executor-promotion-"))
        try:
            yield self
        finally:
            for file in self._files:
                file.close()
            shutil.rmtree(self._directory)

    def params(self, call: Call) -> Mapping[str, object]:
        if not call.sealed:
            return call.params
        try:
            found, framing = self._vault.params(call.sealed)
            return {
                name: self._body(call.sealed, framing) if value is None else value
                for name, value in found.items()
            }
        except (KeyError, ValueError, OSError) as error:
            raise PromotionRefused(
                f"call {call.n} ({call.service}:{call.operation}) cannot be repeated exactly:"
                " its parameters or its body were not kept",
                reason="incomplete",
                hint="bodies are kept up to 256 MiB per run; make the change smaller",
            ) from error

    def _body(self, name: str, framing: str) -> BinaryIO:
        pieces = self._vault.pieces(name)
        path = self._directory / name
        with path.open("wb") as file:
            for piece in unchunked_pieces(pieces) if framing == "aws-chunked" else pieces:
                file.write(piece)
        body = path.open("rb")
        self._files.append(body)
        return body


def _refuse_other_target(report: Report, target: OpenTarget) -> None:
    if target.read is None and report.target.snapshot:
        raise PromotionRefused(
            f"run {report.id} was rehearsed from a snapshot of {report.target.name}, account"
            f" {report.target.account}, and there are no credentials for it here",
            reason="no-target",
            hint="configure the target in executor.toml, or give ambient credentials",
        )
    if target.read is None:
        raise PromotionRefused(
            f"run {report.id} was rehearsed without a target",
            reason="no-target",
            hint="rehearse the change with --target",
        )
    there, here = report.target, target.ref
    if (there.account, there.endpoint_url) != (here.account, here.endpoint_url):
        raise PromotionRefused(
            f"run {report.id} was rehearsed for account {there.account}, not {here.account}",
            reason="other-target",
            hint="check the profile or the endpoint",
        )


def _object(value: object) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError("a call is not an object")
    return value


def _place(value: object) -> tuple[str, str, str]:
    if not isinstance(value, list) or len(value) != 3:
        raise TypeError("a scope is not service, region and account")
    service, region, account = map(str, value)
    return service, region, account
