"""What botocore's clients are told of calls that are not forwarded, and that they are not."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from executor.errors import RecorderFailed, TargetFailed
from executor.gateway import FileRecorder
from executor.model.call import Call, Refusal
from tests.integration.gateways import REGION, Gateways, Only, gateways_in
from tests.integration.upstreams import Answered, Upstream


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[Gateways]:
    with gateways_in(tmp_path) as found:
        yield found


_LACKING: list[tuple[str, str, dict[str, object]]] = [
    ("s3", "DeleteBucketMetricsConfiguration", {"Bucket": "b", "Id": "x"}),
    ("sqs", "PurgeQueue", {"QueueUrl": "http://127.0.0.1/1/q"}),
    ("dynamodb", "DeleteTable", {"TableName": "t"}),
    ("ec2", "DeleteVpc", {"VpcId": "vpc-1"}),
    ("iam", "DeleteUser", {"UserName": "u"}),
    ("ssm", "DeleteParameter", {"Name": "p"}),
    ("lambda", "DeleteFunction", {"FunctionName": "f"}),
    ("route53", "DeleteHostedZone", {"Id": "Z1"}),
    ("cloudwatch", "DeleteAlarms", {"AlarmNames": ["a"]}),
    ("kms", "ScheduleKeyDeletion", {"KeyId": "k"}),
]


@pytest.mark.parametrize(
    ("service", "operation", "params"), _LACKING, ids=[case[0] for case in _LACKING]
)
def test_operation_that_the_engine_lacks_is_not_forwarded_and_the_client_is_told(
    gateways: Gateways, service: str, operation: str, params: dict[str, object]
) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url, operations=Only())
        client = gateways.client(service, gateway)
        with pytest.raises(ClientError) as caught:
            client._make_api_call(operation, params)
        assert upstream.received == []
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert f"{service}:{operation}" in error["Message"]
    (call,) = gateway.close()
    assert (call.service, call.operation, call.region) == (service, operation, REGION)
    assert call.refused is Refusal.NOT_IMPLEMENTED
    assert not call.succeeded
    assert not call.uncertain


def test_refused_head_request_is_answered_without_a_body(gateways: Gateways) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url, operations=Only("s3:ListBuckets"))
        client = gateways.client("s3", gateway)
        with pytest.raises(ClientError, match="400"):
            client.head_bucket(Bucket="b")
        client.list_buckets()
        assert len(upstream.received) == 1


def test_calls_of_one_client_share_connections_on_both_sides(gateways: Gateways) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url)
        client = gateways.client("s3", gateway)
        for _ in range(5):
            client.head_bucket(Bucket="b")
        assert (len(upstream.received), upstream.connections) == (5, 1)


def test_client_of_an_unwritable_trace_is_cut_off_before_anything_is_forwarded(
    gateways: Gateways,
) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url, recorder=FileRecorder(Path("/dev/full")))
        client = gateways.client("s3", gateway)
        for _ in range(2):
            with pytest.raises(BotoCoreError):
                client.delete_bucket(Bucket="b")
        assert upstream.received == []
        for _ in range(2):
            with pytest.raises(RecorderFailed):
                gateway.close()


class ForgetfulRecorder:
    """Writes that calls begin, and cannot write how they end."""

    def __init__(self) -> None:
        self._begun: list[Call] = []

    def begin(self, call: Call) -> Call:
        self._begun.append(call)
        return call

    def end(self, call: Call) -> None:
        raise RecorderFailed("no room")

    def calls(self) -> tuple[Call, ...]:
        return tuple(self._begun)

    def close(self) -> None:
        return


def test_outcome_that_cannot_be_written_stops_the_gateway(gateways: Gateways) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url, recorder=ForgetfulRecorder())
        client = gateways.client("s3", gateway)
        client.head_bucket(Bucket="b")
        with pytest.raises(BotoCoreError):
            client.delete_bucket(Bucket="b")
        assert len(upstream.received) == 1
        with pytest.raises(RecorderFailed):
            gateway.close()


def test_parallel_calls_wait_for_one_preparation(gateways: Gateways) -> None:
    asked: list[str] = []
    asking, ready = threading.Event(), threading.Event()

    def prepare(
        service: str, operation: str, region: str, account: str, params: Mapping[str, object]
    ) -> None:
        asked.append(operation)
        asking.set()
        assert ready.wait(10)

    with Upstream() as upstream, ThreadPoolExecutor(4) as pool:
        gateway = gateways.open(upstream.url, prepare=prepare)
        clients = [gateways.client("s3", gateway) for _ in range(4)]
        waiting = [pool.submit(client.head_bucket, Bucket="a") for client in clients]
        try:
            assert asking.wait(10)
            assert upstream.received == []
        finally:
            ready.set()
        for call in waiting:
            call.result()
        assert len(upstream.received) == 4
    assert asked == ["HeadBucket"]


def test_preparation_comes_again_for_another_region(gateways: Gateways) -> None:
    asked: list[tuple[str, ...]] = []
    with Upstream(lambda request: Answered(body=b"{}")) as upstream:
        gateway = gateways.open(
            upstream.url, prepare=lambda s, o, r, *rest: asked.append((s, o, r))
        )
        for region in ("eu-west-1", "us-west-2", "eu-west-1"):
            gateways.client("sqs", gateway, region_name=region).list_queues()
    assert asked == [("sqs", "ListQueues", "eu-west-1"), ("sqs", "ListQueues", "us-west-2")]


def test_refused_operation_is_not_prepared(gateways: Gateways) -> None:
    asked: list[str] = []
    with Upstream() as upstream:
        gateway = gateways.open(
            upstream.url, operations=Only(), prepare=lambda s, o, *rest: asked.append(o)
        )
        with pytest.raises(ClientError):
            gateways.client("iam", gateway).delete_user(UserName="u")
    assert asked == []


# An OSError could pass for the client's going, and its call for one that was never made.
@pytest.mark.parametrize("failure", [TargetFailed("access denied"), OSError("no route")])
def test_call_is_refused_however_its_preparation_failed_and_prepared_anew_the_next_time(
    gateways: Gateways, failure: Exception
) -> None:
    failures = [failure]

    def prepare(
        service: str, operation: str, region: str, account: str, params: Mapping[str, object]
    ) -> None:
        if failures:
            raise failures.pop()

    with Upstream() as upstream:
        gateway = gateways.open(upstream.url, prepare=prepare)
        client = gateways.client("s3", gateway)
        with pytest.raises(ClientError) as caught:
            client.delete_bucket(Bucket="b")
        assert upstream.received == []
        client.delete_bucket(Bucket="b")
    error = caught.value.response["Error"]
    assert error["Code"] == "NotHydrated"
    assert str(failure) in error["Message"]
    assert [call.refused for call in gateway.close()] == [Refusal.NOT_HYDRATED, None]
