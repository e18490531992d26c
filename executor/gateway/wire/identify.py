"""From a request to the operation it asks for. What is in doubt is unidentifiable."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from executor.gateway.wire import cbor
from executor.gateway.wire.forms import form_of, from_form
from executor.gateway.wire.models import Entry, Models
from executor.gateway.wire.request import (
    STREAMED,
    Identity,
    Signed,
    Unidentifiable,
    WireRequest,
    decoded,
)
from executor.gateway.wire.rest import Route, matching, parameters, routes_of, stray_arguments
from executor.gateway.wire.signature import signed
from executor.gateway.wire.values import from_json, json_object

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

_CBOR_PATH = re.compile(r"^/service/(?P<target>[^/]+)/operation/(?P<operation>[A-Za-z0-9]+)$")
_VIRTUAL_HOST = re.compile(
    r"^(?P<bucket>.+)\.s3(?:[.-](?:dualstack|fips|accelerate))*(?:[.-][a-z0-9-]+)?"
    r"\.(?:amazonaws\.com(?:\.cn)?|localhost\.localstack\.cloud)$"
)
_CBOR = "smithy-rpc-v2-cbor"
_MOST_INFLATED = 64 << 20


Candidate: TypeAlias = "tuple[Entry, OperationModel, str, tuple[Route, re.Match[str]] | None]"
"""Service, operation, protocol and, for REST, how the path fits."""


class Identifier:
    """Identifies requests by botocore's models; thread-safe."""

    def __init__(self, models: Models | None = None, *, default_region: str = "us-east-1") -> None:
        """Args:
        models: botocore's models; None makes them.
        default_region: region of requests that name none.
        """
        self.models = models or Models()
        self._default_region = default_region
        self._routes: dict[str, tuple[Route, ...]] = {}

    def signed(self, request: WireRequest) -> Signed:
        """Return who signed the request."""
        return signed(request)

    def must_buffer(self, request: WireRequest) -> bool:
        """Whether the body is needed to identify the request; False for what streams past."""
        if request.method not in ("PUT", "POST"):
            return True
        try:
            entry, operation, _, _ = self._found(replace(request, buffered=False))
        except Unidentifiable:
            return True
        return not _streams(operation) or entry.service != "s3"

    def identify(self, request: WireRequest) -> Identity:
        """Return what the request asks for.

        Raises:
            Unidentifiable: it is not clear what it asks for.
        """
        request = _inflated(request)
        who = signed(request)
        entry, operation, protocol, fit = self._found(request)
        params = self._params(request, operation, protocol, fit)
        payload = (
            operation.input_shape.serialization.get("payload") if operation.input_shape else ""
        )
        return Identity(
            service=entry.service,
            operation=operation.name,
            region=who.region or self._default_region,
            access_key=who.access_key,
            params=params,
            streamed=str(payload) if params.get(str(payload)) is STREAMED else "",
            protocol=protocol,
        )

    # Which operation

    def _found(self, request: WireRequest) -> Candidate:
        who = signed(request)
        found = list(self._candidates(request, who))
        if not found:
            service = who.signing_name
            raise Unidentifiable(
                f"no operation of {service or 'any service'} is asked for by"
                f" {request.method} {request.path[:80]}",
                service=service,
            )
        return _most_specific(found, who.signing_name)

    def _candidates(self, request: WireRequest, who: Signed) -> Iterator[Candidate]:
        target = request.header("x-amz-target")
        if target:
            yield from self._by_target(request, target, who)
            return
        named = _CBOR_PATH.match(request.path)
        if named and request.header("smithy-protocol") == "rpc-v2-cbor":
            for entry in self._allowed(self.models.targeted(named["target"]), who):
                operation = self.models.operation(entry.service, named["operation"])
                if operation is not None:
                    yield entry, operation, _CBOR, None
            return
        entries = self.models.signed_for(who.signing_name)
        if not entries and not who.access_key and request.path != "/":
            entries = self.models.signed_for("s3") if _VIRTUAL_HOST.match(request.host) else ()
        yield from self._by_form(request, entries)
        yield from self._by_route(request, entries)

    def _by_target(self, request: WireRequest, target: str, who: Signed) -> Iterator[Candidate]:
        prefix, _, name = target.rpartition(".")
        for entry in self._allowed(self.models.targeted(prefix), who):
            operation = self.models.operation(entry.service, name)
            if operation is not None:
                yield entry, operation, "json", None

    def _allowed(self, entries: tuple[Entry, ...], who: Signed) -> tuple[Entry, ...]:
        """Return the services that the credential scope does not contradict."""
        if not who.signing_name or not who.access_key:
            return entries
        return tuple(e for e in entries if who.signing_name in e.signing)

    def _by_form(self, request: WireRequest, entries: tuple[Entry, ...]) -> Iterator[Candidate]:
        speaking = [e for e in entries if {"query", "ec2"} & set(e.protocols)]
        if not speaking or not _may_be_form(request):
            return
        form = form_of(request)
        action, version = form.get("Action"), form.get("Version")
        for entry in speaking:
            operation = self.models.operation(entry.service, action) if action else None
            if operation is not None and version in (None, entry.version):
                yield entry, operation, "ec2" if "ec2" in entry.protocols else "query", None
                return

    def _by_route(self, request: WireRequest, entries: tuple[Entry, ...]) -> Iterator[Candidate]:
        refused: Unidentifiable | None = None
        matched = False
        for entry in entries:
            protocol = next((p for p in entry.protocols if p.startswith("rest-")), "")
            if not protocol:
                continue
            try:
                fit = self._fit(entry.service, request)
            except Unidentifiable as reason:
                refused = refused or reason
                continue
            operation = self.models.operation(entry.service, fit[0].operation) if fit else None
            if fit is not None and operation is not None:
                matched = True
                yield entry, operation, protocol, fit
        if refused is not None and not matched:
            raise refused

    def _fit(self, service: str, request: WireRequest) -> tuple[Route, re.Match[str]] | None:
        path = _path_style(request) if service == "s3" else request.path
        refused = ""
        for route, found in matching(self._routes_of(service), request, path):
            stray = stray_arguments(route, request)
            if not stray:
                return route, found
            refused = refused or f"{route.operation} knows no argument {stray[0]!r}"
        if refused:
            raise Unidentifiable(refused, service=service)
        return None

    def _routes_of(self, service: str) -> tuple[Route, ...]:
        if service not in self._routes:
            self._routes[service] = routes_of(self.models.service(service))
        return self._routes[service]

    # Which parameters

    def _params(
        self,
        request: WireRequest,
        operation: OperationModel,
        protocol: str,
        fit: tuple[Route, re.Match[str]] | None,
    ) -> dict[str, object]:
        shape = operation.input_shape
        if fit is not None:
            return parameters(operation, *fit, request, as_xml=protocol == "rest-xml")
        match protocol:
            case "query" | "ec2":
                form = {k: v for k, v in form_of(request).items() if k not in ("Action", "Version")}
                return from_form(shape, form, ec2=protocol == "ec2")
            case "json":
                return _object(shape, dict(json_object(request.body)))
        return _object(shape, cbor.decode(request.body) if request.body else {})


