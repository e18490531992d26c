from __future__ import annotations

import pytest
from botocore import xform_name
from botocore.session import Session

from executor.gateway.wire import Identifier, Models, Unidentifiable, WireRequest
from tests.unit.gateway.wire.generating import authorization

IDENTIFIER = Identifier(Models())
LOCAL = ("Host", "127.0.0.1:4566")
FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")


def request(
    method: str,
    target: str,
    *headers: tuple[str, str],
    signing: str = "",
    host: str = "127.0.0.1:4566",
    body: bytes = b"",
) -> WireRequest:
    signed = (authorization(signing),) if signing else ()
    return WireRequest(
        method=method, target=target, headers=(("Host", host), *signed, *headers), body=body
    )


def s3(method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> WireRequest:
    return request(method, target, *headers, signing="s3", body=body)


def told(request: WireRequest) -> str:
    identity = IDENTIFIER.identify(request)
    return f"{identity.service}:{identity.operation}"


# S3


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("DELETE", "/bucket", "DeleteBucket"),
        ("DELETE", "/bucket/", "DeleteBucket"),
        ("DELETE", "/bucket?metrics&id=x", "DeleteBucketMetricsConfiguration"),
        ("DELETE", "/bucket/a/b?uploadId=u", "AbortMultipartUpload"),
        ("GET", "/bucket?list-type=2&prefix=a", "ListObjectsV2"),
        ("GET", "/bucket?prefix=a", "ListObjects"),
        ("GET", "/bucket/key?x-id=GetObject", "GetObject"),
        ("POST", "/bucket?delete", "DeleteObjects"),
        ("POST", "/bucket/key?uploads", "CreateMultipartUpload"),
        ("PUT", "/bucket/key?partNumber=1&uploadId=u", "UploadPart"),
        ("PUT", "/bucket/key", "PutObject"),
        ("GET", "/", "ListBuckets"),
    ],
)
def test_s3_sub_resources_are_told_apart(method: str, target: str, operation: str) -> None:
    assert told(s3(method, target)) == f"s3:{operation}"


def test_a_copy_is_not_a_put() -> None:
    copied = ("x-amz-copy-source", "/other/key")
    assert told(s3("PUT", "/bucket/key", copied)) == "s3:CopyObject"
    part = s3("PUT", "/bucket/key?partNumber=1&uploadId=u", copied)
    assert told(part) == "s3:UploadPartCopy"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("DELETE", "/bucket?unheardOf"),
        ("DELETE", "/bucket?metrics"),  # a sub-resource without the id that it must have
        ("DELETE", "/bucket/key?unheardOf"),
        ("PUT", "/bucket?acl&policy"),
        ("GET", "/bucket?list-type=3"),
        ("DELETE", "/bucket/key?x-id=GetObject"),
        ("GET", "/_ministack/reset"),
        ("PUT", "/%5Flocalstack/state"),
        ("PUT", "/moto-api/reset"),
        ("DELETE", "/bucket/a/../b"),
        ("DELETE", "/bucket/%2E%2E/b"),
        ("DELETE", "//bucket"),
        ("DELETE", "/bucket;of=1"),
        ("DELETE", "/bucket%3Bof=1"),
        ("DELETE", "/bucket#of/key"),
        ("DELETE", "/bucket%2Fkey"),
        ("DELETE", "/bucket/%FF"),
        ("GET", "/bucket?prefix=%FF"),
        ("GET", "/bucket?prefix=a&prefix=b"),
    ],
)
def test_what_s3_does_not_know_is_not_taken_for_the_bucket(method: str, target: str) -> None:
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(s3(method, target))


def test_a_presigned_url_is_identified() -> None:
    credential = "AKID%2F20261123%2Feu-central-1%2Fs3%2Faws4_request"
    target = f"/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}"
    identity = IDENTIFIER.identify(request("GET", target))
    assert (identity.operation, identity.region) == ("GetObject", "eu-central-1")
    assert identity.access_key == "AKID"


def test_an_address_presigned_the_old_way_is_s3s() -> None:
    target = "/bucket/key?AWSAccessKeyId=AKID&Signature=abc&Expires=1"
    assert told(request("GET", target)) == "s3:GetObject"


