"""Reading who signed a request: SigV4, SigV4a and SigV2, in headers and presigned queries."""

from __future__ import annotations

import re

from executor.gateway.wire.hosts import Place
from executor.gateway.wire.request import Signed, Unidentifiable, WireRequest

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")


def signed(request: WireRequest, place: Place) -> Signed:
    """Return who signed the request; the region it does not say is taken from the host's name.

    Args:
        request: the request.
        place: what its host name says.

    Raises:
        Unidentifiable: it is signed twice, or in a way that cannot be read.
    """
    scopes = [s for s in (_from_header(request), _from_query(request)) if s is not None]
    if len(scopes) > 1:
        raise Unidentifiable("it is signed in a header and in the query")
    scope = scopes[0] if scopes else Signed()
    return Signed(
        access_key=scope.access_key,
        region=scope.region or _one_region(request) or place.region,
        signing_name=scope.signing_name,
    )


def scope_of(credential: str) -> Signed:
    """Return what a credential scope says.

    Raises:
        Unidentifiable: it is not one.
    """
    parts = credential.split("/")
    if len(parts) == 5:
        return Signed(access_key=parts[0], region=parts[2], signing_name=parts[3])
    # SigV4a signs for a set of regions and has none in its scope.
    if len(parts) == 4:
        return Signed(access_key=parts[0], signing_name=parts[2])
    raise Unidentifiable("the credential scope is malformed")


def _from_header(request: WireRequest) -> Signed | None:
    value = request.header("authorization")
    if value.startswith("AWS4"):
        found = _CREDENTIAL.findall(value)
        if len(found) != 1:
            raise Unidentifiable("the Authorization header does not name one credential")
        return scope_of(found[0])
    if value.startswith("AWS "):
        return Signed(access_key=value[4:].partition(":")[0], signing_name="s3")
    return None


def _from_query(request: WireRequest) -> Signed | None:
    query = request.query
    credentials = [v for n, v in query if n.lower() == "x-amz-credential"]
    if credentials:
        if len(credentials) > 1:
            raise Unidentifiable("it is signed twice")
        return scope_of(credentials[0])
    names = dict(query)
    if "AWSAccessKeyId" in names and "Signature" in names:
        # Only S3 signs addresses so; the others sign forms.
        service = "" if "Action" in names else "s3"
        return Signed(access_key=names["AWSAccessKeyId"], signing_name=service)
    return None


def _one_region(request: WireRequest) -> str:
    """Return the region of a SigV4a signature that is for one region only."""
    region = request.header("x-amz-region-set")
    return "" if "*" in region or "," in region else region.strip()
