"""Parameters for any operation, and the request that botocore makes of them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from botocore.model import OperationModel, Shape

from executor.gateway.wire import WireRequest
from executor.gateway.wire.models import Models

_MOST_DEPTH = 5


class Params:
    """Makes parameters that fit a shape; the same for the same seed."""

    def __init__(self, seed: int, *, only_required: bool) -> None:
        self._random = random.Random(seed)
        self._only_required = only_required

    def structure(self, shape: Shape, depth: int = 0) -> dict[str, object]:
        members: Mapping[str, Shape] = shape.members  # type: ignore[attr-defined]
        required = set(shape.required_members)
        names = [n for n in members if n in required or not self._only_required]
        if getattr(shape, "is_tagged_union", False) and names == []:
            names = list(members)[:1]
        if getattr(shape, "is_tagged_union", False):
            names = names[:1]
        found = {}
        for name in names:
            if depth >= _MOST_DEPTH and name not in required:
                continue
            if getattr(members[name], "is_document_type", False):
                continue
            if members[name].serialization.get("eventstream"):
                continue
            if members[name].type_name == "structure" and getattr(
                members[name], "is_eventstream", False
            ):
                continue
            found[name] = self.value(members[name], depth + 1)
        return found

    def value(self, shape: Shape, depth: int) -> object:
        if depth > 12:
            return self._leaf(shape) if shape.type_name not in ("structure", "list", "map") else {}
        match shape.type_name:
            case "structure":
                return self.structure(shape, depth)
            case "list":
                count = max(1, shape.metadata.get("min", 1))
                member = shape.member  # type: ignore[attr-defined]
                return [self.value(member, depth + 1) for _ in range(min(count, 3))]
            case "map":
                key = self.value(shape.key, depth + 1)  # type: ignore[attr-defined]
                return {str(key): self.value(shape.value, depth + 1)}  # type: ignore[attr-defined]
        return self._leaf(shape)

    def _leaf(self, shape: Shape) -> object:
        match shape.type_name:
            case "integer" | "long":
                return self._random.randrange(1, 100)
            case "float" | "double":
                return self._random.randrange(1, 100) / 4
            case "boolean":
                return self._random.random() < 0.5
            case "timestamp":
                return datetime(2026, 1, 1 + self._random.randrange(28), tzinfo=UTC)
            case "blob":
                return bytes(self._random.randrange(1, 255) for _ in range(6))
        if getattr(shape, "enum", None):
            return self._random.choice(shape.enum)  # type: ignore[attr-defined]
        letters = "abcdefghij-0123456789"
        length = max(3, min(shape.metadata.get("min", 3), 40))
        return "x" + "".join(self._random.choice(letters) for _ in range(length - 1))


def request_for(
    models: Models, operation: OperationModel, params: Mapping[str, object], *, signing: str
) -> WireRequest:
    """Return the request that botocore's serializer makes, signed for `signing`."""
    from botocore.serialize import create_serializer

    protocol = operation.service_model.resolved_protocol
    made = create_serializer(protocol, include_validation=False).serialize_to_request(
        dict(params), operation
    )
    body = made["body"]
    if isinstance(body, Mapping):
        body = urlencode(body, doseq=True).encode()
    elif isinstance(body, str):
        body = body.encode()
    query = made["query_string"]
    text = query if isinstance(query, str) else urlencode(list(_pairs(query)))
    path = made["url_path"]
    target = path + (("&" if "?" in path else "?") + text if text else "")
    headers = [(str(k), str(v)) for k, v in dict(made["headers"]).items()]
    scope = f"AKIDEXAMPLE/20261123/eu-west-1/{signing}/aws4_request"
    headers += [
        ("Host", "127.0.0.1:4566"),
        ("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
    ]
    return WireRequest(
        method=made["method"], target=target, headers=tuple(headers), body=body or b""
    )


def _pairs(query: Mapping[str, object]):  # type: ignore[no-untyped-def]
    for name, value in query.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            yield name, item
