"""Event buses, rules, archives, connections and API destinations on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_ARN = f"arn:aws:events:{REGION}:{ACCOUNT}"
_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
_TAGS = [{"Key": "team", "Value": "a"}]


def _events(api: Api, operation: str, **params: object) -> None:
    api.call("events", operation, params)


def _make_bus(api: Api) -> None:
    letters = {"Arn": f"{_QUEUE}:undelivered"}
    _events(
        api,
        "CreateEventBus",
        Name="orders",
        Description="of the shop",
        DeadLetterConfig=letters,
        LogConfig={"Level": "ERROR", "IncludeDetail": "NONE"},
        KmsKeyIdentifier=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000",
        Tags=_TAGS,
    )
    whom = {"Action": "events:PutEvents", "EventBusName": "orders"}
    _events(api, "PutPermission", StatementId="one", Principal="999999999999", **whom)
    within = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1234567890"}
    _events(api, "PutPermission", StatementId="all", Principal="*", Condition=within, **whom)


def _remake_bus(api: Api) -> None:
    _events(api, "DeleteEventBus", Name="orders")
    _make_bus(api)


def _update_bus(api: Api) -> None:
    _events(api, "UpdateEventBus", Name="orders", Description="of all shops")


def _make_archive(api: Api) -> None:
    _events(api, "CreateEventBus", Name="orders")
    _events(
        api,
        "CreateArchive",
        ArchiveName="kept",
        EventSourceArn=f"{_ARN}:event-bus/orders",
        Description="a week",
        EventPattern=json.dumps({"source": ["shop"]}),
        RetentionDays=7,
    )
    _events(api, "CreateArchive", ArchiveName="ever", EventSourceArn=f"{_ARN}:event-bus/orders")


def _remake_archive(api: Api) -> None:
    for name in ("kept", "ever"):
        _events(api, "DeleteArchive", ArchiveName=name)
    _make_archive_again(api)


def _make_archive_again(api: Api) -> None:
    for name in ("kept", "ever"):
        source = f"{_ARN}:event-bus/orders"
        _events(api, "CreateArchive", ArchiveName=name, EventSourceArn=source)


def _update_archive(api: Api) -> None:
    _events(api, "UpdateArchive", ArchiveName="kept", RetentionDays=14)


def _make_destination(api: Api) -> None:
    for name, kind, credentials in (
        ("key", "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "x", "ApiKeyValue": "hush"}}),
        ("user", "BASIC", {"BasicAuthParameters": {"Username": "u", "Password": "hush"}}),
    ):
        _events(
            api,
            "CreateConnection",
            Name=name,
            AuthorizationType=kind,
            AuthParameters=credentials,
            Description=name,
        )
    found = api.call("events", "DescribeConnection", {"Name": "key"})
    _events(
        api,
        "CreateApiDestination",
        Name="shop",
        ConnectionArn=found["ConnectionArn"],
        InvocationEndpoint="https://example.com/orders",
        HttpMethod="POST",
        InvocationRateLimitPerSecond=5,
        Description="tells the shop",
    )


def _remake_destination(api: Api) -> None:
    _events(api, "DeleteApiDestination", Name="shop")
    for name in ("key", "user"):
        _events(api, "DeleteConnection", Name=name)
    _make_destination(api)


def _update_destination(api: Api) -> None:
    _events(api, "UpdateApiDestination", Name="shop", Description="tells it all")


def _update_connection(api: Api) -> None:
    _events(api, "UpdateConnection", Name="user", Description="of the user")


def _make_rules(api: Api) -> None:
    _events(api, "CreateEventBus", Name="orders")
    target = {
        "Arn": f"{_QUEUE}:orders",
        "InputPath": "$.detail",
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600},
        "DeadLetterConfig": {"Arn": f"{_QUEUE}:undelivered"},
    }
    for bus, state in (("default", "ENABLED"), ("orders", "DISABLED")):
        _events(
            api,
            "PutRule",
            Name="paid",
            EventBusName=bus,
            EventPattern=json.dumps({"source": ["shop"], "detail": {"state": ["paid"]}}),
            State=state,
            Description=f"paid, on {bus}",
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/speaks",
            Tags=_TAGS,
        )
        _events(
            api,
            "PutTargets",
            Rule="paid",
            EventBusName=bus,
            Targets=[{"Id": f"{bus}-{n}", **target} for n in range(5)],
        )
    _events(api, "PutRule", Name="nightly", ScheduleExpression="cron(0 3 * * ? *)")


def _update_rules(api: Api) -> None:
    _events(api, "DisableRule", Name="paid")


CASES = (
    Case(
        service="events",
        type="AWS::Events::EventBus",
        make=_make_bus,
        remake=_remake_bus,
        update=_update_bus,
        kept={
            "Policy": "length(Policy.Statement) == `2`",
            "OpenTo": "length(OpenTo) == `2`",
            "KmsKeyIdentifier": "KmsKeyIdentifier",
            "DeadLetter": "DeadLetter",
            "Log": "Log.Level == 'ERROR'",
        },
    ),
    Case(
        service="events",
        type="AWS::Events::Archive",
        make=_make_archive,
        remake=_remake_archive,
        update=_update_archive,
        kept={"RetentionDays": "RetentionDays == `7`", "EventPattern": "EventPattern.source"},
    ),
    Case(
        service="events",
        type="AWS::Events::Connection",
        make=_make_destination,
        remake=_remake_destination,
        update=_update_connection,
        kept={"AuthParameters": "AuthParameters.BasicAuthParameters.Username == 'u'"},
    ),
    Case(
        service="events",
        type="AWS::Events::ApiDestination",
        make=_make_destination,
        remake=_remake_destination,
        update=_update_destination,
        kept={
            "InvocationEndpoint": "InvocationEndpoint",
            "InvocationRateLimitPerSecond": "InvocationRateLimitPerSecond == `5`",
        },
    ),
    # Rules have no birth mark.
    Case(
        service="events",
        type="AWS::Events::Rule",
        make=_make_rules,
        update=_update_rules,
        kept={
            "State": "State == 'DISABLED'",
            "Targets": "length(keys(Targets)) == `5`",
            "EventPattern": "EventPattern.detail",
            "RoleArn": "RoleArn",
            "ScheduleExpression": "ScheduleExpression",
        },
    ),
)
