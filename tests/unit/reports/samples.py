"""Reports to write: one of each decision, and one that is hostile."""

from __future__ import annotations

from executor.model.call import Call, Refusal
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision
from executor.model.effect import Action, Doubt, Effect, FieldChange, Hazard, Transient
from executor.model.finding import Finding, Rule
from executor.model.intent import Intent
from executor.model.json import Json
from executor.model.report import Report, TargetRef
from executor.model.resource import Gap

_PROD = TargetRef(name="prod", account="123456789012", region="eu-west-1", profile="prod")
_NONE = TargetRef(name="none", account="000000000000", region="us-east-1")
_OFF: dict[str, Json] = {
    "kind": "off",
    "network": False,
    "filesystem": False,
    "credentials": False,
    "notes": ["only its AWS settings pointed to the sandbox"],
    "blocked": [],
}
_ENGINE: dict[str, Json] = {"name": "embedded", "emulator": "ministack", "version": "1.5.33"}


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:eu-west-1:123456789012:{name}"


def call(n: int, service: str, operation: str, **more: object) -> Call:
    return Call(
        n=n,
        service=service,
        operation=operation,
        region="eu-west-1",
        status=200,
        **more,  # type: ignore[arg-type]
    )


def report(decision: Decision, **more: object) -> Report:
    fields: dict[str, object] = {
        "id": "20261123-141502-7f3a",
        "started": "2026-11-23T14:15:02Z",
        "decision": decision,
        "findings": (),
        "effects": (),
        "calls": (),
        "change": {"kind": "command", "command": ["bash", "deploy.sh", "--env", "prod x"]},
        "outcome": ChangeOutcome(exit_code=0),
        "intent": Intent().view(),
        "target": _PROD,
        "engine": _ENGINE,
        "isolation": _OFF,
        "types": ("AWS::SQS::Queue",),
        "timing_ms": {"total": 2134.0, "change": 900.0},
    }
    return Report(**{**fields, **more}).sealed()  # type: ignore[arg-type]


def denied() -> Report:
    queue = Effect(
        action=Action.DELETE,
        type="AWS::SQS::Queue",
        name="orders",
        id="orders",
        address=arn("sqs", "orders"),
        hazards=frozenset({Hazard.DATA_LOSS}),
        calls=(7,),
        before={"name": "orders"},
    )
    bucket = Effect(
        action=Action.REPLACE,
        type="AWS::S3::Bucket",
        name="logs",
        id="logs",
        address="arn:aws:s3:::logs",
        hazards=frozenset({Hazard.DATA_LOSS, Hazard.PROTECTION_LOSS}),
        calls=(2, 3, 4, 5, 6),
        before={"name": "logs"},
        after={"name": "logs"},
        replaced_by="arn:aws:s3:::logs",
        parts=tuple(f"object 2026/{i:02}.log" for i in range(9)),
        changed=(FieldChange(path="Versioning.Status", before="Enabled", after=None),),
    )
    function = Effect(
        action=Action.UPDATE,
        type="AWS::Lambda::Function",
        name="checkout",
        id="checkout",
        address=arn("lambda", "function:checkout"),
        calls=(8,),
        before={"name": "checkout"},
        after={"name": "checkout"},
        changed=(
            FieldChange(path="MemorySize", before=128, after=256),
            FieldChange(path="Environment.Variables", before={"A": "1"}, after={"A": "x" * 60}),
        ),
        expected=True,
    )
    findings = (
        Finding(
            rule=Rule.UNEXPECTED_DELETE,
            decision=Decision.DENY,
            address=queue.address,
            message="The queue orders was deleted, and no intent covers that.",
            calls=(7,),
        ),
        Finding(
            rule=Rule.WEAK_CONFINEMENT,
            decision=Decision.HOLD,
            message="The policy asks for bubblewrap, and the command ran without confinement.",
        ),
        Finding(
            rule=Rule.UNEXPECTED_REPLACE,
            decision=Decision.DENY,
            address=bucket.address,
            message="The bucket logs was deleted and re-created, and no intent covers that.",
            calls=(2, 3, 4, 5, 6),
        ),
    )
    calls = tuple(
        call(n, *what)
        for n, what in enumerate(
            [
                ("sts", "GetCallerIdentity"),
                ("s3", "DeleteObject"),
                ("s3", "DeleteObject"),
                ("s3", "DeleteObject"),
                ("s3", "DeleteBucket"),
                ("s3", "CreateBucket"),
                ("sqs", "DeleteQueue"),
                ("lambda", "UpdateFunctionConfiguration"),
            ],
            start=1,
        )
    )
    return report(Decision.DENY, findings=findings, effects=(queue, bucket, function), calls=calls)


