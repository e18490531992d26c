"""`executor promote`: what it does to the target, and everything it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from executor.model.json import JsonObject
from tests.integration.conftest import Production
from tests.integration.programs import NEW_RESOURCE_GROUP, Ended, Programs, effects_of, objects

NEW_QUEUE = "c('sqs').create_queue(QueueName='new')"
EDIT = "c('sqs').set_queue_attributes(QueueUrl={url!r}, Attributes={{'VisibilityTimeout': '90'}})"


def a_queue(production: Production) -> str:
    return str(production.call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"])


def timeout_of(production: Production, url: str) -> object:
    answer = production.call(
        "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["VisibilityTimeout"]
    )
    attributes = answer["Attributes"]
    assert isinstance(attributes, dict)
    return attributes["VisibilityTimeout"]


def promote(programs: Programs) -> Ended:
    return programs.executor("promote", "last", "--yes", "--format", "json")


def refused(ended: Ended, word: str) -> None:
    assert ended.status == 4, ended.out + ended.err
    assert ended.out == ""
    assert word in ended.err
    assert "hint: " in ended.err
    assert "Traceback" not in ended.err


def test_an_allowed_run_is_promoted_once(programs: Programs, production: Production) -> None:
    url = a_queue(production)
    assert programs.script(EDIT.format(url=url)).status == 0
    assert timeout_of(production, url) == "30"
    ended = promote(programs)
    assert ended.status == 0, ended.err
    receipt = ended.report()
    assert receipt["confirmed"] is True
    assert [(s["operation"], s["status"]) for s in objects(receipt["steps"])] == [
        ("SetQueueAttributes", "done")
    ]
    assert timeout_of(production, url) == "90"
    refused(promote(programs), "promoted before")
    [listed] = objects(json.loads(programs.executor("runs", "--format", "json").out))
    assert listed["promoted"] is True
    assert programs.executor("verify").status == 0


def test_nobody_is_asked_where_there_is_no_terminal(
    programs: Programs, production: Production
) -> None:
    programs.script(NEW_QUEUE)
    before = production.state()
    ended = programs.executor("promote", "last")
    assert ended.status == 2
    assert "--yes" in ended.err
    assert production.state() == before


def test_what_was_denied_or_undecided_is_never_promoted(
    programs: Programs, production: Production
) -> None:
    url = a_queue(production)
    before = production.state()
    programs.script(f"c('sqs').delete_queue(QueueUrl={url!r})")
    refused(promote(programs), "deny")
    programs.script(NEW_RESOURCE_GROUP)
    refused(promote(programs), "undecided")
    assert production.state() == before


def test_a_target_that_drifted_is_left_alone(programs: Programs, production: Production) -> None:
    url = a_queue(production)
    assert programs.script(EDIT.format(url=url)).status == 0
    production.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "5"})
    refused(promote(programs), "drifted")
    assert timeout_of(production, url) == "30"


def _forged_decision(run: Path) -> None:
    path = run / "report.json"
    path.write_text(path.read_text().replace('"deny"', '"allow"').replace("orders", "others"))


def _forged_calls(run: Path) -> None:
    path = run / "calls.json"
    path.write_text(path.read_text().replace("SetQueueAttributes", "DeleteQueue"))


def _forged_baseline(run: Path) -> None:
    path = run / "baseline.json"
    path.write_text(path.read_text().replace("orders", "others"))


def _lost_calls(run: Path) -> None:
    (run / "calls.json").unlink()


def _torn_report(run: Path) -> None:
    path = run / "report.json"
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize("forge", [_forged_decision, _forged_calls, _forged_baseline])
def test_a_run_that_was_altered_is_not_promoted(
    programs: Programs, production: Production, forge: Callable[[Path], None]
) -> None:
    url = a_queue(production)
    ended = programs.script(EDIT.format(url=url))
    assert ended.status == 0, ended.err
    before = production.state()
    forge(programs.runs()[-1])
    refused(promote(programs), "hint: ")
    assert production.state() == before


@pytest.mark.parametrize("spoil", [_lost_calls, _torn_report])
def test_a_run_that_is_not_whole_is_not_promoted(
    programs: Programs, production: Production, spoil: Callable[[Path], None]
) -> None:
    url = a_queue(production)
    ended = programs.script(EDIT.format(url=url))
    assert ended.status == 0, ended.err
    before = production.state()
    spoil(programs.runs()[-1])
    ended = promote(programs)
    assert ended.status != 0
    assert "Traceback" not in ended.err
    assert "nobody foresaw" not in ended.err
    assert production.state() == before


def test_sealed_parameters_that_were_altered_are_not_used(
    programs: Programs, production: Production
) -> None:
    production.call("s3", "CreateBucket", Bucket="assets")
    put = "c('s3').put_object(Bucket='assets', Key='a', Body=b'a' * 100_000)"
    assert programs.script(put).status == 0
    before = production.state()
    kept = [p for p in (programs.runs()[-1] / "replay").rglob("*") if p.is_file()]
    assert kept
    for path in kept:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    ended = promote(programs)
    assert ended.status in (1, 4)
    assert "Traceback" not in ended.err
    assert "nobody foresaw" not in ended.err
    assert production.state() == before


def test_a_hold_waits_for_an_approval(programs: Programs, production: Production) -> None:
    held = programs.script(NEW_QUEUE, "--allow", "update AWS::SQS::Queue *")
    assert held.status == 3
    refused(promote(programs), "approve")
    assert programs.executor("approve", "last").status == 2
    approved = programs.executor("approve", "last", "--by", "ana", "--reason", "OPS-7")
    assert approved.status == 0, approved.err
    ended = promote(programs)
    assert ended.status == 0, ended.err
    assert production.call("sqs", "GetQueueUrl", QueueName="new")["QueueUrl"]


def test_only_a_hold_can_be_approved(programs: Programs) -> None:
    assert programs.script("sys.exit(1)").status == 4
    ended = programs.executor("approve", "last", "--by", "ana", "--reason", "please")
    assert ended.status == 2
    assert "only a hold" in ended.err


def test_new_ids_take_the_place_of_the_rehearsed_ones(
    programs: Programs, production: Production
) -> None:
    ended = programs.script(
        """
