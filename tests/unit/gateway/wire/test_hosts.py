from __future__ import annotations

import pytest

from executor.gateway.wire import Identifier, Models, Unidentifiable, WireRequest, bucket_of_host
from tests.unit.gateway.wire.generating import authorization

MODELS = Models()
IDENTIFIER = Identifier(MODELS)


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("s3.amazonaws.com", ""),
        ("s3.eu-west-1.amazonaws.com", ""),
        ("s3.dualstack.eu-west-1.amazonaws.com", ""),
        ("logs.s3.amazonaws.com", "logs"),
        ("logs.s3.eu-west-1.amazonaws.com", "logs"),
        ("my.dotted.logs.s3.eu-west-1.amazonaws.com", "my.dotted.logs"),
        ("logs.eu-west-1.s3.us-west-2.amazonaws.com", "logs.eu-west-1"),
        ("logs.s3.dualstack.eu-west-1.amazonaws.com", "logs"),
        ("logs.s3-fips.dualstack.us-gov-west-1.amazonaws.com", "logs"),
        ("logs.s3-eu-west-1.amazonaws.com", "logs"),
        ("logs.s3-accelerate.amazonaws.com", "logs"),
        ("logs.s3-accelerate.dualstack.amazonaws.com", "logs"),
        ("logs.s3.cn-north-1.amazonaws.com.cn", "logs"),
        ("logs.s3.localhost.localstack.cloud", "logs"),
        ("sqs.eu-west-1.amazonaws.com", ""),
        ("127.0.0.1", ""),
        ("logs.localhost", ""),
    ],
)
def test_the_bucket_of_a_host_is_found(host: str, bucket: str) -> None:
    assert bucket_of_host(host) == bucket


@pytest.mark.parametrize(
    ("host", "services", "region"),
    [
        ("sqs.eu-west-1.amazonaws.com", {"sqs"}, "eu-west-1"),
        ("queue.amazonaws.com", {"sqs"}, ""),
        ("us-west-2.queue.amazonaws.com", {"sqs"}, "us-west-2"),
        ("sqs-fips.us-east-1.amazonaws.com", {"sqs"}, "us-east-1"),
        ("sqs.us-east-1.api.aws", {"sqs"}, "us-east-1"),
        ("vpce-0a1b.sqs.us-east-1.vpce.amazonaws.com", {"sqs"}, "us-east-1"),
        ("sqs.us-east-1.localhost.localstack.cloud", {"sqs"}, "us-east-1"),
        ("iam.amazonaws.com", {"iam"}, ""),
        ("iam.us-gov.amazonaws.com", {"iam"}, ""),
        ("route53.us-gov.api.aws", {"route53"}, ""),
        ("sqs-fips.us-gov-west-1.api.aws", {"sqs"}, "us-gov-west-1"),
        ("sqs.cn-north-1.api.amazonwebservices.com.cn", {"sqs"}, "cn-north-1"),
        ("sqs.eusc-de-east-1.amazonaws.eu", {"sqs"}, "eusc-de-east-1"),
        ("api.ecr.eu-west-1.amazonaws.com", {"ecr"}, "eu-west-1"),
        ("streams.dynamodb.eu-west-1.amazonaws.com", {"dynamodbstreams"}, "eu-west-1"),
        ("123456789012.ddb.eu-west-1.amazonaws.com", {"dynamodb"}, "eu-west-1"),
        ("email.eu-west-1.amazonaws.com", {"ses", "sesv2", "pinpoint-email"}, "eu-west-1"),
        ("123456789012.s3-control.eu-west-1.amazonaws.com", {"s3control"}, "eu-west-1"),
        ("123456789012.data-kinesis.eu-west-1.amazonaws.com", {"kinesis"}, "eu-west-1"),
        ("abc-ats.iot.eu-west-1.amazonaws.com", {"iot", "iot-data", "iot-jobs-data"}, "eu-west-1"),
        ("abc.lambda-url.us-east-1.on.aws", set(), "us-east-1"),
        ("a-123456789012.s3-accesspoint.us-west-2.amazonaws.com", set(), "us-west-2"),
        ("b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com", set(), "us-west-2"),
        ("logs.s3-website-us-east-1.amazonaws.com", set(), ""),
        ("logs.bucket.vpce-0a1b.s3.us-east-1.vpce.amazonaws.com", set(), "us-east-1"),
    ],
)
def test_service_and_region_of_a_host_are_found(host: str, services: set[str], region: str) -> None:
    place = MODELS.hosts.place(host)
    assert place.aws
    assert (set(place.services), place.region) == (services, region)


@pytest.mark.parametrize(
    "host",
    [
        "ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com",
        "b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com",
        "logs.bucket.vpce-0a1b.s3.us-east-1.vpce.amazonaws.com",
        "logs.s3-website-us-east-1.amazonaws.com",
        "mybucket.localhost:4566",
        "mybucket.gateway.internal",
    ],
)
def test_the_first_word_of_a_key_is_never_taken_for_a_bucket(host: str) -> None:
    request = WireRequest(
        method="DELETE", target="/key", headers=(("Host", host), authorization("s3"))
    )
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(request)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:4566", "[::1]:4566", "localhost:4566", "host.docker.internal", "engine"]
)
def test_plain_hosts_are_addressed_path_style(host: str) -> None:
    request = WireRequest(
        method="DELETE", target="/bucket", headers=(("Host", host), authorization("s3"))
    )
    assert IDENTIFIER.identify(request).operation == "DeleteBucket"


def test_account_and_path_tell_s3_control_from_s3() -> None:
    request = WireRequest(
        method="DELETE",
        target="/v20180820/accesspoint/a",
        headers=(
            ("Host", "127.0.0.1"),
            authorization("s3"),
            ("x-amz-account-id", "123456789012"),
        ),
    )
    identity = IDENTIFIER.identify(request)
    assert (identity.service, identity.operation) == ("s3control", "DeleteAccessPoint")
