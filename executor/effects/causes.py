"""Which calls account for what happened to a resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from executor.effects.fields import leaves
from executor.model.call import Touch, Trace, Verb
from executor.model.resource import Resource, Snapshot

STACK = "AWS::CloudFormation::Stack"
_MAKES_OR_ENDS = frozenset({Verb.CREATE, Verb.DELETE, Verb.OPERATE})


class Causes:
    """Touches of one run, found by the resource they concern."""

    def __init__(self, prior: Snapshot, observed: Snapshot, trace: Trace) -> None:
        """Args:
        prior: the state before; its stacks' members count.
        observed: the state after.
        trace: the calls, with what they touched.
        """
        uncertain = {call.n for call in trace.calls if call.uncertain}
        self._touches = tuple(
            touch
            for touch in trace.touches
            if touch.verb is not Verb.READ and (touch.succeeded or touch.call in uncertain)
        )
        self._stacks = tuple(
            r for s in (prior, observed) for r in s.resources.values() if r.members
        )

    def direct(self, *resources: Resource) -> tuple[Touch, ...]:
        """Return the touches that name one of the resources."""
        return tuple(t for t in self._touches if any(_names(t, r) for r in resources))

    def by_owner(self, *resources: Resource) -> tuple[Touch, ...]:
        """Return the touches on stacks that own one of the resources, however deep."""
        owners = self._owners(resources)
        return tuple(t for t in self._touches if any(_names(t, owner) for owner in owners))

    def calls(self, *resources: Resource) -> tuple[int, ...]:
        """Return the calls that account for a change of the resources, in order.

        A resource also changes when one it refers to is made or ended: the default security
        group comes with its VPC, a subscription goes with its topic.
        """
        found = {t.call for t in (*self.direct(*resources), *self.by_owner(*resources))}
        if not found:
            found = {t.call for t in self._by_reference(resources)}
        return tuple(sorted(found))

    def uncaught(self, type_names: Iterable[str]) -> bool:
        """Whether anything of the types was touched."""
        wanted = set(type_names)
        return any(t.type in wanted for t in self._touches)

    @property
    def touches(self) -> tuple[Touch, ...]:
        """All touches that may have changed something."""
        return self._touches

    def _owners(self, resources: Iterable[Resource]) -> list[Resource]:
        owners: list[Resource] = []
        queue = list(resources)
        seen: set[str] = set()
        while queue:
            owned = queue.pop()
            for stack in self._stacks:
                if stack.address not in seen and _owns(stack, owned):
                    seen.add(stack.address)
                    owners.append(stack)
                    queue.append(stack)
        return owners

    def _by_reference(self, resources: Iterable[Resource]) -> Iterator[Touch]:
        known = list(resources)
        mentioned = {text for r in known for text in leaves(dict(r.properties))}
        mentioned |= {text for r in known for text in leaves(dict(r.raw))}
        for touch in self._touches:
            if touch.verb in _MAKES_OR_ENDS and not touch.handles.isdisjoint(mentioned):
                yield touch


def _names(touch: Touch, resource: Resource) -> bool:
    return touch.type == resource.type and not touch.handles.isdisjoint(resource.handles)


def _owns(stack: Resource, resource: Resource) -> bool:
    return any(
        member.type == resource.type and member.id in resource.handles for member in stack.members
    )