def _most_specific(found: list[Candidate], signing_name: str) -> Candidate:
    """Choose between services that share a signing name.

    Raises:
        Unidentifiable: two fit equally well, and neither is the one the name is for.
    """

    def rank(candidate: Candidate) -> tuple[tuple[int, ...], bool]:
        entry, _, _, fit = candidate
        return (fit[0].rank if fit else ()), entry.service == signing_name

    if found[0][3] is None:
        return found[0]
    ordered = sorted(found, key=rank, reverse=True)
    if len(ordered) > 1 and rank(ordered[0]) == rank(ordered[1]):
        raise Unidentifiable(
            f"both {ordered[0][0].service} and {ordered[1][0].service} are asked for",
            service=signing_name,
        )
    return ordered[0]


def _object(shape: Shape | None, value: object) -> dict[str, object]:
    if shape is None:
        return {}
    found = from_json(shape, value)
    assert isinstance(found, dict)
    return found


def _streams(operation: OperationModel) -> bool:
    shape = operation.input_shape
    if shape is None or not shape.serialization.get("payload"):
        return False
    return bool(shape.members[shape.serialization["payload"]].type_name == "blob")


def _may_be_form(request: WireRequest) -> bool:
    kind = request.header("content-type").lower()
    return "x-www-form-urlencoded" in kind or (not request.body and "Action=" in request.target)


def _path_style(request: WireRequest) -> str:
    """Return the path with the bucket in it, wherever the client put the bucket."""
    found = _VIRTUAL_HOST.match(request.host)
    if found is None:
        return request.path
    return f"/{found['bucket']}{request.path}"


def bucket_of_host(host: str) -> str:
    """Return the bucket of a virtual-hosted S3 host name; empty when it is not one."""
    found = _VIRTUAL_HOST.match(decoded(host))
    return found["bucket"] if found else ""


def _inflated(request: WireRequest) -> WireRequest:
    """Undo what SDKs do to a body on its way: gzip, and aws-chunked framing."""
    if not request.buffered or not request.body:
        return request
    body = request.body
    coding = request.header("content-encoding").lower()
    if request.header("x-amz-content-sha256").startswith("STREAMING-") or "aws-chunked" in coding:
        body = unchunked(body)
    if "gzip" in coding:
        body = _gunzipped(body)
    return replace(request, body=body)


def unchunked(body: bytes) -> bytes:
    """Return the content of an aws-chunked body.

    Raises:
        Unidentifiable: it is not framed as it says.
    """
    found: list[bytes] = []
    position = 0
    while True:
        end = body.find(b"\r\n", position)
        try:
            size = int(body[position:end].partition(b";")[0], 16) if end >= 0 else -1
        except ValueError:
            size = -1
        if size < 0 or end + 2 + size > len(body):
            raise Unidentifiable("the aws-chunked body is malformed")
        if size == 0:
            return b"".join(found)
        found.append(body[end + 2 : end + 2 + size])
        position = end + 2 + size + 2


def unchunked_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of an aws-chunked body that comes in pieces.

    Raises:
        ValueError: it is not framed as it says.
    """
    pending = b""
    left = 0
    for piece in pieces:
        pending += piece
        while pending:
            if left:
                taken = pending[:left]
                pending = pending[len(taken) :]
                left -= len(taken)
                yield taken
                continue
            head, found, rest = pending.removeprefix(b"\r\n").partition(b"\r\n")
            if not found:
                break
            left = int(head.partition(b";")[0], 16)
            pending = rest
            if left == 0:
                return
    raise ValueError("the aws-chunked body ends too soon")


def _gunzipped(body: bytes) -> bytes:
    try:
        inflater = zlib.decompressobj(wbits=31)
        text = inflater.decompress(body, _MOST_INFLATED)
    except (zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise Unidentifiable("the body is not the gzip it says it is") from error
    if inflater.unconsumed_tail:
        raise Unidentifiable("the body inflates to more than 64 MiB")
    return text
