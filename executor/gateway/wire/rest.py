"""Operations and parameters of the REST protocols: method, path, query, headers, body.

A service's operations are matched against the request most specific first. A query argument
that the matched operation does not know makes the request unidentifiable: emulators take an
unknown S3 sub-resource for the bucket itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from executor.gateway.wire.request import STREAMED, Unidentifiable, WireRequest, decoded
from executor.gateway.wire.values import from_json, json_object, scalar
from executor.gateway.wire.xml import from_xml

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape

# Arguments that sign or label a request and say nothing of what it asks for.
_LABELS = re.compile(
    r"^(?:X-Amz-(?:Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token"
    r"|Content-Sha256|User-Agent|Checksum-Mode|Sdk-Checksum-Algorithm)|x-id|AWSAccessKeyId"
    r"|Signature|Expires)$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How one operation is asked for.

    Attributes:
        operation: its name.
        method: HTTP method.
        path: pattern of the raw path with its labels as groups.
        labels: input members of the groups, in order.
        fixed: query arguments that are part of the address.
        asked: query arguments that required members are carried in.
        marked: headers that required members are carried in.
        known: every query argument the operation knows.
        prefix_map: it takes any query argument (a map member).
        literal: length of the path's literal part.
        current: it is not deprecated.
    """

    operation: str
    method: str
    path: re.Pattern[str]
    labels: tuple[str, ...]
    fixed: tuple[tuple[str, str], ...]
    asked: frozenset[str]
    marked: frozenset[str]
    known: frozenset[str]
    prefix_map: bool
    literal: int
    current: bool

    @property
    def rank(self) -> tuple[int, int, int, int, bool]:
        """More specific routes rank higher, and deprecated ones lower than their successors."""
        return len(self.fixed), len(self.asked), len(self.marked), self.literal, self.current


def routes_of(service: ServiceModel) -> tuple[Route, ...]:
    """Return the routes of a service, the most specific first."""
    routes = [_route(service.operation_model(name)) for name in service.operation_names]
    return tuple(sorted(routes, key=lambda r: r.rank, reverse=True))


def _route(operation: OperationModel) -> Route:
    uri = operation.http["requestUri"]
    path, _, query = uri.partition("?")
    labels: list[str] = []

    def group(found: re.Match[str]) -> str:
        labels.append(found.group(1))
        return "\0+" if found.group(2) else "\0"

    marked = _LABEL.sub(group, path)
    pattern = (
        re.escape(marked).replace(re.escape("\0+"), "(.+)").replace(re.escape("\0"), "([^/]+)")
    )
    # Clients differ in whether they keep a trailing slash.
    pattern = pattern.rstrip("/") + ("/?" if not marked.endswith("+") else "")
    members = operation.input_shape.members if operation.input_shape is not None else {}
    required = set(operation.input_shape.required_members) if operation.input_shape else set()
    fixed = tuple(parse_qsl(query, keep_blank_values=True))
    in_query = {
        n: m for n, m in members.items() if m.serialization.get("location") == "querystring"
    }
    in_header = {n: m for n, m in members.items() if m.serialization.get("location") == "header"}
    return Route(
        operation=operation.name,
        method=operation.http["method"],
        path=re.compile(pattern or "/?"),
        labels=tuple(labels),
        fixed=fixed,
        asked=frozenset(_wire(n, m) for n, m in in_query.items() if n in required),
        marked=frozenset(_wire(n, m).lower() for n, m in in_header.items() if n in required),
        known=frozenset(_wire(n, m) for n, m in in_query.items()) | {n for n, _ in fixed},
        prefix_map=any(m.type_name == "map" for m in in_query.values()),
        literal=len(_LABEL.sub("", path)),
        current=not operation.deprecated,
    )


def _wire(name: str, shape: Shape) -> str:
    return str(shape.serialization.get("name", name))


def matching(
    routes: tuple[Route, ...], request: WireRequest, path: str
) -> Iterator[tuple[Route, re.Match[str]]]:
    """Yield the routes that a request fits, the most specific first."""
    query = request.query
    names = {name for name, _ in query}
    headers = {name.lower() for name, _ in request.headers}
    for route in routes:
        if route.method != request.method:
            continue
        found = route.path.fullmatch(path)
        if found is None or not _fixed_fit(route, query):
            continue
        if route.asked <= names and route.marked <= headers:
            yield route, found


