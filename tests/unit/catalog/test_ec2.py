"""EC2: what calls touch, what is dangerous, what engines make by themselves."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, described, hazards, is_unread, touches

GROUP = "AWS::EC2::SecurityGroup"
INSTANCE = "AWS::EC2::Instance"
VOLUME = "AWS::EC2::Volume"


def _group(*permissions: Json, name: str = "web") -> dict[str, Json]:
    return {
        "GroupId": "sg-1",
        "GroupName": name,
        "VpcId": "vpc-1",
        "IpPermissions": list(permissions),
    }


def _rule(port: int, *cidrs: str, description: str = "") -> Json:
    ranges: list[Json] = [
        {"CidrIp": c, "Description": description} if description else {"CidrIp": c} for c in cidrs
    ]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}


def test_rules_joined_or_split_are_the_same() -> None:
    joined = _group(_rule(80, "10.0.0.0/8", "10.1.0.0/16"))
    split = _group(_rule(80, "10.1.0.0/16"), _rule(80, "10.0.0.0/8"))
    assert described(GROUP, joined).properties == described(GROUP, split).properties


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((), (_rule(22, "0.0.0.0/0"),), {("exposure", "Ingress")}),
        ((_rule(22, "0.0.0.0/0"),), (_rule(22, "0.0.0.0/0", description="x"),), set()),
        ((), (_rule(22, "10.0.0.0/8"),), set()),
        ((_rule(22, "10.0.0.0/8"),), (), {("disruption", "Ingress")}),
        (
            (_rule(80, "0.0.0.0/0"),),
            (_rule(22, "0.0.0.0/0"),),
            {("exposure", "Ingress"), ("disruption", "Ingress")},
        ),
    ],
)
def test_opening_to_the_world_is_exposure_and_closing_disruption(
    before: tuple[Json, ...], after: tuple[Json, ...], expected: set[tuple[str, str]]
) -> None:
    assert hazards(GROUP, _group(*before), _group(*after)) == expected


def test_ipv6_anywhere_is_the_world_too() -> None:
    door: Json = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    assert hazards(GROUP, _group(), _group(door)) == {("exposure", "Ingress")}


def test_default_group_is_built_in_and_goes_by_its_vpc() -> None:
    default = described(GROUP, _group(name="default"))
    assert default.builtin
    assert "vpc-1" in default.handles
    assert "vpc-1" not in described(GROUP, _group()).handles


def _instance(**changes: Json) -> dict[str, Json]:
    return {"InstanceId": "i-1", "State": {"Name": "running"}, "InstanceType": "t3", **changes}


def _disk(delete: bool) -> Json:
    ebs: Json = {"VolumeId": "vol-1", "DeleteOnTermination": delete}
    return [{"DeviceName": "/dev/sda1", "Ebs": ebs}]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"State": {"Name": "stopped"}}, {("disruption", "State")}),
        (
            {"DisableApiTermination": True},
            {"DisableApiTermination": False},
            {("protection-loss", "DisableApiTermination")},
        ),
        (
            {"BlockDeviceMappings": _disk(False)},
            {"BlockDeviceMappings": _disk(True)},
            {("protection-loss", "BlockDevices")},
        ),
        (
            {"MetadataOptions": {"HttpTokens": "required"}},
            {"MetadataOptions": {"HttpTokens": "optional"}},
            {("exposure", "MetadataOptions.HttpTokens")},
        ),
        ({}, {"InstanceType": "t4"}, set()),
    ],
)
def test_changes_of_an_instance_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(INSTANCE, _instance(**before), _instance(**after)) == expected


def test_user_data_is_kept_as_a_digest() -> None:
    found = described(INSTANCE, _instance(UserData="c2VjcmV0"))
    assert "c2VjcmV0" not in str(found)
    assert str(found.properties["UserData"]).startswith("sha256:")


def test_start_moves_no_birth_mark() -> None:
    early, late = (_instance(LaunchTime=t) for t in ("2026-01-01", "2026-02-02"))
    assert described(INSTANCE, early).birth == described(INSTANCE, late).birth


def test_detaching_a_volume_is_disruption() -> None:
    attached: dict[str, Json] = {
        "VolumeId": "vol-1",
        "Attachments": [{"InstanceId": "i-1", "Device": "/dev/sdf"}],
    }
    expected = {("disruption", "Attachments")}
    assert hazards(VOLUME, attached, {"VolumeId": "vol-1"}) == expected


def test_a_route_to_the_internet_is_exposure_and_a_lost_one_disruption() -> None:
    def table(*routes: Json) -> dict[str, Json]:
        return {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": list(routes)}

    out: Json = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}
    kind = "AWS::EC2::RouteTable"
    assert hazards(kind, table(), table(out)) == {("exposure", "Routes")}
    assert hazards(kind, table(out), table()) == {("disruption", "Routes")}


def test_every_started_instance_is_touched_by_itself() -> None:
    params = {"InstanceIds": ["i-1", "i-2"]}
    assert {t for t in touches("ec2:StartInstances", params)} == {
        ("EC2::Instance", "update", ("i-1",), ""),
        ("EC2::Instance", "update", ("i-2",), ""),
    }


def test_launch_touches_what_comes_with_the_instance() -> None:
    made = {
        "InstanceId": "i-1",
        "BlockDeviceMappings": [{"Ebs": {"VolumeId": "vol-1"}}],
        "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}],
    }
    assert touches("ec2:RunInstances", {}, {"Instances": [made]}) == {
        ("EC2::Instance", "create", ("i-1",), ""),
        ("EC2::Volume", "create", ("vol-1",), ""),
        ("EC2::NetworkInterface", "create", ("eni-1",), ""),
    }


def test_termination_accounts_for_volumes_without_claiming_their_deletion() -> None:
    found = touches("ec2:TerminateInstances", {"InstanceIds": ["i-1"]})
    assert ("EC2::Instance", "delete", ("i-1",), "") in found
    assert ("EC2::Volume", "operate", ("i-1",), "") in found


def test_tagging_touches_each_resource_by_its_type() -> None:
    params = {"Resources": ["vpc-1", "sg-1", "sg-2"], "Tags": []}
    assert touches("ec2:CreateTags", params) == {
        ("EC2::VPC", "update", ("vpc-1",), "tags"),
        ("EC2::SecurityGroup", "update", ("sg-1",), "tags"),
        ("EC2::SecurityGroup", "update", ("sg-2",), "tags"),
    }


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("ec2:DeleteFleets", {"FleetIds": ["fleet-1"]})
    assert is_unread("ec2:CreateTags", {"Resources": ["tgw-1"], "Tags": []})


def test_launched_instance_teaches_its_volumes_though_the_root_is_called_otherwise() -> None:
    kind = CATALOG.type(INSTANCE)
    assert kind is not None
    learn = kind.seeds[0].learn
    assert callable(learn)
    ours = _instance(RootDeviceName="/dev/sda1", BlockDeviceMappings=_disk(True))
    made: Json = {
        "InstanceId": "i-9",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-9"}}],
    }
    assert learn(ours, {}, {"Instances": [made]}) == {"i-1": "i-9", "vol-1": "vol-9"}
