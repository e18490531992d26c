"""What a host name says: the service, the region, and what stands before them.

A host under one of AWS's domains that no endpoint rule of botocore's makes is not guessed at:
an access point or a directory bucket taken for a plain S3 endpoint turns the first word of a
key into a bucket.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from executor.gateway.domains import AWS_DOMAINS

# LocalStack has a public name for loopback.
_DOMAINS = (".localhost.localstack.cloud", *AWS_DOMAINS)
_REGION = re.compile(r"^[a-z]{2,4}(?:-[a-z]+)+-\d+$")
# Said in a host name, and of no matter here.
_FILLING = frozenset({"dualstack", "global", "us-gov", "vpce"})
# Names that clients use and botocore's rules do not.
_ALSO = {
    "queue": ("sqs",),
    "iot": ("iot-data", "iot-jobs-data"),
    "data-kinesis": ("kinesis",),
    "control-kinesis": ("kinesis",),
}
_S3_NAMES = frozenset({"s3", "s3-accelerate"})
_MOST_LABELS = 3
# Names by which a machine knows itself, or Docker's host; they hold no bucket.
_PLAIN = frozenset({"host.docker.internal", "gateway.docker.internal"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a host name says.

    Attributes:
        aws: it is under one of AWS's domains (LocalStack's public one counts).
        name: how the service is called in host names (`s3`, `api.ecr`); empty when unknown.
        services: botocore names of the services that answer there; empty when there is none.
        prefix: labels before the service's: a bucket, an account, a host prefix.
        region: empty when it names none.
    """

    aws: bool
    name: str = ""
    services: frozenset[str] = frozenset()
    prefix: str = ""
    region: str = ""

    @property
    def bucket(self) -> str:
        """Bucket of a virtual-hosted S3 name; empty when it is not one."""
        return self.prefix if self.name in _S3_NAMES else ""


class Hosts:
    """Reads host names by an index of them."""

    def __init__(self, services: Mapping[str, tuple[str, ...]]) -> None:
        """Args:
        services: service part of the host name -> botocore names.
        """
        self._services = dict(services)
        for name, also in _ALSO.items():
            self._services[name] = (*self._services.get(name, ()), *also)
        self.place = lru_cache(maxsize=512)(self._place)

    def _place(self, host: str) -> Place:
        split = _split(host)
        if split is None:
            return Place(aws=False)
        labels, region = split
        bucket = _s3(labels, region)
        if bucket is not None:
            return bucket
        for start in range(max(0, len(labels) - _MOST_LABELS), len(labels)):
            name = ".".join(labels[start:]).replace("-fips", "").removeprefix("fips.")
            # S3's other doors (access points, directory buckets) are not taken for its first.
            found = frozenset(self._services.get(name, ())) - {"s3"}
            if found:
                prefix = labels[:start]
                # An old order of the labels: `us-west-2.queue`.
                if not region and prefix and _REGION.match(prefix[-1]):
                    region = prefix.pop()
                return Place(
                    aws=True,
                    name=name,
                    services=found,
                    prefix=".".join(prefix),
                    region=region,
                )
        return Place(aws=True, region=region)


@lru_cache(maxsize=512)
def bucket_of_host(host: str) -> str:
    """Return the bucket of a virtual-hosted S3 host name; empty when it is not one."""
    split = _split(host)
    found = _s3(*split) if split is not None else None
    return found.bucket if found is not None else ""


def may_hold_bucket(host: str) -> bool:
    """Whether a host outside AWS's domains could be `BUCKET.ENDPOINT`, and nobody can tell."""
    if "." not in host or host in _PLAIN:
        return False
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return True
    return False


def _split(host: str) -> tuple[list[str], str] | None:
    """Return the labels up to the service's, and the region; None outside AWS's domains."""
    domain = next((d for d in _DOMAINS if host.endswith(d)), "")
    if not domain:
        return None
    labels = host.removesuffix(domain).split(".")
    region = ""
    while labels:
        if _REGION.match(labels[-1]) and not region and not labels[-1].startswith("s3-"):
            region = labels.pop()
        elif labels[-1] in _FILLING:
            labels.pop()
        else:
            break
    return labels, region


def _s3(labels: list[str], region: str) -> Place | None:
    """Return the place when it is an S3 endpoint or a bucket of one."""
    if not labels:
        return None
    last = labels[-1].removesuffix("-fips")
    if last.startswith("s3-") and _REGION.match(last[3:]):
        last, region = "s3", last[3:]
    # An interface endpoint puts a word between the bucket and itself.
    if last not in _S3_NAMES or any(label.startswith("vpce-") for label in labels[:-1]):
        return None
    return Place(
        aws=True,
        name=last,
        services=frozenset({"s3"}),
        prefix=".".join(labels[:-1]),
        region=region,
    )
