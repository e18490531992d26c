"""How the services of databases and caches name their resources in calls.

Identifiers are lower case whatever case a call spells them in; some calls take an ARN in their
place, and tags are set by ARN whatever it is of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from executor.catalog.declarations import Detail, Names, Operation, on
from executor.catalog.expressions import named
from executor.catalog.raw import objects, text
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import JsonObject
from executor.model.resource import DataMark

Params: TypeAlias = Iterator[Mapping[str, object]]
Make: TypeAlias = Callable[[JsonObject, DataMark | None], Params]

PASSWORD = "not-the-real-password"
"""What stands in a replica for a password, which no description tells."""


def by(*expressions: str, when: str = "") -> Names:
    """Return handles: what the expressions yield, in lower case, and what an ARN ends with.

    Args:
        *expressions: over `{params, response}`, as in `on`.
        when: expression that must yield something for the call to mean anything.
    """

    def handles(params: JsonObject, response: JsonObject) -> Sequence[str]:
        if when and not named(when, params, response):
            return ()
        found: list[str] = []
        for expression in expressions:
            for name in named(expression, params, response):
                # The first colons of an ARN are its own; a snapshot's name may hold one.
                last = name.split(":", 6)[-1] if name.startswith("arn:") else name
                found += [name, last.lower()]
        return tuple(dict.fromkeys(found))

    return handles


def arns_of(kind: str, *keys: str) -> Names:
    """Return the handles of calls that name anything of RDS's by ARN: only those of a kind.

    Args:
        kind: what the ARN has for its type (`db`, `cluster`, `subgrp`).
        *keys: parameters that hold an ARN.
    """

    def handles(params: JsonObject, response: JsonObject) -> Sequence[str]:
        found: list[str] = []
        for key in keys or ("ResourceName",):
            arn = text(params, key)
            if arn.split(":")[5:6] == [kind]:
                found += [arn, arn.split(":", 6)[-1].lower()]
        return tuple(found)

    return handles


def tag_operations(kind: str) -> tuple[Operation, ...]:
    """Return what tagging means for the resources of a kind."""
    return on(
        Verb.UPDATE,
        arns_of(kind),
        "AddTagsToResource",
        "RemoveTagsFromResource",
        part="'tags'",
    )


def tags_by(arn: str) -> Detail:
    """Return the read of the tags of what does not tell them itself.

    Args:
        arn: key of its ARN.
    """
    return Detail(
        operation="ListTagsForResource",
        params={"ResourceName": arn},
        pick="TagList",
        into="TagList",
    )


def own_tags(raw: JsonObject, key: str = "TagList") -> list[JsonObject]:
    """Return the tags that are not AWS's own, which nobody may set."""
    return [t for t in objects(raw, key) if not text(t, "Key").startswith("aws:")]


def given(raw: JsonObject, *keys: str) -> dict[str, object]:
    """Return what of the keys is set, as parameters of the same names."""
    return {key: raw[key] for key in keys if raw.get(key) not in (None, "", [], {})}


def names_in(raw: JsonObject, key: str, name: str) -> list[str]:
    """Return the names in a list of objects, sorted."""
    return sorted(text(item, name) for item in objects(raw, key))


def disrupting(handles: Names, part: str, *operations: str) -> tuple[Operation, ...]:
    """Return operations that interrupt what they name, though no setting tells of it."""
    return on(Verb.UPDATE, handles, *operations, part=f"'{part}'", hazard=Hazard.DISRUPTION)
