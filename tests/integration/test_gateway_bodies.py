"""Bodies, however they are framed and however long they are."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from executor.gateway import Aliases, unchunked_pieces
from executor.model.call import Call, Refusal
from sandboxes.contract import Sandbox
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import SandboxSpec
from tests.integration.gateways import (
    ACCOUNT,
    REGION,
    Gateways,
    Only,
    gateways_in,
    read_answer,
    signed,
)
from tests.integration.upstreams import Answered, Received, Upstream

_VPCS = b"""<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet><item>
<vpcId>vpc-0engine</vpcId></item></vpcSet></DescribeVpcsResponse>"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Sandbox]:
    spec = SandboxSpec(run="gateway", account=ACCOUNT, region=REGION)
    with EmbeddedEngine("ministack").start(spec) as sandbox:
        yield sandbox


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[Gateways]:
    with gateways_in(tmp_path) as found:
        yield found


def _kept(gateways: Gateways, call: Call) -> bytes:
    """What a promotion would upload."""
    gateways.vault.save()
    params, framing = gateways.vault.params(call.sealed)
    if isinstance(body := params["Body"], bytes):
        return body
    pieces = gateways.vault.pieces(call.sealed)
    return b"".join(unchunked_pieces(pieces) if framing == "aws-chunked" else pieces)


def _make_bucket(client: Any, name: str) -> None:
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


# Waiting for `100 Continue`


def _expecting(operation: str, length: int) -> bytes:
    lines = ("Expect: 100-continue", f"Content-Length: {length}")
    return f"{operation} HTTP/1.1\r\n{signed('s3', *lines)}\r\n".encode()


@pytest.mark.parametrize("size", [5, 600_000])
def test_client_that_waits_is_told_to_go_on_for_every_upload(gateways: Gateways, size: int) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url)
        connection = gateways.raw(gateway)
        for _ in range(2):
            connection.sendall(_expecting("PUT /b/k", size))
            assert read_answer(connection) == (100, b"")
            connection.sendall(bytes(size))
            assert read_answer(connection) == (200, b"")
        assert [request.body for request in upstream.received] == [bytes(size)] * 2
        assert all("expect" not in request.headers for request in upstream.received)


def test_botocore_reads_why_an_upload_is_refused_that_it_is_sending(gateways: Gateways) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url, operations=Only())
        client = gateways.client("s3", gateway)
        with pytest.raises(ClientError, match="NotImplemented"):
            client.put_object(Bucket="b", Key="k", Body=bytes(4 << 20))
        assert upstream.received == []
    assert [call.refused for call in gateway.close()] == [Refusal.NOT_IMPLEMENTED]


# Framing


def test_chunked_bodies_are_forwarded_whole_be_they_streamed_or_not(gateways: Gateways) -> None:
    body = b"<Tagging><TagSet></TagSet></Tagging>"
    chunks = b"5;x=y\r\n%s\r\n%x\r\n%s\r\n0\r\nA: b\r\n\r\n" % (body[:5], len(body) - 5, body[5:])
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url)
        connection = gateways.raw(gateway)
        for operation in ("PUT /b/k", "PUT /b?tagging"):
            head = signed("s3", "Transfer-Encoding: chunked")
            connection.sendall(f"{operation} HTTP/1.1\r\n{head}\r\n".encode() + chunks)
            assert read_answer(connection)[0] == 200
        assert [request.body for request in upstream.received] == [body] * 2
    calls = gateway.close()
    assert [call.operation for call in calls] == ["PutObject", "PutBucketTagging"]
    assert _kept(gateways, calls[0]) == body


@pytest.mark.parametrize("size", [10, 3_000_000])
@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
def test_upload_from_a_file_comes_back_as_it_was(
    gateways: Gateways, engine: Sandbox, size: int, checksums: str
) -> None:
    gateway = gateways.open(engine.url, operations=engine.operations)
    client = gateways.client("s3", gateway, request_checksum_calculation=checksums)
    bucket = f"{checksums.replace('_', '-')}-{size}"
    _make_bucket(client, bucket)
    content = os.urandom(size)
    client.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(content))
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == content
    _, put, _ = gateway.close()
    assert put.succeeded
    assert _kept(gateways, put) == content


