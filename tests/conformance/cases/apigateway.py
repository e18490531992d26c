"""REST APIs, API keys and usage plans on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from executor.catalog.expressions import evaluate
from executor.model.json import Json, JsonObject
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_LAMBDA = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions"
_URI = f"{_LAMBDA}/arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders/invocations"
_TAGS = {"team": "a"}


def _call(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("apigateway", operation, params)


def _policy() -> str:
    rule = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    elsewhere = {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}
    statements = [
        {"Effect": "Allow", **rule},
        {"Effect": "Deny", **rule, "Condition": elsewhere},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _make_api(api: Api) -> None:
    made = _call(
        api,
        "CreateRestApi",
        name="shop",
        description="sells",
        endpointConfiguration={"types": ["REGIONAL"]},
        policy=_policy(),
        minimumCompressionSize=100,
        disableExecuteApiEndpoint=True,
        tags=_TAGS,
    )
    here = {"restApiId": made["id"]}
    root = evaluate("items[0].id", _call(api, "GetResources", **here))
    orders = _call(api, "CreateResource", **here, parentId=root, pathPart="orders")
    order = _call(api, "CreateResource", **here, parentId=orders["id"], pathPart="{id}")
    _guard(api, here, order["id"])
    _mock(api, here, orders["id"])
    _answer(api, here, orders["id"])
    _call(
        api,
        "PutGatewayResponse",
        **here,
        responseType="UNAUTHORIZED",
        statusCode="401",
        responseTemplates={"application/json": "{}"},
    )
    _deploy(api, here)


def _guard(api: Api, here: dict[str, Json], resource: Json) -> None:
    authorizer = _call(
        api,
        "CreateAuthorizer",
        **here,
        name="tokens",
        type="TOKEN",
        authorizerUri=_URI,
        identitySource="method.request.header.Authorization",
        authorizerResultTtlInSeconds=60,
    )
    validator = _call(
        api, "CreateRequestValidator", **here, name="strict", validateRequestBody=True
    )
    _call(
        api,
        "CreateModel",
        **here,
        name="Order",
        description="an order",
        schema='{"type":"object"}',
        contentType="application/json",
    )
    method = {**here, "resourceId": resource, "httpMethod": "PUT"}
    _call(
        api,
        "PutMethod",
        **method,
        authorizationType="CUSTOM",
        authorizerId=authorizer["id"],
        apiKeyRequired=True,
        requestParameters={"method.request.path.id": True},
        requestValidatorId=validator["id"],
        requestModels={"application/json": "Order"},
    )
    _call(
        api,
        "PutIntegration",
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=_URI,
        timeoutInMillis=3000,
        credentials=f"arn:aws:iam::{ACCOUNT}:role/calls",
    )


def _mock(api: Api, here: dict[str, Json], resource: Json) -> None:
    method = {**here, "resourceId": resource, "httpMethod": "GET"}
    _call(api, "PutMethod", **method, authorizationType="NONE")
    _call(
        api,
        "PutIntegration",
        **method,
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 200}'},
    )


def _answer(api: Api, here: dict[str, Json], resource: Json) -> None:
    method = {**here, "resourceId": resource, "httpMethod": "GET"}
    told = {**method, "statusCode": "200"}
    _call(api, "PutMethodResponse", **told, responseModels={"application/json": "Empty"})
    _call(api, "PutIntegrationResponse", **told, responseTemplates={"application/json": "[]"})


def _deploy(api: Api, here: dict[str, Json]) -> None:
    _call(api, "CreateDeployment", **here, description="first")
    live = _call(api, "CreateDeployment", **here, description="second")
    _call(
        api,
        "CreateStage",
        **here,
        stageName="live",
        deploymentId=live["id"],
        description="for all",
        variables={"mode": "live"},
        tracingEnabled=True,
        tags=_TAGS,
    )
    patches = {
        "/accessLogSettings/destinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:calls",
        "/accessLogSettings/format": "$context.requestId",
        "/*/*/metrics/enabled": "true",
        "/*/*/logging/loglevel": "INFO",
        "/*/*/throttling/rateLimit": "10",
        "/*/*/throttling/burstLimit": "20",
    }
    changes = [{"op": "replace", "path": path, "value": v} for path, v in patches.items()]
    _call(api, "UpdateStage", **here, stageName="live", patchOperations=changes)


def _shop(api: Api) -> Json:
    return evaluate("items[?name=='shop'].id | [0]", _call(api, "GetRestApis"))


def _remake_api(api: Api) -> None:
    _call(api, "DeleteRestApi", restApiId=_shop(api))
    _make_api(api)


def _update_api(api: Api) -> None:
    change = {"op": "replace", "path": "/description", "value": "sells much"}
    _call(api, "UpdateRestApi", restApiId=_shop(api), patchOperations=[change])


def _make_plan(api: Api) -> None:
    made = _call(api, "CreateRestApi", name="shop")
    here = {"restApiId": made["id"]}
    root = evaluate("items[0].id", _call(api, "GetResources", **here))
    _mock(api, here, root)
    _call(api, "CreateDeployment", **here, stageName="live")
    _make_keys(api, made["id"])


def _make_keys(api: Api, shop: Json) -> None:
    key = _call(
        api,
        "CreateApiKey",
        name="partner",
        description="of a partner",
        enabled=True,
        value="hush-hush-hush-hush-hush",
        tags=_TAGS,
    )
    plan = _call(
        api,
        "CreateUsagePlan",
        name="partners",
        description="for partners",
        apiStages=[{"apiId": shop, "stage": "live"}],
        throttle={"burstLimit": 5, "rateLimit": 10.0},
        quota={"limit": 100, "period": "DAY"},
        tags=_TAGS,
    )
    _call(api, "CreateUsagePlanKey", usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")


def _remake_keys(api: Api) -> None:
    shop = _shop(api)
    plan = evaluate("items[0].id", _call(api, "GetUsagePlans"))
    key = evaluate("items[0].id", _call(api, "GetApiKeys"))
    _call(api, "DeleteUsagePlanKey", usagePlanId=plan, keyId=key)
    unused = {"op": "remove", "path": "/apiStages", "value": f"{shop}:live"}
    _call(api, "UpdateUsagePlan", usagePlanId=plan, patchOperations=[unused])
    _call(api, "DeleteUsagePlan", usagePlanId=plan)
    _call(api, "DeleteApiKey", apiKey=key)
    _make_keys(api, shop)


def _update_key(api: Api) -> None:
    key = evaluate("items[0].id", _call(api, "GetApiKeys"))
    change = {"op": "replace", "path": "/description", "value": "of all partners"}
    _call(api, "UpdateApiKey", apiKey=key, patchOperations=[change])


def _update_plan(api: Api) -> None:
    plan = evaluate("items[0].id", _call(api, "GetUsagePlans"))
    change = {"op": "replace", "path": "/description", "value": "for all partners"}
    _call(api, "UpdateUsagePlan", usagePlanId=plan, patchOperations=[change])


CASES = (
    Case(
        service="apigateway",
        type="AWS::ApiGateway::RestApi",
        make=_make_api,
        remake=_remake_api,
        update=_update_api,
        kept={
            "Policy": "length(Policy.Statement) == `2`",
            "disableExecuteApiEndpoint": "disableExecuteApiEndpoint",
            "methods": "methods.\"PUT /orders/{id}\".authorizer == 'tokens'",
            "stages": "stages.live.accessLog",
        },
    ),
    Case(
        service="apigateway",
        type="AWS::ApiGateway::ApiKey",
        make=_make_plan,
        remake=_remake_keys,
        update=_update_key,
        kept={"enabled": "enabled"},
    ),
    Case(
        service="apigateway",
        type="AWS::ApiGateway::UsagePlan",
        make=_make_plan,
        remake=_remake_keys,
        update=_update_plan,
        kept={
            "keys": "length(keys) == `1`",
            "stages": "stages",
            "throttle": "throttle.burstLimit == `5`",
            "quota": "quota.limit == `100`",
        },
    ),
)
