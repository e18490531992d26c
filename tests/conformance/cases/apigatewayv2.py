"""HTTP and WebSocket APIs on every emulator."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.expressions import evaluate
from executor.model.json import Json, JsonObject
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case


def _call(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("apigatewayv2", operation, params)


def _make(api: Api) -> None:
    made = _call(
        api,
        "CreateApi",
        Name="shop",
        ProtocolType="HTTP",
        Description="sells",
        CorsConfiguration={"AllowOrigins": ["https://shop.example"], "AllowMethods": ["GET"]},
        DisableExecuteApiEndpoint=True,
        Tags={"team": "a"},
    )
    _fill(api, {"ApiId": made["ApiId"]})
    _call(
        api,
        "CreateApi",
        Name="talk",
        ProtocolType="WEBSOCKET",
        RouteSelectionExpression="$request.body.action",
    )


def _fill(api: Api, here: dict[str, Json]) -> None:
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
    integration = _call(
        api,
        "CreateIntegration",
        **here,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function,
        PayloadFormatVersion="2.0",
        TimeoutInMillis=3000,
        Description="orders",
    )
    authorizer = _call(
        api,
        "CreateAuthorizer",
        **here,
        Name="tokens",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Audience": ["shop"], "Issuer": "https://id.example"},
    )
    _call(
        api,
        "CreateRoute",
        **here,
        RouteKey="GET /orders",
        Target=f"integrations/{integration['IntegrationId']}",
        AuthorizationType="JWT",
        AuthorizerId=authorizer["AuthorizerId"],
        AuthorizationScopes=["read"],
        OperationName="orders",
    )
    _call(
        api,
        "CreateStage",
        **here,
        StageName="$default",
        AutoDeploy=True,
        Description="for all",
        AccessLogSettings={
            "DestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:calls",
            "Format": "$context.requestId",
        },
        DefaultRouteSettings={"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 10.0},
        StageVariables={"mode": "live"},
        Tags={"team": "b"},
    )
    deployment = _call(api, "CreateDeployment", **here, Description="first")
    staged = {"StageName": "test", "DeploymentId": deployment["DeploymentId"]}
    _call(api, "CreateStage", **here, **staged)


def _shop(api: Api) -> Json:
    return evaluate("Items[?Name=='shop'].ApiId | [0]", _call(api, "GetApis"))


def _remake(api: Api) -> None:
    talk = evaluate("Items[?Name=='talk'].ApiId | [0]", _call(api, "GetApis"))
    for made in (_shop(api), talk):
        _call(api, "DeleteApi", ApiId=made)
    _make(api)


def _update(api: Api) -> None:
    _call(api, "UpdateApi", ApiId=_shop(api), Description="sells much")


CASES = (
    Case(
        service="apigatewayv2",
        type="AWS::ApiGatewayV2::Api",
        make=_make,
        remake=_remake,
        update=_update,
        kept={
            "CorsConfiguration": "CorsConfiguration.AllowOrigins == ['https://shop.example']",
            "DisableExecuteApiEndpoint": "DisableExecuteApiEndpoint",
            "Routes": "Routes.\"GET /orders\".AuthorizationScopes == ['read']",
            "Stages": 'Stages."$default".AccessLogSettings',
        },
    ),
)