def test_a_gzipped_object_is_kept_as_it_is() -> None:
    put = s3("PUT", "/bucket/key", ("Content-Encoding", "gzip"), body=b"\x1f\x8bnot really")
    assert IDENTIFIER.identify(put).params["Body"] == b"\x1f\x8bnot really"


def test_only_object_bodies_are_streamed_past() -> None:
    assert not IDENTIFIER.must_buffer(s3("PUT", "/bucket/key"))
    assert not IDENTIFIER.must_buffer(s3("PUT", "/bucket/key?partNumber=1&uploadId=u"))
    assert IDENTIFIER.must_buffer(s3("POST", "/bucket?delete"))
    assert IDENTIFIER.must_buffer(s3("PUT", "/bucket?policy"))
    assert IDENTIFIER.must_buffer(s3("PUT", "/bucket?unheardOf"))


def test_a_body_that_was_not_buffered_is_told_to_be_streamed() -> None:
    put = WireRequest(
        method="PUT", target="/b/k", headers=(LOCAL, authorization("s3")), buffered=False
    )
    identity = IDENTIFIER.identify(put)
    assert identity.streamed == "Body"
    assert repr(identity.params["Body"]) == "STREAMED"


# Signs that contradict each other


def target_of(name: str) -> tuple[str, str]:
    return "X-Amz-Target", name


CONTRADICTIONS = {
    "target of one service, signed for another": request(
        "POST", "/", target_of("AmazonSQS.DeleteQueue"), signing="dynamodb", body=b"{}"
    ),
    "a harmless target on a destructive address": request(
        "DELETE", "/bucket", target_of("DynamoDB_20120810.ListTables")
    ),
    "the same, signed": request(
        "DELETE", "/bucket", target_of("DynamoDB_20120810.ListTables"), signing="dynamodb"
    ),
    "a target and an argument": request(
        "POST", "/?Action=DeleteTopic", target_of("DynamoDB_20120810.ListTables")
    ),
    "two targets": request(
        "POST",
        "/",
        target_of("DynamoDB_20120810.ListTables"),
        target_of("DynamoDB_20120810.DeleteTable"),
        signing="dynamodb",
        body=b"{}",
    ),
    "two signatures": request("DELETE", "/bucket", authorization("sqs"), signing="s3"),
    "signed in header and query": request(
        "GET", "/bucket?X-Amz-Credential=A%2F2026%2Feu-west-1%2Fs3%2Faws4_request", signing="s3"
    ),
    "signed for one service, sent to the host of another": request(
        "POST",
        "/",
        target_of("AmazonSQS.ListQueues"),
        signing="sqs",
        host="dynamodb.us-east-1.amazonaws.com",
        body=b"{}",
    ),
    "two hosts": request("GET", "/bucket", ("host", "s3.amazonaws.com"), signing="s3"),
    "an address of another host": request("GET", "http://s3.amazonaws.com/bucket", signing="s3"),
    "an unknown action": request(
        "POST", "/", FORM, signing="sns", body=b"Action=Explode&Version=2010-03-31"
    ),
    "two actions": request(
        "POST", "/", FORM, signing="sns", body=b"Action=ListTopics&Action=DeleteTopic"
    ),
    "an action in the query and one in the body": request(
        "POST", "/?Action=ListTopics", FORM, signing="sns", body=b"Action=DeleteTopic&TopicArn=a"
    ),
    "another API version": request(
        "POST", "/", FORM, signing="sns", body=b"Action=ListTopics&Version=1999-01-01"
    ),
    "a form by DELETE": request(
        "DELETE", "/", FORM, signing="sns", body=b"Action=ListTopics&Version=2010-03-31"
    ),
    "a form at an address": request(
        "POST", "/a/b", FORM, signing="sns", body=b"Action=ListTopics&Version=2010-03-31"
    ),
    "a parameter twice": request(
        "POST",
        "/",
        FORM,
        signing="sns",
        body=b"Action=DeleteTopic&Version=2010-03-31&TopicArn=a&TopicArn=b",
    ),
    "a key twice": request(
        "POST",
        "/",
        target_of("AmazonSQS.DeleteQueue"),
        signing="sqs",
        body=b'{"QueueUrl": "a", "QueueUrl": "b"}',
    ),
    "another queue than the address": request(
        "POST",
        "/123456789012/q",
        FORM,
        signing="sqs",
        body=b"Action=DeleteQueue&Version=2012-11-05&QueueUrl=http%3A%2F%2Fx%2F123456789012%2Fp",
    ),
    "a CBOR request without an operation": request(
        "POST", "/", ("smithy-protocol", "rpc-v2-cbor"), signing="monitoring"
    ),
    "an unreadable signature": WireRequest(
        method="DELETE", target="/bucket", headers=(LOCAL, ("Authorization", "AWS4-HMAC-SHA256 x"))
    ),
    "an unknown service": request("GET", "/", signing="unheard-of"),
}


