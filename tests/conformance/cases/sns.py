"""SNS topics and subscriptions on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import Case

_TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"


def _make(api: Api) -> None:
    attributes = {"DisplayName": "Größe", "KmsMasterKeyId": "alias/aws/sns"}
    tags = [{"Key": "team", "Value": "a b"}]
    api.call("sns", "CreateTopic", {"Name": "alerts", "Attributes": attributes, "Tags": tags})
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "sns:Publish",
        "Resource": _TOPIC,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api.call(
        "sns",
        "SetTopicAttributes",
        {"TopicArn": _TOPIC, "AttributeName": "Policy", "AttributeValue": document},
    )
    api.call("sns", "CreateTopic", {"Name": "a.fifo", "Attributes": {"FifoTopic": "true"}})
    api.call(
        "sns",
        "Subscribe",
        {
            "TopicArn": _TOPIC,
            "Protocol": "sqs",
            "Endpoint": "arn:aws:sqs:us-east-1:123456789012:orders",
            "Attributes": {"RawMessageDelivery": "true", "FilterPolicy": '{"kind": ["a"]}'},
        },
    )


def _update(api: Api) -> None:
    name = {"AttributeName": "DisplayName", "AttributeValue": "other"}
    api.call("sns", "SetTopicAttributes", {"TopicArn": _TOPIC, **name})


TOPIC = Case(service="sns", type="AWS::SNS::Topic", make=_make, update=_update)
SUBSCRIPTION = Case(service="sns", type="AWS::SNS::Subscription", make=_make, update=_update)
CASES = (
    TOPIC,
    SUBSCRIPTION,
)
