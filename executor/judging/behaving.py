"""Calls that met a way of AWS's which the engine is known not to have.

What an engine does not honour was found out by trying (`sandboxes.fidelity.behaviours`). Here is
when a call met it: a stack that is not protected is deleted as it should be, on every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from executor.judging.coverage import STACK
from executor.judging.evidence import Evidence
from executor.model.call import Call, Verb
from executor.model.finding import Finding, Rule
from executor.model.json import Json
from executor.model.resource import DataMark, Resource
from sandboxes.fidelity.behaviours import Behaviour

_BUCKET = "AWS::S3::Bucket"
_DATABASE = "AWS::RDS::DBInstance"
# AWS takes no last snapshot of a cluster's member, nor of a read replica.
_NO_SNAPSHOT_OF_ITS_OWN = (
    "DBClusterIdentifier",
    "ReadReplicaSourceDBClusterIdentifier",
    "ReadReplicaSourceDBInstanceIdentifier",
)
_Met = Callable[[Evidence, Call], bool]


def behaviour_not_honoured(evidence: Evidence) -> Iterator[Finding]:
    """A call that succeeded met a behaviour which the engine is known not to honour."""
    unhonoured = evidence.faithfulness.unhonoured
    for call in evidence.trace.calls if unhonoured else ():
        if not (call.mutating and call.succeeded):
            continue
        for behaviour, seen in unhonoured.items():
            if _met(evidence, call, behaviour):
                yield evidence.finding(
                    Rule.NOT_REHEARSED,
                    f"{call.operation} (call {call.n}) is not done here as AWS does it: {seen}",
                    calls=(call.n,),
                )


def _met(evidence: Evidence, call: Call, behaviour: Behaviour) -> bool:
    meeting = _MEETINGS.get(behaviour)
    if meeting is None:
        return False
    named = f"{call.service}:{call.operation}"
    return (not meeting.operations or named in meeting.operations) and meeting.when(evidence, call)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meeting:
    """When a call meets a behaviour: one of these operations, and a condition."""

    operations: frozenset[str] = frozenset()
    when: _Met


def _always(evidence: Evidence, call: Call) -> bool:
    return True


def _did_nothing(evidence: Evidence, call: Call) -> bool:
    return not any(call.n in effect.calls for effect in evidence.effects.effects)


def _is_dry_run(evidence: Evidence, call: Call) -> bool:
    # The gateway answers these itself; one that came through was carried out.
    return call.service == "ec2" and call.params.get("DryRun") is True


def _without_final_snapshot(evidence: Evidence, call: Call) -> bool:
    names = _handles(evidence, call, _DATABASE)
    for resource in _resources(evidence):
        known = resource.type == _DATABASE and not resource.handles.isdisjoint(names)
        if known and any(resource.properties.get(key) for key in _NO_SNAPSHOT_OF_ITS_OWN):
            return False
    params = call.params
    return not params.get("SkipFinalSnapshot") and not params.get("FinalDBSnapshotIdentifier")


def _protected(kind: str, setting: str) -> _Met:
    """Return a condition: the resource was protected when the call was made."""

    def met(evidence: Evidence, call: Call) -> bool:
        handles = _handles(evidence, call, kind)
        # A call may name several (TerminateInstances).
        return any(_is_on(evidence, call, {h} | _aka(evidence, kind, h), setting) for h in handles)

    return met


def _is_on(evidence: Evidence, until: Call, names: set[str], setting: str) -> bool:
    on = any(
        bool(resource.properties.get(setting))
        for resource in _resources(evidence)
        if not resource.handles.isdisjoint(names)
    )
    numbers = {t.call for t in evidence.trace.touches if not t.handles.isdisjoint(names)}
    for call in evidence.trace.calls:
        if call.n >= until.n:
            break
        if call.n in numbers and call.succeeded and setting in call.params:
            on = _truth(call.params[setting])
    return on


def _resources(evidence: Evidence) -> Iterable[Resource]:
    # The target's word counts: a replica may have been unable to keep the protection.
    return (*evidence.prior.resources.values(), *evidence.baseline.resources.values())


def _truth(value: Json) -> bool:
    return bool(value.get("Value")) if isinstance(value, Mapping) else bool(value)


def _handles(evidence: Evidence, call: Call, kind: str) -> set[str]:
    return {
        handle
        for touch in evidence.trace.touches
        if touch.call == call.n and touch.type == kind and touch.verb is not Verb.READ
        for handle in touch.handles
    }


def _aka(evidence: Evidence, kind: str, handle: str) -> set[str]:
    return {
        other
        for resource in _resources(evidence)
        if resource.type == kind and handle in resource.handles
        for other in resource.handles
    }


def _bucket_is_full(evidence: Evidence, call: Call) -> bool:
    return any(_holds(evidence, h, call) for h in _handles(evidence, call, _BUCKET))


def _owns_full_bucket(evidence: Evidence, call: Call) -> bool:
    names = _handles(evidence, call, STACK)
    return any(
        _holds(evidence, member.id, call)
        for stack in evidence.prior.of_type(STACK)
        if not stack.handles.isdisjoint(names)
        for member in stack.members
        if member.type == _BUCKET
    )


def _holds(evidence: Evidence, handle: str, until: Call) -> bool:
    """Whether a bucket had anything in it when a call was made, as far as can be told."""
    return any(
        r.data is not None and _is_full(evidence, r, r.data, until)
        for r in evidence.prior.of_type(_BUCKET)
        if handle in r.handles
    )


def _is_full(evidence: Evidence, bucket: Resource, data: DataMark, until: Call) -> bool:
    left = {*data.entries, *data.unbuilt}
    if not data.complete or (data.count or 0) > len(left):
        return True
    # What is erased where versions are kept leaves one behind.
    keeps = bucket.properties.get("Versioning", "Off") != "Off"
    for touch in evidence.trace.touches:
        same = touch.type == _BUCKET and not touch.handles.isdisjoint(bucket.handles)
        if not (same and touch.succeeded and touch.call < until.n):
            continue
        if touch.verb is Verb.WRITE:
            left.add(touch.part)
        elif touch.verb is Verb.ERASE and not keeps:
            left.discard(touch.part)
    return bool(left)


_STACK_CHANGES = frozenset({"cloudformation:UpdateStack", "cloudformation:ExecuteChangeSet"})
_STACK_ENDS = frozenset({"cloudformation:DeleteStack"})
_MEETINGS: Mapping[Behaviour, _Meeting] = {
    Behaviour.DRY_RUN: _Meeting(when=_is_dry_run),
    Behaviour.TABLE_PROTECTION: _Meeting(
        operations=frozenset({"dynamodb:DeleteTable"}),
        when=_protected("AWS::DynamoDB::Table", "DeletionProtectionEnabled"),
    ),
    Behaviour.DATABASE_PROTECTION: _Meeting(
        operations=frozenset({"rds:DeleteDBInstance"}),
        when=_protected(_DATABASE, "DeletionProtection"),
    ),
    Behaviour.FINAL_SNAPSHOT: _Meeting(
        operations=frozenset({"rds:DeleteDBInstance"}), when=_without_final_snapshot
    ),
    Behaviour.STACK_PROTECTION: _Meeting(
        operations=_STACK_ENDS, when=_protected(STACK, "EnableTerminationProtection")
    ),
    Behaviour.INSTANCE_PROTECTION: _Meeting(
        operations=frozenset({"ec2:TerminateInstances"}),
        when=_protected("AWS::EC2::Instance", "DisableApiTermination"),
    ),
    Behaviour.VOLUMES_GO: _Meeting(operations=frozenset({"ec2:TerminateInstances"}), when=_always),
    Behaviour.FULL_BUCKET: _Meeting(
        operations=frozenset({"s3:DeleteBucket"}), when=_bucket_is_full
    ),
    Behaviour.STACK_WITH_FULL_BUCKET: _Meeting(operations=_STACK_ENDS, when=_owns_full_bucket),
    Behaviour.REPLACEMENT: _Meeting(operations=_STACK_CHANGES, when=_always),
    Behaviour.RETAINED: _Meeting(operations=_STACK_CHANGES | _STACK_ENDS, when=_always),
    Behaviour.NETWORK_IN_USE: _Meeting(operations=frozenset({"ec2:DeleteVpc"}), when=_always),
    Behaviour.ROLE_IN_USE: _Meeting(operations=frozenset({"iam:DeleteRole"}), when=_always),
    Behaviour.UNCHANGED_STACK: _Meeting(
        operations=frozenset({"cloudformation:UpdateStack"}), when=_did_nothing
    ),
}
"""A behaviour without a meeting (a key that is still used while it is scheduled to go) changes
no resource."""
