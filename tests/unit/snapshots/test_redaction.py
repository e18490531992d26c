"""What must not be in a file that is passed on."""

from __future__ import annotations

import hashlib
import json
from typing import cast

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.model.json import Json, JsonObject
from executor.snapshots.redaction import redacted, without_secrets
from executor.snapshots.templates import parsed_template
from tests.unit.snapshots.saved import resource

SECRET = "hunter2-correct-horse"
_DIGEST = "sha256:" + hashlib.sha256(SECRET.encode()).hexdigest()


@pytest.mark.parametrize(
    "raw",
    [
        {"MasterUserPassword": SECRET},
        {"ClientSecret": SECRET, "ClientId": "kept"},
        {"Environment": {"Variables": {"ANY_NAME": SECRET}}},
        {"Environment": {"ANY_NAME": SECRET}},
        {"containerDefinitions": [{"environment": [{"name": "ANY", "value": SECRET}]}]},
        {"environment": {"image": "x", "environmentVariables": [{"name": "A", "value": SECRET}]}},
        {"variables": {"stage": SECRET}},
        {"Parameters": [{"ParameterKey": "DbPassword", "ParameterValue": SECRET}]},
        {"Outputs": [{"OutputKey": "ApiKey", "OutputValue": SECRET}]},
        {"Outputs": {"ApiKey": {"Value": SECRET}}},
        {"Tags": [{"Key": "smtp-password", "Value": SECRET}]},
        {"LaunchTemplateData": {"UserData": SECRET}},
        {"Endpoint": f"https://robot:{SECRET}@hooks.example.com/x"},
        {"Definition": json.dumps({"States": {"A": {"Parameters": {"AuthToken": SECRET}}}})},
        {"Body": f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n"},
        {"PrivateKey": [SECRET, {"Fn::Join": ["", [SECRET, {"Ref": "X"}]]}]},
    ],
    ids=lambda raw: next(iter(raw)),
)
def test_a_secret_does_not_stay(raw: JsonObject) -> None:
    found = redacted(resource("a", raw=raw, properties=raw))
    assert SECRET not in json.dumps([found.raw, found.properties])
    assert "sha256:" in json.dumps(found.raw)
    assert redacted(found) == found


def test_a_tag_is_no_place_for_a_password() -> None:
    found = redacted(resource("a", tags={"password": SECRET, "team": "web"}))
    assert found.tags == {"password": _DIGEST, "team": "web"}


@pytest.mark.parametrize(
    "raw",
    [
        {
            "PasswordLastUsed": "2026-01-01",
            "MinimumPasswordLength": 8,
            "PasswordResetRequired": True,
        },
        {"AttributeDefinitions": [{"AttributeName": "password", "AttributeType": "S"}]},
        {"ManageMasterUserPassword": True, "MasterUserPassword": None},
        {"MasterUserPassword": "{{resolve:secretsmanager:db:SecretString:password}}"},
        {"Parameters": [{"ParameterKey": "DbPassword", "ParameterValue": "****"}]},
        {"Policy": '{"Version": "2012-10-17",  "Statement": []}'},
        {"MasterUserSecret": {"SecretArn": "arn:aws:secretsmanager:x"}},
        {"environment": {"type": "LINUX_CONTAINER", "image": "aws/x", "computeType": "SMALL"}},
        {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"},
    ],
    ids=lambda raw: next(iter(raw)),
)
def test_what_is_no_secret_stays_as_it_is(raw: JsonObject) -> None:
    assert without_secrets(raw) == raw


_TEMPLATE = f"""
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Hidden: {{Type: String, NoEcho: true, Default: {SECRET}}}
  DbPassword:
    Type: String
    Default: {SECRET}
    MinLength: 8
Resources:
  Password:
    Type: AWS::SecretsManager::Secret
    Properties: {{Name: db, SecretString: !Sub "{SECRET}-${{AWS::Region}}"}}
  Setting:
    Type: AWS::SSM::Parameter
    Properties: {{Type: String, Name: /db, Value: {SECRET}}}
  Web:
    Type: AWS::EC2::Instance
    Properties:
      ImageId: ami-1
      UserData:
        Fn::Base64: !Join ["", ["export PW={SECRET} ", !Ref Hidden]]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      MemorySize: 128
      Role: !GetAtt Role.Arn
      Environment: {{Variables: {{ANY: {SECRET}, TABLE: !Ref Table}}}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Version: 2012-10-17, Statement: []}}
"""


def _templates() -> list[Json]:
    parsed = parsed_template(_TEMPLATE)
    return [_TEMPLATE, json.dumps(parsed, indent=1), parsed]


@pytest.mark.parametrize("template", _templates(), ids=["yaml", "json", "object"])
def test_a_template_loses_its_secrets_and_nothing_else(template: Json) -> None:
    found = redacted(resource("web", raw={"Template": template})).raw["Template"]
    if isinstance(found, str):
        found = json.loads(found)
    assert SECRET not in json.dumps(found)
    whole = cast("dict[str, dict[str, dict[str, Json]]]", found)
    assert whole["Parameters"]["DbPassword"]["Type"] == "String"
    assert whole["Parameters"]["DbPassword"]["MinLength"] == 8
    resources = cast("dict[str, dict[str, dict[str, Json]]]", whole["Resources"])
    function = resources["Function"]["Properties"]
    assert function["MemorySize"] == 128
    assert function["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}
    assert function["Environment"] == {"Variables": {"ANY": _DIGEST, "TABLE": {"Ref": "Table"}}}
    joined = cast("dict[str, dict[str, list[Json]]]", resources["Web"]["Properties"]["UserData"])
    assert cast("list[Json]", joined["Fn::Base64"]["Fn::Join"][1])[1] == {"Ref": "Hidden"}
    policy = resources["Role"]["Properties"]["AssumeRolePolicyDocument"]
    assert policy == {"Version": "2012-10-17", "Statement": []}


def test_a_template_without_secrets_keeps_its_spelling() -> None:
    text = "# a comment\nResources:\n  Q: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}\n"
    assert redacted(resource("web", raw={"Template": text})).raw["Template"] == text


@pytest.mark.parametrize("text", ["", "just words", "[1, 2]", "a: [", "a: !!python/name:os.x ''"])
def test_what_is_no_template_is_not_kept(text: str) -> None:
    assert redacted(resource("web", raw={"Template": text})).raw["Template"] is None


_VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Name", "Value", "Password", "Environment", "Fn::Join", "Ref", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_VALUES)
def test_redacting_twice_is_redacting_once(value: Json) -> None:
    once = without_secrets(value)
    assert without_secrets(once) == once


def test_yaml_that_is_kept_is_read_as_cloudformation_reads_it() -> None:
    assert parsed_template(_TEMPLATE) is not None
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(_TEMPLATE)