@pytest.mark.parametrize("what", sorted(CONTRADICTIONS))
def test_contradictory_signs_are_refused(what: str) -> None:
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(CONTRADICTIONS[what])


# Parameters that nobody knows


@pytest.mark.parametrize(
    ("service", "target", "body"),
    [
        ("sqs", "AmazonSQS.CreateQueue", b'{"QueueName": "q", "Bogus": 1}'),
        ("sqs", "AmazonSQS.CreateQueue", b'{"QueueName": {"a": 1}}'),
        ("sqs", "AmazonSQS.CreateQueue", b'{"QueueName": 1}'),
        ("sqs", "AmazonSQS.ReceiveMessage", b'{"QueueUrl": "q", "MaxNumberOfMessages": true}'),
        ("sqs", "AmazonSQS.ReceiveMessage", b'{"QueueUrl": "q", "MaxNumberOfMessages": 1e400}'),
        ("dynamodb", "DynamoDB_20120810.PutItem", b'{"Item": ' + b"[" * 100_000),
        ("dynamodb", "DynamoDB_20120810.PutItem", b'{"TableName": "t", "Item": NaN}'),
        ("dynamodb", "DynamoDB_20120810.PutItem", b"[]"),
        ("dynamodb", "DynamoDB_20120810.PutItem", b"\xff\xfe"),
    ],
)
def test_json_that_is_not_of_the_shape_is_refused(service: str, target: str, body: bytes) -> None:
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(request("POST", "/", target_of(target), signing=service, body=body))


def test_a_null_and_a_type_name_are_no_parameters() -> None:
    body = b'{"__type": "x", "QueueName": "q", "Attributes": null}'
    made = request("POST", "/", target_of("AmazonSQS.CreateQueue"), signing="sqs", body=body)
    assert IDENTIFIER.identify(made).params == {"QueueName": "q"}


# Without a signature


def test_what_is_unsigned_is_told_by_version_target_or_host() -> None:
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=a&WebIdentityToken=t"
    assert told(request("POST", "/", FORM, body=body)) == "sts:AssumeRoleWithWebIdentity"
    sign_up = target_of("AWSCognitoIdentityProviderService.SignUp")
    body = b'{"ClientId": "c", "Username": "u", "Password": "p"}'
    assert told(request("POST", "/", sign_up, body=body)) == "cognito-idp:SignUp"
    identity = IDENTIFIER.identify(request("GET", "/b/k", host="s3.eu-west-1.amazonaws.com"))
    assert (identity.operation, identity.region) == ("GetObject", "eu-west-1")
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(request("GET", "/bucket/key"))


def test_a_form_signed_the_old_way_is_told_by_its_version() -> None:
    body = (
        b"Action=ListUsers&Version=2010-05-08&AWSAccessKeyId=AKID&SignatureVersion=2"
        b"&SignatureMethod=HmacSHA256&Signature=abc&Timestamp=2026-01-01T00%3A00%3A00Z"
    )
    identity = IDENTIFIER.identify(request("POST", "/", FORM, body=body))
    assert (identity.service, identity.operation, dict(identity.params)) == ("iam", "ListUsers", {})


