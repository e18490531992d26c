"""Rules about the run itself: whether it succeeded, and whether it can be believed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast

import jmespath
from jmespath.exceptions import JMESPathError

from executor.judging.behaving import behaviour_not_honoured
from executor.judging.events import set_off
from executor.judging.evidence import Evidence
from executor.judging.gaps import touched_gaps
from executor.judging.keeping import setting_not_kept, type_not_kept
from executor.judging.looks import looked_at_gaps
from executor.judging.stand_ins import by_stand_ins, was_misled
from executor.model.call import Call, Refusal, Verb
from executor.model.decision import Decision
from executor.model.finding import Finding, Rule
from executor.model.json import Json, JsonObject
from executor.model.policy import ISOLATION_RANKS, NOT_NEEDED
from executor.model.resource import Gap

_PROMISES = ("network", "filesystem", "credentials")
_FUNCTION = "AWS::Lambda::Function"
_BRINGS_CODE = ("CreateFunction", "UpdateFunctionCode")


def intent_unmet(evidence: Evidence) -> Iterator[Finding]:
    """An expected effect did not happen, or a check is not true."""
    for pattern in evidence.intent.expect:
        if not any(pattern.covers_action(e) for e in evidence.effects.effects):
            yield evidence.finding(Rule.INTENT_UNMET, f"expected, and did not happen: {pattern}")
    state = {"resources": [r.view() for r in evidence.observed.resources.values()]}
    for check in evidence.intent.checks:
        value = _checked(check, state)
        if value is not True:
            shown = value if isinstance(value, _CheckError) else json.dumps(value, default=str)
            yield evidence.finding(
                Rule.INTENT_UNMET, f"the check {check!r} is {shown[:80]}, not true"
            )


class _CheckError(str):
    """What went wrong when a check was evaluated; never true."""

    __slots__ = ()


def _checked(check: str, state: JsonObject) -> Json:
    try:
        return cast("Json", jmespath.search(check, state))
    except (
        JMESPathError,
        # What jmespath's own functions let through: a slice by zero, an average of texts.
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        return _CheckError(f"an error ({error})")


def change_failed(evidence: Evidence) -> Iterator[Finding]:
    """The command failed, or a call of a calls file did.

    Where a refused call explains the failure, or what the change was given in place of data,
    `not_rehearsed` speaks instead: the change may be right, it only could not be tried.
    """
    trace = evidence.trace
    if evidence.outcome.failed and not any(_unrehearsed(c) or was_misled(c) for c in trace.calls):
        yield evidence.finding(Rule.CHANGE_FAILED, _failure(evidence))


def not_rehearsed(evidence: Evidence) -> Iterator[Finding]:
    """The engine could not do a call, or does it in a way known to be unfaithful."""
    for call in evidence.trace.calls:
        why = _unrehearsed(call)
        if why:
            name = f"{call.service}:{call.operation}" if call.operation else "a request"
            yield evidence.finding(
                Rule.NOT_REHEARSED, f"{name} (call {call.n}) {why}", calls=(call.n,)
            )
        for how in _differences(call, evidence.unfaithful):
            yield evidence.finding(
                Rule.NOT_REHEARSED,
                f"{call.operation} (call {call.n}) is not done here as AWS does it: {how}",
                calls=(call.n,),
            )
    yield from _hollow_runs(evidence)
    yield from by_stand_ins(evidence)
    yield from set_off(evidence)
    yield from type_not_kept(evidence)
    yield from setting_not_kept(evidence)
    yield from behaviour_not_honoured(evidence)


def _differences(call: Call, unfaithful: Mapping[str, str]) -> Iterator[str]:
    name = f"{call.service}:{call.operation}"
    for about, how in unfaithful.items() if call.mutating and call.succeeded else ():
        operation, _, expression = about.partition(" ")
        if operation == name and (not expression or jmespath.search(expression, call.params)):
            yield how


def _hollow_runs(evidence: Evidence) -> Iterator[Finding]:
    """Functions that were run with a placeholder for their code, which no replica holds."""
    own_code: set[str] = set()
    theirs = {h for r in evidence.prior.of_type(_FUNCTION) for h in r.handles}
    operations = {call.n: call.operation for call in evidence.trace.calls}
    for touch in evidence.trace.touches:
        if touch.type != _FUNCTION:
            continue
        operation = operations[touch.call]
        if touch.succeeded and operation in _BRINGS_CODE:
            own_code |= touch.handles
        runs = touch.verb is Verb.OPERATE and not touch.handles.isdisjoint(theirs)
        if runs and touch.handles.isdisjoint(own_code):
            yield evidence.finding(
                Rule.NOT_REHEARSED,
                f"{operation} (call {touch.call}) ran a placeholder: the code of the target's"
                " functions is not copied to a replica",
                calls=(touch.call,),
            )


def not_covered(evidence: Evidence) -> Iterator[Finding]:
    """A mutating call touched what cannot be read, or a call looked at it."""
    for n, name in evidence.trace.unread.items():
        yield evidence.finding(
            Rule.NOT_COVERED,
            f"{name} (call {n}) changes something that the catalog cannot read",
            calls=(n,),
        )
    for name, calls in _blind(evidence).items():
        yield evidence.finding(
            Rule.NOT_COVERED,
            f"{name} (call {calls[0]}) looked at something that the catalog cannot read, so it saw"
            " nothing of the target's",
            calls=calls,
        )
    for gap, n in looked_at_gaps(evidence) if evidence.replicates else ():
        yield evidence.finding(
            Rule.NOT_COVERED,
            f"{_gap_named(gap)} was looked at ({_named(evidence, n)}), and the replica does not"
            f" hold it: {gap.reason}",
            address=gap.address,
            calls=(n,),
        )
    for n, address, words in evidence.effects.unread:
        yield evidence.finding(
            Rule.NOT_COVERED,
            f"{words}, which the catalog cannot read ({_named(evidence, n)})",
            address=address,
            calls=(n,),
        )
    for gap, n in touched_gaps(evidence):
        yield evidence.finding(
            Rule.NOT_COVERED,
            f"{_gap_named(gap)} was touched ({_named(evidence, n)}), and could not be read or"
            f" rebuilt: {gap.reason}",
            address=gap.address,
            calls=(n,),
        )


def _gap_named(gap: Gap) -> str:
    return gap.address or (gap.service if gap.type == "*" else gap.type)


def _blind(evidence: Evidence) -> dict[str, tuple[int, ...]]:
    """Return looks that a replica cannot answer, by what they are called."""
    found: dict[str, tuple[int, ...]] = {}
    for n, name in evidence.trace.blind.items() if evidence.replicates else ():
        found[name] = (*found.get(name, ()), n)
    return found


def weak_confinement(evidence: Evidence) -> Iterator[Finding]:
    """Less isolation than the policy asks for, or connections it was told to mind."""
    kind = str(evidence.isolation.get("kind", "off"))
    wanted = evidence.policy.minimum_isolation
    rank = ISOLATION_RANKS.index(kind) if kind in ISOLATION_RANKS else 0
    if kind != NOT_NEEDED and rank < ISOLATION_RANKS.index(wanted):
        yield evidence.finding(
            Rule.WEAK_CONFINEMENT,
            f"the change ran with isolation {kind}; the policy asks for {wanted}",
        )
    elif kind != NOT_NEEDED and wanted != ISOLATION_RANKS[0]:
        # The name of a confinement promises what only its flags say was achieved.
        open_ways = [w for w in _PROMISES if evidence.isolation.get(w) is not True]
        if open_ways:
            yield evidence.finding(
                Rule.WEAK_CONFINEMENT,
                f"the change ran with isolation {kind}, but its {' and '.join(open_ways)} could"
                " not be cut off",
            )
    blocked = evidence.isolation.get("blocked")
    decision = evidence.policy.blocked_connections
    if blocked and decision is not None and decision is not Decision.ALLOW:
        places = ", ".join(map(str, blocked)) if isinstance(blocked, list | tuple) else blocked
        yield Finding(
            rule=Rule.WEAK_CONFINEMENT,
            decision=decision,
            message=f"the change tried to connect elsewhere: {places}",
        )


def _failure(evidence: Evidence) -> str:
    outcome = evidence.outcome
    if outcome.timed_out:
        return "the change was ended because it ran too long"
    detail = f": {outcome.detail}" if outcome.detail else ""
    return f"the change failed with exit status {outcome.exit_code}{detail}"


def _unrehearsed(call: Call) -> str:
    if call.uncertain:
        return f"never got an answer: {call.detail}"
    match call.refused:
        case Refusal.UNIDENTIFIED:
            return f"could not be identified: {call.detail}"
        case Refusal.NOT_IMPLEMENTED:
            return "is not implemented by the engine"
        case Refusal.NOT_HYDRATED:
            return f"was not made, because the target could not be read: {call.detail}"
        case Refusal.ENGINE_LOST:
            return f"did not reach the engine: {call.detail}"
        case Refusal.NOT_REHEARSED:
            return "was not rehearsed"
    if call.status is not None and call.status >= 500:
        return (
            f"made the engine fail (status {call.status}{f', {call.error}' if call.error else ''})"
        )
    if call.error.startswith("Unreadable"):
        return f"got an answer that cannot be read ({call.error})"
    return ""


def _named(evidence: Evidence, n: int) -> str:
    return f"{evidence.trace.call(n).operation}, call {n}"
