"""A call that met a way of AWS's which the engine has not is undecided; others are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from executor.catalog.catalog import Catalog
from executor.judging import Evidence, Faithfulness, Judge
from executor.model.call import Call
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision
from executor.model.effect import Action, Effect, Effects
from executor.model.intent import Intent
from executor.model.json import Json, JsonObject
from executor.model.policy import Policy
from executor.model.resource import DataMark, Member, Resource, Snapshot
from sandboxes.fidelity.behaviours import Behaviour

CATALOG = Catalog()
STACK = "AWS::CloudFormation::Stack"


def resource(
    kind: str,
    name: str,
    properties: Mapping[str, Json] | None = None,
    *,
    members: Iterable[str] = (),
    held: int = 0,
) -> Resource:
    return Resource(
        type=kind,
        address=f"arn:{name}",
        name=name,
        id=name,
        account="123456789012",
        region="us-east-1",
        properties=dict(properties or {}),
        handles=frozenset({name, f"arn:{name}"}),
        data=DataMark(unit="object", count=held),
        members=tuple(Member(logical_id=m, type="AWS::S3::Bucket", id=m) for m in members),
    )


def call(name: str, params: Mapping[str, Json], *, n: int = 1, status: int = 200) -> Call:
    service, operation = name.split(":")
    return Call(
        n=n,
        service=service,
        operation=operation,
        region="us-east-1",
        params=dict(params),
        status=status,
        error="" if status == 200 else "Refused",
    )


def undecided(
    unhonoured: Behaviour,
    *calls: Call,
    held: Iterable[Resource] = (),
    effects: tuple[Effect, ...] = (),
) -> bool:
    there = Snapshot(
        account="123456789012", region="us-east-1", resources={r.address: r for r in held}
    )
    evidence = Evidence(
        effects=Effects(effects=effects),
        trace=CATALOG.trace(calls),
        intent=Intent(),
        policy=Policy(),
        outcome=ChangeOutcome(exit_code=0),
        baseline=there,
        prior=there,
        observed=there,
        isolation={"kind": "not-needed"},
        faithfulness=Faithfulness(unhonoured={unhonoured: "it does otherwise"}),
    )
    found = Judge().judge(evidence).findings
    assert all("it does otherwise" in f.message for f in found), found
    return any(f.decision is Decision.UNDECIDED for f in found)


WEB = {"StackName": "web"}
DELETE_STACK = call("cloudformation:DeleteStack", WEB)
PROTECT: dict[str, Json] = {"StackName": "web", "EnableTerminationProtection": True}
RELEASE: dict[str, Json] = {"StackName": "web", "EnableTerminationProtection": False}
UPDATED = "cloudformation:UpdateTerminationProtection"


def test_deletion_of_a_protected_stack_is_undecided_and_of_another_is_not() -> None:
    protected = resource(STACK, "web", {"EnableTerminationProtection": True})
    free = resource(STACK, "web", {"EnableTerminationProtection": False})
    assert undecided(Behaviour.STACK_PROTECTION, DELETE_STACK, held=[protected])
    assert not undecided(Behaviour.STACK_PROTECTION, DELETE_STACK, held=[free])
    other = resource(STACK, "other", {"EnableTerminationProtection": True})
    assert not undecided(Behaviour.STACK_PROTECTION, DELETE_STACK, held=[other, free])


def test_protection_that_the_change_sets_or_lifts_before_counts() -> None:
    deleted = call("cloudformation:DeleteStack", WEB, n=2)
    free = resource(STACK, "web", {"EnableTerminationProtection": False})
    protected = resource(STACK, "web", {"EnableTerminationProtection": True})
    asked = call(UPDATED, PROTECT)
    lifted = call(UPDATED, RELEASE)
    refused = call(UPDATED, RELEASE, status=400)
    assert undecided(Behaviour.STACK_PROTECTION, asked, deleted, held=[free])
    assert not undecided(Behaviour.STACK_PROTECTION, lifted, deleted, held=[protected])
    assert undecided(Behaviour.STACK_PROTECTION, refused, deleted, held=[protected])


def test_deletion_that_the_engine_refused_is_decided() -> None:
    protected = resource(STACK, "web", {"EnableTerminationProtection": True})
    refused = call("cloudformation:DeleteStack", WEB, status=400)
    assert not undecided(Behaviour.STACK_PROTECTION, refused, held=[protected])


@pytest.mark.parametrize(
    ("behaviour", "kind", "setting", "name", "params"),
    [
        (
            Behaviour.TABLE_PROTECTION,
            "AWS::DynamoDB::Table",
            "DeletionProtectionEnabled",
            "dynamodb:DeleteTable",
            {"TableName": "kept"},
        ),
        (
            Behaviour.DATABASE_PROTECTION,
            "AWS::RDS::DBInstance",
            "DeletionProtection",
            "rds:DeleteDBInstance",
            {"DBInstanceIdentifier": "kept"},
        ),
        (
            Behaviour.INSTANCE_PROTECTION,
            "AWS::EC2::Instance",
            "DisableApiTermination",
            "ec2:TerminateInstances",
            {"InstanceIds": ["free", "kept"]},
        ),
    ],
)
def test_deletion_of_what_is_protected_is_undecided(
    behaviour: Behaviour, kind: str, setting: str, name: str, params: JsonObject
) -> None:
    deleted = call(name, params)
    assert undecided(behaviour, deleted, held=[resource(kind, "kept", {setting: True})])
    assert not undecided(behaviour, deleted, held=[resource(kind, "kept", {setting: False})])
    assert not undecided(behaviour, deleted)


def test_call_for_show_that_was_carried_out_is_undecided() -> None:
    assert undecided(Behaviour.DRY_RUN, call("ec2:DeleteVpc", {"VpcId": "vpc-1", "DryRun": True}))
    assert not undecided(
        Behaviour.DRY_RUN, call("ec2:DeleteVpc", {"VpcId": "vpc-1", "DryRun": False})
    )
    assert not undecided(Behaviour.DRY_RUN, call("ec2:DeleteVpc", {"VpcId": "vpc-1"}))


def test_database_without_a_word_on_its_last_snapshot_is_undecided() -> None:
    one: dict[str, Json] = {"DBInstanceIdentifier": "one"}
    deleted = call("rds:DeleteDBInstance", one)
    kind = "AWS::RDS::DBInstance"
    assert undecided(Behaviour.FINAL_SNAPSHOT, deleted, held=[resource(kind, "one")])
    member = resource(kind, "one", {"DBClusterIdentifier": "c"})
    assert not undecided(Behaviour.FINAL_SNAPSHOT, deleted, held=[member])
    said: Mapping[str, Json]
    for said in ({"SkipFinalSnapshot": True}, {"FinalDBSnapshotIdentifier": "last"}):
        assert not undecided(
            Behaviour.FINAL_SNAPSHOT, call("rds:DeleteDBInstance", {**one, **said})
        )


def test_stack_whose_bucket_is_full_is_undecided() -> None:
    stack = resource(STACK, "web", members=["logs"])
    for held, expected in ((3, True), (0, False)):
        bucket = resource("AWS::S3::Bucket", "logs", held=held)
        found = undecided(Behaviour.STACK_WITH_FULL_BUCKET, DELETE_STACK, held=[stack, bucket])
        assert found is expected


def test_full_bucket_that_was_deleted_all_the_same_is_undecided() -> None:
    deleted = call("s3:DeleteBucket", {"Bucket": "logs"})
    full = resource("AWS::S3::Bucket", "logs", held=1)
    assert undecided(Behaviour.FULL_BUCKET, deleted, held=[full])
    assert not undecided(Behaviour.FULL_BUCKET, deleted, held=[resource(full.type, "logs")])


def bucket_of(*keys: str, versioning: str = "Off") -> Resource:
    empty = resource("AWS::S3::Bucket", "logs", {"Versioning": versioning})
    return replace(
        empty, data=DataMark(unit="object", count=len(keys), entries=dict.fromkeys(keys, "x"))
    )


def test_bucket_that_the_run_emptied_is_not_full_and_one_that_it_filled_is() -> None:
    stack = resource(STACK, "web", members=["logs"])
    deleted = replace(DELETE_STACK, n=9)
    erased = [
        call("s3:DeleteObject", {"Bucket": "logs", "Key": key}, n=n)
        for n, key in ((1, "a"), (2, "b"))
    ]
    put = call("s3:PutObject", {"Bucket": "logs", "Key": "c"}, n=3)
    refused = call("s3:DeleteObject", {"Bucket": "logs", "Key": "b"}, n=2, status=403)
    cases: list[tuple[Resource, list[Call], bool]] = [
        (bucket_of("a", "b"), erased, False),
        (bucket_of("a", "b"), erased[:1], True),
        (bucket_of("a", "b"), [erased[0], refused], True),
        (bucket_of("a", "b"), [*erased, put], True),
        (bucket_of("a", "b", versioning="Enabled"), erased, True),
        (bucket_of("a", "b"), [replace(each, n=each.n + 9) for each in erased], True),
        (bucket_of(), [], False),
        (bucket_of(), [put], True),
    ]
    for bucket, before, expected in cases:
        calls = sorted([*before, deleted], key=lambda each: each.n)
        found = undecided(Behaviour.STACK_WITH_FULL_BUCKET, *calls, held=[stack, bucket])
        assert found is expected, (bucket.data, before)


@pytest.mark.parametrize(
    ("behaviour", "name"),
    [
        (Behaviour.REPLACEMENT, "cloudformation:UpdateStack"),
        (Behaviour.REPLACEMENT, "cloudformation:ExecuteChangeSet"),
        (Behaviour.RETAINED, "cloudformation:DeleteStack"),
        (Behaviour.NETWORK_IN_USE, "ec2:DeleteVpc"),
        (Behaviour.ROLE_IN_USE, "iam:DeleteRole"),
        (Behaviour.VOLUMES_GO, "ec2:TerminateInstances"),
    ],
)
def test_what_cannot_be_told_from_the_call_is_undecided_whenever_it_is_made(
    behaviour: Behaviour, name: str
) -> None:
    names: dict[str, Json] = {
        "StackName": "web",
        "VpcId": "vpc-1",
        "RoleName": "r",
        "InstanceIds": ["i-1"],
    }
    assert undecided(behaviour, call(name, names))
    assert not undecided(behaviour, call("sqs:CreateQueue", {"QueueName": "q"}))


def test_stack_update_that_did_nothing_is_undecided_where_aws_refuses_it() -> None:
    updated = call("cloudformation:UpdateStack", WEB)
    did = Effect(
        action=Action.UPDATE, type=STACK, name="web", id="web", address="arn:web", calls=(1,)
    )
    assert undecided(Behaviour.UNCHANGED_STACK, updated)
    assert not undecided(Behaviour.UNCHANGED_STACK, updated, effects=(did,))


def test_key_that_still_encrypts_decides_nothing() -> None:
    assert not undecided(Behaviour.DOOMED_KEY, call("kms:Encrypt", {"KeyId": "k"}))
