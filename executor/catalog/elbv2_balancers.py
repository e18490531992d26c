"""Elastic Load Balancing v2: load balancers, and target groups with what is registered in them.

Whether a target is healthy is not read: it comes and goes. A balancer's interfaces are AWS's
own. Reserved capacity and address pools are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.ec2_tagging import Params, only
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import added, any_change, lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_LEAVING = "draining"
_CHECKS = (
    "HealthCheckEnabled",
    "HealthCheckPath",
    "HealthCheckPort",
    "HealthCheckProtocol",
)
_TEMPO = (
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
)


def tags_of(arn: str) -> Detail:
    """Return how the tags of what `arn` names are read."""
    return Detail(
        operation="DescribeTags",
        params={"ResourceArns": f"[{arn}]"},
        pick="TagDescriptions[0].Tags",
        into="Tags",
    )


def attributes_of(kind: str, arn: str) -> Detail:
    """Return how the attributes of a kind of resource are read."""
    return Detail(
        operation=f"Describe{kind}Attributes",
        params={arn: arn},
        pick="Attributes",
        into="Attributes",
    )


def attributes(raw: JsonObject) -> dict[str, Json]:
    """Return the attributes that are set, by key."""
    return {
        text(item, "Key"): item.get("Value")
        for item in objects(raw, "Attributes")
        if item.get("Value") not in (None, "")
    }


def own_tags(raw: JsonObject) -> dict[str, object]:
    """Return the parameter that sets the resource's tags, AWS's own left out."""
    tags = [
        {"Key": text(tag, "Key"), "Value": text(tag, "Value")}
        for tag in objects(raw, "Tags")
        if not text(tag, "Key").startswith("aws:")
    ]
    return {"Tags": tags} if tags else {}


def tag_operations(kind: str) -> tuple[Operation, ...]:
    """Return what tagging means for the resources in whose ARN `kind` stands."""
    named = f"params.ResourceArns[?contains(@, ':{kind}/')]"
    return on(Verb.UPDATE, named, "AddTags", "RemoveTags", part="'tags'", many=True)


def set_attributes(arn: str) -> Seed:
    """Return the seed that sets all attributes of a load balancer or a target group."""
    kind = arn.removesuffix("Arn")

    def params(raw: JsonObject, data: DataMark | None) -> Params:
        found = [{"Key": key, "Value": value} for key, value in attributes(raw).items()]
        if found:
            yield {arn: raw[arn], "Attributes": found}

    return Seed(operation=f"Modify{kind}Attributes", params=params)


# Load balancers


def _subnets(raw: JsonObject) -> list[Json]:
    found: list[Json] = [
        *sorted(
            text(zone, "SubnetId")
            for zone in objects(raw, "AvailabilityZones")
            if zone.get("SubnetId")
        )
    ]
    return found


def _balancer(raw: JsonObject) -> Json:
    return {
        **only(raw, "Scheme", "Type"),
        "IpAddressType": raw.get("IpAddressType") or "ipv4",
        "SecurityGroups": sorted(str(group) for group in rows(raw, "SecurityGroups")),
        "Subnets": _subnets(raw),
        "AllocationIds": sorted(
            text(address, "AllocationId")
            for zone in objects(raw, "AvailabilityZones")
            for address in objects(zone, "LoadBalancerAddresses")
            if address.get("AllocationId")
        ),
        "Attributes": attributes(raw),
    }


def _create_balancer(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        "Name": raw["LoadBalancerName"],
        **only(raw, "Scheme", "Type", "IpAddressType"),
        **own_tags(raw),
    }
    if rows(raw, "SecurityGroups"):
        params["SecurityGroups"] = raw["SecurityGroups"]
    mappings = [_mapping(zone) for zone in objects(raw, "AvailabilityZones")]
    if any(len(mapping) > 1 for mapping in mappings):
        params["SubnetMappings"] = mappings
    else:
        params["Subnets"] = _subnets(raw)
    yield params


def _mapping(zone: JsonObject) -> dict[str, Json]:
    addresses = objects(zone, "LoadBalancerAddresses")
    fixed = only(addresses[0], "AllocationId", "PrivateIPv4Address") if addresses else {}
    return {"SubnetId": zone.get("SubnetId"), **fixed}


def _interface_words(raw: JsonObject) -> Json:
    """Return how AWS describes the interfaces of the balancer, which come and go with it."""
    path = text(raw, "LoadBalancerArn").partition(":loadbalancer/")[2]
    return f"ELB {path}" if path else None


LOAD_BALANCER = ResourceType(
    type="AWS::ElasticLoadBalancingV2::LoadBalancer",
    listing=Listing(operation="DescribeLoadBalancers", items="LoadBalancers[]"),
    details=(attributes_of("LoadBalancer", "LoadBalancerArn"), tags_of("LoadBalancerArn")),
    id="LoadBalancerArn",
    name="LoadBalancerName",
    arn="LoadBalancerArn",
    handles=("DNSName", _interface_words),
    settings=_balancer,
    birth={"id": "LoadBalancerArn", "created": "CreatedTime"},
    tags="Tags",
    settling="State.Code == 'provisioning'",
    depends_on=("AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::EC2::EIP"),
    seeds=(
        Seed(
            operation="CreateLoadBalancer",
            params=_create_balancer,
            learn={
                "LoadBalancerArn": "LoadBalancers[0].LoadBalancerArn",
                "DNSName": "LoadBalancers[0].DNSName",
            },
            creates=True,
            optional=False,
        ),
        set_attributes("LoadBalancerArn"),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "[params.Name, response.LoadBalancers[0].LoadBalancerArn]",
            "CreateLoadBalancer",
        ),
        *on(Verb.DELETE, "params.LoadBalancerArn", "DeleteLoadBalancer"),
        *on(
            Verb.UPDATE,
            "params.LoadBalancerArn",
            "ModifyLoadBalancerAttributes",
            "SetIpAddressType",
            "SetSecurityGroups",
            "SetSubnets",
        ),
        *tag_operations("loadbalancer"),
    ),
    hazards=(
        HazardRule(
            field='Attributes."deletion_protection.enabled"',
            hazard=Hazard.PROTECTION_LOSS,
            when=turned_off,
        ),
        HazardRule(
            field='Attributes."access_logs.s3.enabled"',
            hazard=Hazard.PROTECTION_LOSS,
            when=turned_off,
        ),
        HazardRule(
            field='Attributes."waf.fail_open.enabled"',
            hazard=Hazard.EXPOSURE,
            when=lambda before, after: after == "true",
        ),
        HazardRule(field="SecurityGroups", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="SecurityGroups", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Subnets", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(
            field="IpAddressType",
            hazard=Hazard.EXPOSURE,
            when=lambda before, after: before == "ipv4",
        ),
        HazardRule(
            field="IpAddressType",
            hazard=Hazard.DISRUPTION,
            when=lambda before, after: after == "ipv4",
        ),
    ),
)


# Target groups


def _target_name(target: Mapping[str, object]) -> str:
    """Return `ID:PORT`, which names a target in its group; a function has no port."""
    port = target.get("Port")
    return f"{target.get('Id')}:{port}" if port else str(target.get("Id"))


def _registered(raw: JsonObject) -> list[JsonObject]:
    return [
        table(described, "Target")
        for described in objects(raw, "Health")
        if table(described, "TargetHealth").get("State") != _LEAVING
    ]


def _group(raw: JsonObject) -> Json:
    return {
        **only(raw, "Protocol", "Port", "VpcId", "TargetType"),
        "ProtocolVersion": raw.get("ProtocolVersion") or None,
        "HealthCheck": only(raw, *_CHECKS),
        "HealthCheckTempo": only(raw, *_TEMPO),
        "Matcher": {**only(table(raw, "Matcher"), "HttpCode", "GrpcCode")},
        "Attributes": attributes(raw),
        "Targets": sorted(_target_name(target) for target in _registered(raw)),
    }


def _create_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "Name": raw["TargetGroupName"],
        **only(raw, "Protocol", "Port", "VpcId", "TargetType", "ProtocolVersion"),
        **only(raw, "IpAddressType", "Matcher", *_CHECKS, *_TEMPO),
        **own_tags(raw),
    }


def _register(raw: JsonObject, data: DataMark | None) -> Params:
    targets = [only(target, "Id", "Port", "AvailabilityZone") for target in _registered(raw)]
    if targets:
        yield {"TargetGroupArn": raw["TargetGroupArn"], "Targets": targets}


def _targets(params: JsonObject, response: JsonObject) -> list[str]:
    return [f"target {_target_name(target)}" for target in objects(params, "Targets")]


TARGET_GROUP = ResourceType(
    type="AWS::ElasticLoadBalancingV2::TargetGroup",
    listing=Listing(operation="DescribeTargetGroups", items="TargetGroups[]"),
    details=(
        attributes_of("TargetGroup", "TargetGroupArn"),
        Detail(
            operation="DescribeTargetHealth",
            params={"TargetGroupArn": "TargetGroupArn"},
            pick="TargetHealthDescriptions[].{Target: Target, TargetHealth: TargetHealth}",
            into="Health",
        ),
        tags_of("TargetGroupArn"),
    ),
    id="TargetGroupArn",
    name="TargetGroupName",
    arn="TargetGroupArn",
    settings=_group,
    birth={"id": "TargetGroupArn"},
    tags="Tags",
    depends_on=("AWS::EC2::VPC", "AWS::EC2::Instance"),
    seeds=(
        Seed(
            operation="CreateTargetGroup",
            params=_create_group,
            learn={"TargetGroupArn": "TargetGroups[0].TargetGroupArn"},
            creates=True,
            optional=False,
        ),
        set_attributes("TargetGroupArn"),
        Seed(operation="RegisterTargets", params=_register),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "[params.Name, response.TargetGroups[0].TargetGroupArn]",
            "CreateTargetGroup",
        ),
        *on(Verb.DELETE, "params.TargetGroupArn", "DeleteTargetGroup"),
        *on(
            Verb.UPDATE,
            "params.TargetGroupArn",
            "ModifyTargetGroup",
            "ModifyTargetGroupAttributes",
        ),
        *on(
            Verb.UPDATE,
            "params.TargetGroupArn",
            "RegisterTargets",
            "DeregisterTargets",
            part=_targets,
        ),
        *tag_operations("targetgroup"),
    ),
    hazards=(
        HazardRule(field="Targets", hazard=Hazard.DISRUPTION, when=lost),
        # A check that no target passes takes all of them out of service.
        HazardRule(field="HealthCheck", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="Matcher", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(
            field="HealthCheck.HealthCheckEnabled",
            hazard=Hazard.PROTECTION_LOSS,
            when=turned_off,
        ),
    ),
)
