"""From a request to the operation it asks for. What is in doubt is unidentifiable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from executor.gateway.wire import cbor
from executor.gateway.wire.codings import inflated, unframed
from executor.gateway.wire.forms import (
    check_form_address,
    form_of,
    form_parameters,
    may_be_form,
)
from executor.gateway.wire.hosts import Place, may_hold_bucket
from executor.gateway.wire.models import Entry, Models
from executor.gateway.wire.postform import from_post_form, is_post_form
from executor.gateway.wire.request import STREAMED, Identity, Signed, Unidentifiable, WireRequest
from executor.gateway.wire.rest import Fit, Route, fits, parameters, routes_of, stray_arguments
from executor.gateway.wire.shapes import check_bucket_path, check_shape
from executor.gateway.wire.signature import signed
from executor.gateway.wire.values import from_json, json_object

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

_CBOR_PATH = re.compile(r"^/service/(?P<target>[^/]+)/operation/(?P<operation>[A-Za-z0-9]+)$")
_CBOR = "smithy-rpc-v2-cbor"
# A bucket of this form cannot be, and engines keep addresses of their own under such names.
# Engines cut off what stands behind other characters, and take the rest for the bucket.
_BUCKET_PATH = re.compile(r"^/[A-Za-z0-9][A-Za-z0-9._-]*(/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An operation that a request may ask for.

    Attributes:
        entry: its service.
        operation: its model.
        protocol: the protocol that the request speaks.
        fit: how the address fits; None for protocols that have but one address.
    """

    entry: Entry
    operation: OperationModel
    protocol: str
    fit: Fit | None = None


