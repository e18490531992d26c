"""What was made and removed within the run, and what was made and is nowhere."""

from __future__ import annotations

from executor.effects.causes import Causes
from executor.model.call import Touch, Verb
from executor.model.effect import Transient
from executor.model.resource import Snapshot


def transients(
    prior: Snapshot, observed: Snapshot, causes: Causes
) -> tuple[tuple[Transient, ...], tuple[tuple[int, str, str], ...]]:
    """Return what came and went, and creations that nothing bears out.

    Returns:
        The transient resources, and (call, address, words) for each creation that
        "succeeded" although the resource was never seen and never removed.
    """
    known = {
        (r.type, h) for s in (prior, observed) for r in s.resources.values() for h in r.handles
    }
    found: dict[tuple[str, frozenset[str]], Transient] = {}
    lost: list[tuple[int, str, str]] = []
    for touch in causes.touches:
        if touch.verb is not Verb.CREATE or not touch.succeeded or touch.part:
            continue
        if any((touch.type, handle) in known for handle in touch.handles):
            continue
        related = _related(touch, causes)
        name = _shortest(touch.handles)
        if any(t.verb is Verb.DELETE and t.call > touch.call for t in related):
            calls = tuple(sorted({t.call for t in related}))
            found[(touch.type, touch.handles)] = Transient(type=touch.type, name=name, calls=calls)
        else:
            lost.append((touch.call, "", f"{touch.type} {name} was made but is not there"))
    return tuple(found.values()), tuple(lost)


def _related(touch: Touch, causes: Causes) -> list[Touch]:
    return [
        t
        for t in causes.touches
        if t.type == touch.type and not t.handles.isdisjoint(touch.handles)
    ]


def _shortest(handles: frozenset[str]) -> str:
    plain = [h for h in handles if not h.startswith(("arn:", "http"))]
    return min(plain or handles, key=lambda h: (len(h), h))
