"""Networks, load balancers and scaling groups: what is denied, held and allowed, end to end."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from executor import Report
from executor.model.json import Json
from tests.conformance.answers import picked
from tests.integration.conftest import Production, Rehearse

# LocalStack has neither load balancers nor scaling groups without a license.
embedded = pytest.mark.parametrize("engine", ["embedded"])
IMAGE = "ami-0123456789abcdef0"
# The embedded engine shows these exposures, but forgets part of the settings that they are in.
EXPOSED = {
    "embedded": ("undecided", {"unexpected-exposure", "not-rehearsed"}),
    "localstack": ("hold", {"unexpected-exposure"}),
}


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type.removeprefix("AWS::"), e.name) for e in report.effects}


def _made(production: Production, call: str, pick: str, **params: object) -> str:
    service, operation = call.split(":")
    answer: Json = production.call(service, operation, **params)
    return str(picked(answer, pick))


@dataclass(frozen=True, slots=True)
class Network:
    vpc: str
    subnets: list[str]


def a_network(production: Production) -> Network:
    vpc = _made(production, "ec2:CreateVpc", "Vpc.VpcId", CidrBlock="10.0.0.0/16")
    subnets = [
        _made(
            production,
            "ec2:CreateSubnet",
            "Subnet.SubnetId",
            VpcId=vpc,
            CidrBlock=f"10.0.{n}.0/24",
            AvailabilityZone=f"us-east-1{zone}",
        )
        for n, zone in enumerate("ab")
    ]
    return Network(vpc=vpc, subnets=subnets)


def a_load_balancer(production: Production) -> str:
    network = a_network(production)
    balancer = _made(
        production,
        "elbv2:CreateLoadBalancer",
        "LoadBalancers.0.LoadBalancerArn",
        Name="shop",
        Subnets=network.subnets,
    )
    group = _made(
        production,
        "elbv2:CreateTargetGroup",
        "TargetGroups.0.TargetGroupArn",
        Name="shop",
        Protocol="HTTP",
        Port=80,
        VpcId=network.vpc,
        TargetType="ip",
    )
    targets = [{"Id": "10.0.0.7", "Port": 80}]
    production.call("elbv2", "RegisterTargets", TargetGroupArn=group, Targets=targets)
    production.call(
        "elbv2",
        "CreateListener",
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return balancer


def a_scaling_group(production: Production) -> None:
    network = a_network(production)
    production.call(
        "ec2",
        "CreateLaunchTemplate",
        LaunchTemplateName="web",
        LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t3.micro"},
    )
    production.call(
        "autoscaling",
        "CreateAutoScalingGroup",
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=2,
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
        VPCZoneIdentifier=network.subnets[0],
    )


# Networks


def test_deleting_a_nat_gateway_is_denied(production: Production, rehearse: Rehearse) -> None:
    network = a_network(production)
    gateway = _made(
        production,
        "ec2:CreateNatGateway",
        "NatGateway.NatGatewayId",
        SubnetId=network.subnets[0],
        ConnectivityType="private",
    )
    report = rehearse(f"c('ec2').delete_nat_gateway(NatGatewayId={gateway!r})")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {("delete", "EC2::NatGateway", gateway)}


def test_opening_a_network_acl_to_the_world_is_an_exposure(
    production: Production, rehearse: Rehearse, engine: str
) -> None:
    network = a_network(production)
    acl = _made(production, "ec2:CreateNetworkAcl", "NetworkAcl.NetworkAclId", VpcId=network.vpc)
    report = rehearse(
        f"""
c('ec2').create_network_acl_entry(
    NetworkAclId={acl!r}, RuleNumber=10, Protocol='-1', RuleAction='allow', Egress=False,
    CidrBlock='0.0.0.0/0')
"""
    )
    assert (report.decision, rules(report)) == EXPOSED[engine]
    assert effects(report) == {("update", "EC2::NetworkAcl", acl)}


def test_making_a_snapshot_public_is_an_exposure(
    production: Production, rehearse: Rehearse, engine: str
) -> None:
    volume = _made(
        production, "ec2:CreateVolume", "VolumeId", Size=1, AvailabilityZone="us-east-1a"
    )
    snapshot = _made(production, "ec2:CreateSnapshot", "SnapshotId", VolumeId=volume)
    report = rehearse(
        f"""
c('ec2').modify_snapshot_attribute(
    SnapshotId={snapshot!r}, Attribute='createVolumePermission', OperationType='add',
    GroupNames=['all'])
"""
    )
    assert (report.decision, rules(report)) == EXPOSED[engine]
    assert effects(report) == {("update", "EC2::Snapshot", snapshot)}


def test_deleting_a_snapshot_is_denied(production: Production, rehearse: Rehearse) -> None:
    volume = _made(
        production, "ec2:CreateVolume", "VolumeId", Size=1, AvailabilityZone="us-east-1a"
    )
    snapshot = _made(production, "ec2:CreateSnapshot", "SnapshotId", VolumeId=volume)
    report = rehearse(f"c('ec2').delete_snapshot(SnapshotId={snapshot!r})")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "EC2::Snapshot", snapshot)}


def test_a_key_pair_made_again_under_its_name_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    production.call("ec2", "CreateKeyPair", KeyName="deploy")
    report = rehearse(
        """
