from __future__ import annotations

import gzip
from urllib.parse import urlencode

import pytest

from executor.gateway.wire import Identifier, Models, Unidentifiable, WireRequest
from tests.unit.gateway.wire.generating import authorization

IDENTIFIER = Identifier(Models())
FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")


def form(service: str, fields: dict[str, str], *, path: str = "/") -> dict[str, object]:
    request = WireRequest(
        method="POST",
        target=path,
        headers=(("Host", "127.0.0.1:4566"), authorization(service), FORM),
        body=urlencode(fields).encode(),
    )
    return dict(IDENTIFIER.identify(request).params)


def sqs(action: str, path: str = "/", **fields: str) -> dict[str, object]:
    named = {name.replace("_", "."): value for name, value in fields.items()}
    return form("sqs", {"Action": action, "Version": "2012-11-05", **named}, path=path)


def test_the_old_forms_of_sqs_are_read() -> None:
    """As documented for the query protocol, which older SDKs go on with."""
    assert sqs(
        "CreateQueue",
        QueueName="q",
        Attribute_1_Name="VisibilityTimeout",
        Attribute_1_Value="30",
        Tag_1_Key="team",
        Tag_1_Value="a",
    ) == {"QueueName": "q", "Attributes": {"VisibilityTimeout": "30"}, "tags": {"team": "a"}}
    assert sqs("ReceiveMessage", QueueUrl="u", AttributeName_1="All", MaxNumberOfMessages="5") == {
        "QueueUrl": "u",
        "AttributeNames": ["All"],
        "MaxNumberOfMessages": 5,
    }
    assert sqs(
        "SendMessageBatch",
        QueueUrl="u",
        SendMessageBatchRequestEntry_1_Id="a",
        SendMessageBatchRequestEntry_1_MessageBody="b",
        SendMessageBatchRequestEntry_2_Id="c",
        SendMessageBatchRequestEntry_2_MessageBody="d",
    ) == {
        "QueueUrl": "u",
        "Entries": [{"Id": "a", "MessageBody": "b"}, {"Id": "c", "MessageBody": "d"}],
    }
    assert sqs("UntagQueue", QueueUrl="u", TagKey_1="a", TagKey_2="b") == {
        "QueueUrl": "u",
        "TagKeys": ["a", "b"],
    }


def test_a_form_at_a_queues_address_is_for_that_queue() -> None:
    found = sqs("DeleteQueue", path="/123456789012/orders")
    assert found == {"QueueUrl": "http://127.0.0.1:4566/123456789012/orders"}


@pytest.mark.parametrize(
    "fields",
    [
        {"Bogus": "1"},
        {"Name.x": "1"},
        {"Attributes.entry.1.key": "a"},
        {"Attributes.entry.1.key": "a", "Attributes.entry.1.value": "b", "Attributes.x": "c"},
        {"Attributes.entry.one.key": "a", "Attributes.entry.one.value": "b"},
        {"Attributes.entry.1.key": "a", "Attributes.entry.1": "b"},
        {
            "Tags.member.1.Key": "a",
            "Tags.member.1.Value": "b",
            "Tags.member.01.Key": "c",
            "Tags.member.01.Value": "d",
        },
        {"Tags": "a"},
    ],
)
def test_a_form_that_is_not_of_the_shape_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(Unidentifiable):
        form("sns", {"Action": "CreateTopic", "Version": "2010-03-31", "Name": "t", **fields})


def put_xml(target: str, body: bytes) -> dict[str, object]:
    request = WireRequest(
        method="PUT",
        target=target,
        headers=(("Host", "127.0.0.1"), authorization("s3")),
        body=body,
    )
    return dict(IDENTIFIER.identify(request).params)


def test_xml_is_read_with_and_without_a_namespace() -> None:
    inner = b"<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    wanted = {"Bucket": "b", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}
    assert put_xml("/b?tagging", b"<Tagging>" + inner) == wanted
    space = b'<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    assert put_xml("/b?tagging", space + inner) == wanted


