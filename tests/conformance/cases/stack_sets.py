"""Stack sets."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import Case

_TEMPLATE = {
    "Parameters": {"Name": {"Type": "String"}},
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
    },
}


def make_set(api: Api) -> None:
    api.call(
        "cloudformation",
        "CreateStackSet",
        {
            "StackSetName": "fleet",
            "Description": "a queue everywhere",
            "TemplateBody": json.dumps(_TEMPLATE),
            "Parameters": [{"ParameterKey": "Name", "ParameterValue": "jobs"}],
            "AdministrationRoleARN": "arn:aws:iam::123456789012:role/admin",
            "ExecutionRoleName": "execution",
            "Tags": [{"Key": "team", "Value": "a b"}],
        },
    )


def _remake(api: Api) -> None:
    api.call("cloudformation", "DeleteStackSet", {"StackSetName": "fleet"})
    make_set(api)


CASES = (
    Case(
        service="cloudformation",
        type="AWS::CloudFormation::StackSet",
        make=make_set,
        remake=_remake,
    ),
)
