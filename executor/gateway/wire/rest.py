"""Operations and parameters of the REST protocols: method, path, query, headers, body.

A service's operations are matched against the request most specific first. A query argument
that the matched operation does not know makes the request unidentifiable: emulators take an
unknown S3 sub-resource for the bucket itself.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from executor.gateway.wire.codings import inflated, is_chunked
from executor.gateway.wire.request import STREAMED, Unidentifiable, WireRequest, decoded
from executor.gateway.wire.values import (
    from_json,
    json_object,
    json_value,
    members_from_json,
    scalar,
)
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
# One element of a list in a header: quoted, or up to the next comma.
_PART = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"\s*|([^,]*)),')


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
        wanted: names of query arguments without which it is not asked for.
        prefix_map: it takes any query argument (a map member).
        slash: its path ends with a slash; clients differ in whether they keep it.
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
    wanted: frozenset[str]
    prefix_map: bool
    slash: bool
    literal: int
    current: bool

    @property
    def demands(self) -> tuple[int, int, int]:
        """How much of a request, besides its path, it asks for."""
        return len(self.fixed), len(self.asked), len(self.marked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A route that a request fits.

    Attributes:
        route: the route.
        found: its path's match.
        rank: more specific ones rank higher, and deprecated ones lower than their successors.
    """

    route: Route
    found: re.Match[str]
    rank: tuple[int, ...]


def routes_of(service: ServiceModel) -> tuple[Route, ...]:
    """Return the routes of a service."""
    return tuple(_route(service.operation_model(name)) for name in service.operation_names)


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
    pattern = pattern.rstrip("/") + ("/?" if not marked.endswith("+") else "")
    members = operation.input_shape.members if operation.input_shape is not None else {}
    required = set(operation.input_shape.required_members) if operation.input_shape else set()
    fixed = tuple(parse_qsl(query, keep_blank_values=True))
    in_query = {
        n: m for n, m in members.items() if m.serialization.get("location") == "querystring"
    }
    in_header = {n: m for n, m in members.items() if m.serialization.get("location") == "header"}
    asked = frozenset(_wire(n, m) for n, m in in_query.items() if n in required)
    return Route(
        operation=operation.name,
        method=operation.http["method"],
        path=re.compile(pattern or "/?"),
        labels=tuple(labels),
        fixed=fixed,
        asked=asked,
        marked=frozenset(_wire(n, m).lower() for n, m in in_header.items() if n in required),
        known=frozenset(_wire(n, m) for n, m in in_query.items()) | {n for n, _ in fixed},
        wanted=asked | {n for n, _ in fixed},
        prefix_map=any(m.type_name == "map" for m in in_query.values()),
        slash=path.endswith("/"),
        literal=len(_LABEL.sub("", path)),
        current=not operation.deprecated,
    )


def _wire(name: str, shape: Shape) -> str:
    return str(shape.serialization.get("name", name))


def fits(routes: Iterable[Route], request: WireRequest, path: str) -> list[Fit]:
    """Return the routes that a request fits, the most specific first.

    Args:
        routes: the routes of its method.
        request: the request.
        path: its raw path, with the bucket in it.
    """
    query = request.query
    names = {name for name, _ in query}
    headers = {name.lower() for name, _ in request.headers}
    fitting: list[Fit] = []
    for route in routes:
        # Cheap tests first: S3 has over a hundred routes.
        if not (route.wanted <= names and route.marked <= headers and _fixed_fit(route, query)):
            continue
        found = route.path.fullmatch(path)
        if found is not None:
            exact = path.endswith("/") == route.slash
            rank = (*route.demands, exact, route.literal, route.current)
            fitting.append(Fit(route=route, found=found, rank=rank))
    return sorted(fitting, key=lambda fit: fit.rank, reverse=True)


def _fixed_fit(route: Route, query: tuple[tuple[str, str], ...]) -> bool:
    return all(
        any(n == name and (not value or v == value) for n, v in query)
        for name, value in route.fixed
    )


def stray_arguments(route: Route, request: WireRequest) -> tuple[str, ...]:
    """Return query arguments that the operation does not know, or that are of another one."""
    return tuple(name for name, value in request.query if _is_stray(route, name, value))


def _is_stray(route: Route, name: str, value: str) -> bool:
    if name == "x-id":
        return value != route.operation
    return not (route.prefix_map or name in route.known or _LABELS.match(name))


def parameters(
    operation: OperationModel, fit: Fit, request: WireRequest, *, as_xml: bool
) -> dict[str, object]:
    """Return the parameters of a matched request.

    Raises:
        Unidentifiable: a value is not of its shape.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    params: dict[str, object] = {}
    route = fit.route
    labels = {
        label: decoded(text) for label, text in zip(route.labels, fit.found.groups(), strict=True)
    }
    for name, member in shape.members.items():
        value = _located(name, member, labels, request, route)
        if value is not None:
            params[name] = value
        elif member.serialization.get("location") == "uri":
            # Never so by a model as botocore ships it; nothing may pass without its address.
            raise Unidentifiable(f"{operation.name}: the address names no {name}")
    if is_chunked(request):
        _unwrap(params, request)
    params.update(_body(operation, request, as_xml=as_xml))
    return params


def _unwrap(params: dict[str, object], request: WireRequest) -> None:
    """Take out of the parameters what is of aws-chunked framing and not of the content."""
    coding = str(params.pop("ContentEncoding", ""))
    codings = [c.strip() for c in coding.split(",")]
    if kept := ",".join(c for c in codings if c and c.lower() != "aws-chunked"):
        params["ContentEncoding"] = kept
    length = request.header("x-amz-decoded-content-length")
    if params.pop("ContentLength", None) is not None and length.isdigit():
        params["ContentLength"] = int(length)


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
    texts = request.all_headers(wire)
    if not texts:
        return None
    if member.type_name == "list":
        inner = member.member  # type: ignore[attr-defined]
        return [scalar(inner, part) for part in _parts(inner, ",".join(texts))]
    if len(texts) > 1:
        raise Unidentifiable(f"the header {wire} stands twice")
    if member.serialization.get("jsonvalue"):
        try:
            return json_value(base64.b64decode(texts[0], validate=True))
        except ValueError as error:
            raise Unidentifiable(f"the header {wire} is not base64") from error
    return scalar(member, texts[0])


def _parts(inner: Shape, text: str) -> list[str]:
    if inner.type_name == "timestamp" and inner.serialization.get("timestampFormat") in (
        None,
        "rfc822",
    ):
        # These have a comma of their own.
        return [",".join(pair).strip() for pair in batched(text.split(","))]
    return [
        re.sub(r"\\(.)", r"\1", quoted) if quoted else plain.strip()
        for quoted, plain in _PART.findall(f"{text},")
    ]


def batched(parts: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the parts two by two."""
    for start in range(0, len(parts), 2):
        yield tuple(parts[start : start + 2])


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
    body = inflated(request).body
    if as_xml:
        value = from_xml(shape, body)
        assert isinstance(value, dict)
        return {n: v for n, v in value.items() if n not in located}
    return members_from_json(shape, dict(json_object(body)), frozenset(located))


def _payload(
    operation: OperationModel, member: Shape, request: WireRequest, *, as_xml: bool
) -> object:
    if not request.buffered or operation.has_event_stream_input:
        return STREAMED
    if member.type_name == "blob":
        # User data: whether it is compressed is the user's affair.
        return request.body or None
    body = inflated(request).body
    if not body:
        return None
    if member.type_name == "string":
        return _text(body)
    return from_xml(member, body) if as_xml else from_json(member, json_value(body))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unidentifiable("the body is not UTF-8") from error
