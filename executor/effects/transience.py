"""What was made and removed within the run, and what was made and is nowhere."""

from __future__ import annotations

from collections import defaultdict

from executor.effects.causes import Causes
from executor.effects.disagreements import Disagreement
from executor.model.call import Touch, Verb
from executor.model.effect import Transient
from executor.model.resource import Resource, Snapshot


def transients(
    prior: Snapshot, observed: Snapshot, causes: Causes
) -> tuple[tuple[Transient, ...], tuple[Disagreement, ...]]:
    """Return what came and went, and creations that nothing bears out.

    Returns:
        The transient resources, and (call, address, words) for each creation that
        "succeeded" although the resource was never seen and never removed.
    """
    known: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for resource in (*prior.resources.values(), *observed.resources.values()):
        for handle in resource.handles:
            known[resource.type, handle].append(resource)
    ended = tuple(t for t in causes.touches if t.verb is Verb.DELETE and not t.part and t.succeeded)
    found: dict[tuple[str, ...], Transient] = {}
    lost: list[Disagreement] = []
    for touch in causes.touches:
        if touch.verb is not Verb.CREATE or not touch.succeeded or touch.part:
            continue
        namesakes = (r for h in touch.handles for r in known.get((touch.type, h), ()))
        if any(touch.concerns(resource) for resource in namesakes):
            continue
        related = causes.like(touch)
        name = _shortest(touch.handles)
        removals = _removals(touch, related) or _removals_of_owner(touch, ended, causes)
        if removals:
            calls = tuple(sorted({t.call for t in related} | removals))
            key = (touch.type, touch.account, touch.region, *sorted(touch.handles))
            found[key] = Transient(type=touch.type, name=name, calls=calls)
        else:
            lost.append((touch.call, "", f"{touch.type} {name} was made but is not there"))
    return tuple(found.values()), tuple(lost)


def _removals(made: Touch, related: tuple[Touch, ...]) -> set[int]:
    return {
        t.call
        for t in related
        if t.verb is Verb.DELETE and t.succeeded and not t.part and t.call > made.call
    }


def _removals_of_owner(made: Touch, ended: tuple[Touch, ...], causes: Causes) -> set[int]:
    """Return the calls that removed what a resource goes with.

    A subscription goes with the topic whose ARN its own begins with; a volume with the instance
    that the same call made.
    """
    siblings: set[tuple[str, str]] = {
        (t.type, handle)
        for t in causes.made_by(made.call)
        if t.type != made.type
        for handle in t.handles
    }
    arns = tuple(h for h in made.handles if h.startswith("arn:"))
    return {
        t.call
        for t in ended
        if t.call > made.call
        and any((t.type, h) in siblings or _begins_with(arns, h) for h in t.handles)
    }


def _begins_with(arns: tuple[str, ...], owner: str) -> bool:
    return owner.startswith("arn:") and any(a.startswith((f"{owner}:", f"{owner}/")) for a in arns)


def _shortest(handles: frozenset[str]) -> str:
    plain = [h for h in handles if not h.startswith(("arn:", "http"))]
    return min(plain or handles, key=lambda h: (len(h), h))