def test_load_balancers_of_both_generations_are_told_by_version_or_parameters() -> None:
    def balancer(body: bytes) -> str:
        return told(request("POST", "/", FORM, signing="elasticloadbalancing", body=body))

    assert balancer(b"Action=DescribeLoadBalancers&Version=2012-06-01").startswith("elb:")
    assert balancer(b"Action=DescribeLoadBalancers&Version=2015-12-01").startswith("elbv2:")
    assert balancer(b"Action=DeleteLoadBalancer&LoadBalancerArn=x").startswith("elbv2:")
    with pytest.raises(Unidentifiable):
        balancer(b"Action=DescribeLoadBalancers")


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_localstack/state/reset", "/moto-api/reset", "/health"]
)
@pytest.mark.parametrize("signing", ["", "s3", "mediastore"])
def test_the_control_endpoints_of_engines_are_no_aws_request(path: str, signing: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        with pytest.raises(Unidentifiable):
            IDENTIFIER.identify(request(method, path, signing=signing))


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1", "/restapis/0a1b2c3d/prod/_user_request_/orders"),
        ("restapis.s3.amazonaws.com", "/0a1b2c3d/prod/_user_request_/orders"),
        ("moto-api.s3.amazonaws.com", "/reset"),
        ("health.s3.amazonaws.com", "/"),
        ("127.0.0.1", "/oauth2/token"),
        ("oauth2.s3.eu-west-1.amazonaws.com", "/token"),
        ("127.0.0.1", "/%6Cogin"),
        ("127.0.0.1", "/logout"),
        ("127.0.0.1", "/v2/image/manifests/latest"),
    ],
)
def test_objects_whose_address_means_something_else_to_an_engine_are_refused(
    host: str, path: str
) -> None:
    for method in ("GET", "PUT", "DELETE"):
        with pytest.raises(Unidentifiable):
            IDENTIFIER.identify(request(method, path, host=host, signing="s3"))


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1", "/restapis/0a1b2c3d"),
        ("127.0.0.1", "/logs/restapis/a/b/_user_request_/c"),
        ("logs.s3.amazonaws.com", "/oauth2/token"),
        ("127.0.0.1", "/logins/k"),
        ("127.0.0.1", "/healthy/k"),
        ("127.0.0.1", "/logs/_localstack/health"),
    ],
)
def test_objects_whose_address_only_looks_like_it_are_let_through(host: str, path: str) -> None:
    identity = IDENTIFIER.identify(request("GET", path, host=host, signing="s3"))
    assert identity.operation == "GetObject"


class Sent(Exception):
    pass


def test_clients_that_share_the_models_do_not_change_what_is_told() -> None:
    """Botocore rewrites the paths of a shared S3 model as its clients make calls."""
    session = Session()
    session.set_credentials("123456789012", "x")
    client = session.create_client("s3", region_name="eu-west-1", endpoint_url="http://127.0.0.1:9")

    def send(**_: object) -> None:
        raise Sent

    client.meta.events.register_first("before-send.s3", send)
    for operation in ("ListObjectsV2", "DeleteBucket", "PutObject", "GetBucketPolicy"):
        key = {"Key": "k"} if operation == "PutObject" else {}
        with pytest.raises(Sent):
            getattr(client, xform_name(operation))(Bucket="b", **key)
    identifier = Identifier(Models(lambda: session.get_component("data_loader")))
    for method, target, operation, params in (
        ("GET", "/b?list-type=2", "ListObjectsV2", {"Bucket": "b"}),
        ("DELETE", "/b", "DeleteBucket", {"Bucket": "b"}),
        ("PUT", "/b/k", "PutObject", {"Bucket": "b", "Key": "k"}),
        ("GET", "/b?policy", "GetBucketPolicy", {"Bucket": "b"}),
    ):
        identity = identifier.identify(s3(method, target))
        assert (identity.operation, dict(identity.params)) == (operation, params)
    with pytest.raises(Unidentifiable):
        identifier.identify(s3("DELETE", "/"))


def test_only_the_model_of_the_service_asked_for_is_loaded() -> None:
    models = Models()
    made = request("POST", "/", target_of("AmazonSQS.ListQueues"), signing="sqs", body=b"{}")
    Identifier(models).identify(made)
    assert set(models.loaded) == {"sqs"}
