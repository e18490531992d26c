"""What the command line and the library ask for, and what they are answered.

Requests carry texts as the caller gave them; `auto` means "as `executor.toml` says, else what
works here".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from executor.model.change import AnyChange
from executor.model.intent import Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChoice:
    """Which target is meant.

    Attributes:
        name: a name in `executor.toml`, a URL or `none`; None takes the default.
        account: 12-digit account where the target does not say one; empty for none.
        region: region that goes before the target's own; empty for none.
    """

    name: str | None = None
    account: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunRequest:
    """One dry run, as asked for.

    Attributes:
        change: what is proposed.
        intent: what its proposer declares.
        target: which target the replica is made of.
        engine: `auto`, the name of an engine, or the URL of a running one.
        confine: `auto`, `bubblewrap`, `container` or `off`.
        image: what a container that confines the command is made of; empty for the configured.
        daemon: the per-user background server may be used and started.
        in_place: the command runs in the real work directory, not in a copy.
        timeout_s: the command is ended after that many seconds; None for the configured one.
        hydrate: `all`, `touched`, `none` or `TYPE,...`; empty for the configured one.
        copy_data: `TYPE NAME` patterns of resources whose data is copied, besides the configured.
        from_snapshot: a snapshot file that takes the target's place; nothing is reached then,
            and `target` only says whose policy holds, and who a promotion is for.
        output: receives what the command writes, as it comes; None for nowhere but the log.
    """

    change: AnyChange
    intent: Intent = field(default_factory=Intent)
    target: TargetChoice = field(default_factory=TargetChoice)
    engine: str = "auto"
    confine: str = "auto"
    image: str = ""
    daemon: bool = True
    in_place: bool = False
    timeout_s: float | None = None
    hydrate: str = ""
    copy_data: tuple[str, ...] = ()
    from_snapshot: Path | None = None
    output: IO[bytes] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRequest:
    """A replica for a person to work in.

    Attributes:
        target: which target it is seeded from.
        engine: as in `DryRunRequest`.
        daemon: as in `DryRunRequest`.
        from_snapshot: as in `DryRunRequest`.
    """

    target: TargetChoice = field(default_factory=TargetChoice)
    engine: str = "auto"
    daemon: bool = True
    from_snapshot: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRequest:
    """A snapshot of a target, to keep.

    Attributes:
        output: the file to write.
        target: which target.
        services: botocore names of the services to read; empty for all, or those of `types`.
        types: globs of resource types to read; empty for all.
    """

    output: Path
    target: TargetChoice = field(default_factory=TargetChoice)
    services: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSession:
    """A running replica.

    Attributes:
        url: endpoint for AWS clients.
        account: 12-digit account it appears as.
        region: its region.
        environment: variables that point AWS clients to it.
    """

    url: str
    account: str
    region: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of `executor runs`.

    Attributes:
        id: the run.
        started: ISO time in UTC.
        decision: the decision's word; empty when the run did not come to one.
        target: name of the target.
        change: the change in a few words.
        approved: a person approved it.
        promoted: it was promoted.
    """

    id: str
    started: str
    decision: str
    target: str
    change: str
    approved: bool = False
    promoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCheck:
    """Whether the ledger's hash chain holds.

    Attributes:
        ok: it does.
        entries: how many entries there are.
        first_bad: number of the first entry that does not fit; None when all do, or when what
            is wrong is not one entry.
        reason: what is wrong, in words; empty when nothing is.
    """

    ok: bool
    entries: int
    first_bad: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorLine:
    """One thing `executor doctor` looked at.

    Attributes:
        name: what.
        ok: it can be used.
        text: what was found, one line.
        hint: what would mend it; empty when nothing needs to.
    """

    name: str
    ok: bool
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's approval of one report.

    Attributes:
        run: the run.
        digest: digest of the report that was approved.
        by: who.
        reason: why.
        time: ISO time in UTC.
    """

    run: str
    digest: str
    by: str
    reason: str
    time: str
