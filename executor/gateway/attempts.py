"""Which request is a client's latest try of one call.

A replica may take longer to be filled than a client waits for an answer. It sends the call again
then, and what it gave up must not be made as well: a network would be there twice. Clients number
their tries. Only a try of the very same call takes another one's place, or a change could hide one
call behind another.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from executor.gateway.wire import Identity, WireRequest

_ATTEMPT = re.compile(r"(?:^|[;\s])attempt=([0-9]{1,6})")


@dataclass(slots=True)
class Attempts:
    """Tries of calls that had to wait; used by one event loop."""

    _latest: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, request: WireRequest, identity: Identity) -> None:
        """Remember a try that has to wait."""
        found = _numbered(request, identity)
        if found is not None:
            call, attempt = found
            self._latest[call] = max(attempt, self._latest.get(call, 0))

    def superseded(self, request: WireRequest, identity: Identity) -> bool:
        """Whether the client has tried the call again meanwhile."""
        found = _numbered(request, identity)
        return found is not None and found[1] < self._latest.get(found[0], 0)


def _numbered(request: WireRequest, identity: Identity) -> tuple[tuple[str, str], int] | None:
    invocation = request.header("amz-sdk-invocation-id")
    attempt = _ATTEMPT.search(request.header("amz-sdk-request"))
    if not invocation or attempt is None:
        return None
    asked = (identity.service, identity.operation, identity.region, identity.params)
    return (invocation, hashlib.sha256(repr(asked).encode()).hexdigest()), int(attempt[1])
