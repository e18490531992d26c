"""Calls as the gateway records them, and what the catalog makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from executor.catalog.catalog import Catalog
from executor.catalog.describing import describe
from executor.model.call import Call, Touch
from executor.model.json import Json, JsonObject
from executor.model.resource import Resource

ACCOUNT = "123456789012"
REGION = "us-east-1"
CATALOG = Catalog()


def call(
    operation: str, params: Mapping[str, object], response: Mapping[str, object] | None = None
) -> Call:
    """A successful call; `operation` is `service:Operation`."""
    service, _, name = operation.partition(":")
    return Call(
        n=1,
        service=service,
        operation=name,
        region=REGION,
        params=cast(JsonObject, params),
        response=cast(JsonObject, response or {}),
        status=200,
    )


def touches(
    operation: str, params: Mapping[str, object], response: Mapping[str, object] | None = None
) -> set[tuple[str, str, tuple[str, ...], str]]:
    """(type, verb, handles, part) of everything that a call touched, not of what it chose by."""
    found = CATALOG.touches(call(operation, params, response))
    return {_row(t) for t in found if not t.chosen_by}


def chosen_by(operation: str, params: Mapping[str, object]) -> set[tuple[str, str]]:
    """(resource, attribute) of everything that a call chose by."""
    found = CATALOG.touches(call(operation, params))
    return {(handle, name) for t in found for handle in t.handles for name in t.chosen_by}


def _row(touch: Touch) -> tuple[str, str, tuple[str, ...], str]:
    short = touch.type.removeprefix("AWS::")
    return short, touch.verb.value, tuple(sorted(touch.handles)), touch.part


def is_unread(operation: str, params: Mapping[str, object]) -> bool:
    """Whether a successful call leaves the run undecided."""
    return bool(CATALOG.trace([call(operation, params)]).unread)


def described(type_name: str, raw: Mapping[str, Json]) -> Resource:
    """The resource that a raw description describes."""
    kind = CATALOG.type(type_name)
    assert kind is not None
    return describe(kind, raw, account=ACCOUNT, region=REGION)


def hazards(
    type_name: str, before: Mapping[str, Json], after: Mapping[str, Json]
) -> set[tuple[str, str]]:
    """(hazard, field) of the way from one raw description to another."""
    marks = CATALOG.hazards(described(type_name, before), described(type_name, after))
    return {(mark.hazard.value, mark.field) for mark in marks}
