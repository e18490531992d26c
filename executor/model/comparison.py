"""How two saved snapshots differ."""

from __future__ import annotations

from dataclasses import dataclass

from executor.model.effect import Action, FieldChange
from executor.model.json import Json

SCHEMA = "executor/snapshot-diff/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of one resource between two snapshots.

    Attributes:
        action: created, updated, deleted, or deleted and made again under its name.
        type: resource type.
        name: its own name, or its id.
        address: its address; of a re-created one the old address.
        account: 12-digit account.
        region: region; `global` for a global service.
        changed: settings and tags that differ, for `update` and `replace`.
        data: what it holds otherwise, in words.
        replaced_by: new address of a re-created resource; empty when it is the same.
    """

    action: Action
    type: str
    name: str
    address: str
    account: str
    region: str
    changed: tuple[FieldChange, ...] = ()
    data: tuple[str, ...] = ()
    replaced_by: str = ""

    def view(self) -> dict[str, Json]:
        """Return its JSON object."""
        return {
            "action": self.action.value,
            "type": self.type,
            "name": self.name,
            "address": self.address,
            "account": self.account,
            "region": self.region,
            "changed": {c.path: {"before": c.before, "after": c.after} for c in self.changed},
            "data": list(self.data),
            "replaced_by": self.replaced_by or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: whose state it is, and of when."""

    digest: str
    taken: str
    account: str
    resources: int

    def view(self) -> dict[str, Json]:
        """Return its JSON object."""
        return {
            "digest": self.digest,
            "taken": self.taken,
            "account": self.account,
            "resources": self.resources,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two snapshots side by side.

    Attributes:
        before: the first.
        after: the second.
        differences: by type and name.
        unknown: what cannot be compared, because only one of them covers it; one sentence each.
    """

    before: Side
    after: Side
    differences: tuple[Difference, ...]
    unknown: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Nothing differs, and nothing is unknown."""
        return not self.differences and not self.unknown

    def to_json(self) -> dict[str, Json]:
        """Return the JSON object."""
        return {
            "schema": SCHEMA,
            "equal": self.equal,
            "before": self.before.view(),
            "after": self.after.view(),
            "differences": [d.view() for d in self.differences],
            "unknown": list(self.unknown),
        }
