"""From two saved snapshots to what differs between them; no calls are known, and no causes.

What only one of them covers is unknown: it was neither made nor removed as far as one can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from executor.effects.fields import changed_fields
from executor.effects.incarnation import birth_moved
from executor.model.comparison import Comparison, Difference, Side
from executor.model.effect import Action, FieldChange
from executor.model.resource import DataMark, Resource
from executor.model.saved import SavedScope, SavedSnapshot

_MOST_NAMED = 10
_GUESSED = "message"

Key = tuple[str, str, str]
_NONE = SavedScope(account="", region="", service="")


def compare(before: SavedSnapshot, after: SavedSnapshot) -> Comparison:
    """Return how the second snapshot differs from the first."""
    old, new = _by_key(before), _by_key(after)
    found = _Found()
    for key in sorted(old.keys() | new.keys()):
        found.add(_Pair(key, old.get(key, _NONE), new.get(key, _NONE)))
    return Comparison(
        before=_side(before),
        after=_side(after),
        differences=tuple(sorted(found.differences, key=lambda d: (d.type, d.name, d.address))),
        unknown=tuple(dict.fromkeys(found.unknown)),
    )


@dataclass(slots=True)
class _Found:
    differences: list[Difference] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def add(self, pair: _Pair) -> None:
        self.unknown.extend(pair.uncovered())
        old = {r.address: r for r in pair.before.resources}
        new = {r.address: r for r in pair.after.resources}
        for address in old.keys() & new.keys():
            change = _change(old[address], new[address])
            if change is not None:
                self.differences.append(change)
        gone = [r for a, r in old.items() if a not in new and pair.tells(pair.after, r)]
        come = [r for a, r in new.items() if a not in old and pair.tells(pair.before, r)]
        self.differences.extend(_gone_and_come(gone, come))


@dataclass(frozen=True, slots=True)
class _Pair:
    """One service in one region of one account, in both snapshots."""

    key: Key
    before: SavedScope
    after: SavedScope

    def tells(self, side: SavedScope, missing: Resource) -> bool:
        """Whether a side would hold a resource if it were there."""
        if missing.type not in side.types:
            return False
        return not any(
            gap.type in ("*", missing.type) and gap.address in ("", missing.address)
            for gap in side.gaps
        )

    def uncovered(self) -> Iterator[str]:
        """Yield what only one side covers; one sentence each."""
        account, region, service = self.key
        for side, word in ((self.before, "first"), (self.after, "second")):
            if side is _NONE:
                yield f"{service} in {region} of {account} is not in the {word} snapshot"
                return
        for side, word in ((self.before, "first"), (self.after, "second")):
            other = self.after if side is self.before else self.before
            for name in sorted(other.types.keys() - side.types.keys()):
                yield f"{name} in {region} of {account} is not in the {word} snapshot"
            shared = {(gap.type, gap.address) for gap in other.gaps}
            for gap in (g for g in side.gaps if (g.type, g.address) not in shared):
                yield f"{gap.address or gap.type} was not read for the {word}: {gap.reason}"


def _by_key(snapshot: SavedSnapshot) -> Mapping[Key, SavedScope]:
    return {(s.account, s.region, s.service): s for s in snapshot.scopes}


def _side(snapshot: SavedSnapshot) -> Side:
    return Side(
        digest=snapshot.digest,
        taken=snapshot.taken,
        account=snapshot.account,
        resources=snapshot.resources,
    )


def _gone_and_come(gone: Iterable[Resource], come: Iterable[Resource]) -> Iterator[Difference]:
    # Another address under the same name: an id or an ARN that is another one every time.
    waiting = {(r.type, r.name): r for r in come}
    for old in gone:
        new = waiting.pop((old.type, old.name), None)
        if new is None:
            yield _difference(Action.DELETE, old)
        else:
            yield _difference(
                Action.REPLACE, old, changed=changed_fields(old, new), replaced_by=new.address
            )
    for new in waiting.values():
        yield _difference(Action.CREATE, new)


def _change(old: Resource, new: Resource) -> Difference | None:
    changed = (*changed_fields(old, new), *_life(old, new))
    data = tuple(_data(old.data, new.data))
    if birth_moved(old, new):
        return _difference(Action.REPLACE, old, changed=changed, data=data)
    if changed or data:
        return _difference(Action.UPDATE, old, changed=changed, data=data)
    return None


def _life(old: Resource, new: Resource) -> Iterator[FieldChange]:
    if old.deferred_delete != new.deferred_delete:
        yield FieldChange(
            path="scheduled for deletion", before=old.deferred_delete, after=new.deferred_delete
        )
    before, after = (
        {m.logical_id: m.id for m in r.members} if r.members else None for r in (old, new)
    )
    if before != after:
        yield FieldChange(path="members", before=before, after=after)


def _data(old: DataMark | None, new: DataMark | None) -> Iterator[str]:
    if old is None or new is None:
        return
    partly = "" if old.complete and new.complete else " (not all were read)"
    before, after = old.entries, new.entries
    lists = (
        ("new", [k for k in after if k not in before]),
        ("gone", [k for k in before if k not in after]),
        ("changed", [k for k in before if k in after and before[k] != after[k]]),
    )
    for word, keys in lists:
        if keys:
            more = f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else ""
            yield f"{new.unit}s {word}: {', '.join(sorted(keys)[:_MOST_NAMED])}{more}{partly}"
    counted = not (before or after) and new.unit != _GUESSED
    if counted and old.count != new.count:
        yield f"{new.unit}s: {_shown(old.count)}, then {_shown(new.count)}"


def _shown(count: int | None) -> str:
    return "unknown" if count is None else str(count)


def _difference(
    action: Action,
    resource: Resource,
    *,
    changed: tuple[FieldChange, ...] = (),
    data: tuple[str, ...] = (),
    replaced_by: str = "",
) -> Difference:
    return Difference(
        action=action,
        type=resource.type,
        name=resource.name,
        address=resource.address,
        account=resource.account,
        region=resource.region,
        changed=changed,
        data=data,
        replaced_by=replaced_by,
    )