def _fixed_fit(route: Route, query: tuple[tuple[str, str], ...]) -> bool:
    return all(
        any(n == name and (not value or v == value) for n, v in query)
        for name, value in route.fixed
    )


def stray_arguments(route: Route, request: WireRequest) -> tuple[str, ...]:
    """Return query arguments that the operation does not know."""
    if route.prefix_map:
        return ()
    return tuple(n for n, _ in request.query if n not in route.known and not _LABELS.match(n))


def parameters(
    operation: OperationModel,
    route: Route,
    found: re.Match[str],
    request: WireRequest,
    *,
    as_xml: bool,
) -> dict[str, object]:
    """Return the parameters of a matched request.

    Raises:
        Unidentifiable: a value is not of its shape.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    params: dict[str, object] = {}
    labels = {
        label: decoded(text) for label, text in zip(route.labels, found.groups(), strict=True)
    }
    for name, member in shape.members.items():
        value = _located(name, member, labels, request, route)
        if value is not None:
            params[name] = value
    params.update(_body(operation, request, as_xml=as_xml))
    return params


def _located(
    name: str, member: Shape, labels: Mapping[str, str], request: WireRequest, route: Route
) -> object:
    wire = _wire(name, member)
    match member.serialization.get("location"):
        case "uri":
            return scalar(member, labels[wire]) if wire in labels else None
        case "querystring":
            if member.type_name == "map":
                return _query_map(member, request, route)
            return _from_query(member, wire, request)
        case "header":
            return _from_header(member, wire, request)
        case "headers":
            found = {
                n[len(wire) :]: v
                for n, v in request.headers
                if n.lower().startswith(wire.lower()) and len(n) > len(wire)
            }
            return found or None
    return None


def _from_query(member: Shape, wire: str, request: WireRequest) -> object:
    values = [v for n, v in request.query if n == wire]
    if member.type_name == "list":
        inner = member.member  # type: ignore[attr-defined]
        return [scalar(inner, v) for v in values] or None
    if len(values) > 1:
        raise Unidentifiable(f"the argument {wire} stands twice")
    return scalar(member, values[0]) if values else None


def _query_map(member: Shape, request: WireRequest, route: Route) -> object:
    many = member.value.type_name == "list"  # type: ignore[attr-defined]
    found: dict[str, object] = {}
    for name, value in request.query:
        if _LABELS.match(name) or name in route.known:
            continue
        if many:
            values = found.setdefault(name, [])
            assert isinstance(values, list)
            values.append(value)
        else:
            found[name] = value
    return found or None


def _from_header(member: Shape, wire: str, request: WireRequest) -> object:
    text = request.header(wire)
    if not text and not any(n.lower() == wire.lower() for n, _ in request.headers):
        return None
    if member.serialization.get("jsonvalue"):
        import base64

        return json.loads(base64.b64decode(text))
    if member.type_name == "list":
        inner = member.member  # type: ignore[attr-defined]
        return [scalar(inner, part.strip()) for part in text.split(",")]
    return scalar(member, text)


def _body(operation: OperationModel, request: WireRequest, *, as_xml: bool) -> dict[str, object]:
    shape = operation.input_shape
    assert shape is not None
    payload = shape.serialization.get("payload")
    if payload:
        member = shape.members[payload]
        value = _payload(operation, member, request, as_xml=as_xml)
        return {} if value is None else {payload: value}
    located = {n for n, m in shape.members.items() if "location" in m.serialization}
    if len(located) == len(shape.members) or not request.body:
        return {}
    value = from_xml(shape, request.body) if as_xml else from_json(shape, _json(request))
    assert isinstance(value, dict)
    return {n: v for n, v in value.items() if n not in located}


def _json(request: WireRequest) -> object:
    return dict(json_object(request.body))


def _payload(
    operation: OperationModel, member: Shape, request: WireRequest, *, as_xml: bool
) -> object:
    if not request.buffered:
        return STREAMED
    if getattr(member, "is_document_type", False):
        return json.loads(request.body) if request.body else None
    if operation.has_event_stream_input:
        return STREAMED
    match member.type_name:
        case "blob":
            return request.body or None
        case "string":
            return request.body.decode("utf-8", "replace") or None
    if not request.body:
        return None
    if as_xml:
        return from_xml(member, request.body)
    return from_json(member, json.loads(request.body))
