"""Small worlds to tell effects of: resources, calls, and semantics that say what is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from executor.model.call import Call, Touch, Trace, Verb
from executor.model.effect import Hazard, HazardMark
from executor.model.resource import DataMark, Gap, Member, Resource, Snapshot

QUEUE = "AWS::SQS::Queue"
TABLE = "AWS::DynamoDB::Table"
STACK = "AWS::CloudFormation::Stack"
ACCOUNT = "111122223333"


@dataclass
class InMemorySemantics:
    """Knows what a test says."""

    stateless: frozenset[str] = frozenset({STACK})
    versioned: frozenset[str] = frozenset()
    marks: Mapping[str, Hazard] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    def service_of(self, type_name: str) -> str:
        return {QUEUE: "sqs", TABLE: "dynamodb"}.get(type_name, "")

    def readable(self, type_name: str) -> bool:
        return type_name not in self.unknown

    def stateful(self, type_name: str) -> bool:
        return type_name not in self.stateless

    def overwrites_lose(self, resource: Resource) -> bool:
        return resource.name not in self.versioned

    def hazards(self, before: Resource, after: Resource) -> tuple[HazardMark, ...]:
        return tuple(
            HazardMark(hazard=hazard, field=name)
            for name, hazard in self.marks.items()
            if before.properties.get(name) != after.properties.get(name)
        )


def resource(
    name: str,
    *,
    type: str = QUEUE,
    birth: str = "1",
    id: str = "",
    properties: Mapping[str, str] | None = None,
    data: DataMark | None = None,
    members: tuple[Member, ...] = (),
    builtin: bool = False,
    settling: bool = False,
    deferred: bool = False,
) -> Resource:
    identity = id or name
    address = f"{type}/{ACCOUNT}/us-east-1/{identity}"
    return Resource(
        type=type,
        address=address,
        name=name,
        id=identity,
        account=ACCOUNT,
        region="us-east-1",
        properties=dict(properties or {}),
        birth={"created": birth},
        handles=frozenset({name, identity, address}),
        data=data,
        members=members,
        builtin=builtin,
        settling=settling,
        deferred_delete=deferred,
    )


def snapshot(*resources: Resource, gaps: Iterable[Gap] = ()) -> Snapshot:
    return Snapshot(
        account=ACCOUNT,
        region="us-east-1",
        services=frozenset({"sqs", "dynamodb"}),
        resources={r.address: r for r in resources},
        gaps=tuple(gaps),
    )


def trace(*steps: tuple[Verb, str] | tuple[Verb, str, str], type: str = QUEUE) -> Trace:
    """Return a trace of successful calls: (verb, name of the resource, part)."""
    calls, touches = [], []
    for n, step in enumerate(steps, start=1):
        verb, name = step[0], step[1]
        part = step[2] if len(step) == 3 else ""
        calls.append(
            Call(n=n, service="sqs", operation=verb.value.title(), region="us-east-1", status=200)
        )
        kind = STACK if name.startswith("stack") else type
        touches.append(Touch(call=n, type=kind, verb=verb, handles=frozenset({name}), part=part))
    return Trace(calls=tuple(calls), touches=tuple(touches))
