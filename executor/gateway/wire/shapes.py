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
# Addresses that engines keep for themselves, whoever signed and for what: health, reset, their own
# settings; and running an API, which may do anything.
_OWN = re.compile(
    r"^/+(?:_|moto-api(?:/|$)|health/?$|restapis/[^/]*/[^/]*/_user_request_(?:/|$))", re.IGNORECASE
)
# The same of a bucket's address: user pools' pages and the container registry.
_NO_BUCKET = re.compile(r"^/(?:login|logout|oauth2|v2)(?:/|$)", re.IGNORECASE)


def check_shape(request: WireRequest) -> None:
    """Refuse what two readers may read in two ways, and what is for the engine itself.

    Raises:
        Unidentifiable: it is one of these.
    """
    _check_headers(request)
    path = decoded(request.path)
    _check_own(path)
    if not path.startswith("/") or path.startswith("//"):
        raise Unidentifiable("the path does not begin with one slash")
    if "/../" in f"{path}/" or "/./" in f"{path}/" or "\0" in path:
        raise Unidentifiable("the path holds dot segments")


def check_bucket_path(path: str) -> None:
    """Refuse what is an object's address to AWS and something else to an engine.

    Args:
        path: with the bucket in it, wherever the client put it.

    Raises:
        Unidentifiable: it is such an address.
    """
    _check_own(decoded(path))
    if _NO_BUCKET.match(decoded(path)):
        raise Unidentifiable(f"{path[:80]} is an address of the engine's own", service="s3")


def _check_own(path: str) -> None:
    if _OWN.match(path):
        raise Unidentifiable(f"{path[:80]} is an address of the engine's own")


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
