"""Clients that know nothing but AWS's own host names, through the TLS door to a real emulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from executor.gateway import Doors, FileRecorder, Gateway
from executor.model.call import Refusal
from sandboxes.contract import Sandbox
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import SandboxSpec
from tests.integration.gateway_tls import TlsRoad

ACCOUNT = "123456789012"
REGION = "eu-west-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    engine: Sandbox
    gateway: Gateway
    road: TlsRoad


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    spec = SandboxSpec(run="tls-test", account=ACCOUNT, region=REGION)
    doors = Doors.open(tmp_path, tls=True)
    with (
        EmbeddedEngine().start(spec) as engine,
        Gateway(
            upstream=engine.url,
            operations=engine.operations,
            recorder=FileRecorder(tmp_path / "trace.jsonl"),
            account=ACCOUNT,
            region="us-east-1",
            doors=doors,
        ) as gateway,
    ):
        yield Rig(engine=engine, gateway=gateway, road=TlsRoad(doors.door))


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("eu-west-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_queues_have_aws_urls_and_are_found_by_them(rig: Rig, region: str, domain: str) -> None:
    sqs = rig.road.client("sqs", region)
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert url == f"https://sqs.{region}.{domain}/{ACCOUNT}/orders"
    assert sqs.list_queues()["QueueUrls"] == [url]
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == url
    sqs.send_message(QueueUrl=url, MessageBody="order 1")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "order 1"
    sqs.delete_queue(QueueUrl=url)
    calls = rig.gateway.close()
    assert {c.region for c in calls} == {region}
    assert [c.operation for c in calls if not c.succeeded] == []


def test_queue_url_in_a_stack_is_of_aws(rig: Rig) -> None:
    template = """{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties":
      {"QueueName": "orders"}}}, "Outputs": {"Url": {"Value": {"Ref": "Q"}}}}"""
    cloudformation = rig.road.client("cloudformation", REGION)
    cloudformation.create_stack(StackName="web", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="web", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    (stack,) = cloudformation.describe_stacks(StackName="web")["Stacks"]
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders"
    assert stack["Outputs"][0]["OutputValue"] == url
    assert rig.road.client("sqs", REGION).get_queue_attributes(QueueUrl=url)


@pytest.mark.parametrize("bucket", ["logs", "my.dotted.logs"])
@pytest.mark.parametrize("style", ["virtual", "path"])
def test_buckets_are_found_in_host_names_and_in_paths(rig: Rig, bucket: str, style: str) -> None:
    s3 = rig.road.client("s3", REGION, s3={"addressing_style": style})
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="a b/c", Body=b"hello")
    assert s3.get_object(Bucket=bucket, Key="a b/c")["Body"].read() == b"hello"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"x")
    done = s3.complete_multipart_upload(
        Bucket=bucket,
        Key="big",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )
    assert ".amazonaws.com/" in done["Location"]
    assert done["Location"].startswith("https://")
    assert rig.road.get(done["Location"]).status == 200
    calls = rig.gateway.close()
    assert {c.params["Bucket"] for c in calls} == {bucket}
    assert [c.operation for c in calls if not c.succeeded] == []


def test_presigned_addresses_work_without_anything_else(rig: Rig) -> None:
    s3 = rig.road.client("s3", REGION)
    s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    put = s3.generate_presigned_url("put_object", Params={"Bucket": "logs", "Key": "k"})
    assert rig.road.get(put, method="PUT", body=b"hello").status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": "logs", "Key": "k"})
    assert get.startswith("https://logs.s3.")
    assert rig.road.get(get).body == b"hello"


def test_forms_are_uploaded_to_a_bucket_of_aws(rig: Rig) -> None:
    s3 = rig.road.client("s3", REGION)
    s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    created = {"success_action_status": "201"}
    post = s3.generate_presigned_post("logs", "k", Fields=created, Conditions=[created])
    assert post["url"].startswith("https://logs.s3.")
    mark = "b0undary"
    rows = [*post["fields"].items(), ("file", "hello")]
    body = "".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in rows
    )
    got = rig.road.get(
        post["url"],
        method="POST",
        headers={"Content-Type": f"multipart/form-data; boundary={mark}"},
        body=f"{body}--{mark}--\r\n".encode(),
    )
    assert got.status == 201
    assert rig.engine.url.encode() not in got.body
    assert "//logs.s3." in got.headers["Location"]
    assert s3.get_object(Bucket="logs", Key="k")["Body"].read() == b"hello"


def test_global_services_are_reached_by_their_one_name(rig: Rig) -> None:
    rig.road.client("iam", REGION).create_role(
        RoleName="app", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
    )
    assert rig.road.client("sts", REGION).get_caller_identity()["Account"] == ACCOUNT
    rig.road.client("route53", REGION).list_hosted_zones()
    assert [c.succeeded for c in rig.gateway.close()] == [True, True, True]


def test_names_that_only_older_clients_use_are_served(rig: Rig) -> None:
    body = urlencode({"Action": "CreateQueue", "QueueName": "old", "Version": "2012-11-05"})
    where = f"AKIAEXAMPLE/20261123/{REGION}/sqs/aws4_request"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={where}, SignedHeaders=host, Signature=0",
    }
    host = f"https://{REGION}.queue.amazonaws.com"
    got = rig.road.get(f"{host}/", method="POST", headers=headers, body=body.encode())
    assert f"<QueueUrl>{host}/{ACCOUNT}/old</QueueUrl>".encode() in got.body
    again = urlencode({"Action": "GetQueueAttributes", "Version": "2012-11-05"}).encode()
    got = rig.road.get(f"{host}/{ACCOUNT}/old", method="POST", headers=headers, body=again)
    assert got.status == 200


def test_unsigned_calls_are_taken_for_what_their_host_says(rig: Rig) -> None:
    rig.road.client("iam", REGION).create_role(
        RoleName="web", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
    )
    sts = rig.road.client("sts", REGION)
    sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/web",
        RoleSessionName="session",
        WebIdentityToken="eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
    )
    _, call = rig.gateway.close()
    assert (call.operation, call.succeeded) == ("AssumeRoleWithWebIdentity", True)


def test_apis_are_named_as_aws_names_them(rig: Rig) -> None:
    made = rig.road.client("apigatewayv2", REGION).create_api(Name="web", ProtocolType="HTTP")
    assert made["ApiEndpoint"] == f"https://{made['ApiId']}.execute-api.{REGION}.amazonaws.com"
    # What answers there is no part of AWS's control plane, and has no road.
    got = rig.road.get(made["ApiEndpoint"])
    assert got.status == 400
    assert f"asked for by GET / at {made['ApiId']}.execute-api.".encode() in got.body
    assert rig.gateway.close()[-1].refused is Refusal.UNIDENTIFIED


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com", b"no service is known"),
        ("b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", b"no service is known"),
        ("abcdefghij.lambda-url.eu-west-1.on.aws", b"no service is known"),
        ("checkip.amazonaws.com", b"no service is known"),
    ],
)
def test_other_endpoints_are_refused_in_words(rig: Rig, host: str, why: bytes) -> None:
    got = rig.road.get(f"https://{host}/key", method="DELETE")
    assert (got.status, got.headers["x-amzn-errortype"]) == (400, "UnidentifiedRequest")
    assert why in got.body
    (call,) = rig.gateway.close()
    assert call.refused is Refusal.UNIDENTIFIED


def test_errors_of_the_gateway_are_understood_by_clients(rig: Rig) -> None:
    with pytest.raises(ClientError, match="does not implement"):
        rig.road.client("sqs", REGION).start_message_move_task(SourceArn="arn:aws:sqs:x:1:q")
