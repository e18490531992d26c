"""Members of stacks that nobody can read, though a call made their stack act on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from executor.effects.causes import STACK, Causes
from executor.effects.disagreements import Disagreement
from executor.model.call import Trace
from executor.model.resource import Resource, Snapshot

# They concern the stack itself and nothing that it owns.
_APART = frozenset({"UpdateTerminationProtection", "SetStackPolicy", "SignalResource"})


def unread_members(
    prior: Snapshot,
    observed: Snapshot,
    causes: Causes,
    trace: Trace,
    readable: Callable[[str], bool],
) -> Iterator[Disagreement]:
    """Yield (call, address of the stack, words) for each type that cannot be read.

    Args:
        prior: the state before.
        observed: the state after.
        causes: the calls.
        trace: the same calls, for what they were.
        readable: whether resources of a type, or what they are parts of, are read.
    """
    acting = {c.n for c in trace.calls if c.operation not in _APART}
    told: set[tuple[str, str]] = set()
    for snapshot, owners in ((prior, causes.owners_before), (observed, causes.owners_after)):
        for stack in snapshot.of_type(STACK):
            hidden = sorted({m.type for m in stack.members if not readable(m.type)})
            if not hidden:
                continue
            touches = causes.direct(stack, *owners.of(stack))
            calls = [t.call for t in touches if t.type == STACK and t.call in acting]
            for type_name in hidden if calls else ():
                if (stack.name, type_name) not in told:
                    told.add((stack.name, type_name))
                    yield calls[0], stack.address, _words(stack, type_name)


def _words(stack: Resource, type_name: str) -> str:
    names = [m.logical_id for m in stack.members if m.type == type_name]
    return f"the stack {stack.name} owns {_listed(names)} of type {type_name}"


def _listed(names: list[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
