"""What a change sets off by an event: it goes on by itself, and nobody follows it.

A rule of EventBridge hands an event to its targets, and what a function or a state machine does
then may come after the run is over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from executor.judging.evidence import Evidence
from executor.model.call import Call
from executor.model.finding import Finding, Rule
from executor.model.json import Json, JsonObject
from executor.model.resource import Resource

_RULE = "AWS::Events::Rule"
_CARRIERS = frozenset({"firehose", "kinesis", "logs", "sns", "sqs"})
"""Services that keep or pass on what they are handed, and act on nothing."""
_SHAPES_RULES = frozenset({"DisableRule", "EnableRule", "PutRule"})
_KEYS = {"source": "Source", "detail-type": "DetailType", "resources": "Resources"}
_DETAIL = "detail"


def set_off(evidence: Evidence) -> Iterator[Finding]:
    """Events that were put on a bus where a rule may hand them to something that acts."""
    for call in evidence.trace.calls:
        if (call.service, call.operation, call.succeeded) != ("events", "PutEvents", True):
            continue
        for gap in evidence.prior.gaps:
            if gap.type == _RULE and gap.meets(call.account, call.region):
                words = f"meets rules that could not be read: {gap.reason}"
                yield _about(evidence, call, words)
        for goal in sorted(_goals(evidence, call)):
            yield _about(evidence, call, f"sets off {goal}, and what that does was not followed")


def _about(evidence: Evidence, call: Call, words: str) -> Finding:
    text = f"PutEvents (call {call.n}) {words}"
    return evidence.finding(Rule.NOT_REHEARSED, text, calls=(call.n,))


def _goals(evidence: Evidence, call: Call) -> set[str]:
    """Return the ARNs of what acts on a call's events."""
    entries = [e for e in _list(call.params.get("Entries")) if isinstance(e, Mapping)]
    both = (*evidence.prior.of_type(_RULE), *evidence.observed.of_type(_RULE))
    rules = [rule for rule in both if call.region in ("", rule.region)]
    found = {
        goal
        for rule in rules
        if _meets(rule, entries, restless=_is_restless(evidence, rule))
        for goal in _targets(rule.properties)
    }
    shown = {
        (h, goal) for rule in rules for h in rule.handles for goal in _targets(rule.properties)
    }
    buses = {_bus(entry.get("EventBusName")) for entry in entries}
    # A target that was there for a moment is in no snapshot.
    found |= {goal for name, goal in _given(evidence, buses) if (name, goal) not in shown}
    return {goal for goal in found if _acts(goal)}


def _given(evidence: Evidence, buses: set[str]) -> Iterator[tuple[str, str]]:
    """Yield rules of these buses, by `bus/name`, with what the change made a target of them."""
    for call in evidence.trace.calls:
        bus = _bus(call.params.get("EventBusName"))
        if (call.service, call.operation) == ("events", "PutTargets") and bus in buses:
            for goal in _targets(call.params):
                yield f"{bus}/{call.params.get('Rule')}", goal


def _targets(holder: JsonObject) -> Iterator[str]:
    """Yield the ARNs of targets, as a rule has them or as they are put."""
    targets = holder.get("Targets")
    for target in targets.values() if isinstance(targets, Mapping) else _list(targets):
        if isinstance(target, Mapping):
            yield str(target.get("Arn", ""))


def _acts(arn: str) -> bool:
    return (arn.split(":") + [""] * 3)[2] not in _CARRIERS


def _is_restless(evidence: Evidence, rule: Resource) -> bool:
    """Whether the change made a rule another more than once: no snapshot shows all it was."""
    shaped = [
        touch
        for touch in evidence.trace.touches
        if touch.type == _RULE
        and not touch.handles.isdisjoint(rule.handles)
        and evidence.trace.call(touch.call).operation in _SHAPES_RULES
    ]
    return len(shaped) > 1


def _meets(rule: Resource, entries: list[JsonObject], *, restless: bool) -> bool:
    """Whether a rule may take one of these events; a restless one may take any of its bus."""
    name, pattern = rule.properties.get("EventBusName"), rule.properties.get("EventPattern")
    there = [entry for entry in entries if _bus(entry.get("EventBusName")) == name]
    if restless:
        return bool(there)
    enabled = rule.properties.get("State") != "DISABLED"
    return enabled and any(_may_take(pattern, _event(entry)) for entry in there)


def _event(entry: JsonObject) -> JsonObject:
    """Return what is known of the event that a rule sees."""
    event: dict[str, Json] = {key: entry.get(name) for key, name in _KEYS.items()}
    try:
        event[_DETAIL] = json.loads(str(entry.get("Detail", "")))
    except ValueError:
        # Kept back, maybe; then it may be anything.
        pass
    return event


def _may_take(pattern: Json, event: JsonObject) -> bool:
    if not isinstance(pattern, Mapping):
        # A rule without a pattern goes by the clock; what is no JSON may mean anything.
        return pattern is not None
    return all(key not in event or _may_be(asked, event[key]) for key, asked in pattern.items())


def _may_be(asked: Json, value: Json) -> bool:
    """Whether a value may be what a pattern asks for; only plain values are compared."""
    if isinstance(asked, Mapping):
        known = value if isinstance(value, Mapping) else {}
        return all(key == "$or" or _may_be(a, known.get(key)) for key, a in asked.items())
    values = _list(value) if isinstance(value, list | tuple) else [value]
    return any(isinstance(item, Mapping) or item in values for item in _list(asked))


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []


def _bus(value: Json) -> str:
    """Return a bus's name, which calls also give as an ARN."""
    text = str(value or "default")
    return text.partition(":event-bus/")[2] or text
