"""From a raw description to a `Resource`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy

from executor.catalog.declarations import ResourceType
from executor.catalog.expressions import picked, picked_text
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark, Member, Resource


def describe(
    kind: ResourceType, raw: JsonObject, *, account: str, region: str, data: DataMark | None = None
) -> Resource:
    """Return the resource that `raw` describes.

    Args:
        kind: its type.
        raw: listing item with details merged in, ids as the target knows them.
        account: 12-digit account.
        region: region, `global` for a global service.
        data: what it holds.

    Raises:
        ValueError: the description has no id.
    """
    # What is "outside" can only be told by who owns the resource; few descriptions say.
    said = raw if kind.conceal is None else kind.conceal(raw)
    raw = {**said, "$account": account, "$region": region}
    identity = picked_text(kind.id, raw)
    if not identity:
        raise ValueError(f"{kind.type}: no id in {sorted(raw)}")
    name = picked_text(kind.name, raw) or identity
    address = picked_text(kind.arn, raw) or _formatted(kind, identity, name, account, region)
    handles = {name, identity, address}
    for handle in kind.handles:
        handles.update(_texts(picked(handle, raw)))
    return Resource(
        type=kind.type,
        address=address,
        name=name,
        id=identity,
        account=account,
        region=region,
        properties=_properties(kind, raw),
        birth={mark: picked(pick, raw) for mark, pick in kind.birth.items()},
        handles=with_paths(handles - {""}),
        tags=_tags(picked(kind.tags, raw)),
        data=data,
        members=_members(picked(kind.members, raw)),
        raw=said,
        builtin=bool(picked(kind.builtin, raw)),
        deferred_delete=bool(picked(kind.deferred, raw)),
        settling=bool(picked(kind.settling, raw)),
    )


def _formatted(kind: ResourceType, identity: str, name: str, account: str, region: str) -> str:
    if not kind.address:
        return f"{kind.type}/{account}/{region}/{identity}"
    return kind.address.format(
        account=account, region=region, partition=partition(region), id=identity, name=name
    )


def partition(region: str) -> str:
    """Return the ARN partition of a region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _properties(kind: ResourceType, raw: JsonObject) -> dict[str, Json]:
    value = picked(kind.settings, raw)
    properties = deepcopy(dict(value)) if isinstance(value, Mapping) else {}
    for key in ("$account", "$region"):
        properties.pop(key, None)
    for path in kind.volatile:
        _remove(properties, path.split("."))
    return properties


def _remove(value: Json, path: list[str]) -> None:
    head, *rest = path
    if isinstance(value, list):
        for item in value:
            _remove(item, path)
    elif isinstance(value, dict):
        if rest:
            _remove(value.get(head), rest)
        else:
            value.pop(head, None)


def _texts(value: Json) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [str(item) for item in found if item and not isinstance(item, bool)]


def _tags(value: Json) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    tags: dict[str, str] = {}
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            key = item.get("Key", item.get("TagKey"))
            tags[str(key)] = str(item.get("Value", item.get("TagValue", "")))
    return tags


def _members(value: Json) -> tuple[Member, ...]:
    return tuple(
        Member(
            logical_id=str(item.get("LogicalId", "")),
            type=str(item.get("Type", "")),
            id=path_of(str(item.get("Id", ""))),
        )
        for item in (value if isinstance(value, list) else ())
        if isinstance(item, Mapping) and item.get("Id")
    )


def path_of(handle: str) -> str:
    """Return the path of a URL, and anything else as it is.

    A queue is named by its URL, whose host is the endpoint of whoever looks.
    """
    if not handle.startswith(("http://", "https://")):
        return handle
    return "/" + handle.split("/", 3)[3] if handle.count("/") > 2 else handle


def with_paths(handles: Iterable[str]) -> frozenset[str]:
    """Return handles with the paths of those that are URLs."""
    given = frozenset(handles)
    return given | {path_of(handle) for handle in given}
