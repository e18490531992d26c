"""Makes the same attempt in the confinement and without one."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandboxes.confine.limits import Limits
from sandboxes.confine.off import Off
from sandboxes.model import CommandOutcome, Door
from tests.integration.confining import Kind

SIGN = "ESCAPED"


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt went.

    Attributes:
        outcome: how the command ended.
        text: what it wrote.
    """

    outcome: CommandOutcome
    text: str

    @property
    def escaped(self) -> bool:
        """Whether it got what it wanted."""
        return SIGN in self.text


@dataclass(slots=True)
class Ground:
    """Where attempts are made: a home and a work directory of the test's own.

    Attributes:
        kind: the confinement.
        root: holds everything.
        door: where the gateway's stand-in is.
        variables: further variables of the caller.
        limits: how much the confined command may take.
    """

    kind: Kind
    root: Path
    door: Door
    variables: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    @property
    def home(self) -> Path:
        """The caller's home directory."""
        return self.root / "home"

    @property
    def work(self) -> Path:
        """The work directory as the caller knows it."""
        return self.root / "work"

    @property
    def copy(self) -> Path:
        """What takes its place."""
        return self.root / "private" / "work"

    def confined(self, program: str, *arguments: object, timeout_s: float = 60) -> Attempt:
        """Make the attempt in the confinement, which holds what it promises."""
        attempt = self.attempt(program, *arguments, timeout_s=timeout_s)
        assert attempt.outcome.isolation.network
        assert attempt.outcome.isolation.filesystem
        assert attempt.outcome.isolation.credentials, attempt.outcome.isolation.notes
        return attempt

    def attempt(self, program: str, *arguments: object, timeout_s: float = 60) -> Attempt:
        """Make the attempt in the confinement, whatever it promises."""
        output = io.BytesIO()
        outcome = self.kind.make(limits=self.limits).run(
            self._command(self.kind.python, program, arguments),
            run=f"escape-{os.getpid()}",
            door=self.door,
            workdir=self.copy,
            account="123456789012",
            region="us-east-1",
            environment=self._environment(),
            output=output,
            timeout_s=timeout_s,
            shown_as=self.work,
        )
        return Attempt(outcome, output.getvalue().decode("utf-8", "replace"))

    def unconfined(self, program: str, *arguments: object, timeout_s: float = 60) -> Attempt:
        """Make the attempt without a confinement."""
        output = io.BytesIO()
        outcome = Off().run(
            self._command(sys.executable, program, arguments),
            run=f"escape-{os.getpid()}",
            door=self.door,
            workdir=self.copy,
            account="123456789012",
            region="us-east-1",
            environment=self._environment(),
            output=output,
            timeout_s=timeout_s,
        )
        return Attempt(outcome, output.getvalue().decode("utf-8", "replace"))

    def fails_only_confined(self, program: str, *arguments: object) -> Attempt:
        """Make the attempt both ways, check both, and return how it went in the confinement."""
        confined = self.confined(program, *arguments)
        assert not confined.escaped, confined.text
        unconfined = self.unconfined(program, *arguments)
        assert unconfined.escaped, unconfined.text
        return confined

    def _command(self, python: str, program: str, arguments: tuple[object, ...]) -> list[str]:
        return [python, "-c", program, *map(str, arguments)]

    def _environment(self) -> Mapping[str, str]:
        path = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        return {**path, **self.variables}
