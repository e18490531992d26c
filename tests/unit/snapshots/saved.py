"""Saved snapshots to try things on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from executor.model.json import Json
from executor.model.resource import DataMark, Gap, Member, Resource
from executor.model.saved import SavedScope, SavedSnapshot

ACCOUNT = "123456789012"
REGION = "eu-west-1"
QUEUE = "AWS::SQS::Queue"


def resource(
    name: str,
    *,
    type_name: str = QUEUE,
    properties: Mapping[str, Json] | None = None,
    raw: Mapping[str, Json] | None = None,
    birth: Mapping[str, Json] | None = None,
    tags: Mapping[str, str] | None = None,
    data: DataMark | None = None,
    members: tuple[Member, ...] = (),
    address: str = "",
) -> Resource:
    return Resource(
        type=type_name,
        address=address or f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
        name=name,
        id=name,
        account=ACCOUNT,
        region=REGION,
        properties=properties or {},
        birth=birth or {},
        handles=frozenset({name}),
        tags=tags or {},
        data=data,
        members=members,
        raw=raw or {},
    )


def scope(
    *resources: Resource,
    service: str = "sqs",
    region: str = REGION,
    account: str = ACCOUNT,
    types: Sequence[str] = (QUEUE,),
    gaps: tuple[Gap, ...] = (),
) -> SavedScope:
    return SavedScope(
        account=account,
        region=region,
        service=service,
        types=dict.fromkeys(types, "0123456789abcdef"),
        resources=resources,
        gaps=gaps,
    )


def saved(*scopes: SavedScope, source: str = "prod") -> SavedSnapshot:
    return SavedSnapshot(
        source=source,
        endpoint_url="",
        account=ACCOUNT,
        region=REGION,
        taken="2026-11-23T14:15:02+00:00",
        executor="0.1.0",
        scopes=scopes,
    )
