"""What a run looked at in vain: there on the target, maybe, and not in the replica.

What nobody could read is unknown, and a replica answers that it is absent. A change that removes
all that it finds would seem to do nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.judging.evidence import Evidence
from executor.model.call import Call
from executor.model.json import Json
from executor.model.resource import Gap


def looked_at_gaps(evidence: Evidence) -> Iterator[tuple[Gap, int]]:
    """Yield each gap that the run looked into, with the first call that did."""
    told: set[tuple[str, str, str]] = set()
    for gap in evidence.prior.gaps:
        key = (gap.service, gap.type, gap.address)
        # What was rebuilt in part is there to be found.
        if key in told or gap.address in evidence.prior.resources:
            continue
        n = next((c.n for c in evidence.trace.calls if _looks_into(evidence, c, gap)), None)
        if n is not None:
            told.add(key)
            yield gap, n


def _looks_into(evidence: Evidence, call: Call, gap: Gap) -> bool:
    types = evidence.trace.looks.get(call.n)
    if types is None or call.service != gap.service or not gap.meets(call.account, call.region):
        return False
    if gap.type == "*":
        return True
    return gap.type in types and not (gap.address and _names_another(evidence, call, gap))


def _names_another(evidence: Evidence, call: Call, gap: Gap) -> bool:
    """Whether a call is about a resource that the replica does hold."""
    texts = set(_texts(call.params))
    return any(not r.handles.isdisjoint(texts) for r in evidence.prior.of_type(gap.type))


def _texts(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