@pytest.mark.parametrize(
    "body",
    [
        b"<Tagging><TagSet><Tag><Key>a</Key><Bogus>b</Bogus></Tag></TagSet></Tagging>",
        b"<Tagging><TagSet><Bogus/></TagSet></Tagging>",
        b"<Tagging><TagSet><Tag><Key>a</Key><Key>b</Key></Tag></TagSet></Tagging>",
        b"<Tagging><TagSet><Tag><Key><b>a</b></Key></Tag></TagSet></Tagging>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><Tagging/>",
        b"<Tagging>",
    ],
)
def test_xml_that_is_not_of_the_shape_is_refused(body: bytes) -> None:
    with pytest.raises(Unidentifiable):
        put_xml("/b?tagging", body)


def cbor(body: bytes) -> dict[str, object]:
    request = WireRequest(
        method="POST",
        target="/service/GraniteServiceVersion20100801/operation/ListMetrics",
        headers=(
            ("Host", "127.0.0.1"),
            authorization("monitoring"),
            ("smithy-protocol", "rpc-v2-cbor"),
        ),
        body=body,
    )
    return dict(IDENTIFIER.identify(request).params)


def test_cbor_is_read_in_definite_and_indefinite_form() -> None:
    assert cbor(b"\xa1\x69Namespace\x62ab") == {"Namespace": "ab"}
    assert cbor(b"\xbf\x7f\x64Name\x65space\xff\x7f\x61a\x61b\xff\xff") == {"Namespace": "ab"}


@pytest.mark.parametrize(
    "body",
    [
        b"\xa1\x69Namespace",  # ends too soon
        b"\xa1\x69Namespace\x62ab\x00",  # goes on
        b"\xa2\x69Namespace\x61a\x69Namespace\x61b",  # a key twice
        b"\xa1\x01\x61a",  # a key that is no text
        b"\xa1\x65Bogus\x61a",
        b"\xa1\x69Namespace\xc1\x1b" + b"\xff" * 8,
        b"\xbf\x7f\x41a\xff\x61a\xff",  # a text put together of bytes
        b"\x9b" + b"\xff" * 8,
        b"\x81" * 500,
    ],
)
def test_cbor_that_is_malformed_is_refused(body: bytes) -> None:
    with pytest.raises(Unidentifiable):
        cbor(body)


def metrics(body: bytes) -> dict[str, object]:
    request = WireRequest(
        method="POST",
        target="/",
        headers=(
            ("Host", "127.0.0.1"),
            authorization("monitoring"),
            FORM,
            ("Content-Encoding", "gzip"),
        ),
        body=body,
    )
    return dict(IDENTIFIER.identify(request).params)


def test_a_compressed_body_is_read() -> None:
    text = b"Action=PutMetricData&Version=2010-08-01&Namespace=n"
    assert metrics(gzip.compress(text)) == {"Namespace": "n"}


@pytest.mark.parametrize("cut", [3, -4])
def test_a_compressed_body_that_is_not_whole_is_refused(cut: int) -> None:
    with pytest.raises(Unidentifiable):
        metrics(gzip.compress(b"Action=PutMetricData&Version=2010-08-01&Namespace=n")[:cut])


def test_two_compressed_bodies_in_one_are_refused() -> None:
    one = gzip.compress(b"Action=PutMetricData&Version=2010-08-01&Namespace=n")
    with pytest.raises(Unidentifiable):
        metrics(one + gzip.compress(b"&Namespace=m"))


def test_lists_and_json_in_headers_are_read() -> None:
    request = WireRequest(
        method="GET",
        target="/b/k?attributes",
        headers=(
            ("Host", "127.0.0.1"),
            authorization("s3"),
            ("x-amz-object-attributes", "ETag,ObjectSize"),
            ("x-amz-object-attributes", "Checksum"),
        ),
    )
    identity = IDENTIFIER.identify(request)
    assert identity.params["ObjectAttributes"] == ["ETag", "ObjectSize", "Checksum"]
