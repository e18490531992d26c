"""Reading who signed a request: SigV4, SigV4a and SigV2, in headers and presigned queries."""

from __future__ import annotations

import re

from executor.gateway.wire.request import Signed, WireRequest

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
# The last two labels before the domain are service and region, in either order of age.
_HOST = re.compile(
    r"^(?P<labels>.+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws|on\.aws|localhost\.localstack\.cloud)$"
)
_REGION = re.compile(r"^[a-z]{2}(?:-[a-z]+)+-\d+$")
_HOST_SERVICES = {"queue": "sqs", "email": "ses", "streams": "dynamodb"}


def signed(request: WireRequest) -> Signed:
    """Return who signed the request; what it does not say is taken from the host's name."""
    scope = _from_header(request) or _from_query(request)
    region, service = _from_host(request.host)
    if scope is None:
        return Signed(region=region, signing_name=service)
    return Signed(
        access_key=scope.access_key,
        region=scope.region or region,
        signing_name=scope.signing_name or service,
    )


def _from_header(request: WireRequest) -> Signed | None:
    value = request.header("authorization")
    if value.startswith("AWS4"):
        found = _CREDENTIAL.search(value)
        return _scope(found.group(1)) if found else None
    if value.startswith("AWS "):
        return Signed(access_key=value[4:].partition(":")[0], signing_name="s3")
    return None


def _from_query(request: WireRequest) -> Signed | None:
    query = dict(request.query)
    credential = query.get("X-Amz-Credential", "")
    if credential:
        return _scope(credential)
    if "AWSAccessKeyId" in query and "Signature" in query:
        return Signed(access_key=query["AWSAccessKeyId"])
    return None


def _scope(credential: str) -> Signed | None:
    parts = credential.split("/")
    if len(parts) == 5:
        return Signed(access_key=parts[0], region=parts[2], signing_name=parts[3])
    # SigV4a signs for a set of regions and has none in its scope.
    if len(parts) == 4:
        return Signed(access_key=parts[0], signing_name=parts[2])
    return None


def _from_host(host: str) -> tuple[str, str]:
    found = _HOST.match(host)
    if found is None:
        return "", ""
    labels = [label for label in found.group("labels").split(".") if label != "dualstack"]
    region = next((label for label in reversed(labels) if _REGION.match(label)), "")
    rest = [label for label in labels if label != region]
    service = rest[-1].removesuffix("-fips") if rest else ""
    if service.startswith("s3-") and _REGION.match(service[3:]):
        return service[3:], "s3"
    return region, _HOST_SERVICES.get(service, service)
