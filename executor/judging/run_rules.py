"""Rules about the run itself: whether it succeeded, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Iterator

import jmespath
from jmespath.exceptions import JMESPathError

from executor.judging.evidence import Evidence
from executor.model.call import Call, Refusal
from executor.model.decision import Decision
from executor.model.finding import Finding, Rule
from executor.model.policy import ISOLATION_RANKS, NOT_NEEDED


def intent_unmet(evidence: Evidence) -> Iterator[Finding]:
    """An expected effect did not happen, or a check is not true."""
    for pattern in evidence.intent.expect:
        if not any(pattern.covers_action(e) for e in evidence.effects.effects):
            yield evidence.finding(Rule.INTENT_UNMET, f"expected, and did not happen: {pattern}")
    state = {"resources": [r.view() for r in evidence.observed.resources.values()]}
    for check in evidence.intent.checks:
        try:
            value = jmespath.search(check, state)
        except JMESPathError as error:
            value = f"an error: {error}"
        if value is not True:
            yield evidence.finding(
                Rule.INTENT_UNMET, f"the check {check!r} is {str(value)[:80]}, not true"
            )


def change_failed(evidence: Evidence) -> Iterator[Finding]:
    """The command failed, or a call of a calls file did.

    Where a refused call explains the failure, `not_rehearsed` speaks instead: the change may
    be right, it only could not be tried.
    """
    if evidence.outcome.failed and not any(_unrehearsed(c) for c in evidence.trace.calls):
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
        unfaithful = evidence.unfaithful.get(f"{call.service}:{call.operation}")
        if unfaithful and call.mutating and call.succeeded:
            yield evidence.finding(
                Rule.NOT_REHEARSED,
                f"{call.operation} (call {call.n}) is not done here as AWS does it: {unfaithful}",
                calls=(call.n,),
            )


def not_covered(evidence: Evidence) -> Iterator[Finding]:
    """A mutating call touched what cannot be read."""
    for n, name in evidence.trace.unread.items():
        yield evidence.finding(
            Rule.NOT_COVERED,
            f"{name} (call {n}) changes something that the catalog cannot read",
            calls=(n,),
        )
    gaps = (*evidence.prior.gaps, *evidence.observed.gaps)
    told: set[tuple[str, str]] = set()
    for touch in evidence.trace.touches:
        call = evidence.trace.call(touch.call)
        if not call.mutating or not (call.succeeded or call.uncertain):
            continue
        for gap in gaps:
            if gap.type != touch.type or (gap.type, gap.address) in told:
                continue
            if gap.address and not any(_ends_with(gap.address, h) for h in touch.handles):
                continue
            told.add((gap.type, gap.address))
            what = gap.address or gap.type
            yield evidence.finding(
                Rule.NOT_COVERED,
                f"{what} was touched by {call.operation} (call {call.n}), and could not be read:"
                f" {gap.reason}",
                address=gap.address,
                calls=(call.n,),
            )


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
    blocked = evidence.isolation.get("blocked")
    if evidence.policy.blocked_connections not in (None, Decision.ALLOW) and blocked:
        assert evidence.policy.blocked_connections is not None
        yield Finding(
            rule=Rule.WEAK_CONFINEMENT,
            decision=evidence.policy.blocked_connections,
            message=f"the change tried to connect elsewhere: {blocked}",
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
    return ""


def _ends_with(address: str, handle: str) -> bool:
    return address == handle or address.endswith((f":{handle}", f"/{handle}"))
