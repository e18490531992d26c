"""Parameters as JSON: redacted for the trace, or exact for replay."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from executor.gateway.wire.models import Models
from executor.gateway.wire.request import Streamed
from executor.model.json import Json

if TYPE_CHECKING:
    from botocore.model import Shape

REDACTED = "<redacted>"
_MOST_TEXT = 16 << 10
# Botocore marks most secrets as sensitive; these names it leaves unmarked in some services.
_SECRET_NAME = re.compile(
    r"(?:password|secretstring|secretbinary|secretaccesskey|privatekey|authtoken|sessiontoken"
    r"|clientsecret|userdata|passphrase|presharedkey|secretkey|apikeyvalue)$",
    re.IGNORECASE,
)
_NAMES = re.compile(r"^(?:(?:option)?name|key|parameter(?:key|name))$", re.IGNORECASE)
_VALUES = re.compile(r"value$", re.IGNORECASE)
_SECRET_PATHS = frozenset(
    {
        ("ssm", "PutParameter", "Value"),
        ("lambda", "CreateFunction", "Variables"),
        ("lambda", "UpdateFunctionConfiguration", "Variables"),
        ("lambda", "PublishVersion", "Variables"),
        ("lambda", "GetFunction", "Variables"),
        ("lambda", "GetFunctionConfiguration", "Variables"),
        ("lambda", "ListFunctions", "Variables"),
        ("lambda", "ListVersionsByFunction", "Variables"),
        ("ssm", "GetParameter", "Value"),
        ("ssm", "GetParameters", "Value"),
        ("ssm", "GetParametersByPath", "Value"),
        ("ssm", "GetParameterHistory", "Value"),
        ("kms", "GenerateDataKey", "Plaintext"),
        ("kms", "Decrypt", "Plaintext"),
    }
)
# Marked as sensitive, and yet the only name that a resource has.
_IDENTIFIERS = frozenset({("cognito-idp", "ClientIdType")})


class Redaction:
    """Hides what must not be written down."""

    def __init__(self, models: Models) -> None:
        """Args:
        models: botocore's models, which mark sensitive shapes.
        """
        self._models = models

    def redact(
        self, service: str, operation: str, values: Mapping[str, object], *, response: bool = False
    ) -> tuple[dict[str, Json], bool]:
        """Return values as JSON without secrets and bulk.

        Returns:
            The JSON, and whether it is less than the exact values: something was hidden, cut,
            or is bytes.
        """
        model = self._models.operation(service, operation)
        shape = None
        if model is not None:
            shape = model.output_shape if response else model.input_shape
        walk = _Walk(service, operation)
        found = walk.value(shape, dict(values), "")
        assert isinstance(found, dict)
        return found, walk.changed


class _Walk:
    def __init__(self, service: str, operation: str) -> None:
        self._place = (service, operation)
        self.changed = False

    def value(self, shape: Shape | None, value: object, name: str) -> Json:
        if value is not None and self._is_secret(shape, name):
            self.changed = True
            return REDACTED
        match value:
            case float() if not math.isfinite(value):
                self.changed = True
                return str(value)
            case None | bool() | int() | float():
                return value
            case str():
                return self._text(value)
            case bytes() | bytearray():
                self.changed = True
                return {"$bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
            case datetime():
                return value.isoformat()
            case Streamed():
                self.changed = True
                return {"$streamed": True}
            case Mapping():
                names = _pair_names(value)
                return {
                    str(key): self.value(
                        _inner(shape, str(key)), item, names.get(str(key), str(key))
                    )
                    for key, item in value.items()
                }
            case list() | tuple():
                member = _inner(shape, "")
                return [self.value(member, item, name) for item in value]
        return str(value)

    def _is_secret(self, shape: Shape | None, name: str) -> bool:
        if shape is not None and getattr(shape, "metadata", {}).get("sensitive"):
            return (self._place[0], shape.name) not in _IDENTIFIERS
        return bool(_SECRET_NAME.search(_bare(name))) or (*self._place, name) in _SECRET_PATHS

    def _text(self, value: str) -> Json:
        if len(value) <= _MOST_TEXT:
            return value
        self.changed = True
        found = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return {"$text": value[:200], "length": len(value), "sha256": found}


def _pair_names(value: Mapping[str, object]) -> dict[str, str]:
    """Return the names that values have which stand beside their name in a structure.

    Environment variables and parameters are lists of `{"name": "DB_PASSWORD", "value": ...}`.
    """
    name = next((v for k, v in value.items() if _NAMES.match(k) and isinstance(v, str)), "")
    if not _SECRET_NAME.search(_bare(name)):
        return {}
    return {key: name for key in value if _VALUES.search(key)}


def _bare(name: str) -> str:
    return name.replace("_", "").replace("-", "")


def _inner(shape: Shape | None, key: str) -> Shape | None:
    if shape is None:
        return None
    match shape.type_name:
        case "structure":
            found: Shape | None = shape.members.get(key)  # type: ignore[attr-defined]
            return found
        case "list":
            member: Shape = shape.member  # type: ignore[attr-defined]
            return member
        case "map":
            inner: Shape = shape.value  # type: ignore[attr-defined]
            return inner
    return None


def encode(value: object) -> Json:
    """Return a value as JSON from which `decode` makes it again, exactly."""
    match value:
        case float() if not math.isfinite(value):
            return {"$float": str(value)}
        case None | bool() | int() | float() | str():
            return value
        case bytes() | bytearray():
            return {"$bytes": base64.b64encode(value).decode()}
        case datetime():
            return {"$time": value.isoformat()}
        case Streamed():
            return {"$streamed": True}
        case Mapping():
            # A real key that begins with a dollar sign gets a second one.
            return {_escaped(str(key)): encode(item) for key, item in value.items()}
        case list() | tuple():
            return [encode(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be kept")


def decode(value: Json, streamed: object = None) -> object:
    """Return the value that `encode` was given.

    Args:
        value: what `encode` returned.
        streamed: takes the place of a body that had passed by.
    """
    match value:
        case {"$bytes": str() as text, **rest} if not rest:
            return base64.b64decode(text)
        case {"$time": str() as text, **rest} if not rest:
            return datetime.fromisoformat(text)
        case {"$float": str() as text, **rest} if not rest:
            return float(text)
        case {"$streamed": True, **rest} if not rest:
            return streamed
        case Mapping():
            return {_unescaped(key): decode(item, streamed) for key, item in value.items()}
        case list() | tuple():
            return [decode(item, streamed) for item in value]
    return value


def _escaped(key: str) -> str:
    return f"${key}" if key.startswith("$") else key


def _unescaped(key: str) -> str:
    return key[1:] if key.startswith("$$") else key
