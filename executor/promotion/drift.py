"""Has the target moved since the rehearsal?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from executor.model.call import Call, Trace
from executor.model.effect import Effect
from executor.model.json import Json
from executor.model.resource import Resource, Snapshot


def drifted(
    baseline: Snapshot, now: Snapshot, trace: Trace, effects: Iterable[Effect]
) -> tuple[str, ...]:
    """Return, one sentence each, how the target differs where the change looked or acted.

    Args:
        baseline: the target when the replica was made.
        now: the target just before promotion.
        trace: what the change did in the rehearsal.
        effects: what came of it.
    """
    concerned = _concerned(baseline, trace, effects)
    differences: list[str] = []
    for address, before in baseline.resources.items():
        if address not in concerned:
            continue
        after = now.resources.get(address)
        if after is None:
            differences.append(f"{before.type} {before.name} is gone")
        elif after.state_digest() != before.state_digest():
            differences.append(f"{before.type} {before.name} has changed")
    differences.extend(_appeared(baseline, now, trace))
    known = set(baseline.gaps)
    differences.extend(
        f"{gap.type} cannot be read any more: {gap.reason}" for gap in now.gaps if gap not in known
    )
    return tuple(differences)


def _appeared(baseline: Snapshot, now: Snapshot, trace: Trace) -> Iterator[str]:
    """What the rehearsal touched or made by name exists on the target meanwhile."""
    named = {(touch.type, handle) for touch in trace.touches for handle in touch.handles}
    for address, resource in now.resources.items():
        if address in baseline.resources:
            continue
        if any((resource.type, handle) in named for handle in resource.handles):
            yield f"{resource.type} {resource.name} has appeared"


def _concerned(baseline: Snapshot, trace: Trace, effects: Iterable[Effect]) -> frozenset[str]:
    """Return addresses of resources that the change read or touched."""
    texts = {t.handles for t in trace.touches}
    mentioned = {handle for handles in texts for handle in handles}
    mentioned.update(text for call in trace.calls for text in _texts(call))
    addresses = {e.address for e in effects}
    return frozenset(
        address
        for address, resource in baseline.resources.items()
        if address in addresses or _is_mentioned(resource, mentioned)
    )


def _is_mentioned(resource: Resource, mentioned: set[str]) -> bool:
    return not resource.handles.isdisjoint(mentioned)


def _texts(call: Call) -> Iterator[str]:
    yield from _leaves(call.params)


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
