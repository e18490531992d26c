"""The host names that botocore's own endpoint rules make, for regions of every partition."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError, UnknownServiceError
from botocore.loaders import create_loader

REGIONS = (
    "us-east-1",
    "eu-west-1",
    "us-gov-west-1",
    "cn-north-1",
    "eusc-de-east-1",
    "ap-southeast-5",
    "mx-central-1",
)
_LOADER = create_loader()
_SWITCHES = ("UseFIPS", "UseDualStack", "Accelerate", "UseGlobalEndpoint")


@cache
def aws_hosts(service: str, bucket: str = "") -> tuple[tuple[str, str], ...]:
    """Return (region, host) for a service, each host once; with a bucket where one is given."""
    found: dict[str, str] = {}
    for region, host in _hosts(service, bucket):
        found.setdefault(host, region)
    return tuple((region, host) for host, region in found.items())


def _hosts(service: str, bucket: str) -> Iterator[tuple[str, str]]:
    try:
        rules: Any = _LOADER.load_service_model(service, "endpoint-rule-set-1")
    except UnknownServiceError:
        return
    provider = EndpointProvider(rules, _partitions())
    switches = [s for s in _SWITCHES if s in rules["parameters"]]
    states = itertools.product((False, True), repeat=len(switches))
    for region, state in itertools.product(REGIONS, tuple(states)):
        given: dict[str, object] = {"Region": region, **dict(zip(switches, state, strict=True))}
        if bucket:
            given["Bucket"] = bucket
        try:
            url = provider.resolve_endpoint(**given).url
        except EndpointProviderError:
            continue  # the service is not there, or not so
        parts = urlsplit(url)
        if not parts.path.strip("/"):
            yield region, cast(str, parts.hostname)


@cache
def _partitions() -> Any:
    return _LOADER.load_data("partitions")
