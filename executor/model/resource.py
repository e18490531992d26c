"""Resources as read, and snapshots of many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from executor.model.json import Json, JsonObject, digest

GLOBAL = "global"
"""The region of services that have one for all regions."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One service in one region (`global` for a global service) of one account.

    The account is empty for the target's own.
    """

    service: str
    region: str
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMark:
    """What a resource holds, represented and not copied.

    Attributes:
        unit: `object`, `item`, `message`, `version`, `event`.
        count: how many there are; None when that cannot be known.
        entries: key -> fingerprint of its value, as far as they were read.
        complete: every entry was read (no cap was hit).
        unbuilt: entries that the target holds and its replica does not, because only so many
            are rebuilt.
        originals: key -> fingerprint of the value at the target, where `entries` may be about
            what stands in for it in a replica.
    """

    unit: str
    count: int | None
    entries: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    unbuilt: Mapping[str, str] = field(default_factory=dict)
    originals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A resource that a CloudFormation stack owns."""

    logical_id: str
    type: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource at one moment.

    Attributes:
        type: CloudFormation type name.
        address: ARN where AWS has one, else `type/account/region/id`.
        name: its own name where the type has one, else its id.
        id: physical id as the target knows it.
        account: 12-digit account.
        region: region; `global` for global services.
        properties: settings that matter, without volatile fields and birth marks.
        birth: marks that move when the resource is deleted and re-created.
        handles: every string that calls may name it by (name, id, ARN, URL).
        tags: its tags.
        data: what it holds; None for a type that holds no data.
        members: what it owns, for a stack.
        raw: the description as read, for seeding; never shown.
        builtin: made by AWS itself (default VPC, managed policy, `aws/` key).
        deferred_delete: it is scheduled for deletion.
        settling: it is still being created, changed or deleted.
    """

    type: str
    address: str
    name: str
    id: str
    account: str
    region: str
    properties: JsonObject = field(default_factory=dict)
    birth: JsonObject = field(default_factory=dict)
    handles: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    data: DataMark | None = None
    members: tuple[Member, ...] = ()
    raw: JsonObject = field(default_factory=dict)
    builtin: bool = False
    deferred_delete: bool = False
    settling: bool = False

    def view(self) -> dict[str, Json]:
        """Return what checks and reports see."""
        return {
            "type": self.type,
            "name": self.name,
            "id": self.id,
            "address": self.address,
            "account": self.account,
            "region": self.region,
            "properties": self.properties,
        }

    def state_digest(self) -> str:
        """Return a digest of everything that may not differ if the resource is the same.

        A bare count (messages in a queue) moves by itself and says nothing; entries do.
        """
        data: Json = None
        if self.data is not None and self.data.entries:
            data = {"count": self.data.count, "entries": dict(self.data.entries)}
        return digest(
            {
                "properties": self.properties,
                "birth": self.birth,
                "tags": dict(self.tags),
                "data": data,
                "deferred": self.deferred_delete,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something a snapshot does not cover.

    Attributes:
        service: botocore service name.
        type: resource type, or `*` for the whole service.
        address: the one resource that could not be read; empty for all of the type.
        reason: why, in words.
        region: where; empty for everywhere.
        account: whose; empty for everybody's.
    """

    service: str
    type: str
    reason: str
    address: str = ""
    region: str = ""
    account: str = ""

    def meets(self, account: str, region: str) -> bool:
        """Whether what is in that account and region may be in the gap; empty is anywhere."""
        elsewhere = self.region != "" and region not in ("", GLOBAL, self.region)
        strangers = bool(self.account and account) and self.account != account
        return not (elsewhere or strangers)

    def view(self) -> dict[str, Json]:
        """Return the report's view."""
        view: dict[str, Json] = {"service": self.service, "type": self.type, "reason": self.reason}
        for name in ("address", "region", "account"):
            if value := getattr(self, name):
                view[name] = value
        return view


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The resources of some services of one account and region at a moment.

    Attributes:
        account: 12-digit account.
        region: region read.
        services: botocore names of the services that were read.
        resources: by address.
        gaps: what could not be read. A type named here is *unknown*, not absent.
    """

    account: str
    region: str
    services: frozenset[str] = frozenset()
    resources: Mapping[str, Resource] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()

    def merged(self, other: Self) -> Self:
        """Return this snapshot with the services of `other` added; `other` wins."""
        kept = {a: r for a, r in self.resources.items() if a not in other.resources}
        return replace(
            self,
            services=self.services | other.services,
            resources={**kept, **other.resources},
            gaps=tuple(dict.fromkeys(self.gaps + other.gaps)),
        )

    def with_originals(self, target: Self) -> Self:
        """Return this snapshot with the fingerprints of the target's data beside its own."""
        resources = dict(self.resources)
        for address, resource in self.resources.items():
            real = target.resources.get(address)
            if resource.data is not None and real is not None and real.data is not None:
                data = replace(resource.data, originals=real.data.entries)
                resources[address] = replace(resource, data=data)
        return replace(self, resources=resources)

    @property
    def settling(self) -> bool:
        """Whether something is still being created, changed or deleted."""
        return any(resource.settling for resource in self.resources.values())

    def of_type(self, type_name: str) -> tuple[Resource, ...]:
        """Return the resources of one type."""
        return tuple(r for r in self.resources.values() if r.type == type_name)
