"""Calls and snapshots as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from executor.model.call import Call, Refusal
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark, Gap, Member, Resource, Snapshot
from executor.model.saved import SavedScope


def call_to_json(call: Call) -> dict[str, Json]:
    """Return everything of a call."""
    return {
        "n": call.n,
        "service": call.service,
        "operation": call.operation,
        "region": call.region,
        "params": call.params,
        "mutating": call.mutating,
        "status": call.status,
        "error": call.error,
        "response": call.response,
        "refused": call.refused.value if call.refused else None,
        "detail": call.detail,
        "started_ms": call.started_ms,
        "duration_ms": call.duration_ms,
        "sealed": call.sealed,
        "stand_in": call.stand_in,
        "account": call.account,
    }


def call_from_json(value: JsonObject) -> Call:
    """Return the call.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    fields = dict(value)
    refused = fields.pop("refused", None)
    return Call(
        refused=Refusal(str(refused)) if refused else None,
        **fields,  # type: ignore[arg-type]
    )


def snapshot_to_json(snapshot: Snapshot) -> dict[str, Json]:
    """Return everything of a snapshot but raw descriptions, which may hold secrets."""
    return {
        "account": snapshot.account,
        "region": snapshot.region,
        "services": sorted(snapshot.services),
        "resources": [_resource_to_json(r) for r in snapshot.resources.values()],
        "gaps": [gap.view() for gap in snapshot.gaps],
    }


def snapshot_from_json(value: JsonObject) -> Snapshot:
    """Return the snapshot.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    resources = [_resource_from_json(r) for r in cast("list[JsonObject]", value["resources"])]
    gaps = cast("list[Mapping[str, str]]", value["gaps"])
    return Snapshot(
        account=str(value["account"]),
        region=str(value["region"]),
        services=frozenset(cast("list[str]", value["services"])),
        resources={r.address: r for r in resources},
        gaps=tuple(Gap(**gap) for gap in gaps),
    )


def scope_to_json(scope: SavedScope) -> dict[str, Json]:
    """Return everything of a saved scope, raw descriptions too, in an order of its own."""
    return {
        "account": scope.account,
        "region": scope.region,
        "service": scope.service,
        "types": dict(scope.types),
        "resources": [
            {**_resource_to_json(r), "raw": r.raw}
            for r in sorted(scope.resources, key=lambda r: (r.type, r.address))
        ],
        "gaps": [
            gap.view() for gap in sorted(scope.gaps, key=lambda g: (g.type, g.address, g.reason))
        ],
    }


def scope_from_json(value: JsonObject) -> SavedScope:
    """Return the saved scope.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    return SavedScope(
        account=str(value["account"]),
        region=str(value["region"]),
        service=str(value["service"]),
        types={str(k): str(v) for k, v in cast("Mapping[str, Json]", value["types"]).items()},
        resources=tuple(
            _resource_from_json(r) for r in cast("list[JsonObject]", value["resources"])
        ),
        gaps=tuple(Gap(**gap) for gap in cast("list[Mapping[str, str]]", value["gaps"])),
    )


def _resource_to_json(resource: Resource) -> dict[str, Json]:
    data = resource.data
    return {
        "type": resource.type,
        "address": resource.address,
        "name": resource.name,
        "id": resource.id,
        "account": resource.account,
        "region": resource.region,
        "properties": resource.properties,
        "birth": resource.birth,
        "handles": sorted(resource.handles),
        "tags": dict(resource.tags),
        "data": None
        if data is None
        else {
            "unit": data.unit,
            "count": data.count,
            "entries": dict(data.entries),
            "complete": data.complete,
        },
        "members": [
            {"logical_id": m.logical_id, "type": m.type, "id": m.id} for m in resource.members
        ],
        "builtin": resource.builtin,
        "deferred_delete": resource.deferred_delete,
        "settling": resource.settling,
    }


def _resource_from_json(value: JsonObject) -> Resource:
    fields = dict(value)
    data = cast("Mapping[str, Json] | None", fields.pop("data"))
    members = cast("list[Mapping[str, str]]", fields.pop("members"))
    handles = cast("list[str]", fields.pop("handles"))
    return Resource(
        data=DataMark(**data) if data is not None else None,  # type: ignore[arg-type]
        members=tuple(Member(**member) for member in members),
        handles=frozenset(handles),
        **fields,  # type: ignore[arg-type]
    )
