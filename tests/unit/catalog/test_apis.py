"""API Gateway: what calls touch, what is dangerous, in which order APIs are rebuilt."""

from __future__ import annotations

import json

import pytest

from executor.catalog.apigateway_apis import REST_API
from executor.catalog.apigateway_keys import API_KEY
from executor.catalog.declarations import ResourceType
from executor.catalog.services.apigatewayv2 import API
from executor.model.json import Json, JsonObject
from tests.unit.catalog.calls import described, hazards, is_unread, touches

REST, HTTP = "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"


def _rest(**changes: Json) -> dict[str, Json]:
    return {"id": "abc", "name": "shop", "rootResourceId": "root", **changes}


def _resources(**method: Json) -> Json:
    return [
        {"id": "root", "path": "/"},
        {"id": "two", "parentId": "one", "pathPart": "{id}", "path": "/orders/{id}"},
        {
            "id": "one",
            "parentId": "root",
            "pathPart": "orders",
            "path": "/orders",
            "resourceMethods": {"GET": {"httpMethod": "GET", **method}},
        },
    ]


RULE: JsonObject = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
NEAR: JsonObject = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def _policy(*, denies: bool) -> str:
    statements = [{"Effect": "Allow", **RULE}]
    if denies:
        statements.append({"Effect": "Deny", **RULE, "Condition": NEAR})
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _stage(**settings: Json) -> Json:
    return [{"stageName": "live", "deploymentId": "d1", **settings}]


LOG: Json = {"destinationArn": "arn:log", "format": "f"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"Resources": _resources(authorizationType="AWS_IAM")},
            {"Resources": _resources(authorizationType="NONE")},
            {("exposure", "methods")},
        ),
        (
            {"Resources": _resources(authorizationType="NONE", apiKeyRequired=True)},
            {"Resources": _resources(authorizationType="NONE", apiKeyRequired=False)},
            {("exposure", "methods")},
        ),
        (
            {"Resources": _resources(authorizationType="NONE")},
            {"Resources": _resources(authorizationType="AWS_IAM")},
            set(),
        ),
        (
            {"Resources": _resources(authorizationType="NONE")},
            {"Resources": []},
            {("disruption", "methods")},
        ),
        ({}, {"Resources": _resources(authorizationType="NONE")}, set()),
        (
            {"policy": _policy(denies=True)},
            {"policy": _policy(denies=False)},
            {("exposure", "Policy")},
        ),
        (
            {"policy": _policy(denies=True)},
            {},
            {("exposure", "Policy"), ("disruption", "Policy")},
        ),
        (
            {"policy": _policy(denies=False)},
            {"policy": _policy(denies=True)},
            {("disruption", "Policy")},
        ),
        (
            {"endpointConfiguration": {"types": ["PRIVATE"]}},
            {"endpointConfiguration": {"types": ["REGIONAL"]}},
            {("exposure", "endpoints")},
        ),
        (
            {"endpointConfiguration": {"types": ["EDGE"]}},
            {"endpointConfiguration": {"types": ["REGIONAL"]}},
            set(),
        ),
        (
            {"disableExecuteApiEndpoint": True},
            {},
            {("exposure", "disableExecuteApiEndpoint")},
        ),
        (
            {},
            {"disableExecuteApiEndpoint": True},
            {("disruption", "disableExecuteApiEndpoint")},
        ),
        ({"Authorizers": [{"name": "a"}]}, {}, {("disruption", "authorizers")}),
        ({"Validators": [{"name": "v"}]}, {}, {("protection-loss", "validators")}),
        ({"Deployments": [{"id": "d0"}]}, {}, {("protection-loss", "deployments")}),
        ({"Stages": _stage()}, {}, {("disruption", "stages")}),
        (
            {"Stages": _stage(accessLogSettings=LOG)},
            {"Stages": _stage()},
            {("protection-loss", "stages")},
        ),
        (
            {"Stages": _stage(webAclArn="arn:acl")},
            {"Stages": _stage()},
            {("protection-loss", "stages")},
        ),
        ({"Stages": _stage()}, {"Stages": _stage(accessLogSettings=LOG)}, set()),
        ({"Stages": _stage(deploymentId="d1")}, {"Stages": _stage(deploymentId="d2")}, set()),
    ],
)
def test_changes_of_a_rest_api_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(REST, _rest(**before), _rest(**after)) == expected


