"""What the program inside a confinement told: how the command ran, and what was achieved."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sandboxes.confine.limits import Limits, words
from sandboxes.confine.occupant import Occupant
from sandboxes.errors import ConfinementUnavailable
from sandboxes.model import CommandOutcome, Isolation

TRIES = 3
"""How often a confinement is built: what it shows may be gone before it is shown."""

_END_S = 8.0
_START_S = 60.0


class Voice(Protocol):
    """What is heard of a confinement, and said to it."""

    def listen(self, seconds: float | None) -> str | None:
        """Return the next line that is told; empty when none came in time, None at the end."""
        ...

    def end(self) -> None:
        """Have the command ended, and what it started."""
        ...


@dataclass(slots=True)
class Story:
    """What the program inside told.

    Attributes:
        kind: name of the confinement.
        occupant: what is confined.
        limits: what it may take.
        wrong: what does not hold, by kind.
        blocked: names that were asked for in vain.
        ends: why it was ended.
        notes: what else a reader should know, one sentence each.
        inside: the program inside runs, or ran.
        started: the command runs, or ran.
        missing: why it cannot be run, as an error number; 0 where it can.
        broken: what is wrong with the confinement itself.
        code: exit status of the command, when it has ended.
        left: how many processes it left behind.
        timed_out: it took too long.
    """

    kind: str
    occupant: Occupant
    limits: Limits
    wrong: dict[str, list[str]] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    inside: bool = False
    started: bool = False
    missing: int = 0
    broken: str = ""
    code: int | None = None
    left: int = 0
    timed_out: bool = False

    def follow(self, voice: Voice, timeout_s: float | None) -> None:
        """Listen until it has ended, or has to be.

        Args:
            voice: tells.
            timeout_s: the command is ended that long after its start. To start it may take
                longer: that is not the command's doing.
        """
        last = None
        until = None if timeout_s is None else time.monotonic() + max(timeout_s, _START_S)
        while self.code is None:
            now = time.monotonic()
            if last is None and until is not None and now >= until:
                self.timed_out = True
                voice.end()
            if last is None and (self.timed_out or self.ends):
                last = now + _END_S
            ways = [t for t in (last, until if last is None else None) if t is not None]
            if last is not None and now >= last:
                return
            line = voice.listen(max(0.0, min(ways) - now) if ways else None)
            if line is None:
                return
            waited_for = self.started
            try:
                self._hear(line)
            except ValueError:
                self.broken = line
                return
            if self.started and not waited_for and timeout_s is not None:
                until = time.monotonic() + timeout_s

    @property
    def told_its_end(self) -> bool:
        """Whether the program inside said that it is done."""
        return self.code is not None or bool(self.missing or self.broken)

    def flooded(self, end: Callable[[], None]) -> None:
        """Note that it wrote too much, and have it ended."""
        self.ends.append(words("output", self.limits))
        end()

    def check(self, program: str, complaint: str) -> None:
        """Raise what kept the command from running.

        Raises:
            FileNotFoundError: there is no such program inside.
            ConfinementUnavailable: the confinement broke.
        """
        if self.missing:
            raise FileNotFoundError(self.missing, "this cannot be run here", program)
        if not self.started:
            reason = self.broken or complaint or "it said nothing"
            raise ConfinementUnavailable(
                f"{self.kind} could not confine the command: {reason}",
                hint="`executor doctor` shows what it can do here",
            )

    def outcome(self) -> CommandOutcome:
        """Return how it ended."""
        return CommandOutcome(
            exit_code=128 + 9 if self.code is None else self.code,
            timed_out=self.timed_out,
            left_running=self.left,
            isolation=self._isolation(),
        )

    def _hear(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "probe":
                kind, _, text = rest.partition(" ")
                self.wrong.setdefault(kind, []).append(text)
            case "inside":
                self.inside = True
            case "started":
                self.started = True
            case "asked":
                self.blocked.append(rest)
            case "missing":
                self.missing = int(rest) or errno.ENOENT
            case "limit":
                self.ends.append(words(rest, self.limits))
            case "ended":
                code, _, left = rest.partition(" ")
                self.code, self.left = int(code), int(left)
            case "":
                return
            case _:
                self.broken = rest or line

    def _isolation(self) -> Isolation:
        notes = [text for texts in self.wrong.values() for text in texts]
        if self.occupant.hosts:
            hosts = ", ".join(self.occupant.hosts)
            notes.append(f"opened to the command by policy, at ports 80 and 443: {hosts}")
        in_place = not self.occupant.copied
        if in_place:
            notes.append("the work directory itself could be written, not a copy of it")
        privileged = "privileges" in self.wrong
        return Isolation(
            kind=self.kind,
            network="network" not in self.wrong and not privileged,
            filesystem="filesystem" not in self.wrong and not privileged and not in_place,
            credentials="credentials" not in self.wrong and not privileged,
            notes=(*notes, *self.notes, *self.ends),
            blocked=tuple(dict.fromkeys(self.blocked)),
        )
