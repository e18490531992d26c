"""What a change did to resources."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from executor.model.json import Json, JsonObject


class Action(StrEnum):
    """What happened to one resource."""

    CREATE = "create"
    """It was not there before and is after."""

    UPDATE = "update"
    """It is the same resource, and something of it changed."""

    DELETE = "delete"
    """It was there before and is not after, or is scheduled to go."""

    REPLACE = "replace"
    """It was deleted, and another took its name or place."""


class Hazard(StrEnum):
    """What makes an effect dangerous."""

    DATA_LOSS = "data-loss"
    """Data that was there is gone, or will go by itself."""

    PROTECTION_LOSS = "protection-loss"
    """A safeguard against loss is weaker than before."""

    DISRUPTION = "disruption"
    """Something that worked stops working."""

    EXPOSURE = "exposure"
    """More principals or networks can reach it than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardMark:
    """A hazard and the setting it comes from."""

    hazard: Hazard
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One setting that differs; `path` is dotted, None stands for absent."""

    path: str
    before: Json
    after: Json


class Doubt(StrEnum):
    """Why an effect is not fully explained."""

    NO_CAUSE = "no-cause"
    """No recorded call accounts for it."""

    SOURCES_DISAGREE = "sources-disagree"
    """The trace says one thing and the snapshots another."""

    UNSETTLED = "unsettled"
    """The resource was still changing when it was read."""

    PARTLY_READ = "partly-read"
    """It holds more than was read, so what a write took the place of cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change did to one resource.

    Attributes:
        action: what happened.
        type: resource type.
        name: the resource's name.
        id: physical id.
        address: where it was (for `replace`, the old one).
        hazards: what makes it dangerous.
        calls: numbers of the calls that caused it.
        before: the resource before (`Resource.view()` form); None for `create`.
        after: the resource after; None for `delete`.
        changed: settings that differ.
        parts: parts that were lost or changed, in words (`object a/b`, `policy`).
        replaced_by: address of what took its place.
        deferred: the deletion is scheduled, not done.
        tags: tags before (after for `create`), for matching patterns.
        handles: every string the resource is known by, for matching patterns.
        doubts: why the effect is not fully explained; empty when it is.
        expected: an intent covers it (set by the judge).
    """

    action: Action
    type: str
    name: str
    id: str
    address: str
    hazards: frozenset[Hazard] = frozenset()
    calls: tuple[int, ...] = ()
    before: JsonObject | None = None
    after: JsonObject | None = None
    changed: tuple[FieldChange, ...] = ()
    parts: tuple[str, ...] = ()
    replaced_by: str = ""
    deferred: bool = False
    tags: JsonObject = field(default_factory=dict)
    handles: frozenset[str] = frozenset()
    doubts: tuple[Doubt, ...] = ()
    expected: bool = False

    def view(self) -> dict[str, Json]:
        """Return the report's view."""
        view: dict[str, Json] = {
            "action": self.action.value,
            "type": self.type,
            "name": self.name,
            "id": self.id,
            "address": self.address,
            "hazards": sorted(h.value for h in self.hazards),
            "expected": self.expected,
            "calls": list(self.calls),
            "before": self.before,
            "after": self.after,
            "changed": [
                {"path": c.path, "before": c.before, "after": c.after} for c in self.changed
            ],
            "parts": list(self.parts),
        }
        if self.replaced_by:
            view["replaced_by"] = self.replaced_by
        if self.deferred:
            view["deferred"] = True
        if self.doubts:
            view["doubts"] = [d.value for d in self.doubts]
        return view


@dataclass(frozen=True, slots=True, kw_only=True)
class Transient:
    """A resource made and removed within the run: no effect."""

    type: str
    name: str
    calls: tuple[int, ...]

    def view(self) -> dict[str, Json]:
        """Return the report's view."""
        return {"type": self.type, "name": self.name, "calls": list(self.calls)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Everything a change did.

    Attributes:
        effects: by resource, in the order of their first call.
        transient: made and removed within the run.
        disagreements: calls whose claim nothing bears out (a deletion that "succeeded" and
            left the resource in place): call number -> in words.
        unread: what a call made a stack act on, and nobody can read.
    """

    effects: tuple[Effect, ...] = ()
    transient: tuple[Transient, ...] = ()
    disagreements: tuple[tuple[int, str, str], ...] = ()
    """(call number, address, words)"""
    unread: tuple[tuple[int, str, str], ...] = ()
    """(call number, address, words)"""
