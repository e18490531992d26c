"""Elastic Load Balancing v2 on every emulator."""

from __future__ import annotations

from dataclasses import dataclass

from executor.aws import Api
from tests.conformance.answers import asked, picked
from tests.conformance.catalog_harness import Case

TAGS = [{"Key": "team", "Value": "web"}]


def _elb(api: Api, operation: str, pick: str = "", **params: object) -> str:
    return asked(api, "elbv2", operation, pick, **params)


def _ec2(api: Api, operation: str, pick: str = "", **params: object) -> str:
    return asked(api, "ec2", operation, pick, **params)


@dataclass(frozen=True, slots=True)
class _Network:
    vpc: str
    subnets: list[str]
    group: str
    instance: str


def _network(api: Api) -> _Network:
    vpc = _ec2(api, "CreateVpc", "Vpc.VpcId", CidrBlock="10.4.0.0/16")
    subnets = [
        _ec2(
            api,
            "CreateSubnet",
            "Subnet.SubnetId",
            VpcId=vpc,
            CidrBlock=f"10.4.{n}.0/24",
            AvailabilityZone=zone,
        )
        for n, zone in enumerate(("us-east-1a", "us-east-1b"))
    ]
    group = _ec2(
        api, "CreateSecurityGroup", "GroupId", VpcId=vpc, GroupName="edge", Description="d"
    )
    instance = _ec2(
        api,
        "RunInstances",
        "Instances.0.InstanceId",
        ImageId="ami-0123456789abcdef0",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnets[0],
    )
    return _Network(vpc=vpc, subnets=subnets, group=group, instance=instance)


def _balancer(api: Api, network: _Network) -> str:
    arn = _elb(
        api,
        "CreateLoadBalancer",
        "LoadBalancers.0.LoadBalancerArn",
        Name="web",
        Subnets=network.subnets,
        SecurityGroups=[network.group],
        Scheme="internet-facing",
        Type="application",
        Tags=TAGS,
    )
    _elb(
        api,
        "ModifyLoadBalancerAttributes",
        LoadBalancerArn=arn,
        Attributes=[
            {"Key": "deletion_protection.enabled", "Value": "true"},
            {"Key": "idle_timeout.timeout_seconds", "Value": "30"},
        ],
    )
    return arn


def _group(api: Api, network: _Network, name: str) -> str:
    arn = _elb(
        api,
        "CreateTargetGroup",
        "TargetGroups.0.TargetGroupArn",
        Name=name,
        Protocol="HTTP",
        Port=8080,
        VpcId=network.vpc,
        TargetType="instance",
        HealthCheckPath="/ok",
        HealthCheckIntervalSeconds=15,
        Matcher={"HttpCode": "200-299"},
        Tags=TAGS,
    )
    _elb(
        api,
        "ModifyTargetGroupAttributes",
        TargetGroupArn=arn,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}],
    )
    _elb(
        api,
        "RegisterTargets",
        TargetGroupArn=arn,
        Targets=[{"Id": network.instance, "Port": 8081}],
    )
    return arn


def _make_balancers(api: Api) -> None:
    network = _network(api)
    _balancer(api, network)
    _elb(
        api,
        "CreateLoadBalancer",
        Name="inner",
        Subnets=network.subnets[:1],
        Scheme="internal",
        Type="network",
    )


def _shorten_idling(api: Api) -> None:
    found = api.call("elbv2", "DescribeLoadBalancers", {"Names": ["web"]})
    _elb(
        api,
        "ModifyLoadBalancerAttributes",
        LoadBalancerArn=str(picked(found, "LoadBalancers.0.LoadBalancerArn")),
        Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "20"}],
    )


def _make_groups(api: Api) -> None:
    network = _network(api)
    _group(api, network, "web")
    by_address = _elb(
        api,
        "CreateTargetGroup",
        "TargetGroups.0.TargetGroupArn",
        Name="addresses",
        Protocol="HTTP",
        Port=80,
        VpcId=network.vpc,
        TargetType="ip",
    )
    _elb(
        api, "RegisterTargets", TargetGroupArn=by_address, Targets=[{"Id": "10.4.0.7", "Port": 80}]
    )


