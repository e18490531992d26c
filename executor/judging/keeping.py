"""What the engine is known not to keep of the types that a run touched.

Birth marks that do not move are no reason for doubt here: a deletion and a re-creation of one
address within the run are told by the calls (`executor.effects.incarnation`), which every
engine's trace has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.judging.evidence import Evidence
from executor.judging.gaps import first_reached
from executor.model.call import Touch, Verb
from executor.model.effect import Effect
from executor.model.finding import Finding, Rule
from executor.model.json import Json
from executor.model.resource import Resource
from sandboxes.fidelity.records import Level, TypeFidelity

_PROPERTY = "properties."
_MAKES = frozenset({Verb.CREATE, Verb.UPDATE})


def type_not_kept(evidence: Evidence) -> Iterator[Finding]:
    """A changing call touched a type that the engine cannot make, read or rebuild."""
    for kind, known in evidence.faithfulness.types.items():
        if known.level is not Level.NONE:
            continue
        call = first_reached(evidence, kind)
        if call is not None:
            yield evidence.finding(
                Rule.NOT_REHEARSED,
                f"{kind} was touched ({_named(evidence, call)}), which the engine cannot keep:"
                f" {known.reason}",
                calls=(call,),
            )


def setting_not_kept(evidence: Evidence) -> Iterator[Finding]:
    """A changing call touched a resource whose replica lacks what the engine cannot keep."""
    told: set[tuple[str, str]] = set()
    for touch in evidence.trace.touches:
        known = evidence.faithfulness.types.get(touch.type)
        if known is None or known.level is not Level.PARTIAL or not _acted(evidence, touch):
            continue
        resource = _in_target(evidence, touch)
        for word in _lacking(evidence, known, touch, resource):
            address = resource.address if resource is not None else ""
            if (address or touch.type, word) not in told:
                told.add((address or touch.type, word))
                yield _lacks(evidence, touch, address, word)


def _lacks(evidence: Evidence, touch: Touch, address: str, word: str) -> Finding:
    return evidence.finding(
        Rule.NOT_REHEARSED,
        f"{address or touch.type} was touched ({_named(evidence, touch.call)}), and the engine"
        f" does not keep its {word.removeprefix(_PROPERTY)}",
        address=address,
        calls=(touch.call,),
    )


def _acted(evidence: Evidence, touch: Touch) -> bool:
    call = evidence.trace.call(touch.call)
    return touch.verb is not Verb.READ and call.mutating and (call.succeeded or call.uncertain)


def _in_target(evidence: Evidence, touch: Touch) -> Resource | None:
    found = evidence.baseline.of_type(touch.type)
    return next((r for r in found if not r.handles.isdisjoint(touch.handles)), None)


def _lacking(
    evidence: Evidence, known: TypeFidelity, touch: Touch, resource: Resource | None
) -> Iterator[str]:
    """Yield what of the missing matters to this touch."""
    faithfulness = evidence.faithfulness
    hazardous = {f"{_PROPERTY}{key}" for key in faithfulness.hazardous.get(touch.type, ())}
    safeguards = {f"{_PROPERTY}{key}" for key in faithfulness.safeguards.get(touch.type, ())}
    if resource is not None:
        # What the target does not have cannot be lost.
        hazardous -= {word for word in safeguards if not _value(resource, word)}
    replica = _in_replica(evidence, resource) if resource is not None else None
    for word in known.missing:
        if touch.verb in _MAKES and word in hazardous and not _new(evidence, touch, resource):
            # Whether the change sets it, or weakens it, cannot be seen there.
            yield word
        elif (
            resource is not None
            and replica is not None
            and lost(_value(resource, word), _value(replica, word))
            and _matters(evidence, touch, resource, word, hazardous)
        ):
            yield word


def _new(evidence: Evidence, touch: Touch, resource: Resource | None) -> bool:
    """Whether the run made the resource itself: then there was nothing that it could weaken."""
    return resource is None and any(
        t.verb is Verb.CREATE and t.type == touch.type and not t.handles.isdisjoint(touch.handles)
        for t in evidence.trace.touches
    )


def _matters(
    evidence: Evidence, touch: Touch, resource: Resource, word: str, hazardous: set[str]
) -> bool:
    """Whether the effect of the touch depends on what is missing.

    That a resource is deleted is seen whatever it is missing, except that a safeguard among its
    settings would have kept AWS from it, and that a `Name` tag may make it a protected one.
    """
    if touch.verb is not Verb.DELETE or touch.part:
        return True
    return word in hazardous or (word == "tags" and _protected_by_tag(evidence, resource))


def _protected_by_tag(evidence: Evidence, resource: Resource) -> bool:
    tagged = [
        Effect(
            action=effect.action,
            type=effect.type,
            name=effect.name,
            id=effect.id,
            address=effect.address,
            tags=dict(resource.tags),
            handles=effect.handles,
        )
        for effect in evidence.effects.effects
        if effect.address == resource.address or not effect.handles.isdisjoint(resource.handles)
    ]
    patterns = (*evidence.intent.protect, *evidence.policy.protect)
    return any(pattern.matches(effect) for pattern in patterns for effect in tagged)


def _in_replica(evidence: Evidence, resource: Resource) -> Resource | None:
    # One that is not there at all is a gap of the replica, and a finding of its own.
    same = evidence.prior.resources.get(resource.address)
    if same is not None:
        return same
    there = evidence.prior.of_type(resource.type)
    return next((r for r in there if r.name == resource.name), None)


def _value(resource: Resource, word: str) -> Json:
    match word:
        case "tags":
            return dict(resource.tags)
        case "data":
            return dict(resource.data.entries) if resource.data is not None else None
    if word.startswith(_PROPERTY):
        return resource.properties.get(word.removeprefix(_PROPERTY))
    return None


def lost(before: Json, after: Json) -> bool:
    """Whether something of a setting is gone, and not only spelled otherwise.

    An address that an engine gives out itself differs and is there; a rule that it drops is not.
    """
    if before in (None, "", False, 0) or before == after:
        return False
    if isinstance(before, Mapping):
        other = after if isinstance(after, Mapping) else {}
        return any(lost(value, other.get(key)) for key, value in before.items())
    if isinstance(before, list | tuple):
        return len(after if isinstance(after, list | tuple) else ()) < len(before)
    return after in (None, "", False, 0)


def _named(evidence: Evidence, n: int) -> str:
    return f"{evidence.trace.call(n).operation}, call {n}"
