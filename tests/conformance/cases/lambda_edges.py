"""Aliases, layers and event source mappings, with the function that they are about."""

from __future__ import annotations

import json

from executor.aws import Api
from executor.catalog.raw import objects, table, text
from executor.model.json import JsonObject
from tests.conformance.cases.lambda_functions import TRUST, package, settle
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_SOURCES = ("iam", "sqs", "dynamodb")
_DEAD_LETTERS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead-letters"


def _call(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("lambda", operation, params)


def make(api: Api) -> None:
    for queue in ("orders", "dead-letters"):
        api.call("sqs", "CreateQueue", {"QueueName": queue})
    wanted = {
        "TableName": "ledger",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    }
    made = api.call("dynamodb", "CreateTable", wanted)
    stream = text(table(made, "TableDescription"), "LatestStreamArn")
    _make_layers(api)
    _make_function(api)
    _make_aliases(api)
    _make_mappings(api, stream)


def _make_layers(api: Api) -> None:
    for said in ("one", "two", "three"):
        _call(
            api,
            "PublishLayerVersion",
            LayerName="shared",
            Description=said,
            Content={"ZipFile": package()},
            CompatibleRuntimes=["python3.12"],
            CompatibleArchitectures=["x86_64"],
            LicenseInfo="MIT",
        )
    _call(api, "DeleteLayerVersion", LayerName="shared", VersionNumber=2)
    _call(
        api,
        "AddLayerVersionPermission",
        LayerName="shared",
        VersionNumber=3,
        StatementId="all",
        Action="lambda:GetLayerVersion",
        Principal="*",
    )


def _make_function(api: Api) -> None:
    role = {"RoleName": "runs", "AssumeRolePolicyDocument": json.dumps(TRUST)}
    api.call("iam", "CreateRole", role)
    _call(
        api,
        "CreateFunction",
        FunctionName="checkout",
        Runtime="python3.12",
        Handler="index.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/runs",
        Code={"ZipFile": package()},
        Layers=[f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:shared:3"],
    )
    settle(api)
    for seconds in (4, 5, 6):
        # What is the same as before is not published anew.
        _call(api, "UpdateFunctionConfiguration", FunctionName="checkout", Timeout=seconds)
        settle(api)
        _call(api, "PublishVersion", FunctionName="checkout")
    _call(api, "DeleteFunction", FunctionName="checkout", Qualifier="2")


def _make_aliases(api: Api) -> None:
    weights = {"AdditionalVersionWeights": {"3": 0.25}}
    live = {"FunctionName": "checkout", "Qualifier": "live"}
    _call(
        api,
        "CreateAlias",
        FunctionName="checkout",
        Name="live",
        FunctionVersion="1",
        Description="what customers see",
        RoutingConfig=weights,
    )
    _call(api, "CreateAlias", FunctionName="checkout", Name="next", FunctionVersion="3")
    _call(
        api,
        "AddPermission",
        **live,
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )
    _call(
        api,
        "AddPermission",
        FunctionName="checkout",
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
    )
    _call(api, "CreateFunctionUrlConfig", **live, AuthType="AWS_IAM")


def _make_mappings(api: Api, stream: str) -> None:
    _call(
        api,
        "CreateEventSourceMapping",
        FunctionName="checkout:live",
        EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders",
        BatchSize=5,
        Enabled=False,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 5},
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"kind": ["order"]}})}]},
        Tags={"team": "a"},
    )
    _call(
        api,
        "CreateEventSourceMapping",
        FunctionName="checkout",
        EventSourceArn=stream,
        StartingPosition="LATEST",
        BatchSize=50,
        MaximumRetryAttempts=3,
        DestinationConfig={"OnFailure": {"Destination": _DEAD_LETTERS}},
    )


def _remake_mappings(api: Api) -> None:
    for mapping in objects(_call(api, "ListEventSourceMappings"), "EventSourceMappings"):
        _call(api, "DeleteEventSourceMapping", UUID=mapping["UUID"])
        if ":sqs:" not in text(mapping, "EventSourceArn"):
            _make_mappings(api, text(mapping, "EventSourceArn"))


def _update(api: Api) -> None:
    _call(api, "UpdateAlias", FunctionName="checkout", Name="next", FunctionVersion="1")
    for mapping in objects(_call(api, "ListEventSourceMappings"), "EventSourceMappings"):
        _call(api, "UpdateEventSourceMapping", UUID=mapping["UUID"], BatchSize=7)


CASES = (
    Case(
        service="lambda",
        type="AWS::Lambda::Alias",
        make=make,
        update=_update,
        services=_SOURCES,
    ),
    Case(service="lambda", type="AWS::Lambda::LayerVersion", make=make, services=_SOURCES),
    Case(
        service="lambda",
        type="AWS::Lambda::EventSourceMapping",
        make=make,
        update=_update,
        remake=_remake_mappings,
        services=_SOURCES,
    ),
)
