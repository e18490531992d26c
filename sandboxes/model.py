"""Values that cross the seam between sandboxes and whoever uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """Which program emulates AWS.

    Attributes:
        name: the engine's entry-point name: `embedded`, `localstack`, `endpoint`.
        emulator: the program behind it: `ministack`, `moto`, `localstack`, or `unknown`.
        version: the emulator's own version.
        confined: the emulator itself is shut in: it reaches nobody, and none of the machine's
            files but its own.
        note: what does not hold of that, in words; empty when all does.
    """

    name: str
    emulator: str
    version: str
    confined: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether something can be used on this machine.

    Attributes:
        usable: it can be used now.
        reason: why not, or what was found, in one line.
        hint: what would make it usable; empty when it is.
    """

    usable: bool
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """What a caller wants of a new sandbox.

    Attributes:
        run: id of the run the sandbox is for; labels whatever has to be reaped.
        account: 12-digit account id that resources in the sandbox shall carry.
        region: the default region.
        daemon: the embedded engine may use (and start) the per-user background server.
    """

    run: str
    account: str = "000000000000"
    region: str = "us-east-1"
    daemon: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReplica:
    """Something that was seeded once and is forked for every sandbox that needs the same.

    Attributes:
        id: what its engine calls it.
        parts: what it was seeded with, name -> digest; for whoever seeded it to understand.
        address: `host:port` it was seeded at, which may stand in what it holds.
    """

    id: str
    parts: Mapping[str, str]
    address: str


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations an engine really implements, by botocore service name.

    An operation that is not in here must not be forwarded: emulators answer unknown S3
    sub-resources by deleting the bucket (`docs/fidelity.md`).
    """

    by_service: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def implements(self, service: str, operation: str) -> bool:
        """Whether the engine implements `operation` (botocore names, e.g. `sqs`, `CreateQueue`)."""
        return operation in self.by_service.get(service, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What confinement was achieved, as found out, not as asked for.

    Attributes:
        kind: `bubblewrap`, `container` or `off`.
        network: the process can reach nothing but the gateway.
        filesystem: the process can write nothing but its copy of the work directory.
        credentials: the process sees no real credentials.
        notes: what a reader should know, one sentence each.
        blocked: connections that were stopped, `host:port`.
    """

    kind: str
    network: bool
    filesystem: bool
    credentials: bool
    notes: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where a confined process finds the gateway.

    Attributes:
        url: plain HTTP endpoint, e.g. `http://127.0.0.1:40001`.
        http: unix socket that takes plain HTTP; None where there is none.
        tls: unix socket that ends TLS for every AWS host name; None where there is none.
        authority: PEM file of the certificate to trust for `tls`, in the run's private directory.
        take: takes further sockets that listen where the command knocks, `http` or `tls`; they are
            the gateway's from then on. None where it takes none.
    """

    url: str
    http: Path | None = None
    tls: Path | None = None
    authority: Path | None = None
    take: Callable[[str, socket.socket], None] | None = field(
        default=None, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """How a command ended. A failing command is an outcome, not an error.

    Attributes:
        exit_code: the exit status; 128 + n when signal n ended it.
        timed_out: it was ended because it ran longer than allowed.
        left_running: processes it left behind, which were ended.
        isolation: the confinement it ran in.
    """

    exit_code: int
    timed_out: bool
    left_running: int
    isolation: Isolation
