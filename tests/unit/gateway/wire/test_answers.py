from __future__ import annotations

import pytest
from botocore.parsers import create_parser

from executor.gateway.wire import (
    STREAMED,
    Answers,
    Identifier,
    Identity,
    Models,
    WireRequest,
    error_response,
)
from executor.gateway.wire.answers import spoken
from tests.unit.gateway.wire.generating import authorization

MODELS = Models()
ANSWERS = Answers(MODELS)
REQUEST = WireRequest(method="POST", target="/", headers=(("Host", "127.0.0.1"),))


def identity(service: str, operation: str, protocol: str) -> Identity:
    return Identity(
        service=service, operation=operation, region="r", access_key="", protocol=protocol
    )


@pytest.mark.parametrize("service", ["", "s3", "route53"])
@pytest.mark.parametrize(
    "protocol", ["query", "ec2", "json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"]
)
def test_an_error_is_understood_in_every_protocol(protocol: str, service: str) -> None:
    code, message = "NotImplemented", 'no <such> & "thing"\x00 ' + "é" * 300
    made = error_response(
        protocol, code=code, message=message, status=400, request=REQUEST, service=service
    )
    answer = {"status_code": 400, "headers": dict(made.headers), "body": made.body}
    parsed = create_parser(protocol).parse(answer, None)  # type: ignore[arg-type]
    assert parsed["Error"]["Code"] == code
    # XML cannot carry every character.
    assert parsed["Error"]["Message"] in (message, message.replace("\0", "?"))
    assert dict(made.headers)["Content-Length"] == str(len(made.body))


def test_an_error_longer_than_cbor_s_shorter_lengths_is_whole() -> None:
    made = error_response(
        "smithy-rpc-v2-cbor", code="C", message="m" * 70_000, status=400, request=REQUEST
    )
    answer = {"status_code": 400, "headers": dict(made.headers), "body": made.body}
    parsed = create_parser("smithy-rpc-v2-cbor").parse(answer, None)  # type: ignore[arg-type]
    assert len(parsed["Error"]["Message"]) == 70_000


def test_the_head_of_an_error_has_no_body() -> None:
    head = WireRequest(method="HEAD", target="/b", headers=())
    made = error_response("rest-xml", code="C", message="m", status=400, request=head)
    assert made.body == b""


@pytest.mark.parametrize(
    ("headers", "protocol"),
    [
        ((("X-Amz-Target", "x.y"),), "json"),
        ((("smithy-protocol", "rpc-v2-cbor"),), "smithy-rpc-v2-cbor"),
        ((("Content-Type", "application/x-www-form-urlencoded"),), "query"),
        ((("Content-Type", "application/x-www-form-urlencoded"), authorization("ec2")), "ec2"),
        ((("Content-Type", "application/json"),), "rest-json"),
        ((), "rest-xml"),
    ],
)
def test_what_a_client_speaks_is_guessed(
    headers: tuple[tuple[str, str], ...], protocol: str
) -> None:
    assert spoken(WireRequest(method="POST", target="/", headers=headers)) == protocol


def test_the_output_of_a_call_is_parsed() -> None:
    made = ANSWERS.outcome(
        identity("sqs", "CreateQueue", "json"), 200, [], b'{"QueueUrl": "http://x/1/q"}'
    )
    assert (made.error, made.response) == ("", {"QueueUrl": "http://x/1/q"})


def test_the_code_of_an_error_is_parsed() -> None:
    body = b"<?xml version='1.0'?><Error><Code>NoSuchBucket</Code><Message>m</Message></Error>"
    made = ANSWERS.outcome(identity("s3", "DeleteBucket", "rest-xml"), 404, [], body)
    assert (made.error, made.response) == ("NoSuchBucket", None)


def test_an_error_that_comes_after_a_200_is_an_error() -> None:
    body = b'<?xml version="1.0"?>\n\n<Error><Code>InternalError</Code></Error>'
    made = ANSWERS.outcome(identity("s3", "CopyObject", "rest-xml"), 200, [], body)
    assert (made.error, made.response) == ("InternalError", None)


def test_what_has_not_changed_is_no_success() -> None:
    made = ANSWERS.outcome(identity("s3", "GetObject", "rest-xml"), 304, [], b"")
    assert made.error
    assert made.response is None


def test_a_streamed_output_is_not_read() -> None:
    made = ANSWERS.outcome(identity("s3", "GetObject", "rest-xml"), 200, [], b"", complete=False)
    assert made.response == {"Body": STREAMED}


def test_an_answer_that_cannot_be_read_is_an_error() -> None:
    made = ANSWERS.outcome(identity("s3", "ListBuckets", "rest-xml"), 200, [], b"<html>")
    assert made.error.startswith("Unreadable")


def test_the_protocol_of_the_request_is_the_one_of_the_answer() -> None:
    form = ("Content-Type", "application/x-www-form-urlencoded")
    request = WireRequest(
        method="POST",
        target="/",
        headers=(("Host", "127.0.0.1"), authorization("sqs"), form),
        body=b"Action=CreateQueue&Version=2012-11-05&QueueName=q",
    )
    told = Identifier(MODELS).identify(request)
    body = (
        b"<CreateQueueResponse><CreateQueueResult><QueueUrl>u</QueueUrl></CreateQueueResult>"
        b"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></CreateQueueResponse>"
    )
    assert told.protocol == "query"
    assert ANSWERS.outcome(told, 200, [], body).response == {"QueueUrl": "u"}
