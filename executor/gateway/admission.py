"""Who may pass: an ordered list of rules, the first that refuses decides.

The guard of a promotion is the same list with further rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from executor.gateway.accounts import Accounts, asked_for
from executor.gateway.wire import Identity
from executor.model.call import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a request is not forwarded.

    Attributes:
        refusal: the kind of reason; None where AWS would not do it either, and nothing is
            missing from the rehearsal.
        code: AWS error code that the client is answered with.
        message: in words.
        status: HTTP status; below 500, or clients would try again.
    """

    refusal: Refusal | None
    code: str
    message: str
    status: int = 400


class Rule(Protocol):
    """Looks at an identified request."""

    def __call__(self, identity: Identity) -> Refused | None:
        """Return why it must not pass; None lets it go on to the next rule."""
        ...


class Implements(Protocol):
    """Knows what an engine can do."""

    def implements(self, service: str, operation: str) -> bool:
        """Whether the engine implements the operation."""
        ...


class EngineHasIt:
    """Refuses what the engine does not implement, before it sees it.

    Emulators do not say so themselves: they answer an unknown S3 sub-resource by deleting
    the bucket.
    """

    def __init__(self, operations: Implements) -> None:
        """Args:
        operations: what the engine implements.
        """
        self._operations = operations

    def __call__(self, identity: Identity) -> Refused | None:
        """See `Rule`."""
        if self._operations.implements(identity.service, identity.operation):
            return None
        return Refused(
            refusal=Refusal.NOT_IMPLEMENTED,
            code="NotImplemented",
            message=f"the engine does not implement {identity.service}:{identity.operation}",
            status=400,
        )


class OnlyTrying:
    """Answers EC2's `DryRun` as AWS does to whoever may: engines do what they are asked."""

    def __call__(self, identity: Identity) -> Refused | None:
        """See `Rule`."""
        if identity.service != "ec2" or identity.params.get("DryRun") is not True:
            return None
        return Refused(
            refusal=None,
            code="DryRunOperation",
            message="Request would have succeeded, but DryRun flag is set.",
            status=412,
        )


class KnownAccounts:
    """Refuses roles of accounts that are not rehearsed.

    What a change did with such a role would be seen, and promoted, as done to this account.
    """

    def __init__(self, accounts: Accounts) -> None:
        """Args:
        accounts: those of the run.
        """
        self._accounts = accounts

    def __call__(self, identity: Identity) -> Refused | None:
        """See `Rule`."""
        other = asked_for(identity)
        if not other or self._accounts.knows(other):
            return None
        return Refused(
            refusal=Refusal.NOT_IMPLEMENTED,
            code="AccessDenied",
            message=f"the role is of account {other}, which is not rehearsed; a target says in"
            " `accounts` which others are",
        )


def first_refusal(rules: Sequence[Rule], identity: Identity) -> Refused | None:
    """Return the first refusal; None when all rules let the request pass."""
    for rule in rules:
        refused = rule(identity)
        if refused is not None:
            return refused
    return None