def test_policy_is_read_as_aws_and_as_engines_tell_it() -> None:
    plain = _policy(denies=True)
    escaped = json.dumps(plain)[1:-1]
    one, other = described(REST, _rest(policy=plain)), described(REST, _rest(policy=escaped))
    assert one.properties["Policy"] == other.properties["Policy"] is not None


def _made(kind: ResourceType, operation: str, raw: JsonObject) -> list[JsonObject]:
    seed = next(s for s in kind.seeds if s.operation == operation)
    return [dict(params) for params in seed.params(raw, None)]  # type: ignore[arg-type]


def test_parents_are_made_before_what_is_under_them() -> None:
    raw = _rest(Resources=_resources(authorizationType="NONE"))
    made = _made(REST_API, "CreateResource", raw)
    assert [(p["parentId"], p["pathPart"]) for p in made] == [("root", "orders"), ("one", "{id}")]


def test_ids_of_parts_are_learnt_one_by_one() -> None:
    raw = _rest(Deployments=[{"id": "d1", "description": "x"}, {"id": "d2", "description": "x"}])
    seed = next(s for s in REST_API.seeds if s.operation == "CreateDeployment")
    assert callable(seed.learn)
    learnt = [seed.learn(raw, params, {"id": "e"}) for params in seed.params(raw, None)]
    assert learnt == [{"d1": "e"}, {"d2": "e"}]


def test_parts_are_named_with_their_api() -> None:
    method = {"restApiId": "abc", "resourceId": "one", "httpMethod": "GET"}
    assert touches("apigateway:DeleteMethod", method) == {
        ("ApiGateway::RestApi", "update", ("abc",), "method GET")
    }
    assert touches("apigateway:DeleteStage", {"restApiId": "abc", "stageName": "live"}) == {
        ("ApiGateway::RestApi", "update", ("abc",), "stage live")
    }
    stage = "arn:aws:apigateway:us-east-1::/restapis/abc/stages/live"
    assert touches("apigateway:TagResource", {"resourceArn": stage}) == {
        ("ApiGateway::RestApi", "update", ("abc",), "tags")
    }


@pytest.mark.parametrize(
    "operation", ["DeleteDomainName", "DeleteBasePathMapping", "UpdateAccount"]
)
def test_domains_and_the_account_are_not_read(operation: str) -> None:
    assert is_unread(f"apigateway:{operation}", {"domainName": "shop.example"})


def test_value_of_a_key_is_kept_back() -> None:
    kind = "AWS::ApiGateway::ApiKey"
    key: dict[str, Json] = {"id": "k1", "name": "partner", "enabled": True, "value": "hush"}
    found = described(kind, key)
    assert "hush" not in f"{found.raw}{found.properties}"
    assert "value" not in _made(API_KEY, "CreateApiKey", found.raw)[0]
    assert hazards(kind, key, {**key, "enabled": False}) == {("disruption", "enabled")}
    assert hazards(kind, {**key, "enabled": False}, key) == set()


def _plan(**changes: Json) -> dict[str, Json]:
    return {"id": "p1", "name": "partners", **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"Keys": [{"id": "k1"}]}, {"Keys": []}, {("disruption", "keys")}),
        (
            {"apiStages": [{"apiId": "abc", "stage": "live"}]},
            {},
            {("disruption", "stages")},
        ),
        (
            {"throttle": {"rateLimit": 10.0}},
            {"throttle": {"rateLimit": 5.0}},
            {("disruption", "throttle")},
        ),
        ({"throttle": {"rateLimit": 5.0}}, {"throttle": {"rateLimit": 10.0}}, set()),
        ({"throttle": {"rateLimit": 5.0}}, {}, {("protection-loss", "throttle")}),
        ({}, {"quota": {"limit": 9, "period": "DAY"}}, {("disruption", "quota")}),
        ({"quota": {"limit": 9, "period": "DAY"}}, {}, {("protection-loss", "quota")}),
        ({}, {"Keys": [{"id": "k1"}]}, set()),
    ],
)
def test_changes_of_a_usage_plan_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    kind = "AWS::ApiGateway::UsagePlan"
    assert hazards(kind, _plan(**before), _plan(**after)) == expected


