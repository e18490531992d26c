"""Parameters for any operation, and the request that botocore makes of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from botocore.model import OperationModel, Shape

from executor.gateway.wire import WireRequest

_MOST_DEPTH = 5
_LETTERS = "abcdefghij-0123456789"
# Characters that one or the other encoding must not lose; header values are plain ASCII.
_WILD = _LETTERS + " &=+%/?#:;,<>'\"\\~é雪"


class Params:
    """Makes parameters that fit a shape; the same for the same seed."""

    def __init__(self, seed: int, *, only_required: bool, wild: bool = False) -> None:
        self._random = random.Random(seed)
        self._only_required = only_required
        self._wild = wild

    def structure(self, shape: Shape, depth: int = 0) -> dict[str, object]:
        members: Mapping[str, Shape] = shape.members  # type: ignore[attr-defined]
        found = {}
        for name in self._names(shape, members):
            if depth >= _MOST_DEPTH and name not in shape.required_members:
                continue
            if _is_stream(members[name]):
                continue
            found[name] = self.value(members[name], depth + 1)
        return found

    def _names(self, shape: Shape, members: Mapping[str, Shape]) -> list[str]:
        if getattr(shape, "is_tagged_union", False):
            return [self._random.choice(list(members))] if self._wild else list(members)[:1]
        required = set(shape.required_members)
        if self._only_required:
            return [n for n in members if n in required]
        if self._wild:
            return [n for n in members if n in required or self._random.random() < 0.6]
        return list(members)

    def value(self, shape: Shape, depth: int) -> object:
        if depth > 12:
            return self._leaf(shape) if shape.type_name not in ("structure", "list", "map") else {}
        if getattr(shape, "is_document_type", False):
            return {"any": [1, "x", None, {"deep": True}]}
        match shape.type_name:
            case "structure":
                return self.structure(shape, depth)
            case "list":
                member = shape.member  # type: ignore[attr-defined]
                return [self.value(member, depth + 1) for _ in range(self._count(shape))]
            case "map":
                key, value = shape.key, shape.value  # type: ignore[attr-defined]
                return {
                    str(self.value(key, depth + 1)): self.value(value, depth + 1)
                    for _ in range(self._count(shape))
                }
        return self._leaf(shape)

    def _count(self, shape: Shape) -> int:
        least = max(1, min(int(shape.metadata.get("min", 1)), 3))
        return self._random.randint(least, 3) if self._wild else least

    def _leaf(self, shape: Shape) -> object:
        match shape.type_name:
            case "integer" | "long":
                return self._random.randrange(1, 100)
            case "float" | "double":
                return self._random.randrange(1, 100) / 4
            case "boolean":
                return self._random.random() < 0.5
            case "timestamp":
                return datetime(2026, 1, 1 + self._random.randrange(28), 3, 4, 5, tzinfo=UTC)
            case "blob":
                return bytes(self._random.randrange(0, 256) for _ in range(6))
        if getattr(shape, "enum", None):
            return self._random.choice(shape.enum)  # type: ignore[attr-defined]
        length = max(3, min(int(shape.metadata.get("min", 3)), 40))
        letters = _WILD if self._wild and not _is_plain(shape) else _LETTERS
        return "x" + "".join(self._random.choice(letters) for _ in range(length - 2)) + "x"


def _is_plain(shape: Shape) -> bool:
    """Whether a text has letters and digits only: a header's, and a name that may be a host's."""
    location = shape.serialization.get("location", "")
    return location.startswith("header") or shape.name == "BucketName"


def _is_stream(shape: Shape) -> bool:
    return bool(shape.serialization.get("eventstream") or getattr(shape, "is_eventstream", False))


def authorization(signing: str, region: str = "eu-west-1") -> tuple[str, str]:
    scope = f"AKIDEXAMPLE/20261123/{region}/{signing}/aws4_request"
    return "Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def request_for(
    operation: OperationModel,
    params: Mapping[str, object],
    *,
    signing: str,
    protocol: str,
    host: str = "127.0.0.1:4566",
    region: str = "eu-west-1",
) -> WireRequest:
    """Return the request that botocore's serializer makes, signed for `signing`."""
    from botocore.serialize import create_serializer

    serializer = create_serializer(protocol, include_validation=False)
    made = serializer.serialize_to_request(dict(params), operation)
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
    headers += [("Host", host), authorization(signing, region)]
    return WireRequest(
        method=made["method"], target=target, headers=tuple(headers), body=body or b""
    )


def _pairs(query: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in query.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            yield name, item
