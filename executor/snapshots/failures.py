"""What a failed read says about what it was to read."""

from __future__ import annotations

from executor.aws import CallFailed
from executor.catalog.declarations import ResourceType
from executor.model.resource import GLOBAL, Gap, Scope


def says_unknown(failure: CallFailed) -> bool:
    """Whether what was asked does not know such a call."""
    # A partition that came late, or an emulator: what cannot be asked for cannot be set either.
    if failure.code in ("UnknownOperationException", "InvalidAction") or failure.status == 501:
        return True
    # A page for people: the address leads nowhere.
    return failure.status == 404 and failure.message.lower().startswith("<!doctype html")


def says_gone(failure: CallFailed) -> bool:
    """Whether there is no such thing."""
    words = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")
    return failure.status == 404 or any(word in failure.code for word in words)


def gap_of(scope: Scope, kind: ResourceType, failure: CallFailed, *, address: str = "") -> Gap:
    """Return what is not known because of a failure; of one resource where `address` names it."""
    return Gap(
        service=scope.service,
        type=kind.type,
        reason=f"{failure.operation}: {failure.code}: {failure.message}"[:300],
        address=address,
        region="" if scope.region == GLOBAL else scope.region,
        account=scope.account,
    )
