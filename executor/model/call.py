"""One AWS API request and what came of it. The calls of one run in order are its trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import GLOBAL, Resource


class Refusal(StrEnum):
    """Why the gateway did not forward a request."""

    UNIDENTIFIED = "unidentified"
    """No service, operation or parameters could be made of it."""

    NOT_IMPLEMENTED = "not-implemented"
    """The engine's list of operations does not have it."""

    NOT_REHEARSED = "not-rehearsed"
    """The guard, during promotion: the dry run made no such call."""

    ENGINE_LOST = "engine-lost"
    """The engine did not answer."""

    NOT_HYDRATED = "not-hydrated"
    """The service could not be read from the target, so the replica does not hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as recorded.

    Attributes:
        n: position in the trace, from 1.
        service: botocore service name (`sqs`); empty when unidentified.
        operation: botocore operation name (`DeleteQueue`); empty when unidentified.
        region: AWS region the client meant.
        account: 12-digit account that it was made in; empty for the target's own.
        params: parameters as botocore would take them, ids as the change sees them, secrets
            and large bodies replaced by a marker; blobs as `{"$bytes": n, "sha256": hex}`.
        mutating: the operation can change state.
        status: HTTP status that the change saw; None when it never got an answer.
        error: AWS error code of a failed call; empty when it succeeded.
        response: parsed response, redacted like `params`; None when there was none, and of calls
            that only read.
        refused: why the gateway did not forward it; None when it did.
        detail: what was refused or went wrong, in words.
        started_ms: milliseconds since the run began.
        duration_ms: time until the outcome; None when there was none.
        sealed: name of the vault entry with the exact parameters, for replay; empty when the
            redacted ones are exact.
        stand_in: what a changing call sent, or a reading one got, holds what only stands in for
            the target's data.
    """

    n: int
    service: str
    operation: str
    region: str
    params: JsonObject = field(default_factory=dict)
    mutating: bool = True
    status: int | None = None
    error: str = ""
    response: JsonObject | None = None
    refused: Refusal | None = None
    detail: str = ""
    started_ms: float = 0.0
    duration_ms: float | None = None
    sealed: str = ""
    stand_in: bool = False
    account: str = ""

    @property
    def succeeded(self) -> bool:
        """It was forwarded and answered without an error.

        A redirection did nothing either: S3 sends clients on to a bucket's own region.
        """
        return self.refused is None and self.status is not None and self.status < 300

    @property
    def uncertain(self) -> bool:
        """It was forwarded, but what came of it is not known (no answer)."""
        return self.refused is None and self.status is None

    def summary(self) -> dict[str, Json]:
        """Return the report's view of the call."""
        view: dict[str, Json] = {
            "n": self.n,
            "service": self.service,
            "operation": self.operation,
            "region": self.region,
            "mutating": self.mutating,
            "status": self.status,
        }
        if self.account:
            view["account"] = self.account
        if self.error:
            view["error"] = self.error
        if self.refused is not None:
            view["refused"] = self.refused.value
        if self.detail:
            view["detail"] = self.detail
        view["params"] = self.params
        return view


class Verb(StrEnum):
    """What an operation does to the resource it names."""

    READ = "read"
    """Looks only."""

    CREATE = "create"
    """Brings the resource into being."""

    UPDATE = "update"
    """Changes its settings."""

    WRITE = "write"
    """Adds or overwrites data in it."""

    DELETE = "delete"
    """Ends it, at once or at a scheduled time."""

    RESTORE = "restore"
    """Takes back a deletion that was scheduled."""

    ERASE = "erase"
    """Destroys data in it, and leaves it in place."""

    OPERATE = "operate"
    """Makes the service act on other resources: deploys a stack, runs code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """What one call meant for one resource, as the catalog reads the call.

    Attributes:
        call: number of the call.
        type: resource type (`AWS::SQS::Queue`).
        verb: what it does to the resource.
        handles: strings that name the resource: name, id, ARN or URL.
        part: the part it is about (`item`, `policy`, `object a/b`); empty for the whole.
        succeeded: the engine said it worked.
        hazard: what is dangerous about the call itself, whatever the state after it.
        resets: setting and value of everything that AWS resets because the call leaves it out.
        sets: the settings of that kind that the call brings.
        chosen_by: attributes of entries that decide what the call is about.
        account: account in which the handles mean something; empty where that is any, or the
            target's own.
        region: region in which they do; empty where that is any.
    """

    call: int
    type: str
    verb: Verb
    handles: frozenset[str]
    part: str = ""
    succeeded: bool = True
    hazard: Hazard | None = None
    resets: tuple[tuple[str, Json], ...] = ()
    sets: tuple[str, ...] = ()
    chosen_by: frozenset[str] = frozenset()
    account: str = ""
    region: str = ""

    def concerns(self, resource: Resource) -> bool:
        """Whether a resource that shares a handle is meant, and not a namesake elsewhere.

        An ARN says itself where it belongs.
        """
        here = self.region in ("", resource.region) or resource.region == GLOBAL
        if here and self.account in ("", resource.account):
            return True
        return any(h.startswith("arn:") and h in resource.handles for h in self.handles)


@dataclass(frozen=True, slots=True)
class Trace:
    """All calls of one run in order, with what they touched."""

    calls: tuple[Call, ...] = ()
    touches: tuple[Touch, ...] = ()
    unread: Mapping[int, str] = field(default_factory=dict)
    """Mutating calls that the catalog cannot read: call number -> `service:Operation`."""
    blind: Mapping[int, str] = field(default_factory=dict)
    """Looks at what the catalog cannot read, and no replica holds; in the same form."""
    looks: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Reading calls: call number -> resource types that it looked at, as far as that is known."""

    def call(self, n: int) -> Call:
        """Return call number `n`.

        Raises:
            KeyError: there is no such call.
        """
        for call in self.calls:
            if call.n == n:
                return call
        raise KeyError(n)
