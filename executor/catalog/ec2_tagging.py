"""EC2: tags, addresses and settings in the form that all of its types share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from executor.catalog.declarations import Operation, Seed, on
from executor.catalog.raw import objects, text
from executor.model.call import Verb
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

Params: TypeAlias = Iterator[Mapping[str, object]]


def arn(kind: str) -> str:
    """Return the address format of a kind of resource (`vpc`)."""
    return "arn:{partition}:ec2:{region}:{account}:" + kind + "/{id}"


def tag_operations(prefix: str) -> tuple[Operation, ...]:
    """Return what tagging means for the resources whose ids begin with `prefix`."""
    named = f"params.Resources[?starts_with(@, '{prefix}-')]"
    return on(Verb.UPDATE, named, "CreateTags", "DeleteTags", part="'tags'", many=True)


def tagged(
    raw: JsonObject, kind: str, params: dict[str, object], key: str = "Tags"
) -> dict[str, object]:
    """Return the parameters of a creating call with the resource's tags added.

    Tags of AWS itself (`aws:cloudformation:stack-name`) cannot be set and are left out.
    """
    tags = [
        {"Key": text(tag, "Key"), "Value": text(tag, "Value")}
        for tag in objects(raw, key)
        if not text(tag, "Key").startswith("aws:")
    ]
    if not tags:
        return params
    return {**params, "TagSpecifications": [{"ResourceType": kind, "Tags": tags}]}


def tagged_afterwards(identity: str) -> Seed:
    """Return the seed that tags by a call of its own: some engines take no tags at creation.

    Args:
        identity: key of the raw description under which the id is.
    """

    def params(raw: JsonObject, data: DataMark | None) -> Params:
        specifications = tagged(raw, "any", {}).get("TagSpecifications")
        if isinstance(specifications, list):
            yield {"Resources": [raw[identity]], "Tags": specifications[0]["Tags"]}

    return Seed(operation="CreateTags", params=params)


def only(raw: JsonObject, *keys: str) -> dict[str, Json]:
    """Return the named keys that have a value; an engine's empty text is none."""
    return {key: raw[key] for key in keys if raw.get(key) not in (None, "")}


def ids(raw: JsonObject, key: str, name: str) -> list[Json]:
    """Return `name` of every object of the list `raw[key]`, sorted, without the empty ones."""
    found: list[Json] = [*sorted(text(item, name) for item in objects(raw, key) if item.get(name))]
    return found


def ordered(items: list[JsonObject]) -> list[Json]:
    """Return the objects in an order that does not depend on how they were listed."""
    found: list[Json] = [*sorted(items, key=canonical)]
    return found