class Identifier:
    """Identifies requests by botocore's models; thread-safe."""

    def __init__(self, models: Models | None = None, *, default_region: str = "us-east-1") -> None:
        """Args:
        models: botocore's models; None makes them.
        default_region: region of requests that name none.
        """
        self.models = models or Models()
        self._default_region = default_region

    def learn(self, service: str) -> None:
        """Read a service's model before the first request for it; harmless if there is none."""
        try:
            self._routes_of(service, "")
        except KeyError:
            return

    def signed(self, request: WireRequest) -> Signed:
        """Return who signed the request.

        Raises:
            Unidentifiable: it is signed twice, or in a way that cannot be read.
        """
        return signed(request, self._place(request))

    def must_buffer(self, request: WireRequest) -> bool:
        """Whether the body is needed to identify the request; False for what streams past."""
        if request.method not in ("PUT", "POST"):
            return True
        place = self._place(request)
        try:
            check_shape(request)
            bodiless = replace(request, body=b"", buffered=False)
            found = self._candidates(bodiless, place, signed(request, place))
        except Unidentifiable:
            return True
        return not all(c.entry.service == "s3" and _streams(c.operation) for c in found)

    def identify(self, request: WireRequest) -> Identity:
        """Return what the request asks for.

        Raises:
            Unidentifiable: it is not clear what it asks for.
        """
        try:
            return self._identity(request)
        except (ValueError, OverflowError, RecursionError) as error:
            # No bytes of a client's may get further than here without having been understood.
            raise Unidentifiable(f"it cannot be read: {type(error).__name__}") from error

    def _identity(self, request: WireRequest) -> Identity:
        request = unframed(request)
        place = self._place(request)
        if is_post_form(request) and (not place.aws or place.services == {"s3"}):
            return self._post_form(request, place)
        check_shape(request)
        who = signed(request, place)
        candidates = self._candidates(request, place, who)
        found, params = self._chosen(candidates, request, who)
        shape = found.operation.input_shape
        payload = str(shape.serialization.get("payload", "")) if shape is not None else ""
        return Identity(
            service=found.entry.service,
            operation=found.operation.name,
            region=who.region or self._default_region,
            access_key=who.access_key,
            params=params,
            streamed=payload if params.get(payload) is STREAMED else "",
            protocol=found.protocol,
        )

    def _place(self, request: WireRequest) -> Place:
        return self.models.hosts.place(request.host)

    def _post_form(self, request: WireRequest, place: Place) -> Identity:
        check_shape(request)
        if request.header("authorization"):
            raise Unidentifiable("a form upload carries its signature in the form", service="s3")
        operation = self.models.operation("s3", "PutObject")
        assert operation is not None
        params, who = from_post_form(operation, request, self._s3_path(request, place))
        return Identity(
            service="s3",
            operation="PutObject",
            region=who.region or place.region or self._default_region,
            access_key=who.access_key,
            params=params,
            protocol="rest-xml",
        )

    # Which operation

    def _candidates(self, request: WireRequest, place: Place, who: Signed) -> list[Candidate]:
        """Return the operations that the request may ask for, the likeliest first.

        Raises:
            Unidentifiable: there is none, or signs contradict each other.
        """
        if place.aws and not place.services:
            raise Unidentifiable(f"no service is known to answer at {request.host[:80]}")
        found = list(self._asked_for(request, who, place))
        kept = [c for c in found if not place.services or c.entry.service in place.services]
        if kept:
            return kept
        name = who.signing_name or "any service"
        where = f" at {request.host[:80]}" if found or place.aws else ""
        raise Unidentifiable(
            f"no operation of {name} is asked for by {request.method} {request.path[:80]}{where}",
            service=who.signing_name,
        )

    def _asked_for(self, request: WireRequest, who: Signed, place: Place) -> Iterator[Candidate]:
        target = request.header("x-amz-target")
        if target:
            yield from self._by_target(request, target, who)
            return
        if request.header("smithy-protocol"):
            yield from self._by_cbor_path(request, who)
            return
        entries = self._entries(who, place)
        yield from self._by_form(request, entries, who)
        yield from self._by_route(request, entries, place)

    def _entries(self, who: Signed, place: Place) -> tuple[Entry, ...]:
        if who.signing_name:
            return self.models.signed_for(who.signing_name)
        return tuple(self.models.entries[name] for name in sorted(place.services))

    def _by_target(self, request: WireRequest, target: str, who: Signed) -> Iterator[Candidate]:
        _only_at_root(request, "X-Amz-Target")
        prefix, _, name = target.rpartition(".")
        yield from self._named(self.models.targeted(prefix), name, "json", who)

    def _by_cbor_path(self, request: WireRequest, who: Signed) -> Iterator[Candidate]:
        named = _CBOR_PATH.match(request.path)
        if named is None or request.method != "POST" or request.query:
            raise Unidentifiable("a CBOR request names no operation")
        entries = self.models.targeted(named["target"])
        yield from self._named(entries, named["operation"], _CBOR, who)

    def _named(
        self, entries: Sequence[Entry], name: str, protocol: str, who: Signed
    ) -> Iterator[Candidate]:
        for entry in entries:
            # The credential scope must not be for another service.
            if protocol not in entry.protocols or who.signing_name not in ("", *entry.signing):
                continue
            operation = self.models.operation(entry.service, name)
            if operation is not None:
                yield Candidate(entry=entry, operation=operation, protocol=protocol)

    def _by_form(
        self, request: WireRequest, entries: Sequence[Entry], who: Signed
    ) -> Iterator[Candidate]:
        if not may_be_form(request):
            return
        anyone = not entries and not who.signing_name
        speaking = [e for e in entries if {"query", "ec2"} & set(e.protocols)]
        if not speaking and not anyone:
            return
        form = form_of(inflated(request))
        action, version = form.get("Action"), form.get("Version")
        if action is None:
            return
        check_form_address(request)
        for entry in self.models.versioned(version or "") if anyone else speaking:
            operation = self.models.operation(entry.service, action)
            if operation is not None and version in (None, entry.version):
                protocol = "ec2" if "ec2" in entry.protocols else "query"
                yield Candidate(entry=entry, operation=operation, protocol=protocol)

    def _by_route(
        self, request: WireRequest, entries: Sequence[Entry], place: Place
    ) -> Iterator[Candidate]:
        refused: Unidentifiable | None = None
        matched = False
        for entry in entries:
            protocol = next((p for p in entry.protocols if p.startswith("rest-")), "")
            if not protocol or (place.services and entry.service not in place.services):
                continue
            try:
                fit = self._fit(entry.service, request, place)
            except Unidentifiable as reason:
                refused = refused or reason
                continue
            operation = fit and self.models.operation(entry.service, fit.route.operation)
            if operation:
                matched = True
                yield Candidate(entry=entry, operation=operation, protocol=protocol, fit=fit)
        if refused is not None and not matched:
            raise refused

    def _fit(self, service: str, request: WireRequest, place: Place) -> Fit | None:
        path = self._s3_path(request, place) if service == "s3" else request.path
        refused = ""
        for fit in fits(self._routes_of(service, request.method), request, path):
            stray = stray_arguments(fit.route, request)
            if not stray:
                return fit
            refused = refused or f"{fit.route.operation} knows no argument {stray[0][:60]!r}"
        if refused:
            raise Unidentifiable(refused, service=service)
        return None

    def _s3_path(self, request: WireRequest, place: Place) -> str:
        """Return the path with the bucket in it, wherever the client put the bucket."""
        if not place.aws and may_hold_bucket(request.host):
            raise Unidentifiable(
                f"{request.host[:80]} may or may not begin with a bucket; use path-style addresses",
                service="s3",
            )
        path = f"/{place.bucket}{request.path}" if place.bucket else request.path
        if path != "/" and not _BUCKET_PATH.match(path):
            raise Unidentifiable(f"{path[:80]} names no bucket", service="s3")
        check_bucket_path(path)
        return path

    def _routes_of(self, service: str, method: str) -> tuple[Route, ...]:
        known = self.models.routes
        if service not in known:
            routes: dict[str, list[Route]] = {}
            for route in routes_of(self.models.service(service)):
                routes.setdefault(route.method, []).append(route)
            known[service] = {m: tuple(found) for m, found in routes.items()}
        return known[service].get(method, ())

    # Which of several, and its parameters

    def _chosen(
        self, candidates: list[Candidate], request: WireRequest, who: Signed
    ) -> tuple[Candidate, dict[str, object]]:
        """Choose between services of which a request's address alone does not tell one.

        Raises:
            Unidentifiable: the parameters fit none of them, or more than one.
        """
        best = max(_rank(c) for c in candidates)
        parsed: list[tuple[Candidate, dict[str, object]]] = []
        refused: Unidentifiable | None = None
        for candidate in candidates:
            if _rank(candidate) != best:
                continue
            try:
                parsed.append((candidate, _params(candidate, request)))
            except Unidentifiable as reason:
                refused = refused or reason
        if not parsed:
            assert refused is not None
            raise Unidentifiable(refused.reason, service=candidates[0].entry.service)
        return self._only_one(parsed, who)

    def _only_one(
        self, parsed: list[tuple[Candidate, dict[str, object]]], who: Signed
    ) -> tuple[Candidate, dict[str, object]]:
        services = [c.entry.service for c, _ in parsed]
        same = len({c.operation.name for c, _ in parsed}) == 1
        if len(parsed) == 1 or (same and self.models.interchangeable(services)):
            return parsed[0]
        if same and who.signing_name in services:
            return parsed[services.index(who.signing_name)]
        asked = ", ".join(f"{c.entry.service}:{c.operation.name}" for c, _ in parsed)
        raise Unidentifiable(f"it may be for any of {asked}", service=who.signing_name)


