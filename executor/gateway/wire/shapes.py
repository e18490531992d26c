"""What every request must look like before anything is read out of it."""

from __future__ import annotations

import re

from executor.gateway.wire.request import Unidentifiable, WireRequest, decoded

# Headers that say what a request is; two of them say two things.
_ONCE = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "smithy-protocol",
        "x-amz-content-sha256",
        "x-amz-copy-source",
        "x-amz-target",
    }
)
# Addresses that engines keep for themselves: health, reset, their own settings.
_OWN = re.compile(r"^/+(?:_|moto-api(?:/|$)|health$)", re.IGNORECASE)


def check_shape(request: WireRequest) -> None:
    """Refuse what two readers may read in two ways, and what is for the engine itself.

    Raises:
        Unidentifiable: it is one of these.
    """
    _check_headers(request)
    path = decoded(request.path)
    if _OWN.match(path):
        raise Unidentifiable(f"{path[:80]} is an address of the engine's own")
    if not path.startswith("/") or path.startswith("//"):
        raise Unidentifiable("the path does not begin with one slash")
    if "/../" in f"{path}/" or "/./" in f"{path}/" or "\0" in path:
        raise Unidentifiable("the path holds dot segments")


def _check_headers(request: WireRequest) -> None:
    seen: set[str] = set()
    for name, _ in request.headers:
        lowered = name.lower()
        if lowered in _ONCE:
            if lowered in seen:
                raise Unidentifiable(f"the header {lowered} stands twice")
            seen.add(lowered)
    if request.target.startswith(("http://", "https://")):
        authority = request.target.split("/", 3)[2].partition("?")[0].lower()
        if authority != request.header("host").lower():
            raise Unidentifiable("the address and the Host header name different hosts")
    if request.name and request.host != request.name:
        raise Unidentifiable("the TLS handshake and the Host header name different hosts")
