"""What is proposed: a command, or a list of API calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from executor.model.json import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandChange:
    """Run a program.

    Attributes:
        command: program and arguments.
        workdir: directory it is run for; the run gets a copy.
        description: the proposer's words.
    """

    command: tuple[str, ...]
    workdir: Path
    description: str = ""

    @property
    def kind(self) -> str:
        """The word the report uses."""
        return "command"

    def view(self) -> dict[str, Json]:
        """Return the report's view."""
        return {"kind": self.kind, "command": list(self.command), "description": self.description}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """One API call of a calls file.

    Attributes:
        service: botocore service name.
        operation: botocore operation name.
        params: parameters; texts may hold `${name.Path}` of an earlier call's `save`.
        save: name under which the response is kept.
        region: region; empty for the target's default.
    """

    service: str
    operation: str
    params: JsonObject = field(default_factory=dict)
    save: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsChange:
    """Make API calls one after the other; the first that fails ends it."""

    calls: tuple[PlannedCall, ...]
    description: str = ""

    @property
    def kind(self) -> str:
        """The word the report uses."""
        return "calls"

    def view(self) -> dict[str, Json]:
        """Return the report's view."""
        return {
            "kind": self.kind,
            "calls": [f"{c.service}:{c.operation}" for c in self.calls],
            "description": self.description,
        }


AnyChange: TypeAlias = CommandChange | CallsChange


class Change:
    """Ways to propose a change from Python."""

    @staticmethod
    def command(
        command: Sequence[str], *, workdir: str | Path = ".", description: str = ""
    ) -> CommandChange:
        """Propose to run `command`; `workdir` is copied for the run."""
        return CommandChange(
            command=tuple(command), workdir=Path(workdir).absolute(), description=description
        )

    @staticmethod
    def calls(calls: Sequence[Mapping[str, Json]], *, description: str = "") -> CallsChange:
        """Propose API calls, each `{service, operation, params, save}`.

        Raises:
            InvalidChange: a call has no service or operation, or an unknown field.
        """
        from executor.model.planned import planned_calls

        return CallsChange(calls=planned_calls(calls), description=description)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOutcome:
    """How the change itself ended. A failing change is an outcome, not an error.

    Attributes:
        exit_code: exit status of the command; for calls 0 or 1.
        detail: what failed, in words; empty when nothing did.
        timed_out: it was ended because it ran too long.
        left_running: number of processes it left, which were ended.
    """

    exit_code: int
    detail: str = ""
    timed_out: bool = False
    left_running: int = 0

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return self.exit_code != 0 or self.timed_out
