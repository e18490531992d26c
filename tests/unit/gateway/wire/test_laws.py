from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.gateway.wire import (
    STREAMED,
    Identifier,
    Identity,
    Models,
    Redaction,
    Unidentifiable,
    WireRequest,
    decode,
    encode,
)
from tests.unit.gateway.wire.exceptions import listed
from tests.unit.gateway.wire.generating import Params, authorization, request_for
from tests.unit.gateway.wire.test_every_operation import told

MODELS = Models()
IDENTIFIER = Identifier(MODELS)
SETTINGS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.just(STREAMED)
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text() | st.sampled_from(["$bytes", "$time", "$$", "$", "$streamed", "$float"]),
            inner,
        )
    ),
)


@SETTINGS
@given(value=values)
def test_what_is_encoded_is_decoded_the_same(value: object) -> None:
    through = json.loads(json.dumps(encode(value), allow_nan=False))
    assert decode(through, streamed=STREAMED) == value


# Some of those that are called most, by turns with all.
MOST_CALLED = ["s3", "sqs", "sns", "dynamodb", "ec2", "lambda", "iam", "cloudwatch", "route53"]


@settings(SETTINGS, max_examples=500)
@given(
    service=st.sampled_from(MOST_CALLED) | st.sampled_from(sorted(MODELS.entries)),
    which=st.integers(0, 10_000),
    seed=st.integers(0, 1 << 30),
)
def test_any_parameters_come_back_from_the_bytes(service: str, which: int, seed: int) -> None:
    entry, model = MODELS.entries[service], MODELS.service(service)
    operation = model.operation_model(model.operation_names[which % len(model.operation_names)])
    params: dict[str, object] = {}
    if operation.input_shape is not None:
        made = Params(seed, only_required=False, wild=True)
        params = made.structure(operation.input_shape)
    protocols = [p for p in entry.protocols if (service, p) != ("sqs", "query")]
    request = request_for(
        operation, params, signing=entry.signing[0], protocol=protocols[seed % len(protocols)]
    )
    found = told(entry, operation, params, request)
    assert found == (service, operation.name) or found in listed(service, operation.name)


HEADERS = st.lists(
    st.sampled_from(
        [
            authorization("s3"),
            authorization("sqs"),
            authorization("monitoring"),
            authorization("lambda"),
            authorization("ec2"),
            ("X-Amz-Target", "AmazonSQS.SendMessage"),
            ("X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Type", "multipart/form-data; boundary=b"),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("Content-Encoding", "gzip"),
            ("Content-Encoding", "aws-chunked"),
            ("Host", "127.0.0.1"),
            ("Host", "b.s3.amazonaws.com"),
        ]
    ),
    max_size=4,
)
TARGETS = st.sampled_from(
    [
        "/",
        "/bucket",
        "/bucket/key?tagging",
        "/?Action=PutMetricData&Version=2010-08-01",
        "/service/GraniteServiceVersion20100801/operation/PutMetricData",
        "/2015-03-31/functions",
        "*",
        "",
    ]
) | st.text(max_size=40)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [
        b"{}",
        b'{"MetricData": [1]}',
        b"<a/>",
        b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
        b"\xa1",
        b"\xbf\x61a",
        b"\xc1\x1b" + b"\xff" * 8,
        b"Action=RunInstances&Version=2016-11-15&MaxCount=x",
        b"Action=RunInstances&Version=2016-11-15&Tag.1=a&Tag.1.Key=b",
        b"--b\r\n\r\n--b--",
        b"\x1f\x8b\x08",
        b"5\r\nhello\r\n0\r\n\r\n",
    ]
)


@settings(SETTINGS, max_examples=600)
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "BREW"]),
    target=TARGETS,
    headers=HEADERS,
    body=BODIES,
)
def test_any_bytes_are_identified_or_unidentifiable(
    method: str, target: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    request = WireRequest(method=method, target=target, headers=tuple(headers), body=body)
    IDENTIFIER.must_buffer(request)
    try:
        identity = IDENTIFIER.identify(request)
    except Unidentifiable:
        return
    _assert_can_be_written(identity)


def _assert_can_be_written(identity: Identity) -> None:
    redacted, _ = Redaction(MODELS).redact(identity.service, identity.operation, identity.params)
    json.dumps(redacted, allow_nan=False).encode("utf-8")
    assert decode(encode(identity.params), streamed=STREAMED) == dict(identity.params)


def test_times_are_encoded_with_their_zone() -> None:
    moment = datetime(2026, 11, 23, 1, 2, 3, 456000, tzinfo=UTC)
    assert encode({"At": moment}) == {"At": {"$time": "2026-11-23T01:02:03.456000+00:00"}}