def _remake_group(api: Api) -> None:
    for name in ("web", "addresses"):
        found = api.call("elbv2", "DescribeTargetGroups", {"Names": [name]})
        arn = str(picked(found, "TargetGroups.0.TargetGroupArn"))
        _elb(api, "DeleteTargetGroup", TargetGroupArn=arn)
    _make_groups(api)


def _make_listeners(api: Api) -> None:
    network = _network(api)
    balancer, group = _balancer(api, network), _group(api, network, "web")
    _elb(
        api,
        "CreateListener",
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    plain = _elb(
        api,
        "CreateListener",
        "Listeners.0.ListenerArn",
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {
                "Type": "redirect",
                "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
            }
        ],
        Tags=TAGS,
    )
    _make_rules(api, plain, group)


def _make_rules(api: Api, listener: str, group: str) -> None:
    _elb(
        api,
        "CreateRule",
        ListenerArn=listener,
        Priority=10,
        Conditions=[
            {"Field": "path-pattern", "Values": ["/api/*"]},
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["api.example.com"]}},
        ],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
        Tags=TAGS,
    )
    _elb(
        api,
        "CreateRule",
        ListenerArn=listener,
        Priority=20,
        Conditions=[
            {
                "Field": "http-header",
                "HttpHeaderConfig": {"HttpHeaderName": "X-Old", "Values": ["yes"]},
            }
        ],
        Actions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {
                    "StatusCode": "410",
                    "ContentType": "text/plain",
                    "MessageBody": "gone",
                },
            }
        ],
    )


def _make_weighted(api: Api) -> None:
    network = _network(api)
    balancer = _balancer(api, network)
    blue, green = (_group(api, network, name) for name in ("blue", "green"))
    weights = [
        {"TargetGroupArn": blue, "Weight": 9},
        {"TargetGroupArn": green, "Weight": 1},
    ]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}]
    listener = _elb(
        api,
        "CreateListener",
        "Listeners.0.ListenerArn",
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=actions,
    )
    _elb(
        api,
        "CreateRule",
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/new/*"]}],
        Actions=actions,
    )


_TYPE = "AWS::ElasticLoadBalancingV2"
# A rule and a listener that lead to two target groups.
_WEIGHTS = "{}[?length(keys(TargetGroups || `{{}}`)) == `2`]"
_KEPT = {
    "LoadBalancer": {
        "Attributes": "Attributes.\"deletion_protection.enabled\" == 'true'",
        "Scheme": "Scheme == 'internet-facing'",
        "SecurityGroups": "SecurityGroups[0]",
        "Subnets": "Subnets[1]",
    },
    "TargetGroup": {
        "Attributes": "Attributes.\"deregistration_delay.timeout_seconds\" == '60'",
        "HealthCheck": "HealthCheck.HealthCheckPath == '/ok'",
        "Matcher": "Matcher.HttpCode == '200-299'",
        "Targets": "Targets[0]",
    },
}
CASES = (
    Case(
        service="elbv2",
        type=f"{_TYPE}::LoadBalancer",
        make=_make_balancers,
        update=_shorten_idling,
        services=("ec2",),
        kept=_KEPT["LoadBalancer"],
    ),
    Case(
        service="elbv2",
        type=f"{_TYPE}::TargetGroup",
        make=_make_groups,
        remake=_remake_group,
        services=("ec2",),
        kept=_KEPT["TargetGroup"],
    ),
    *(
        Case(service="elbv2", type=f"{_TYPE}::{kind}", make=_make_listeners, services=("ec2",))
        for kind in ("Listener", "ListenerRule")
    ),
    *(
        Case(
            service="elbv2",
            type=f"{_TYPE}::{kind}",
            make=_make_weighted,
            services=("ec2",),
            kept={actions: _WEIGHTS.format(actions)},
        )
        for kind, actions in (("Listener", "DefaultActions"), ("ListenerRule", "Actions"))
    ),
)
