"""Checks of a sandbox's life: how it starts, who can reach it, how it ends."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from sandboxes.conformance.case import ACCOUNT, REGION, Aws, Check, EngineCase
from sandboxes.contract import Sandbox

_SOON_S = 5.0


def availability_is_known_at_once(case: EngineCase) -> None:
    """Nobody waits to learn that an engine cannot be used."""
    began = time.monotonic()
    found = case.engine.availability()
    assert time.monotonic() - began < 1.0
    assert found.usable, f"{found.reason}; {found.hint}"
    assert found.reason


def sandbox_introduces_itself(case: EngineCase) -> None:
    """A report can say what it was rehearsed on."""
    with case.start() as one, case.start() as other:
        assert one.info.name == case.engine.name
        assert one.info.emulator
        assert one.info.version
        assert one.id != other.id


def sandbox_is_ready_when_handed_out(case: EngineCase) -> None:
    """The first request is answered, without a retry."""
    with case.start() as sandbox:
        assert Aws(sandbox).call("s3", "ListBuckets")["Buckets"] == []
        assert sandbox.alive()


def fresh_sandbox_is_empty(case: EngineCase) -> None:
    """What a run finds, it or its replica has put there."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        assert aws.call("s3", "ListBuckets")["Buckets"] == []
        assert not aws.call("sqs", "ListQueues").get("QueueUrls")
        assert aws.call("sns", "ListTopics")["Topics"] == []
        assert aws.call("logs", "DescribeLogGroups")["logGroups"] == []
        assert aws.call("lambda", "ListFunctions")["Functions"] == []
        assert aws.call("secretsmanager", "ListSecrets")["SecretList"] == []
        vpcs = aws.call("ec2", "DescribeVpcs")["Vpcs"]
        assert [vpc for vpc in vpcs if not vpc["IsDefault"]] == []


def sandboxes_are_isolated(case: EngineCase) -> None:
    """Two at a time share nothing, under the same names."""
    with case.start() as one, case.start() as other:
        here, there = Aws(one), Aws(other)
        bucket = "conformance-isolated"
        here.call("s3", "CreateBucket", Bucket=bucket, **_here())
        assert there.call("s3", "ListBuckets")["Buckets"] == []
        there.call("s3", "CreateBucket", Bucket=bucket, **_here())
        there.call("s3", "DeleteBucket", Bucket=bucket)
        assert [b["Name"] for b in here.call("s3", "ListBuckets")["Buckets"]] == [bucket]
        ids = {
            a.call("ec2", "CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
            for a in (here, there)
        }
        assert len(ids) == 2, "both hand out the same ids"


def next_sandbox_inherits_nothing(case: EngineCase) -> None:
    """What one leaves behind, the next does not find."""
    with case.start() as one:
        Aws(one).call("sqs", "CreateQueue", QueueName="conformance-left")
    with case.start() as other:
        assert not Aws(other).call("sqs", "ListQueues").get("QueueUrls")


def only_loopback_is_listened_on(case: EngineCase) -> None:
    """Nobody else on the network can reach a sandbox."""
    with case.start() as sandbox:
        parts = urlsplit(sandbox.url)
        assert parts.hostname in ("127.0.0.1", "localhost", "::1")
        for address in _own_addresses():
            assert not _accepts(address, parts.port or 80), f"it is listened on {address}"


def account_is_in_arns(case: EngineCase) -> None:
    """A replica's resources carry the target's account."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        assert aws.call("sts", "GetCallerIdentity")["Account"] == ACCOUNT
        url = aws.call("sqs", "CreateQueue", QueueName="arn")["QueueUrl"]
        queue = aws.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
        topic = aws.call("sns", "CreateTopic", Name="arn")["TopicArn"]
        role = aws.call("iam", "CreateRole", RoleName="arn", AssumeRolePolicyDocument="{}")
        assert queue["Attributes"]["QueueArn"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:arn"
        assert topic == f"arn:aws:sns:{REGION}:{ACCOUNT}:arn"
        assert role["Role"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/arn"
        key = aws.call("kms", "CreateKey")["KeyMetadata"]["Arn"]
        assert key.startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")


def close_ends_the_sandbox(case: EngineCase) -> None:
    """After it, nobody answers, and doing it again is nothing."""
    sandbox = case.start()
    parts = urlsplit(sandbox.url)
    assert _accepts(str(parts.hostname), parts.port or 80)
    sandbox.close()
    assert not _accepts(str(parts.hostname), parts.port or 80)
    _is_over(sandbox)


def close_can_be_repeated(case: EngineCase) -> None:
    """Whoever cleans up need not know who did before."""
    with case.start() as sandbox:
        sandbox.close()
        sandbox.close()
    _is_over(sandbox)


def close_leaves_nothing_on_disk(case: EngineCase) -> None:
    """A thousand dry runs fill no disk."""
    with case.start() as sandbox:
        places = case.footprint(sandbox)
        assert all(place.exists() for place in places)
    assert [str(place) for place in places if place.exists()] == []
    assert list(case.engine.reap()) == []


def reap_spares_the_living(case: EngineCase) -> None:
    """Cleaning up after others' runs does not end this one."""
    with case.start() as sandbox:
        case.engine.reap()
        assert sandbox.alive()
        assert Aws(sandbox).call("s3", "ListBuckets")["Buckets"] == []


def death_is_noticed(case: EngineCase) -> None:
    """An emulator that dies is told from one that answers badly, and its log can be read."""
    assert case.kill is not None, "its end is not ours to bring about"
    with case.start() as sandbox:
        assert sandbox.alive()
        case.kill(sandbox)
        until = time.monotonic() + _SOON_S
        while sandbox.alive() and time.monotonic() < until:
            time.sleep(0.01)
        assert not sandbox.alive()
        sandbox.logs()
    _is_over(sandbox)


LIFE_CHECKS: tuple[Check, ...] = (
    availability_is_known_at_once,
    sandbox_introduces_itself,
    sandbox_is_ready_when_handed_out,
    fresh_sandbox_is_empty,
    sandboxes_are_isolated,
    next_sandbox_inherits_nothing,
    only_loopback_is_listened_on,
    account_is_in_arns,
    close_ends_the_sandbox,
    close_can_be_repeated,
    close_leaves_nothing_on_disk,
    reap_spares_the_living,
    death_is_noticed,
)


def _here() -> dict[str, object]:
    return {"CreateBucketConfiguration": {"LocationConstraint": REGION}}


def _is_over(sandbox: Sandbox) -> None:
    assert not sandbox.alive()
    assert isinstance(sandbox.logs(), str)


def _own_addresses() -> list[str]:
    import psutil

    found = [
        a.address
        for nics in psutil.net_if_addrs().values()
        for a in nics
        if a.family == socket.AF_INET
    ]
    return [address for address in found if not address.startswith("127.")]


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False
