"""How much of the target a replica gets, as asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from executor import Change, Executor, Report
from tests.integration.conftest import Production
from tests.integration.programs import PRELUDE, Programs, confinement, objects, python
from tests.integration.proxies import Asked, Proxy, Upstream
from tests.integration.upstreams import Answered

Asking = Callable[..., tuple[Report, Proxy]]


def untouched(asked: Asked) -> Answered | None:
    return None


@pytest.fixture
def furnished(production: Production) -> Production:
    production.call("sqs", "CreateQueue", QueueName="orders")
    production.call("sns", "CreateTopic", Name="news")
    production.call("s3", "CreateBucket", Bucket="assets")
    production.call("s3", "PutObject", Bucket="assets", Key="config.json", Body=b"{}")
    return production


@pytest.fixture
def asking(furnished: Production, home: Path, workdir: Path, credentials: None) -> Asking:
    def run(script: str, **how: object) -> tuple[Report, Proxy]:
        proxy = Proxy(furnished.url, untouched)
        with Upstream(proxy) as door:
            executor = Executor(
                target=door.url, engine="embedded", confine=confinement(), home=home
            )
            change = Change.command(python(PRELUDE + script)[1:], workdir=workdir)
            return executor.dry_run(change, **how), proxy  # type: ignore[arg-type]

    return run


LIST_QUEUES = "print(c('sqs').list_queues())"


def services(proxy: Proxy) -> set[str]:
    return {a.service for a in proxy.asked} - {"sts"}


def test_only_what_is_touched_is_read(asking: Asking) -> None:
    report, proxy = asking(LIST_QUEUES)
    assert report.decision == "allow"
    # Stacks are asked for, since their members are rebuilt by them.
    assert services(proxy) == {"sqs", "cloudformation"}


def test_everything_is_read_when_that_is_asked_for(asking: Asking) -> None:
    report, proxy = asking(LIST_QUEUES, hydrate="all")
    assert report.decision == "allow"
    assert services(proxy) > {"sqs", "sns", "s3", "iam", "ec2", "dynamodb", "kms"}
    assert "AWS::SNS::Topic" in report.types


def test_nothing_is_read_when_that_is_asked_for_and_nothing_is_allowed(asking: Asking) -> None:
    report, proxy = asking("c('sqs').create_queue(QueueName='fresh')", hydrate="none")
    assert services(proxy) == set()
    assert report.decision == "undecided"
    assert any("--hydrate none" in gap.reason for gap in report.not_covered)


def test_a_change_that_finds_nothing_where_nothing_was_read_is_undecided(asking: Asking) -> None:
    script = "for url in c('sqs').list_queues().get('QueueUrls', []): c('sqs').delete_queue(url)"
    report, _ = asking(script, hydrate="none")
    assert report.decision == "undecided"
    assert [f.rule for f in report.findings] == ["not-covered"]
    assert "ListQueues" in report.findings[0].message


def test_types_that_are_named_are_read_and_the_rest_is_a_gap(asking: Asking) -> None:
    named = "AWS::SQS::Queue,AWS::S3::*"
    report, proxy = asking("c('sqs').create_queue(QueueName='fresh')", hydrate=named)
    assert services(proxy) == {"sqs"}
    assert report.decision == "allow"
    report, proxy = asking("c('sns').create_topic(Name='news')", hydrate=named)
    assert "sns" not in services(proxy)
    assert report.decision == "undecided"


READ_CONFIG = "print(c('s3').get_object(Bucket='assets', Key='config.json')['Body'].read())"


def test_objects_are_placeholders_until_their_data_is_asked_for(asking: Asking, home: Path) -> None:
    script = READ_CONFIG.replace("print(", "assert b'{}' == (")
    report, _ = asking(script)
    assert report.decision == "deny"
    report, _ = asking(script, copy_data=["AWS::S3::Bucket assets"])
    assert report.decision == "allow", report.findings
    report, _ = asking(script, copy_data=["AWS::S3::Bucket other"])
    assert report.decision == "deny"


def test_items_parameters_and_secrets_are_copied_when_they_are_named(
    furnished: Production, asking: Asking
) -> None:
    furnished.call(
        "dynamodb",
        "CreateTable",
        TableName="users",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    item = {"id": {"B": b"\x00\xff"}, "name": {"S": "ana"}}
    furnished.call("dynamodb", "PutItem", TableName="users", Item=item)
    furnished.call("ssm", "PutParameter", Name="/mode", Value="on", Type="String")
    furnished.call("secretsmanager", "CreateSecret", Name="token", SecretString="hidden")
    script = """
found = c('dynamodb').get_item(TableName='users', Key={'id': {'B': b'\\x00\\xff'}})['Item']
assert found['name'] == {'S': 'ana'}, found
assert c('ssm').get_parameter(Name='/mode')['Parameter']['Value'] == 'on'
assert c('secretsmanager').get_secret_value(SecretId='token')['SecretString'] == 'hidden'
"""
    kinds = ("AWS::DynamoDB::Table", "AWS::SSM::Parameter", "AWS::SecretsManager::Secret")
    report, _ = asking(script, copy_data=[f"{kind} *" for kind in kinds])
    assert report.decision == "allow", (report.findings, report.outcome)


def test_what_cannot_be_copied_is_said(asking: Asking) -> None:
    report, _ = asking(LIST_QUEUES, copy_data=["AWS::SQS::Queue orders"])
    reasons = [gap.reason for gap in report.not_covered]
    assert reasons == ["its data could not be copied: data of this type is never copied"]


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("some", "types are written like AWS::SQS::Queue"),
        ("AWS::SQS::Quue", "globs are allowed"),
        ("all,AWS::SQS::Queue", "types are written like"),
    ],
)
def test_a_hydration_that_cannot_be_is_refused(programs: Programs, option: str, hint: str) -> None:
    ended = programs.run("dry-run", "--hydrate", option, "--", "true")
    assert ended.status == 2
    assert "--hydrate" in ended.err
    assert hint in ended.err


def test_configuration_sets_caps_and_mode(programs: Programs, furnished: Production) -> None:
    (programs.workdir / "executor.toml").write_text(
        "[replica]\nhydrate = ['AWS::S3::Bucket']\nobjects = 1\nentries = 2\n"
    )
    for n in range(5):
        furnished.call("s3", "PutObject", Bucket="assets", Key=str(n), Body=b"")
    script = python("import boto3; boto3.client('s3').list_buckets()")
    how = ("--target", programs.target, "--format", "json", "--confine", confinement())
    ended = programs.run("dry-run", *how, *script)
    assert ended.status == 0, ended.err
    coverage = ended.report()["coverage"]
    assert isinstance(coverage, dict)
    reasons = {str(gap["type"]): str(gap["reason"]) for gap in objects(coverage["not_covered"])}
    assert "the first 2 of its objects were read" in reasons.pop("AWS::S3::Bucket")
    # Whose members the buckets are was not asked either.
    assert all("--hydrate AWS::S3::Bucket" in reason for reason in reasons.values())
