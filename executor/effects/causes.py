"""Which calls account for what happened to a resource."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from executor.effects.fields import leaves
from executor.model.call import Touch, Trace, Verb
from executor.model.resource import Resource, Snapshot

STACK = "AWS::CloudFormation::Stack"
_MAKES_OR_ENDS = frozenset({Verb.CREATE, Verb.DELETE, Verb.OPERATE})


class Owners:
    """The stacks of one snapshot, found by what they own."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Args:
        snapshot: the state whose stacks are meant.
        """
        self._by_member: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for resource in snapshot.resources.values():
            for member in resource.members:
                self._by_member[member.type, member.id].append(resource)

    def of(self, resource: Resource) -> tuple[Resource, ...]:
        """Return the stack that owns the resource and the stacks around it, inmost first."""
        found: dict[str, Resource] = {}
        queue = [resource]
        while queue:
            owned = queue.pop(0)
            for handle in sorted(owned.handles):
                for stack in self._by_member.get((owned.type, handle), ()):
                    if stack.address not in found:
                        found[stack.address] = stack
                        queue.append(stack)
        return tuple(found.values())


class Causes:
    """Touches of one run that may have changed something, found by what they concern."""

    def __init__(self, prior: Snapshot, observed: Snapshot, trace: Trace) -> None:
        """Args:
        prior: the state before; its stacks' members count.
        observed: the state after.
        trace: the calls, with what they touched.
        """
        uncertain = {call.n for call in trace.calls if call.uncertain}
        self.touches: tuple[Touch, ...] = tuple(
            touch
            for touch in trace.touches
            if touch.verb is not Verb.READ and (touch.succeeded or touch.call in uncertain)
        )
        self.owners_before = Owners(prior)
        self.owners_after = Owners(observed)
        self._places: Mapping[tuple[str, str], list[int]] = _by_handle(self.touches)
        self._made: Mapping[int, list[Touch]] = _creations(self.touches)

    def direct(self, *resources: Resource) -> tuple[Touch, ...]:
        """Return the touches that name one of the resources."""
        places = {
            place
            for resource in resources
            for place in self._named(resource.type, resource.handles)
            if self.touches[place].concerns(resource)
        }
        return tuple(self.touches[place] for place in sorted(places))

    def like(self, touch: Touch) -> tuple[Touch, ...]:
        """Return the touches of what one touch is about."""
        here = (touch.account, touch.region)
        places = set(self._named(touch.type, touch.handles))
        found = (self.touches[place] for place in sorted(places))
        return tuple(t for t in found if (t.account, t.region) == here)

    def _named(self, type_name: str, handles: Iterable[str]) -> Iterator[int]:
        for handle in handles:
            yield from self._places.get((type_name, handle), ())

    def made_by(self, call: int) -> tuple[Touch, ...]:
        """Return what one call brought into being."""
        return tuple(self._made.get(call, ()))

    def by_owner(self, *resources: Resource) -> tuple[Touch, ...]:
        """Return the touches on stacks that own one of the resources, however deep."""
        return self.direct(
            *(
                stack
                for resource in resources
                for owners in (self.owners_before, self.owners_after)
                for stack in owners.of(resource)
            )
        )

    def calls(self, *resources: Resource) -> tuple[int, ...]:
        """Return the calls that account for a change of the resources, in order.

        A resource also changes when one it refers to is made or ended: the default security
        group comes with its VPC, a subscription goes with its topic.
        """
        found = {t.call for t in (*self.direct(*resources), *self.by_owner(*resources))}
        if not found:
            found = {t.call for t in self._by_reference(resources)}
        return tuple(sorted(found))

    def _by_reference(self, resources: Iterable[Resource]) -> Iterable[Touch]:
        mentioned = {text for r in resources for text in mentions(r)}
        return (
            touch
            for touch in self.touches
            if touch.verb in _MAKES_OR_ENDS and not touch.handles.isdisjoint(mentioned)
        )


def mentions(resource: Resource) -> frozenset[str]:
    """Return every text in the description of a resource, among them what it refers to."""
    return frozenset((*leaves(resource.properties), *leaves(resource.raw)))


def _by_handle(touches: Iterable[Touch]) -> Mapping[tuple[str, str], list[int]]:
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, touch in enumerate(touches):
        for handle in touch.handles:
            places[touch.type, handle].append(place)
    return dict(places)


def _creations(touches: Iterable[Touch]) -> Mapping[int, list[Touch]]:
    made: dict[int, list[Touch]] = defaultdict(list)
    for touch in touches:
        if touch.verb is Verb.CREATE:
            made[touch.call].append(touch)
    return dict(made)
