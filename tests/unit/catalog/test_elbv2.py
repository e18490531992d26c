"""Load balancers, target groups, listeners and rules: touches and dangers."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, described, hazards, is_unread, touches

_TYPE = "AWS::ElasticLoadBalancingV2"
BALANCER = f"{_TYPE}::LoadBalancer"
GROUP = f"{_TYPE}::TargetGroup"
LISTENER = f"{_TYPE}::Listener"
RULE = f"{_TYPE}::ListenerRule"
BALANCER_ARN = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/web/1"
LISTENER_ARN = "arn:aws:elasticloadbalancing:us-east-1:1:listener/app/web/1/2"
RULE_ARN = "arn:aws:elasticloadbalancing:us-east-1:1:listener-rule/app/web/1/2/3"
BLUE, GREEN = (f"arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/{n}/1" for n in "bg")


def _balancer(attributes: dict[str, str] | None = None, **changes: Json) -> dict[str, Json]:
    found: list[Json] = [{"Key": k, "Value": v} for k, v in (attributes or {}).items()]
    return {
        "LoadBalancerArn": BALANCER_ARN,
        "LoadBalancerName": "web",
        "SecurityGroups": ["sg-1"],
        "AvailabilityZones": [{"SubnetId": "subnet-1"}],
        "IpAddressType": "ipv4",
        "Attributes": found,
        **changes,
    }


PROTECTED = {"deletion_protection.enabled": "true"}
LOGGED = {"access_logs.s3.enabled": "true"}
TWO_ZONES: Json = [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            _balancer(PROTECTED),
            _balancer({"deletion_protection.enabled": "false"}),
            {("protection-loss", 'Attributes."deletion_protection.enabled"')},
        ),
        (_balancer(), _balancer(PROTECTED), set()),
        (
            _balancer(LOGGED),
            _balancer({"access_logs.s3.enabled": "false"}),
            {("protection-loss", 'Attributes."access_logs.s3.enabled"')},
        ),
        (
            _balancer(),
            _balancer({"waf.fail_open.enabled": "true"}),
            {("exposure", 'Attributes."waf.fail_open.enabled"')},
        ),
        (_balancer(), _balancer({"waf.fail_open.enabled": "false"}), set()),
        (
            _balancer(),
            _balancer(SecurityGroups=["sg-1", "sg-2"]),
            {("exposure", "SecurityGroups")},
        ),
        (_balancer(), _balancer(SecurityGroups=[]), {("disruption", "SecurityGroups")}),
        (_balancer(AvailabilityZones=TWO_ZONES), _balancer(), {("disruption", "Subnets")}),
        (_balancer(), _balancer(AvailabilityZones=TWO_ZONES), set()),
        (_balancer(), _balancer(IpAddressType="dualstack"), {("exposure", "IpAddressType")}),
        (_balancer(IpAddressType="dualstack"), _balancer(), {("disruption", "IpAddressType")}),
        (_balancer(), _balancer({"idle_timeout.timeout_seconds": "20"}), set()),
    ],
)
def test_changes_of_a_load_balancer_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(BALANCER, before, after) == expected


def _group(*targets: str, state: str = "healthy", **changes: Json) -> dict[str, Json]:
    health: list[Json] = [
        {"Target": {"Id": t, "Port": 80}, "TargetHealth": {"State": state}} for t in targets
    ]
    return {
        "TargetGroupArn": BLUE,
        "TargetGroupName": "blue",
        "Health": health,
        "HealthCheckEnabled": True,
        "HealthCheckPath": "/ok",
        **changes,
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (_group("i-1", "i-2"), _group("i-1"), {("disruption", "Targets")}),
        (_group("i-1"), _group("i-1", state="draining"), {("disruption", "Targets")}),
        (_group("i-1"), _group("i-1", state="unhealthy"), set()),
        (_group("i-1"), _group("i-1", "i-2"), set()),
        (_group(), _group(HealthCheckPath="/no"), {("disruption", "HealthCheck")}),
        (_group(), _group(Matcher={"HttpCode": "418"}), {("disruption", "Matcher")}),
        (
            _group(),
            _group(HealthCheckEnabled=False),
            {
                ("disruption", "HealthCheck"),
                ("protection-loss", "HealthCheck.HealthCheckEnabled"),
            },
        ),
        (_group(), _group(HealthCheckIntervalSeconds=10), set()),
    ],
)
def test_changes_of_a_target_group_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(GROUP, before, after) == expected


def test_targets_are_parts_of_their_group() -> None:
    params = {"TargetGroupArn": BLUE, "Targets": [{"Id": "i-1", "Port": 80}, {"Id": "i-2"}]}
    assert touches("elbv2:DeregisterTargets", params) == {
        ("ElasticLoadBalancingV2::TargetGroup", "update", (BLUE,), "target i-1:80"),
        ("ElasticLoadBalancingV2::TargetGroup", "update", (BLUE,), "target i-2"),
    }


def _to(*groups: str) -> Json:
    weighted: list[Json] = [{"TargetGroupArn": g, "Weight": 1} for g in groups]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}


REDIRECT: Json = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}
LOGIN: Json = {"Type": "authenticate-oidc", "AuthenticateOidcConfig": {"Issuer": "https://id"}}


def _listener(*actions: Json, **changes: Json) -> dict[str, Json]:
    return {
        "ListenerArn": LISTENER_ARN,
        "LoadBalancerArn": BALANCER_ARN,
        "Port": 443,
        "Protocol": "HTTPS",
        "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "Certificates": [{"CertificateArn": "arn:cert:1"}],
        "DefaultActions": list(actions or (_to(BLUE),)),
        **changes,
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (_listener(), _listener(_to(GREEN)), {("disruption", "DefaultActions")}),
        (_listener(), _listener(_to(BLUE, GREEN)), set()),
        (_listener(_to(BLUE, GREEN)), _listener(), {("disruption", "DefaultActions")}),
        (_listener(), _listener(REDIRECT), {("disruption", "DefaultActions")}),
        (
            _listener(LOGIN, _to(BLUE)),
            _listener(),
            {("disruption", "DefaultActions"), ("exposure", "DefaultActions")},
        ),
        (_listener(), _listener(LOGIN, _to(BLUE)), set()),
        (_listener(), _listener(Port=8443), {("disruption", "Port")}),
        (
            _listener(),
            _listener(SslPolicy="ELBSecurityPolicy-2016-08"),
            {("exposure", "SslPolicy")},
        ),
        (_listener(), _listener(SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06"), set()),
        (
            _listener(MutualAuthentication={"Mode": "verify"}),
            _listener(),
            {("exposure", "MutualAuthentication")},
        ),
        (_listener(), _listener(MutualAuthentication={"Mode": "verify"}), set()),
        (
            _listener(),
            _listener(Certificates=[{"CertificateArn": "arn:cert:2"}]),
            {("disruption", "Certificate")},
        ),
        (
            _listener(AllCertificates=[{"CertificateArn": "arn:cert:2"}]),
            _listener(),
            {("disruption", "MoreCertificates")},
        ),
        (_listener(), _listener(AllCertificates=[{"CertificateArn": "arn:cert:2"}]), set()),
    ],
)
def test_changes_of_a_listener_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(LISTENER, before, after) == expected


def test_listener_that_does_not_encrypt_any_more_is_exposure() -> None:
    found = hazards(LISTENER, _listener(), _listener(Protocol="HTTP"))
    assert {("exposure", "Protocol"), ("disruption", "Protocol")} <= found
    back = hazards(LISTENER, _listener(Protocol="HTTP"), _listener())
    assert ("exposure", "Protocol") not in back


@pytest.mark.parametrize(
    "spelling",
    [
        {"Type": "forward", "TargetGroupArn": BLUE},
        {"Type": "forward", "Order": 1, "TargetGroupArn": BLUE},
        {
            "Type": "forward",
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": BLUE, "Weight": 7}],
                "TargetGroupStickinessConfig": {"Enabled": False},
            },
        },
    ],
)
def test_one_way_to_forward_is_the_same_however_it_is_spelt(spelling: Json) -> None:
    one, other = (described(LISTENER, _listener(action)) for action in (_to(BLUE), spelling))
    assert one.properties == other.properties


def _rule(*actions: Json, priority: str = "10", path: str = "/api/*") -> dict[str, Json]:
    return {
        "RuleArn": RULE_ARN,
        "Listener": {"ListenerArn": LISTENER_ARN, "LoadBalancerArn": BALANCER_ARN},
        "Priority": priority,
        "Conditions": [{"Field": "path-pattern", "Values": [path]}],
        "Actions": list(actions or (_to(BLUE),)),
    }


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (_rule(_to(GREEN)), {("disruption", "Actions")}),
        (_rule(path="/other/*"), {("disruption", "Conditions")}),
        (_rule(priority="5"), {("disruption", "Priority")}),
        (_rule(_to(BLUE, GREEN)), set()),
    ],
)
def test_changes_of_a_rule_and_their_dangers(
    after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(RULE, _rule(), after) == expected


def test_rule_that_lets_unknown_in_is_exposure() -> None:
    found = hazards(RULE, _rule(LOGIN, _to(BLUE)), _rule())
    assert ("exposure", "Actions") in found


def test_condition_is_the_same_in_either_spelling() -> None:
    typed: dict[str, Json] = {
        **_rule(),
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}],
    }
    assert described(RULE, typed).properties == described(RULE, _rule()).properties


def test_load_balancer_takes_its_listeners_and_their_rules_along() -> None:
    found = touches("elbv2:DeleteLoadBalancer", {"LoadBalancerArn": BALANCER_ARN})
    assert found == {
        (f"ElasticLoadBalancingV2::{kind}", verb, (BALANCER_ARN,), "")
        for kind, verb in (
            ("LoadBalancer", "delete"),
            ("Listener", "operate"),
            ("ListenerRule", "operate"),
        )
    }
    assert BALANCER_ARN in described(LISTENER, _listener()).handles
    assert BALANCER_ARN in described(RULE, _rule()).handles


def test_load_balancer_is_known_by_the_description_of_its_interfaces() -> None:
    assert "ELB app/web/1" in described(BALANCER, _balancer()).handles


def test_tags_touch_the_resource_that_the_arn_is_of() -> None:
    params = {"ResourceArns": [LISTENER_ARN, RULE_ARN], "Tags": []}
    assert touches("elbv2:AddTags", params) == {
        ("ElasticLoadBalancingV2::Listener", "update", (LISTENER_ARN,), "tags"),
        ("ElasticLoadBalancingV2::ListenerRule", "update", (RULE_ARN,), "tags"),
    }


def test_secret_of_an_authentication_is_not_kept() -> None:
    login: Json = {
        "Type": "authenticate-oidc",
        "AuthenticateOidcConfig": {"Issuer": "https://id", "ClientSecret": "hunter2"},
    }
    assert "hunter2" not in str(described(LISTENER, _listener(login, _to(BLUE))))
    assert "hunter2" not in str(described(RULE, _rule(login, _to(BLUE))))


def test_trust_stores_are_not_read() -> None:
    assert is_unread("elbv2:DeleteTrustStore", {"TrustStoreArn": "arn:x"})


def test_load_balancing_reaches_networks_and_not_the_other_way_round() -> None:
    assert set(CATALOG.reached("elbv2", "CreateLoadBalancer")) >= {"ec2", "elbv2"}
    assert "elbv2" not in CATALOG.reached("ec2", "CreateSubnet")