def _rank(candidate: Candidate) -> tuple[int, ...]:
    return candidate.fit.rank if candidate.fit is not None else ()


def _params(candidate: Candidate, request: WireRequest) -> dict[str, object]:
    operation, shape = candidate.operation, candidate.operation.input_shape
    if candidate.fit is not None:
        as_xml = candidate.protocol == "rest-xml"
        return parameters(operation, candidate.fit, request, as_xml=as_xml)
    request = inflated(request)
    match candidate.protocol:
        case "query" | "ec2":
            sqs = candidate.entry.service == "sqs"
            return form_parameters(shape, request, ec2=candidate.protocol == "ec2", sqs=sqs)
        case "json":
            return _object(shape, dict(json_object(request.body)))
    return _object(shape, cbor.decode(request.body) if request.body else {})


def _object(shape: Shape | None, value: object) -> dict[str, object]:
    if shape is None:
        if value not in ({}, None):
            raise Unidentifiable("the operation takes no parameters")
        return {}
    found = from_json(shape, value)
    if not isinstance(found, dict):
        raise Unidentifiable("the body is not an object")
    return found


def _streams(operation: OperationModel) -> bool:
    shape = operation.input_shape
    if shape is None or not shape.serialization.get("payload"):
        return False
    return bool(shape.members[shape.serialization["payload"]].type_name == "blob")


def _only_at_root(request: WireRequest, sign: str) -> None:
    """Refuse what names its operation in a header or form, and has an address as well.

    Raises:
        Unidentifiable: engines differ in which of the two they go by.
    """
    if request.method != "POST" or request.path != "/" or request.query:
        raise Unidentifiable(
            f"{sign} and {request.method} {request.path[:80]} ask for different things"
        )
