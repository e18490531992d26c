"""How far a call to CloudFormation reaches, told by its template."""

from __future__ import annotations

import json

import pytest

from executor.catalog.catalog import Catalog
from executor.model.json import Json

CATALOG = Catalog()


def aims(operation: str, announced: set[str] | None = None, **params: Json) -> object:
    known = set() if announced is None else announced
    return CATALOG.aims("cloudformation", operation, params, known)


def template(*types: str, **more: Json) -> str:
    resources = {f"R{n}": {"Type": name} for n, name in enumerate(types)}
    return json.dumps({"Resources": resources, **more})


def test_a_template_reaches_the_services_of_its_types() -> None:
    body = template("AWS::SQS::Queue", "AWS::S3::BucketPolicy", "AWS::EC2::Route")
    assert aims("CreateStack", TemplateBody=body) == {"sqs", "s3", "ec2"}


def test_a_yaml_template_is_read_as_well() -> None:
    body = "Resources:\n  Q: {Type: AWS::SQS::Queue}\n  T:\n    Type: 'AWS::SNS::Topic'\n"
    assert aims("UpdateStack", TemplateBody=body) == {"sqs", "sns"}


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("arn:aws:lambda:us-east-1:1:function:f", "lambda"),
        ("arn:${AWS::Partition}:states:us-east-1:1:stateMachine:m", "stepfunctions"),
        ("{{resolve:ssm:/app/mode}}", "ssm"),
        ("{{resolve:secretsmanager:token}}", "secretsmanager"),
        ("AWS::EC2::VPC::Id", "ec2"),
    ],
)
def test_what_a_template_refers_to_is_reached_too(text: str, service: str) -> None:
    body = template("AWS::SQS::Queue", Parameters={"P": {"Default": text}})
    assert aims("CreateStack", TemplateBody=body) == {"sqs", service}


def test_values_of_parameters_count() -> None:
    values: Json = [{"ParameterKey": "Role", "ParameterValue": "arn:aws:iam::1:role/r"}]
    found = aims("CreateStack", TemplateBody=template("AWS::SQS::Queue"), Parameters=values)
    assert found == {"sqs", "iam"}


@pytest.mark.parametrize(
    "params",
    [
        {"TemplateURL": "https://bucket/template.yaml"},
        {"TemplateBody": template("AWS::CloudFormation::Stack")},
        {"TemplateBody": template("Custom::Thing")},
        {"TemplateBody": template("AWS::SQS::Queue", Transform="AWS::Serverless-2016-10-31")},
        {"TemplateBody": template("My::Company::Queue::MODULE")},
        {"TemplateBody": template("AWS::SQS::Queue"), "ResourcesToImport": [{}]},
        {},
    ],
)
def test_a_template_that_hides_what_it_makes_reaches_everything(params: dict[str, Json]) -> None:
    assert CATALOG.aims("cloudformation", "CreateStack", params, set()) is None
    assert set(CATALOG.reached("cloudformation", "CreateStack")) == set(CATALOG.services)


def test_looking_and_deleting_reach_what_is_there() -> None:
    for operation in ("DescribeStacks", "DeleteStack", "SetStackPolicy", "ValidateTemplate"):
        assert aims(operation, StackName="s") == frozenset()
    assert CATALOG.reached("cloudformation", "DeleteStack", frozenset()) == ("cloudformation",)
    assert aims("CreateStackInstances") is None


def test_a_change_set_of_this_run_was_shown_when_it_was_made() -> None:
    announced: set[str] = set()
    made = aims(
        "CreateChangeSet",
        announced,
        ChangeSetName="deploy-1",
        TemplateBody=template("AWS::SQS::Queue"),
    )
    assert made == {"sqs"}
    arn = "arn:aws:cloudformation:us-east-1:1:changeSet/deploy-1/uuid"
    for name in ("deploy-1", arn):
        assert aims("ExecuteChangeSet", announced, ChangeSetName=name) == frozenset()
    # Somebody else's may do anything.
    assert aims("ExecuteChangeSet", announced, ChangeSetName="other") is None


def test_other_services_reach_what_they_always_do() -> None:
    assert CATALOG.aims("lambda", "Invoke", {}, set()) is None
