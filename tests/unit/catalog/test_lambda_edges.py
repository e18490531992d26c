"""Lambda's aliases, layers and event source mappings: touches and dangers."""

from __future__ import annotations

import json

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, described, hazards, is_unread, touches

ALIAS = "AWS::Lambda::Alias"
LAYER = "AWS::Lambda::LayerVersion"
MAPPING = "AWS::Lambda::EventSourceMapping"
FUNCTION_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:checkout"
LAYER_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:shared"


def _policy(resource: str, principal: Json = "*") -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction"}
    return json.dumps({"Statement": [{**statement, "Resource": resource}]})


def _alias(**changes: Json) -> dict[str, Json]:
    return {
        "AliasArn": f"{FUNCTION_ARN}:live",
        "Name": "live",
        "FunctionVersion": "1",
        "Function": {"FunctionName": "checkout"},
        **changes,
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"FunctionVersion": "2"}, set()),
        ({}, {"Policy": _policy(f"{FUNCTION_ARN}:live")}, {("exposure", "OpenTo")}),
        # Some engines tell an alias the permissions of its function.
        ({}, {"Policy": _policy(FUNCTION_ARN)}, set()),
        (
            {"Policy": _policy(f"{FUNCTION_ARN}:live", {"Service": "s3.amazonaws.com"})},
            {},
            {("disruption", "Policy")},
        ),
        ({}, {"Url": {"AuthType": "NONE"}}, {("exposure", "Url.AuthType")}),
        ({}, {"Url": {"AuthType": "AWS_IAM"}}, set()),
        ({"Url": {"AuthType": "AWS_IAM"}}, {}, {("disruption", "Url")}),
        ({"Provisioned": 5}, {}, {("disruption", "ProvisionedConcurrency")}),
        ({}, {"Provisioned": 5}, set()),
    ],
)
def test_changes_of_an_alias_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(ALIAS, _alias(**before), _alias(**after)) == expected


def test_permission_of_an_alias_is_none_of_its_function() -> None:
    for resource, mine in ((FUNCTION_ARN, True), (f"{FUNCTION_ARN}:3", True)):
        found = _function_policy(resource)
        assert bool(found) is mine
    assert _function_policy(f"{FUNCTION_ARN}:live") is None


def _function_policy(resource: str) -> Json:
    raw = {"FunctionName": "checkout", "FunctionArn": FUNCTION_ARN, "Policy": _policy(resource)}
    return described("AWS::Lambda::Function", raw).properties["Policy"]


@pytest.mark.parametrize("function", ["checkout", FUNCTION_ARN])
def test_an_alias_is_named_with_its_function(function: str) -> None:
    params = {"FunctionName": function, "Name": "live"}
    for operation, verb in (("UpdateAlias", "update"), ("DeleteAlias", "delete")):
        found = touches(f"lambda:{operation}", params)
        assert found == {("Lambda::Alias", verb, ("checkout:live",), "")}
    made = touches("lambda:CreateAlias", params, {"AliasArn": f"{FUNCTION_ARN}:live"})
    handles = tuple(sorted(("checkout:live", f"{FUNCTION_ARN}:live")))
    assert made == {("Lambda::Alias", "create", handles, "")}
    assert "checkout:live" in described(ALIAS, _alias()).handles


def test_a_permission_for_an_alias_touches_both() -> None:
    found = touches("lambda:AddPermission", {"FunctionName": "checkout", "Qualifier": "live"})
    assert found == {
        ("Lambda::Function", "update", ("checkout",), "policy"),
        ("Lambda::Alias", "update", ("checkout:live",), "policy"),
    }
    for qualifier in ("3", "$LATEST"):
        params = {"FunctionName": "checkout", "Qualifier": qualifier}
        assert {kind for kind, *_ in touches("lambda:AddPermission", params)} == {
            "Lambda::Function"
        }


def _mapping(**changes: Json) -> dict[str, Json]:
    return {"UUID": "u", "State": "Enabled", "FunctionArn": FUNCTION_ARN, **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"State": "Disabled"}, {("disruption", "Enabled")}),
        ({}, {"State": "Disabling"}, {("disruption", "Enabled")}),
        ({"State": "Disabled"}, {"State": "Enabled"}, set()),
        ({}, {"State": "Updating", "BatchSize": 5}, set()),
        ({}, {"FunctionArn": f"{FUNCTION_ARN}:live"}, {("disruption", "FunctionArn")}),
        (
            {},
            {"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}},
            {("disruption", "FilterCriteria")},
        ),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}, {}, set()),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:q"}}},
            {},
            {("protection-loss", "DestinationConfig")},
        ),
        (
            {"MaximumRetryAttempts": -1},
            {"MaximumRetryAttempts": 3},
            {("protection-loss", "MaximumRetryAttempts")},
        ),
        ({"MaximumRetryAttempts": 3}, {"MaximumRetryAttempts": -1}, set()),
        (
            {"MaximumRecordAgeInSeconds": 600},
            {"MaximumRecordAgeInSeconds": 60},
            {("protection-loss", "MaximumRecordAgeInSeconds")},
        ),
    ],
)
def test_changes_of_a_mapping_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(MAPPING, _mapping(**before), _mapping(**after)) == expected


def test_a_mapping_is_named_by_its_id_and_its_tags_by_arn() -> None:
    made = touches("lambda:CreateEventSourceMapping", {"FunctionName": "f"}, {"UUID": "u"})
    assert made == {("Lambda::EventSourceMapping", "create", ("u",), "")}
    gone = touches("lambda:DeleteEventSourceMapping", {"UUID": "u"})
    assert gone == {("Lambda::EventSourceMapping", "delete", ("u",), "")}
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:event-source-mapping:u"
    tagged = touches("lambda:TagResource", {"Resource": arn, "Tags": {}})
    assert tagged == {("Lambda::EventSourceMapping", "update", ("u",), "")}


def _layer(**changes: Json) -> dict[str, Json]:
    return {
        "LayerVersionArn": f"{LAYER_ARN}:2",
        "Version": 2,
        "Layer": {"LayerName": "shared"},
        **changes,
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"Policy": _policy(f"{LAYER_ARN}:2")}, {("exposure", "OpenTo")}),
        ({"Policy": _policy(f"{LAYER_ARN}:2")}, {}, {("disruption", "Policy")}),
        ({}, {"Policy": _policy(f"{LAYER_ARN}:2", {"AWS": ACCOUNT})}, set()),
    ],
)
def test_changes_of_a_layer_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(LAYER, _layer(**before), _layer(**after)) == expected


@pytest.mark.parametrize("name", ["shared", LAYER_ARN])
def test_a_version_of_a_layer_is_a_resource_of_its_own(name: str) -> None:
    gone = touches("lambda:DeleteLayerVersion", {"LayerName": name, "VersionNumber": 2})
    assert gone == {("Lambda::LayerVersion", "delete", ("shared:2",), "")}
    made = touches(
        "lambda:PublishLayerVersion", {"LayerName": name}, {"LayerVersionArn": f"{LAYER_ARN}:2"}
    )
    assert made == {("Lambda::LayerVersion", "create", (f"{LAYER_ARN}:2", "shared:2"), "")}
    assert {"shared:2", f"{LAYER_ARN}:2"} <= described(LAYER, _layer()).handles


def test_a_mapping_that_failed_to_be_made_says_nothing() -> None:
    assert is_unread("lambda:CreateEventSourceMapping", {"FunctionName": "f"})