ec2 = c('ec2')
vpc = ec2.create_vpc(CidrBlock='10.7.0.0/16')['Vpc']['VpcId']
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.7.1.0/24')['Subnet']['SubnetId']
group = ec2.create_security_group(VpcId=vpc, GroupName='web', Description='web')['GroupId']
ec2.authorize_security_group_ingress(
    GroupId=group, IpProtocol='tcp', FromPort=443, ToPort=443, CidrIp='10.0.0.0/8')
"""
    )
    assert ended.status == 0, ended.out
    kinds = {kind for _, kind, _ in effects_of(ended.report())}
    assert kinds >= {"AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"}
    promoted = promote(programs)
    assert promoted.status == 0, promoted.out + promoted.err
    [vpc] = _found(production.call("ec2", "DescribeVpcs")["Vpcs"], CidrBlock="10.7.0.0/16")
    subnets = production.call("ec2", "DescribeSubnets")["Subnets"]
    [subnet] = _found(subnets, CidrBlock="10.7.1.0/24")
    assert subnet["VpcId"] == vpc["VpcId"]
    groups = production.call("ec2", "DescribeSecurityGroups")["SecurityGroups"]
    [group] = _found(groups, GroupName="web")
    assert group["VpcId"] == vpc["VpcId"]
    assert len(objects(group["IpPermissions"])) == 1


def _found(values: object, **wanted: str) -> list[JsonObject]:
    assert isinstance(values, list)
    return [v for v in values if all(v.get(k) == w for k, w in wanted.items())]


def test_a_run_without_a_target_cannot_be_promoted(programs: Programs) -> None:
    ended = programs.run("dry-run", "--target", "none", "-q", "--", "true")
    assert ended.status == 0
    refused(promote(programs), "without a target")
