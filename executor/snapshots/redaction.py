"""Takes out of a description what must not be in a file that is passed on.

Declarations keep secrets out where they know of them (`conceal`, digests for values). This is
the net below: it goes by names that mean a secret wherever they stand, by what a type's
environment holds, and by what looks like a secret itself. Values become digests, and the digest
of a digest is itself, so that target and replica can still be compared.

Known limit: whoever can guess a value can check the guess against its digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, Protocol, cast

from executor.model.json import Json, JsonObject
from executor.model.resource import Resource, Scope, Snapshot
from executor.snapshots.templates import parsed_template

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_SECRET_NAME: Final = re.compile(
    r"(?:password|passwd|secretstring|secretbinary|secretaccesskey|privatekey|authtoken"
    r"|sessiontoken|clientsecret|userdata|passphrase|presharedkey|secretkey|apikey|apikeyvalue"
    r"|accesstoken|refreshtoken|oauthtoken|webhooksecret|connectionstring)$",
    re.IGNORECASE,
)
_NAMES: Final = re.compile(
    r"^(?:(?:option)?name|key|(?:parameter|output|tag)(?:key|name))$", re.IGNORECASE
)
_VALUES: Final = re.compile(r"value$", re.IGNORECASE)
_ENVIRONMENTS: Final = frozenset(
    {"environment", "environmentvariables", "stagevariables", "variables"}
)
# A mapping under `environment` with one of these describes where something runs.
_NO_VARIABLES: Final = frozenset({"computetype", "image", "environmentvariables"})
_IN_URL: Final = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)([^\s/@]+)(?=@)")
_PEM: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
# Says where a value is kept, and not what it is.
_REFERENCE: Final = re.compile(r"\{\{resolve:[^{}]*\}\}")
_HIDDEN: Final = re.compile(r"\**")

# Functions of CloudFormation's, and which of their arguments hold text of the template's own.
_FUNCTIONS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "Fn::Base64": lambda value: concealed(value),
    "Fn::Sub": lambda value: _first(value),
    "Fn::Join": lambda value: _rest(value),
    "Fn::If": lambda value: _rest(value),
}


def redacted(resource: Resource) -> Resource:
    """Return the resource without secrets."""
    raw, properties = _object(resource.raw), _object(resource.properties)
    template = raw.get("Template")
    if isinstance(template, str):
        raw = {**raw, "Template": _template(template)}
    tags = _object(dict(resource.tags))
    return replace(
        resource,
        raw=raw,
        properties=properties,
        tags={name: str(value) for name, value in tags.items()},
    )


class Reader(Protocol):
    """Takes snapshots."""

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold now."""
        ...


class RedactedReader:
    """A reader whose snapshots can be compared with what a file holds."""

    def __init__(self, reader: Reader) -> None:
        """Args:
        reader: takes the snapshots.
        """
        self._reader = reader

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold now, without secrets."""
        found = self._reader.read(scopes)
        return replace(found, resources={a: redacted(r) for a, r in found.resources.items()})


def without_secrets(value: Json) -> Json:
    """Return a value of a description without the secrets in it."""
    match value:
        case str():
            return _text(value)
        case Mapping():
            return _mapping(value)
        case list() | tuple():
            return [without_secrets(item) for item in value]
    return value


def concealed(value: Json) -> Json:
    """Return digests for every text and number of a value that is known to be secret."""
    match value:
        case bool() | None:
            return value
        case int() | float():
            return _digest(str(value))
        case str():
            return _digest(value)
        case list() | tuple():
            return [concealed(item) for item in value]
        case Mapping():
            return _function(value) if _is_function(value) else _mapping(value)
    return value


def _template(text: str) -> Json:
    """Return a template without secrets: as it is where it has none, else as JSON."""
    parsed = parsed_template(text)
    if parsed is None:
        # Nobody can tell what is in it.
        return None
    shown = without_secrets(parsed)
    return text if shown == parsed else shown


def _object(value: JsonObject) -> JsonObject:
    return cast(JsonObject, _mapping(value))


def _mapping(value: JsonObject) -> Json:
    names = _named(value)
    found: dict[str, Json] = {}
    for key, item in value.items():
        if _is_secret(names.get(key, key)):
            found[key] = _under_secret_name(item)
        elif key.replace("_", "").lower() in _ENVIRONMENTS:
            found[key] = _environment(item)
        else:
            found[key] = without_secrets(item)
    return _of_a_template(found)


def _of_a_template(value: dict[str, Json]) -> Json:
    """Conceal what only its neighbours tell to be secret, in a template."""
    properties = value.get("Properties")
    if value.get("Type") == "AWS::SSM::Parameter" and isinstance(properties, Mapping):
        shown = {k: concealed(v) if k == "Value" else v for k, v in properties.items()}
        return {**value, "Properties": shown}
    if str(value.get("NoEcho", "")).lower() == "true" and "Default" in value:
        return {**value, "Default": concealed(value["Default"])}
    return value


def _under_secret_name(value: Json) -> Json:
    if isinstance(value, Mapping) and not _is_function(value):
        # Something of that name: a parameter of a template and its default, an output.
        inner = cast(JsonObject, _mapping(value))
        return {k: concealed(v) if k in ("Default", "Value") else v for k, v in inner.items()}
    return concealed(value)


def _environment(value: Json) -> Json:
    if isinstance(value, list | tuple):
        return [_variable(item) if isinstance(item, Mapping) else item for item in value]
    if not isinstance(value, Mapping):
        return without_secrets(value)
    names = {key.lower() for key in value}
    if "variables" in names or names & _NO_VARIABLES or _is_function(value):
        return _mapping(value)
    return {key: concealed(item) for key, item in value.items()}


def _variable(value: JsonObject) -> Json:
    return {
        key: concealed(item) if _VALUES.search(key) else without_secrets(item)
        for key, item in value.items()
    }


def _is_function(value: JsonObject) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref", "Condition"))


def _function(value: JsonObject) -> Json:
    return {
        name: _FUNCTIONS[name](item) if name in _FUNCTIONS else item for name, item in value.items()
    }


def _first(value: Json) -> Json:
    if isinstance(value, list | tuple) and value:
        return concealed(value[0])
    return concealed(value)


def _rest(value: Json) -> Json:
    if isinstance(value, list | tuple) and value:
        return [value[0], *(concealed(item) for item in value[1:])]
    return concealed(value)


def _named(value: JsonObject) -> dict[str, str]:
    """Return the names of values that stand beside their name: `{Key: password, Value: ...}`."""
    name = next((v for k, v in value.items() if _NAMES.match(k) and isinstance(v, str)), "")
    return {key: name for key in value if _VALUES.search(key)} if _is_secret(name) else {}


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name.replace("_", "").replace("-", "").replace(".", "")))


def _text(value: str) -> str:
    if value[:1] in ("{", "["):
        value = _document(value)
    if "://" in value:
        value = _IN_URL.sub(lambda m: m.group(1) + _digest(m.group(2)), value)
    return _PEM.sub(lambda m: _digest(m.group()), value) if "-----BEGIN" in value else value


def _document(value: str) -> str:
    """Return a text that is a JSON document without the secrets in it."""
    try:
        parsed: Json = json.loads(value)
        shown = without_secrets(parsed)
    except (ValueError, RecursionError):
        return value
    return value if shown == parsed else json.dumps(shown, ensure_ascii=False)


def _digest(value: str) -> str:
    known = _DIGEST.fullmatch(value) or _REFERENCE.fullmatch(value) or _HIDDEN.fullmatch(value)
    if known:
        return value
    return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
