from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest

from executor.gateway.wire import Identifier, Models, Unidentifiable, WireRequest
from executor.gateway.wire.models import make_index
from tests.unit.gateway.wire.generating import Params, request_for

MODELS = Models()
IDENTIFIER = Identifier(MODELS)

# Services that answer under the signing name of another one and share its paths or actions:
# without the host's name nothing tells them apart, and the first is taken, or none.
SHARED = {
    "bedrock-agent",
    "bedrock-agent-runtime",
    "bedrock-data-automation",
    "chime-sdk-identity",
    "chime-sdk-media-pipelines",
    "chime-sdk-meetings",
    "chime-sdk-messaging",
    "chime-sdk-voice",
    "docdb",
    "greengrassv2",
    "ivs-realtime",
    "lambda-microvms",
    "lex-models",
    "lexv2-models",
    "neptune",
    "pinpoint-sms-voice",
    "qconnect",
    "s3control",
    "signer-data",
    "timestream-write",
}
# Botocore itself takes both names; the one that is not deprecated is reported.
RENAMED = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}


def canonical(value: object) -> object:
    """What the wire can carry: no empty structures and lists, times as seconds."""
    match value:
        case Mapping():
            kept = {k: canonical(v) for k, v in value.items()}
            return {k: v for k, v in kept.items() if v not in ({}, [], None)}
        case list():
            return [v for v in map(canonical, value) if v not in ({}, [], None)]
        case datetime():
            return value.timestamp()
    return value


def test_the_index_is_that_of_the_installed_botocore() -> None:
    made = make_index()
    assert set(MODELS.entries) == set(made)
    for name, row in made.items():
        ours = MODELS.entries[name]
        assert row == {
            "signing": list(ours.signing),
            "target": ours.target,
            "protocols": list(ours.protocols),
            "version": ours.version,
            "hosts": list(ours.hosts),
        }


@pytest.mark.parametrize("service", sorted(set(MODELS.entries) - SHARED))
def test_every_operation_is_told_from_its_bytes(service: str) -> None:
    model = MODELS.service(service)
    signing = MODELS.entries[service].signing[0]
    for name in model.operation_names:
        operation = model.operation_model(name)
        for only_required in (True, False):
            params: dict[str, object] = {}
            if operation.input_shape is not None:
                made = Params(1, only_required=only_required)
                params = made.structure(operation.input_shape)
            if name == "ListDirectoryBuckets" and not params:
                continue  # without arguments only the host tells it from ListBuckets
            request = request_for(operation, params, signing=signing, protocol=model.resolved_protocol)
            identity = IDENTIFIER.identify(request)
            assert (identity.service, identity.operation) == (service, RENAMED.get(name, name))
            assert identity.region == "eu-west-1"
            if not operation.has_event_stream_input and name not in RENAMED:
                # Botocore adds constants and defaults of its own (a content type, a mode).
                found = canonical(identity.params)
                wanted = canonical(params)
                assert isinstance(found, dict)
                assert isinstance(wanted, dict)
                assert found.items() >= wanted.items() or found == wanted, name


def signed(service: str) -> tuple[str, str]:
    scope = f"AKIDEXAMPLE/20261123/us-east-1/{service}/aws4_request"
    return "Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def s3(method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> WireRequest:
    return WireRequest(
        method=method,
        target=target,
        headers=(("Host", "127.0.0.1:1"), signed("s3"), *headers),
        body=body,
    )


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
    assert IDENTIFIER.identify(s3(method, target)).operation == operation


def test_a_copy_is_not_a_put() -> None:
    copy = s3("PUT", "/bucket/key", ("x-amz-copy-source", "/other/key"))
    assert IDENTIFIER.identify(copy).operation == "CopyObject"


def test_an_unknown_sub_resource_is_not_taken_for_the_bucket() -> None:
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(s3("DELETE", "/bucket?unheardOf"))


def test_the_bucket_of_a_virtual_host_is_found() -> None:
    request = WireRequest(
        method="PUT",
        target="/a/key",
        headers=(("Host", "logs.s3.eu-west-1.amazonaws.com"), signed("s3")),
        body=b"x",
    )
    identity = IDENTIFIER.identify(request)
    assert identity.params["Bucket"] == "logs"
    assert identity.params["Key"] == "a/key"


def test_a_presigned_url_is_identified() -> None:
    credential = "AKID%2F20261123%2Feu-central-1%2Fs3%2Faws4_request"
    target = f"/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}"
    request = WireRequest(method="GET", target=target, headers=(("Host", "127.0.0.1"),))
    identity = IDENTIFIER.identify(request)
    assert (identity.operation, identity.region) == ("GetObject", "eu-central-1")


def test_the_target_of_one_service_signed_for_another_is_refused() -> None:
    request = WireRequest(
        method="POST",
        target="/",
        headers=(("Host", "x"), signed("dynamodb"), ("X-Amz-Target", "AmazonSQS.DeleteQueue")),
        body=b'{"QueueUrl": "q"}',
    )
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(request)


def test_a_parameter_that_stands_twice_is_refused() -> None:
    form = ("Content-Type", "application/x-www-form-urlencoded")
    body = b"Action=DeleteTopic&Version=2010-03-31&TopicArn=a&TopicArn=b"
    request = WireRequest(
        method="POST", target="/", headers=(("Host", "x"), signed("sns"), form), body=body
    )
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(request)


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_localstack/state/reset", "/moto-api/reset"]
)
def test_the_control_endpoints_of_engines_are_no_aws_request(path: str) -> None:
    request = WireRequest(method="POST", target=path, headers=(("Host", "127.0.0.1:4566"),))
    with pytest.raises(Unidentifiable):
        IDENTIFIER.identify(request)


def test_only_object_bodies_are_streamed_past() -> None:
    assert not IDENTIFIER.must_buffer(s3("PUT", "/bucket/key"))
    assert IDENTIFIER.must_buffer(s3("POST", "/bucket?delete"))
    assert IDENTIFIER.must_buffer(s3("PUT", "/bucket?policy"))
