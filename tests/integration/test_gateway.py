"""Unmodified clients through the gateway to a real emulator."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from executor.gateway import FileRecorder, Gateway, Vault, unchunked_pieces
from executor.model.call import Call, Refusal
from sandboxes.contract import Sandbox
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import SandboxSpec

Boto: TypeAlias = Any  # botocore makes the methods of its clients at run time
ACCOUNT = "123456789012"
REGION = "us-east-1"
SECRET = "hunter2-and-nobody-else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    engine: Sandbox
    gateway: Gateway
    vault: Vault
    trace: Path

    def client(self, service: str, *, past: bool = False, **config: object) -> Boto:
        session = Session()
        return session.create_client(
            service,
            region_name=REGION,
            endpoint_url=self.engine.url if past else self.gateway.url,
            aws_access_key_id=ACCOUNT if past else "AKIAEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, **config),  # type: ignore[arg-type]
        )

    def calls(self) -> list[Call]:
        return list(self.gateway.close())


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    spec = SandboxSpec(run="gateway-test", account=ACCOUNT, region=REGION)
    with EmbeddedEngine().start(spec) as engine:
        trace = tmp_path / "trace.jsonl"
        vault = Vault(tmp_path / "replay", b"k" * 32)
        with Gateway(
            upstream=engine.url,
            operations=engine.operations,
            recorder=FileRecorder(trace),
            account=ACCOUNT,
            region=REGION,
            vault=vault,
        ) as gateway:
            yield Rig(engine=engine, gateway=gateway, vault=vault, trace=trace)


Use = Callable[[Boto], Mapping[str, object]]


def use_s3(s3: Boto) -> Mapping[str, object]:
    s3.create_bucket(Bucket="assets")
    s3.put_object(Bucket="assets", Key="a b/\xe4+%", Body=b"hello", Metadata={"a": "b"})
    got = s3.get_object(Bucket="assets", Key="a b/\xe4+%")
    return {"body": got["Body"].read(), "meta": got["Metadata"]}


def use_sqs(sqs: Boto) -> Mapping[str, object]:
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="order 1")
    return {"body": sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]}


def use_dynamodb(dynamodb: Boto) -> Mapping[str, object]:
    dynamodb.create_table(
        TableName="customers",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    item = {"id": {"S": "1"}, "data": {"B": b"\x00\xff"}}
    dynamodb.put_item(TableName="customers", Item=item)
    return {"items": dynamodb.scan(TableName="customers")["Items"]}


def use_ec2(ec2: Boto) -> Mapping[str, object]:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    found = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    return {"cidr": [v["CidrBlock"] for v in found]}


def use_iam(iam: Boto) -> Mapping[str, object]:
    iam.create_role(RoleName="app", AssumeRolePolicyDocument='{"Version": "2012-10-17"}')
    return {"arn": iam.get_role(RoleName="app")["Role"]["Arn"]}


def use_ssm(ssm: Boto) -> Mapping[str, object]:
    ssm.put_parameter(Name="/app/key", Value=SECRET, Type="SecureString")
    found = ssm.get_parameter(Name="/app/key", WithDecryption=True)
    return {"value": found["Parameter"]["Value"]}


@pytest.mark.parametrize(
    ("service", "use", "expected", "operations"),
    [
        (
            "s3",
            use_s3,
            {"body": b"hello", "meta": {"a": "b"}},
            ["CreateBucket", "PutObject", "GetObject"],
        ),
        ("sqs", use_sqs, {"body": "order 1"}, ["CreateQueue", "SendMessage", "ReceiveMessage"]),
        (
            "dynamodb",
            use_dynamodb,
            {"items": [{"id": {"S": "1"}, "data": {"B": b"\x00\xff"}}]},
            ["CreateTable", "PutItem", "Scan"],
        ),
        ("ec2", use_ec2, {"cidr": ["10.9.0.0/16"]}, ["CreateVpc", "DescribeVpcs"]),
        ("iam", use_iam, {"arn": f"arn:aws:iam::{ACCOUNT}:role/app"}, ["CreateRole", "GetRole"]),
        ("ssm", use_ssm, {"value": SECRET}, ["PutParameter", "GetParameter"]),
    ],
)
def test_botocore_is_served_as_by_aws(
    rig: Rig, service: str, use: Use, expected: Mapping[str, object], operations: list[str]
) -> None:
    assert use(rig.client(service)) == expected
    calls = rig.calls()
    assert [(c.service, c.operation, c.region, c.status) for c in calls] == [
        (service, name, REGION, 200) for name in operations
    ]
    assert all((c.response is not None) == c.mutating for c in calls)


def test_queue_made_through_the_gateway_is_the_run_s_account_s(rig: Rig) -> None:
    url = rig.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    assert urlsplit(url).path.endswith(f"/{ACCOUNT}/orders")
    assert "QueueUrls" in rig.client("sqs", past=True).list_queues()


@pytest.mark.parametrize(
    "call",
    [
        lambda s3: s3.delete_bucket_metrics_configuration(Bucket="assets", Id="x"),
        lambda s3: s3.delete_bucket_analytics_configuration(Bucket="assets", Id="x"),
        lambda s3: s3.delete_bucket_inventory_configuration(Bucket="assets", Id="x"),
        lambda s3: s3.rename_object(Bucket="assets", Key="b", RenameSource="assets/a"),
    ],
)
def test_sub_resource_the_engine_lacks_leaves_the_bucket_in_place(
    rig: Rig, call: Callable[[Boto], object]
) -> None:
    past = rig.client("s3", past=True)
    past.create_bucket(Bucket="assets")
    past.put_object(Bucket="assets", Key="a", Body=b"hello")
    with pytest.raises(ClientError, match="does not implement"):
        call(rig.client("s3"))
    assert past.get_object(Bucket="assets", Key="a")["Body"].read() == b"hello"
    assert rig.calls()[-1].refused is Refusal.NOT_IMPLEMENTED


def test_error_of_the_emulator_reaches_the_client_and_the_trace(rig: Rig) -> None:
    with pytest.raises(rig.client("s3").exceptions.ClientError, match="NoSuchBucket"):
        rig.client("s3").list_objects_v2(Bucket="nothing-here")
    (call,) = rig.calls()
    assert (call.status, call.error) == (404, "NoSuchBucket")


@pytest.mark.parametrize("size", [0, 1000, 3 << 20])
@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_upload_with_a_trailing_checksum_comes_back(rig: Rig, size: int, algorithm: str) -> None:
    body = os.urandom(size)
    s3 = rig.client("s3")
    s3.create_bucket(Bucket="assets")
    s3.put_object(Bucket="assets", Key="big", Body=body, ChecksumAlgorithm=algorithm)
    assert s3.get_object(Bucket="assets", Key="big")["Body"].read() == body
    put = rig.calls()[1]
    assert put.operation == "PutObject"
    assert kept_body(rig, put) == body


def kept_body(rig: Rig, call: Call) -> bytes:
    if not call.sealed:
        assert "Body" not in call.params
        return b""
    params, framing = rig.vault.params(call.sealed)
    if params["Body"] is not None:
        assert isinstance(params["Body"], bytes)
        return params["Body"]
    pieces = rig.vault.pieces(call.sealed)
    return b"".join(unchunked_pieces(pieces) if framing == "aws-chunked" else pieces)


@pytest.mark.parametrize("size", [5, 1 << 20])
def test_signed_chunks_pass_byte_for_byte(rig: Rig, size: int) -> None:
    rig.client("s3", past=True).create_bucket(Bucket="assets")
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    half = len(body) // 2
    framed = b"".join(
        b"%x;chunk-signature=%s\r\n%s\r\n" % (len(part), b"0" * 64, part)
        for part in (body[:half], body[half:], b"")
    )
    scope = f"AKIAEXAMPLE/20261123/{REGION}/s3/aws4_request"
    head = (
        "PUT /assets/key HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n"
        "x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n"
        "Content-Encoding: aws-chunked\r\nTransfer-Encoding: chunked\r\n"
        f"x-amz-decoded-content-length: {len(body)}\r\n\r\n"
    )
    port = urlsplit(rig.gateway.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(head.encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 100")
        raw.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(framed), framed))
        assert raw.recv(100).startswith(b"HTTP/1.1 200")
    got = rig.client("s3", past=True).get_object(Bucket="assets", Key="key")["Body"].read()
    assert hashlib.sha256(got).digest() == hashlib.sha256(body).digest()
    assert kept_body(rig, rig.calls()[0]) == body


def test_parallel_clients_are_served_and_recorded(rig: Rig) -> None:
    def work(n: int) -> None:
        sqs, s3 = rig.client("sqs"), rig.client("s3")
        url = sqs.create_queue(QueueName=f"queue-{n}")["QueueUrl"]
        s3.create_bucket(Bucket=f"bucket-{n}")
        for m in range(5):
            sqs.send_message(QueueUrl=url, MessageBody=f"{n}-{m}")
            s3.put_object(Bucket=f"bucket-{n}", Key=str(m), Body=b"x")
        assert s3.list_objects_v2(Bucket=f"bucket-{n}")["KeyCount"] == 5

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    calls = rig.calls()
    assert [c.n for c in calls] == list(range(1, 8 * 13 + 1))
    assert {c.status for c in calls} == {200}


def test_secrets_are_sealed_exactly_and_not_in_the_trace(rig: Rig) -> None:
    rig.client("ssm").put_parameter(Name="/app/key", Value=SECRET, Type="SecureString")
    rig.client("secretsmanager").create_secret(Name="db", SecretString=SECRET)
    rig.client("ssm").get_parameter(Name="/app/key", WithDecryption=True)
    rig.client("secretsmanager").get_secret_value(SecretId="db")
    put, create, *_ = rig.calls()
    rig.vault.save()
    written = rig.trace.read_text() + "".join(
        path.read_text() for path in rig.vault.directory.iterdir()
    )
    assert SECRET not in written
    kept = Vault(rig.vault.directory, b"k" * 32)
    assert kept.params(put.sealed)[0] == {
        "Name": "/app/key",
        "Value": SECRET,
        "Type": "SecureString",
    }
    assert kept.params(create.sealed)[0]["SecretString"] == SECRET