def _http(**changes: Json) -> dict[str, Json]:
    return {"ApiId": "abc", "Name": "shop", "ProtocolType": "HTTP", **changes}


def _route(**settings: Json) -> Json:
    return [{"RouteId": "r1", "RouteKey": "GET /orders", **settings}]


def _default(**settings: Json) -> Json:
    return [{"StageName": "$default", **settings}]


ORIGINS = "CorsConfiguration.AllowOrigins[?@ == '*']"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"Routes": _route(AuthorizationType="JWT")},
            {"Routes": _route(AuthorizationType="NONE")},
            {("exposure", "Routes")},
        ),
        (
            {"Routes": _route(AuthorizationType="JWT", AuthorizationScopes=["read"])},
            {"Routes": _route(AuthorizationType="JWT")},
            {("exposure", "Routes")},
        ),
        (
            {"Routes": _route(AuthorizationType="NONE")},
            {"Routes": _route(AuthorizationType="JWT")},
            set(),
        ),
        ({"Routes": _route()}, {}, {("disruption", "Routes")}),
        (
            {"Routes": _route(Target="integrations/i1")},
            {"Routes": _route()},
            {("disruption", "Routes")},
        ),
        (
            {"Integrations": [{"IntegrationId": "i1"}]},
            {},
            {("disruption", "Integrations")},
        ),
        ({"Authorizers": [{"Name": "a"}]}, {}, {("disruption", "Authorizers")}),
        ({"Stages": _default()}, {}, {("disruption", "Stages")}),
        (
            {"Stages": _default(AccessLogSettings={"DestinationArn": "arn:log"})},
            {"Stages": _default()},
            {("protection-loss", "Stages")},
        ),
        ({"Deployments": [{"DeploymentId": "d1"}]}, {}, {("protection-loss", "Deployments")}),
        (
            {"Deployments": [{"DeploymentId": "d1", "AutoDeployed": True}]},
            {"Deployments": [{"DeploymentId": "d2", "AutoDeployed": True}]},
            set(),
        ),
        (
            {"CorsConfiguration": {"AllowOrigins": ["https://a"]}},
            {"CorsConfiguration": {"AllowOrigins": ["*"]}},
            {("exposure", ORIGINS)},
        ),
        (
            {"CorsConfiguration": {"AllowOrigins": ["https://a"]}},
            {},
            {("disruption", "CorsConfiguration")},
        ),
        (
            {"DisableExecuteApiEndpoint": True},
            {},
            {("exposure", "DisableExecuteApiEndpoint")},
        ),
        (
            {},
            {"DisableExecuteApiEndpoint": True},
            {("disruption", "DisableExecuteApiEndpoint")},
        ),
        ({}, {"Description": "new", "Routes": _route()}, set()),
    ],
)
def test_changes_of_an_http_api_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(HTTP, _http(**before), _http(**after)) == expected


def test_stage_that_deploys_by_itself_has_no_deployment() -> None:
    stages: Json = [
        {"StageName": "$default", "AutoDeploy": True, "DeploymentId": "d1"},
        {"StageName": "test", "DeploymentId": "d2"},
    ]
    default, test = _made(API, "CreateStage", _http(Stages=stages))
    assert "DeploymentId" not in default
    assert test["DeploymentId"] == "d2"


def test_parts_of_an_http_api_are_named_with_it() -> None:
    assert touches("apigatewayv2:DeleteRoute", {"ApiId": "abc", "RouteId": "r1"}) == {
        ("ApiGatewayV2::Api", "update", ("abc",), "route")
    }
    assert is_unread("apigatewayv2:DeleteApiMapping", {"DomainName": "d", "ApiMappingId": "m"})
