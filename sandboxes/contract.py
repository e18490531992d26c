"""The two seams of this package: where AWS is emulated, and where a command runs.

`Engine` starts a `Sandbox`; `Confinement` runs a command so that it can reach nothing but
the gateway. Engines are found by the entry-point group `executor.engines`; every engine,
ours or a stranger's, must pass `sandboxes.conformance`.

Failures raise `sandboxes.errors.SandboxError`; a command that ran and failed is a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self, runtime_checkable

from sandboxes.model import (
    Availability,
    CommandOutcome,
    Door,
    EngineInfo,
    Isolation,
    KeptReplica,
    Operations,
    SandboxSpec,
)


@runtime_checkable
class Sandbox(Protocol):
    """One ephemeral emulated AWS, empty when it is handed out."""

    @property
    def id(self) -> str:
        """Unique on this machine; what `executor clean` prints."""
        ...

    @property
    def url(self) -> str:
        """Loopback endpoint of the emulator, e.g. `http://127.0.0.1:4566`."""
        ...

    @property
    def info(self) -> EngineInfo:
        """The engine and its version."""
        ...

    @property
    def operations(self) -> Operations:
        """What the emulator implements."""
        ...

    def alive(self) -> bool:
        """Whether the emulator still runs; cheap, never raises."""
        ...

    def logs(self, lines: int = 20) -> str:
        """The emulator's last log lines; empty when there are none."""
        ...

    def close(self) -> None:
        """Destroy the sandbox and all it holds; idempotent, never raises `SandboxLost`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Starting(Protocol):
    """A sandbox that has been asked for; a context that closes it."""

    def sandbox(self) -> Sandbox:
        """Wait until it is there, and return it; raises what `Engine.start` would have."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@runtime_checkable
class StartsAhead(Protocol):
    """An engine that can be asked for a sandbox before it is needed."""

    def begin(self, spec: SandboxSpec) -> Starting:
        """Ask for a sandbox and go on; raises `EngineUnavailable`."""
        ...


class Draft(Protocol):
    """A sandbox of one's own to seed, which then becomes something to fork. Serves nobody else.

    What it serves besides seeds would be in every sandbox that is forked from it: nothing of a
    change may ever reach it.
    """

    @property
    def url(self) -> str:
        """Loopback endpoint of the emulator."""
        ...

    def keep(self, parts: Mapping[str, str], memo: bytes) -> KeptReplica:
        """Stop serving, and be forked from now on; connections to it must be closed.

        Args:
            parts: what it was seeded with, name -> digest.
            memo: kept with it, and given to whoever forks it.

        Raises:
            NotKept: something in it would not survive a fork. It is gone then.
        """
        ...

    def close(self) -> None:
        """Destroy it, unless it is kept; idempotent."""
        ...


@runtime_checkable
class KeepsReplicas(Protocol):
    """What a sandbox may be able to do besides: turn into a fork of what was seeded before.

    What is kept belongs to one user, one engine, and an account and region like the sandbox's.
    An engine without it is seeded every time.
    """

    @property
    def keeps(self) -> bool:
        """Whether it can; cheap."""
        ...

    def kept(self) -> Sequence[KeptReplica]:
        """Return what there is to fork, the last used first; never raises."""
        ...

    def memo(self, replica: KeptReplica) -> bytes:
        """Return what was put beside a replica.

        Raises:
            ReplicaGone: it is not there any more.
        """
        ...

    def draft(self, on: KeptReplica | None = None) -> Draft:
        """Start a sandbox to be seeded and kept.

        Args:
            on: what it is a fork of, and so holds already; None for an empty one.

        Raises:
            NotKept: nothing can be kept here, or `on` is not there any more.
        """
        ...

    def become(self, replica: KeptReplica) -> None:
        """Turn into a fork of a replica, at another `url`, as shut in as before.

        What it held is out of reach from then on, and is destroyed with it: requests that are
        under way at the old address are still answered.

        Raises:
            ReplicaGone: it is not there any more, or its forks are less shut in. The sandbox is
                what it was.
        """
        ...


@runtime_checkable
class TellsRest(Protocol):
    """What a sandbox may be able to do besides: tell that its emulator does nothing by itself."""

    def resting(self) -> str | None:
        """Return a mark of the emulator at rest: it does nothing until it is asked; never raises.

        The same mark twice: it was not asked in between either, and holds what it held. None
        while something is under way, or waits for its time, and where that cannot be told.
        """
        ...


@runtime_checkable
class Engine(Protocol):
    """A program that emulates AWS."""

    @property
    def name(self) -> str:
        """Entry-point name."""
        ...

    def availability(self) -> Availability:
        """Whether the engine can run here; takes well under a second, never raises."""
        ...

    def start(self, spec: SandboxSpec) -> Sandbox:
        """Start a fresh, ready sandbox.

        Raises:
            EngineUnavailable: something it needs is missing.
            EngineStartFailed: it died or did not become ready; `detail` has its last log lines.
        """
        ...

    def reap(self) -> Sequence[str]:
        """End what runs that died have left behind; returns one line per thing removed."""
        ...


@runtime_checkable
class Confinement(Protocol):
    """Runs a command so that the gateway is the only AWS it can reach."""

    @property
    def name(self) -> str:
        """`bubblewrap`, `container` or `off`."""
        ...

    def availability(self) -> Availability:
        """Whether it works here."""
        ...

    def isolation(self) -> Isolation:
        """What it achieves."""
        ...

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
        """Run `command` to its end and end whatever it left running.

        Args:
            command: program and arguments.
            run: id of the run; marks every process so that it can be found again.
            door: where the gateway listens.
            workdir: the directory to run in (already a copy where one is wanted).
            account: 12-digit account id to appear as.
            region: default region for the command's AWS clients.
            environment: the caller's environment, from which what is safe is taken.
            output: receives the command's stdout and stderr as they come.
            timeout_s: end the command after that many seconds.
            reachable: host names, besides AWS's, that it may reach for real; the policy's
                `network.allow`.
            ready: called once, when everything is prepared and nothing has been started; what it
                raises goes on to the caller.
            under_way: called once, when the command has been started and before it is waited
                for; what it raises ends the command, and goes on to the caller.
            shown_as: the path at which the command sees `workdir`, where the confinement can
                do that; its own where None.
            linked: directories, relative to `workdir`, that the copy only links to.

        Raises:
            FileNotFoundError: there is no such program.
            ConfinementUnavailable: the confinement does not work here.
        """
        ...
