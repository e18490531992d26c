"""Runs a list of calls against the gateway, one after the other."""

from __future__ import annotations

from executor.aws import Caller, CallFailed
from executor.changes.references import Unresolved, check_references, substituted
from executor.model.change import CallsChange, ChangeOutcome, PlannedCall
from executor.model.json import Json


class CallsRunner:
    """Makes the calls of a change; the first that fails ends it."""

    def __init__(self, caller: Caller) -> None:
        """Args:
        caller: makes the calls; one try each, for a second would be another call.
        """
        self._caller = caller

    def run(self, change: CallsChange) -> ChangeOutcome:
        """Make the calls.

        Raises:
            InvalidChange: a reference names no earlier call; no call was made.
        """
        check_references(change)
        saved: dict[str, Json] = {}
        for i, call in enumerate(change.calls):
            try:
                answer = self._caller.call(
                    call.service,
                    call.operation,
                    substituted(call.params, saved),
                    region=call.region,
                )
            except CallFailed as error:
                return _failed(i, call, f"{error.code}: {error.message}")
            except Unresolved as error:
                return _failed(i, call, str(error))
            if call.save:
                saved[call.save] = answer
        return ChangeOutcome(exit_code=0)


def _failed(i: int, call: PlannedCall, why: str) -> ChangeOutcome:
    return ChangeOutcome(
        exit_code=1, detail=f"calls[{i}] {call.service}:{call.operation} failed: {why}"
    )