def test_big_object_streams_through_both_ways_and_is_kept_exactly(
    gateways: Gateways, engine: Sandbox
) -> None:
    gateway = gateways.open(engine.url, operations=engine.operations)
    client = gateways.client("s3", gateway)
    _make_bucket(client, "big")
    content = os.urandom(32 << 20)
    client.put_object(Bucket="big", Key="k", Body=io.BytesIO(content))
    digest = hashlib.sha256()
    for piece in client.get_object(Bucket="big", Key="k")["Body"].iter_chunks(1 << 20):
        digest.update(piece)
    assert digest.digest() == hashlib.sha256(content).digest()
    _, put, get = gateway.close()
    assert put.succeeded
    assert get.succeeded
    assert put.params["Body"] == {"$streamed": True}
    assert _kept(gateways, put) == content
    assert gateways.trace.stat().st_size < 20_000


# Translating


@pytest.mark.parametrize("key", ["a b/\xfc+%/..hidden", "a//b", "q?x=y&z#f", "tab\t\"quote'", "/a"])
def test_key_survives_whatever_is_in_it(gateways: Gateways, engine: Sandbox, key: str) -> None:
    gateway = gateways.open(engine.url, operations=engine.operations)
    client = gateways.client("s3", gateway)
    bucket = f"keys-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    _make_bucket(client, bucket)
    client.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert [item["Key"] for item in client.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    _, put, _ = gateway.close()
    assert put.params["Key"] == key


def test_presigned_request_is_signed_for_the_account(gateways: Gateways) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url)
        client = gateways.client("s3", gateway, signature_version="s3v4")
        url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
        connection = gateways.raw(gateway)
        target = url.removeprefix(f"http://{urlsplit(url).netloc}")
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert read_answer(connection)[0] == 200
        assert f"X-Amz-Credential={ACCOUNT}%2F" in upstream.received[0].target


def test_key_of_the_change_reaches_neither_the_engine_nor_the_trace(gateways: Gateways) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url)
        gateways.client("s3", gateway).head_bucket(Bucket="b")
        assert f"Credential={ACCOUNT}/" in upstream.received[0].headers["authorization"]
        assert "AKIAIOSFODNN7EXAMPLE" not in str(upstream.received)
    assert "AKIAIOSFODNN7EXAMPLE" not in gateways.trace.read_text()


def test_ids_are_translated_both_ways_for_botocore(gateways: Gateways) -> None:
    aliases = Aliases()
    aliases.add("vpc-0123456789abcdef0", "vpc-0engine")
    with Upstream(lambda request: Answered(body=_VPCS)) as upstream:
        gateway = gateways.open(upstream.url, aliases=aliases)
        client = gateways.client("ec2", gateway)
        for _ in range(2):
            found = client.describe_vpcs(VpcIds=["vpc-0123456789abcdef0"])
            assert [vpc["VpcId"] for vpc in found["Vpcs"]] == ["vpc-0123456789abcdef0"]
        assert [b"vpc-0engine" in request.body for request in upstream.received] == [True, True]
        lengths = [int(request.headers["content-length"]) for request in upstream.received]
        assert lengths == [len(request.body) for request in upstream.received]
    call, _ = gateway.close()
    assert call.params == {"VpcIds": ["vpc-0123456789abcdef0"]}
    assert "vpc-0engine" not in str(call.response)


@pytest.mark.parametrize("size", [50, 1 << 20])
def test_ids_in_an_object_are_left_as_they_are(gateways: Gateways, size: int) -> None:
    aliases = Aliases()
    aliases.add("vpc-1", "vpc-22222")
    body = (b"vpc-1 vpc-22222 " * (size // 16 + 1))[:size]

    def respond(request: Received) -> Answered:
        return Answered(body=body if request.method == "GET" else b"")

    with Upstream(respond) as upstream:
        gateway = gateways.open(upstream.url, aliases=aliases)
        client = gateways.client("s3", gateway, request_checksum_calculation="when_required")
        client.put_object(Bucket="b", Key="k", Body=body)
        assert upstream.received[0].body == body
        assert client.get_object(Bucket="b", Key="k")["Body"].read() == body
