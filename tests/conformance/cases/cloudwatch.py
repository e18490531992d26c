"""Alarms, composite alarms, dashboards, insight rules."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:operations"


def _put(api: Api, **changes: object) -> None:
    api.call(
        "cloudwatch",
        "PutMetricAlarm",
        {
            "AlarmName": "errors are high",
            "AlarmDescription": "someone should look",
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": "checkout"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2,
            "Threshold": 5.5,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "breaching",
            "AlarmActions": [_TOPIC],
            "OKActions": [_TOPIC],
            "Tags": [{"Key": "team", "Value": "a"}],
            **changes,
        },
    )


def make_alarm(api: Api) -> None:
    _put(api)
    api.call(
        "cloudwatch",
        "PutMetricAlarm",
        {
            "AlarmName": "lag",
            "Namespace": "App",
            "MetricName": "Lag",
            "ExtendedStatistic": "p99",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 100,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "ActionsEnabled": False,
        },
    )


def _make_composite(api: Api) -> None:
    make_alarm(api)
    api.call(
        "cloudwatch",
        "PutCompositeAlarm",
        {
            "AlarmName": "either",
            "AlarmDescription": "of the two",
            "AlarmRule": 'ALARM("errors are high") OR ALARM(lag)',
            "AlarmActions": [_TOPIC],
            "Tags": [{"Key": "team", "Value": "a"}],
        },
    )


def make_dashboard(api: Api) -> None:
    widget = {
        "type": "text",
        "x": 0,
        "y": 0,
        "width": 3,
        "height": 3,
        "properties": {"markdown": "what we look at"},
    }
    body = json.dumps({"widgets": [widget]})
    api.call("cloudwatch", "PutDashboard", {"DashboardName": "main", "DashboardBody": body})


def _make_rule(api: Api) -> None:
    definition = {
        "Schema": {"Name": "CloudWatchLogRule", "Version": 1},
        "LogGroupNames": ["/app/web"],
        "LogFormat": "JSON",
        "Contribution": {"Keys": ["$.ip"], "Filters": []},
        "AggregateOn": "Count",
    }
    params = {"RuleName": "visitors", "RuleDefinition": json.dumps(definition)}
    api.call("cloudwatch", "PutInsightRule", params)


def _update(api: Api) -> None:
    _put(api, Threshold=7.5)


CASES = (
    Case(service="cloudwatch", type="AWS::CloudWatch::Alarm", make=make_alarm, update=_update),
    Case(service="cloudwatch", type="AWS::CloudWatch::CompositeAlarm", make=_make_composite),
    Case(service="cloudwatch", type="AWS::CloudWatch::Dashboard", make=make_dashboard),
    Case(service="cloudwatch", type="AWS::CloudWatch::InsightRule", make=_make_rule),
)
