"""Log groups on every emulator."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.catalog_harness import Case

_GROUP = {"logGroupName": "/app/web-1"}


def _make(api: Api) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/0000"
    api.call("logs", "CreateLogGroup", {**_GROUP, "kmsKeyId": key, "tags": {"team": "a"}})
    api.call("logs", "PutRetentionPolicy", {**_GROUP, "retentionInDays": 7})
    for n in range(60):
        api.call("logs", "CreateLogStream", {**_GROUP, "logStreamName": f"web/ü/{n}"})
    transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    api.call(
        "logs",
        "PutMetricFilter",
        {
            **_GROUP,
            "filterName": "errors",
            "filterPattern": "ERROR",
            "metricTransformations": [transformation],
        },
    )
    api.call("logs", "CreateLogGroup", {"logGroupName": "plain"})


def _remake(api: Api) -> None:
    api.call("logs", "DeleteLogGroup", _GROUP)
    api.call("logs", "DeleteLogGroup", {"logGroupName": "plain"})
    _make(api)


def _update(api: Api) -> None:
    api.call("logs", "PutRetentionPolicy", {**_GROUP, "retentionInDays": 14})


GROUP = Case(service="logs", type="AWS::Logs::LogGroup", make=_make, remake=_remake, update=_update)
CASES = (GROUP,)
