"""What a change did by data that no replica holds.

A replica represents objects, items, messages and secrets, and holds stand-ins for what is in
them. What a change wrote of these is not what it would write on the target, and what it chose
by their contents is not what it would choose there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from executor.judging.evidence import Evidence
from executor.model.call import Call, Touch
from executor.model.finding import Finding, Rule
from executor.model.resource import DataMark

_ITEM = "item"


def was_misled(call: Call) -> bool:
    """Whether a reading call was answered with stand-ins, which may be why a change failed."""
    return call.stand_in and not call.mutating


def by_stand_ins(evidence: Evidence) -> Iterator[Finding]:
    """Calls that passed stand-ins on, or acted by what is in the target's data and no replica."""
    for call in evidence.trace.calls:
        if call.stand_in and call.mutating and (call.succeeded or call.uncertain):
            yield _about(evidence, call.n, "passes on what only stands in for the target's data")
    chosen = dict.fromkeys(t.call for t in evidence.trace.touches if _chooses(evidence, t))
    for n in chosen:
        yield _about(evidence, n, "chooses by contents of items, which a replica does not hold")
    last = max((c.n for c in evidence.trace.calls if c.mutating and c.succeeded), default=0)
    for call in evidence.trace.calls:
        if not was_misled(call) or call.n in chosen:
            continue
        if evidence.outcome.failed:
            yield _about(
                evidence, call.n, "got what only stands in for data, and the change failed"
            )
        elif call.n < last and call.service == "dynamodb":
            yield _about(
                evidence,
                call.n,
                "got items without their contents, and what it did next may depend on these",
            )


def _chooses(evidence: Evidence, touch: Touch) -> bool:
    """Whether a call selects entries by more than their keys, where there are only keys."""
    if not touch.chosen_by:
        return False
    return any(
        resource.data is not None and _chosen_by_contents(touch, resource.data)
        for resource in evidence.prior.of_type(touch.type)
        if not resource.handles.isdisjoint(touch.handles)
    )


def _chosen_by_contents(touch: Touch, data: DataMark) -> bool:
    hollow = next((k for k, mark in data.originals.items() if data.entries.get(k) != mark), None)
    if hollow is None or data.unit != _ITEM:
        return False
    return not touch.chosen_by <= set(json.loads(hollow))


def _about(evidence: Evidence, n: int, words: str) -> Finding:
    call = evidence.trace.call(n)
    text = f"{call.service}:{call.operation} (call {n}) {words}"
    return evidence.finding(Rule.NOT_REHEARSED, text, calls=(n,))