def allowed() -> Report:
    effects = tuple(
        Effect(
            action=Action.CREATE,
            type="AWS::SQS::Queue",
            name=f"jobs-{i:02}",
            id=f"jobs-{i:02}",
            address=arn("sqs", f"jobs-{i:02}"),
            calls=(i + 1,),
            after={"name": f"jobs-{i:02}"},
            expected=i < 2,
        )
        for i in range(11)
    )
    calls = tuple(call(i + 1, "sqs", "CreateQueue") for i in range(11))
    return report(
        Decision.ALLOW,
        effects=effects,
        calls=calls,
        transient=(Transient(type="AWS::S3::Bucket", name="scratch", calls=(12, 13)),),
        change={
            "kind": "command",
            "command": ["terraform", "apply"],
            "files": ["terraform.tfstate"],
        },
    )


def undecided() -> Report:
    finding = Finding(
        rule=Rule.NOT_REHEARSED,
        decision=Decision.UNDECIDED,
        message="The engine does not implement rds:CreateBlueGreenDeployment.",
        calls=(2,),
    )
    refused = call(
        2,
        "rds",
        "CreateBlueGreenDeployment",
        refused=Refusal.NOT_IMPLEMENTED,
        detail="ministack 1.5.33 does not implement it",
        error="NotImplemented",
    )
    doubtful = Effect(
        action=Action.UPDATE,
        type="AWS::KMS::Key",
        name="k",
        id="k",
        address=arn("kms", "key/k"),
        doubts=(Doubt.NO_CAUSE,),
        before={},
        after={},
    )
    return report(
        Decision.UNDECIDED,
        findings=(finding,),
        effects=(doubtful,),
        calls=(call(1, "rds", "DescribeDBInstances", mutating=False), refused),
        outcome=ChangeOutcome(exit_code=1, detail="calls[1] rds failed", left_running=2),
        change={"kind": "calls", "calls": ["rds:DescribeDBInstances", "rds:Create"]},
        not_covered=(Gap(service="rds", type="*", reason="the catalog cannot read it"),),
        target=_NONE,
    )


def held() -> Report:
    role = Effect(
        action=Action.DELETE,
        type="AWS::KMS::Key",
        name="1234",
        id="1234",
        address=arn("kms", "key/1234"),
        deferred=True,
        calls=(1,),
        before={"name": "1234"},
    )
    bucket = Effect(
        action=Action.UPDATE,
        type="AWS::S3::Bucket",
        name="site",
        id="site",
        address="arn:aws:s3:::site",
        hazards=frozenset({Hazard.EXPOSURE}),
        calls=(2,),
        parts=("policy",),
        before={},
        after={},
    )
    finding = Finding(
        rule=Rule.UNEXPECTED_EXPOSURE,
        decision=Decision.HOLD,
        address=bucket.address,
        message="Anybody can now read the bucket site.",
        calls=(2,),
    )
    return report(
        Decision.HOLD,
        findings=(finding,),
        effects=(role, bucket),
        calls=(call(1, "kms", "ScheduleKeyDeletion"), call(2, "s3", "PutBucketPolicy")),
        outcome=ChangeOutcome(exit_code=0),
    )


def hostile() -> Report:
    name = "a*\x1b[2J\u202e|`<b>@all\ud7ff $(rm -rf /) '"
    effect = Effect(
        action=Action.DELETE,
        type="AWS::SQS::Queue",
        name=name,
        id=name,
        address=f"arn:{name}",
        calls=(1,),
        before={},
    )
    finding = Finding(
        rule=Rule.UNEXPECTED_DELETE,
        decision=Decision.DENY,
        address=effect.address,
        message=f"The queue {name} was deleted.\x00",
        calls=(1, 99),
    )
    return report(Decision.DENY, findings=(finding,), effects=(effect,))


SAMPLES = {
    "denied": denied,
    "allowed": allowed,
    "undecided": undecided,
    "held": held,
    "hostile": hostile,
}