ec2 = c('ec2')
ec2.delete_key_pair(KeyName='deploy')
ec2.create_key_pair(KeyName='deploy')
"""
    )
    assert report.decision == "deny"
    assert effects(report) == {("replace", "EC2::KeyPair", "deploy")}


def test_a_new_version_of_a_launch_template_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    production.call(
        "ec2",
        "CreateLaunchTemplate",
        LaunchTemplateName="web",
        LaunchTemplateData={"InstanceType": "t3.micro"},
    )
    report = rehearse(
        """
c('ec2').create_launch_template_version(
    LaunchTemplateName='web', LaunchTemplateData={'InstanceType': 't3.small'})
"""
    )
    assert report.decision == "allow"
    assert effects(report) == {("update", "EC2::LaunchTemplate", "web")}


def test_making_a_guarded_network_is_allowed(production: Production, rehearse: Rehearse) -> None:
    report = rehearse(
        """
ec2 = c('ec2')
vpc = ec2.create_vpc(CidrBlock='10.9.0.0/16')['Vpc']['VpcId']
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.9.1.0/24')['Subnet']['SubnetId']
acl = ec2.create_network_acl(VpcId=vpc)['NetworkAcl']['NetworkAclId']
ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType='private')
ec2.create_key_pair(KeyName='new')
"""
    )
    assert report.decision == "allow"
    made = {kind for action, kind, _ in effects(report)}
    assert {"EC2::VPC", "EC2::Subnet", "EC2::NetworkAcl", "EC2::NatGateway"} <= made
    assert {action for action, _, _ in effects(report)} == {"create"}


# Load balancers


@embedded
def test_deleting_a_load_balancer_is_denied_with_its_listener(
    production: Production, rehearse: Rehearse
) -> None:
    balancer = a_load_balancer(production)
    report = rehearse(f"c('elbv2').delete_load_balancer(LoadBalancerArn={balancer!r})")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert {kind for _, kind, _ in effects(report)} == {
        "ElasticLoadBalancingV2::LoadBalancer",
        "ElasticLoadBalancingV2::Listener",
    }


@embedded
def test_taking_the_last_target_out_is_held(production: Production, rehearse: Rehearse) -> None:
    a_load_balancer(production)
    report = rehearse(
        """
elb = c('elbv2')
group = elb.describe_target_groups(Names=['shop'])['TargetGroups'][0]['TargetGroupArn']
elb.deregister_targets(TargetGroupArn=group, Targets=[{'Id': '10.0.0.7', 'Port': 80}])
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}
    assert effects(report) == {("update", "ElasticLoadBalancingV2::TargetGroup", "shop")}


@embedded
def test_making_a_load_balancer_is_allowed(production: Production, rehearse: Rehearse) -> None:
    network = a_network(production)
    report = rehearse(
        f"""
elb = c('elbv2')
made = elb.create_load_balancer(Name='new', Subnets={network.subnets!r})['LoadBalancers'][0]
group = elb.create_target_group(Name='new', Protocol='HTTP', Port=80, VpcId={network.vpc!r})
elb.create_listener(
    LoadBalancerArn=made['LoadBalancerArn'], Protocol='HTTP', Port=80,
    DefaultActions=[{{
        'Type': 'forward',
        'TargetGroupArn': group['TargetGroups'][0]['TargetGroupArn'],
    }}])
"""
    )
    assert report.decision == "allow"
    assert {action for action, _, _ in effects(report)} == {"create"}


# Scaling groups


@embedded
def test_scaling_a_group_to_zero_is_held(production: Production, rehearse: Rehearse) -> None:
    a_scaling_group(production)
    report = rehearse(
        "c('autoscaling').update_auto_scaling_group("
        "AutoScalingGroupName='web', MinSize=0, MaxSize=0, DesiredCapacity=0)"
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}
    assert effects(report) == {("update", "AutoScaling::AutoScalingGroup", "web")}


@embedded
def test_deleting_a_scaling_group_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_scaling_group(production)
    report = rehearse(
        "c('autoscaling').delete_auto_scaling_group(AutoScalingGroupName='web', ForceDelete=True)"
    )
    assert report.decision == "deny"
    assert effects(report) == {("delete", "AutoScaling::AutoScalingGroup", "web")}


@embedded
def test_letting_a_group_grow_is_allowed(production: Production, rehearse: Rehearse) -> None:
    a_scaling_group(production)
    report = rehearse(
        "c('autoscaling').update_auto_scaling_group(AutoScalingGroupName='web', MaxSize=8)"
    )
    assert report.decision == "allow"
    assert effects(report) == {("update", "AutoScaling::AutoScalingGroup", "web")}
