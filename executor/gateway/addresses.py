"""Host names on both sides: which the engine is to see, and which stand in its answers.

A client goes where an answer sends it: to a queue's URL, an object's location. The engine knows
nothing of the gateway and gives out its own address; that would lead around the gateway, or to
nowhere. A client that came by one of AWS's names is given AWS's names; any other one is led back
to the address it came to. What has no road through the gateway (the endpoints that an API or a
function is invoked at) is given as AWS would give it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from executor.gateway.domains import dns_suffix, is_aws_name
from executor.gateway.wire import Identity, Models, WireRequest, bucket_of_host

# `%s`: the ports at which the engine is reached, and may know itself.
_OWN = (
    r"https?://(?P<labels>(?:[A-Za-z0-9_-]+\.)*)"
    r"(?:(?:localhost|127\.0\.0\.1):(?:%s)|localhost\.localstack\.cloud:(?:4566|%s))(?![0-9])"
    r"(?P<path>(?:/[A-Za-z0-9_.-]+)?)(?P<queue>(?=/[A-Za-z0-9_.-]+))?"
)
# The parameter itself; inside of a message its quotes would be escaped, or encoded twice.
_IN_JSON = re.compile(rb'("QueueUrl"\s*:\s*")https?://[^/"\\]+/')
_IN_FORM = re.compile(
    rb"((?:^|&)QueueUrl=)https?(?::|%3A)(?:/|%2F){2}[^/&%]+(?:%3A[0-9]+)?(?:/|%2F)"
)
_ACCOUNT = re.compile(r"/[0-9]{12}")
_INVOKED = {
    "execute-api": "https://{id}.execute-api.{region}.{suffix}",
    "lambda-url": "https://{id}.lambda-url.{region}.on.aws",
}
# S3 operations that answer with the address of an object.
_LOCATIONS = frozenset({"CompleteMultipartUpload", "PutObject"})


class Addresses:
    """Knows the engine's addresses, and what to give in place of them."""

    def __init__(self, authority: str, models: Models) -> None:
        """Args:
        authority: `host:port` of the engine.
        models: tell what services are called in host names.
        """
        self._models = models
        self.lead_to(authority)

    def lead_to(self, authority: str, known_as: Iterable[str] = ()) -> None:
        """Know the engine by another address from now on.

        Args:
            authority: `host:port`.
            known_as: further addresses that the engine may give out as its own.
        """
        self._authority = authority
        ports = "|".join(one.rpartition(":")[2] for one in (authority, *known_as))
        self._in_json = rb"\g<1>http://%s/" % authority.encode()
        self._in_form = rb"\g<1>http%%3A%%2F%%2F%s%%2F" % authority.replace(":", "%3A").encode()
        self._own = re.compile(_OWN % (ports, ports))

    def host(self, request: WireRequest, identity: Identity) -> str:
        """Return the Host header that the engine is to see.

        Never the client's: engines go by it before anything else, and `ID.execute-api.` before a
        name of AWS's would have them run an API instead of the call that was identified. A
        signature says which service it is for; without one it has to be in the host's name.
        """
        if identity.access_key or identity.service == "s3" or not is_aws_name(request.host):
            return self._authority
        names = self._models.entries[identity.service].hosts
        if not names:
            return self._authority
        return f"{names[0]}.{identity.region}.{dns_suffix(identity.region)}"

    def queue_for_engine(self, body: bytes) -> bytes:
        """Return the body of an SQS request with the queue's URL as the engine would give it.

        Engines take the region out of a URL that they have a form for, and know few of AWS's.
        """
        body = _IN_JSON.sub(self._in_json, body)
        return _IN_FORM.sub(self._in_form, body)

    def for_client(self, text: str, request: WireRequest, identity: Identity) -> str:
        """Return a header or body of an answer with the addresses that the client can use."""
        if "://" not in text:
            return text
        return self._own.sub(lambda found: self._given(found, request, identity), text)

    def _given(self, found: re.Match[str], request: WireRequest, identity: Identity) -> str:
        labels, path = found["labels"].split("."), found["path"]
        region, suffix = identity.region, dns_suffix(identity.region)
        if len(labels) > 1 and labels[1] in _INVOKED:
            return _INVOKED[labels[1]].format(id=labels[0], region=region, suffix=suffix) + path
        aws = is_aws_name(request.host)
        base = f"https://{request.host}" if aws else f"http://{request.header('host')}"
        if identity.service == "s3":
            if "s3" in labels[1:]:
                path = f"/{'.'.join(labels[: labels.index('s3')])}{path}"
            bucket = bucket_of_host(request.host)
            return base + (_without(path, bucket) if bucket else path)
        if not aws:
            return base + path
        is_queue = found["queue"] is not None and _ACCOUNT.fullmatch(path)
        if is_queue and identity.service != "sqs":
            return f"https://sqs.{region}.{suffix}{path}"
        return base + path


def _without(path: str, bucket: str) -> str:
    whole = f"/{bucket}"
    return path.removeprefix(whole) if path == whole or path.startswith(f"{whole}/") else path


def may_hold_addresses(identity: Identity) -> bool:
    """Whether the answer to an S3 call about an object has an address in its body."""
    return identity.service == "s3" and identity.operation in _LOCATIONS
