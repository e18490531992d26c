"""Lambda: what calls touch, what is dangerous, what is concealed."""

from __future__ import annotations

import json

import pytest

from executor.catalog.lambda_placeholder import placeholder_zip
from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, described, hazards, is_unread, touches

FUNCTION = "AWS::Lambda::Function"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:checkout"


def _function(**changes: Json) -> dict[str, Json]:
    return {"FunctionName": "checkout", "FunctionArn": ARN, "CodeSha256": "a", **changes}


def _open(principal: Json) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction"}
    return json.dumps({"Statement": [{**statement, "Resource": ARN}]})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"Concurrency": 0}, {("disruption", "ReservedConcurrency")}),
        ({}, {"Concurrency": 5}, set()),
        ({}, {"Policy": _open("*")}, {("exposure", "OpenTo")}),
        ({}, {"Policy": _open({"Service": "s3.amazonaws.com"})}, set()),
        (
            {"Policy": _open({"Service": "s3.amazonaws.com"})},
            {},
            {("disruption", "Policy")},
        ),
        ({}, {"Url": {"AuthType": "NONE"}}, {("exposure", "Url.AuthType")}),
        ({}, {"Url": {"AuthType": "AWS_IAM"}}, set()),
        ({"Url": {"AuthType": "AWS_IAM"}}, {}, {("disruption", "Url")}),
        ({"Versions": [{"Version": "3"}]}, {}, {("disruption", "Versions")}),
        ({}, {"Versions": [{"Version": "3"}]}, set()),
        (
            {"EventInvoke": [{"DestinationConfig": {"OnFailure": {"Destination": "arn:q"}}}]},
            {"EventInvoke": [{"MaximumRetryAttempts": 1}]},
            {
                (
                    "protection-loss",
                    "EventInvoke[].DestinationConfig.OnFailure.Destination",
                )
            },
        ),
        ({}, {"EventInvoke": [{"MaximumRetryAttempts": 1}]}, set()),
        ({}, {"CodeSha256": "b"}, set()),
    ],
)
def test_changes_of_a_function_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(FUNCTION, _function(**before), _function(**after)) == expected


def test_values_of_the_environment_become_digests_that_stay_the_same() -> None:
    once = described(FUNCTION, _function(Environment={"Variables": {"TOKEN": "hush"}}))
    assert "hush" not in str(once)
    # What a replica is given in place of the value.
    digests = once.properties["Environment"]
    assert isinstance(digests, dict)
    given = {"TOKEN": f"executor-stand-in:{digests['TOKEN']}"}
    twice = described(FUNCTION, _function(Environment={"Variables": given}))
    assert twice.properties["Environment"] == once.properties["Environment"]


@pytest.mark.parametrize("name", ["checkout", ARN, f"{ACCOUNT}:function:checkout"])
def test_function_is_named_in_any_form(name: str) -> None:
    found = touches("lambda:UpdateFunctionCode", {"FunctionName": name})
    assert found == {("Lambda::Function", "update", ("checkout",), "")}


def test_deleting_a_version_leaves_the_function() -> None:
    whole = touches("lambda:DeleteFunction", {"FunctionName": "checkout"})
    assert whole == {("Lambda::Function", "delete", ("checkout",), "")}
    for params in ({"FunctionName": "checkout", "Qualifier": "3"}, {"FunctionName": f"{ARN}:3"}):
        part = touches("lambda:DeleteFunction", params)
        assert part == {("Lambda::Function", "update", ("checkout",), "version")}


def test_invoking_operates() -> None:
    found = touches("lambda:Invoke", {"FunctionName": f"{ARN}:live"})
    assert found == {("Lambda::Function", "operate", ("checkout",), "")}


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("lambda:PutFunctionRecursionConfig", {"FunctionName": "checkout"})
    signing = f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:csc-1"
    assert is_unread("lambda:TagResource", {"Resource": signing, "Tags": {}})
    # Concurrency of a plain version is not read, that of an alias is.
    params = {"FunctionName": "checkout", "ProvisionedConcurrentExecutions": 1}
    assert is_unread("lambda:PutProvisionedConcurrencyConfig", {**params, "Qualifier": "3"})
    assert not is_unread("lambda:PutProvisionedConcurrencyConfig", {**params, "Qualifier": "live"})


@pytest.mark.parametrize("runtime", ["python3.12", "nodejs20.x", "ruby3.3", "java21", ""])
def test_placeholder_is_always_the_same(runtime: str) -> None:
    assert placeholder_zip(runtime, "a/b.go") == placeholder_zip(runtime, "a/b.go")
    assert placeholder_zip(runtime, "a/b.go") != placeholder_zip(runtime, "a/b.go", mark="2")
