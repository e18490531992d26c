"""What a zygote keeps: templates, seeded once, from which sandboxes are forked.

    zygote ── order + descriptors ──► template ── fork ──► child
           ◄── pid + its handle ─────

A template's forks are its children and not the zygote's: it dies with the zygote, and they with
it. One that is to go stays as long as any of them lives.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandboxes.background import wire
from sandboxes.embedded import messages
from sandboxes.model import SandboxSpec

_ANSWER_S: Final = 5.0
_PRIVATE: Final = ("Private_Clean:", "Private_Dirty:")


@dataclass(slots=True, eq=False)
class Child:
    """A process that serves, or will.

    Attributes:
        id: name of its directory.
        pid: its process id.
        handle: process descriptor, which no other process can come to mean.
        ready: where it says that it serves.
        port: where it listens.
        directory: what it has on disk.
        spec: as whom it serves.
        orders: where it takes orders; None for one that takes none.
        parent: the template that forked it; None for the zygote.
        serving: it has said so.
        open_ways: what it is not kept from.
        dead: it was waited for.
    """

    id: str
    pid: int
    handle: int
    ready: int
    port: int
    directory: Path
    spec: SandboxSpec
    orders: socket.socket | None = None
    parent: Template | None = None
    serving: bool = False
    open_ways: str = ""
    dead: bool = False


@dataclass(slots=True, eq=False)
class Template:
    """A child that has stopped serving, and forks.

    Attributes:
        child: its process.
        orders: where it takes orders.
        parts: what it was seeded with: name -> digest.
        used: when it was last forked from, monotonic seconds.
        forks: those that live.
        leaving: it is offered to nobody any more.
    """

    child: Child
    orders: socket.socket
    parts: Mapping[str, str]
    used: float
    forks: set[Child] = field(default_factory=set)
    leaving: bool = False

    def view(self) -> dict[str, object]:
        """Return what a client may know of it."""
        return {
            "id": self.child.id,
            "parts": dict(self.parts),
            "directory": str(self.child.directory),
            "port": self.child.port,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is kept.

    Attributes:
        count: how many templates.
        bytes: how much memory they have that they share with nobody.
        idle_s: how long one is kept that nobody forks from.
    """

    count: int = 24
    bytes: int = 512 << 20
    idle_s: float = 600.0


class Shelf:
    """Holds templates within limits; the zygote ends what it gives up."""

    def __init__(self, limits: Limits | None = None) -> None:
        """Args:
        limits: how much is kept.
        """
        self._limits = limits or Limits()
        self._templates: dict[str, Template] = {}
        self._forsaken = ""

    @property
    def useless(self) -> str:
        """Why nothing can be kept on this machine; empty when it can."""
        return self._forsaken

    def __len__(self) -> int:
        return sum(not t.leaving for t in self._templates.values())

    def __iter__(self) -> Iterator[Template]:
        return iter(tuple(self._templates.values()))

    def add(self, child: Child, parts: Mapping[str, str]) -> Template:
        """Keep a child that has stopped; the oldest give way."""
        assert child.orders is not None
        child.orders.settimeout(_ANSWER_S)
        new = Template(child=child, orders=child.orders, parts=parts, used=time.monotonic())
        for other in self:
            # The same again: somebody else was seeding it at the same time.
            other.leaving |= (other.child.spec, other.parts) == (_anybodys(child.spec), parts)
        child.spec = _anybodys(child.spec)
        self._templates[child.id] = new
        self._make_room()
        return new

    def offered(self, spec: SandboxSpec) -> Sequence[Template]:
        """Return what a sandbox of that account and region may be forked from, newest first."""
        wanted = _anybodys(spec)
        found = (t for t in self if not t.leaving and t.child.spec == wanted)
        return sorted(found, key=lambda t: -t.used)

    def find(self, name: object, spec: SandboxSpec) -> Template | None:
        """Return a template that is offered, by its id."""
        return next((t for t in self.offered(spec) if t.child.id == name), None)

    def fork(
        self, template: Template, spec: SandboxSpec, descriptors: Sequence[int]
    ) -> tuple[int, int]:
        """Let a template fork; returns the process id and a handle.

        Raises:
            Severed: it did not.
        """
        template.used = time.monotonic()
        order = {"ask": "fork", "spec": messages.spec_to_wire(spec)}
        wire.send_with(template.orders, order, descriptors)
        answer, handles = wire.receive_with(template.orders)
        if len(handles) != 1:
            raise wire.Severed("a template sent no handle")
        return wire.number(answer, "pid"), handles[0]

    def buried(self, child: Child) -> None:
        """Let the template wait for a fork that is dead."""
        template = child.parent
        if template is None:
            return
        template.forks.discard(child)
        template.used = time.monotonic()
        with suppress(wire.Severed):
            wire.send_with(template.orders, {"ask": "bury"}, ())

    def forsake(self, why: str) -> None:
        """Keep nothing from now on: forks are not what they should be."""
        self._forsaken = why or "forks of templates are of no use"
        for template in self:
            template.leaving = True

    def drop(self, template: Template) -> None:
        """Forget a template whose process is gone."""
        self._templates.pop(template.child.id, None)

    def to_end(self) -> Sequence[Template]:
        """Return the templates that nobody needs any more."""
        now = time.monotonic()
        for template in self:
            idle = not template.forks and now - template.used >= self._limits.idle_s
            template.leaving |= idle
        return [t for t in self if t.leaving and not t.forks]

    def patience_s(self) -> float | None:
        """Return after how many seconds one may be idle for too long; None for never."""
        now = time.monotonic()
        left = [t.used + self._limits.idle_s - now for t in self if not t.forks]
        return max(0.0, min(left)) if left else None

    def _make_room(self) -> None:
        kept = sorted((t for t in self if not t.leaving), key=lambda t: -t.used)
        held = 0
        for place, template in enumerate(kept):
            held += private_bytes(template.child.pid)
            # The newest stays whatever it takes: it is about to be forked from.
            if place and (place >= self._limits.count or held > self._limits.bytes):
                template.leaving = True


def threads_of(pid: int) -> int:
    """Return how many threads a process has; 0 when it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208
    except OSError:
        return 0


def private_bytes(pid: int) -> int:
    """Return how much memory a process shares with no other; 0 where that is not told."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(_PRIVATE))


def kill(child: Child) -> None:
    """End a process, and wait until it has ended."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(child.handle, signal.SIGKILL)
    ending = select.poll()
    ending.register(child.handle, select.POLLIN)
    ending.poll()


def _anybodys(spec: SandboxSpec) -> SandboxSpec:
    """Return the spec without the run, which differs from sandbox to sandbox."""
    return SandboxSpec(run="", account=spec.account, region=spec.region)
