"""User pools and their clients on every emulator."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.expressions import evaluate
from executor.model.json import Json
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case


def _call(api: Api, operation: str, **params: object) -> Json:
    return api.call("cognito-idp", operation, params)


def _pool(api: Api, name: str, **options: object) -> Json:
    return evaluate("UserPool.Id", _call(api, "CreateUserPool", PoolName=name, **options))


def _make_pools(api: Api) -> None:
    pool = _pool(
        api,
        "shop",
        DeletionProtection="ACTIVE",
        Policies={"PasswordPolicy": {"MinimumLength": 12, "RequireUppercase": True}},
        AutoVerifiedAttributes=["email"],
        LambdaConfig={"PreSignUp": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:checks"},
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        UserPoolTags={"team": "a"},
        Schema=[
            {"Name": "tier", "AttributeDataType": "String", "Mutable": True},
            {"Name": "email", "AttributeDataType": "String", "Mutable": True, "Required": True},
        ],
    )
    here = {"UserPoolId": pool}
    _call(
        api,
        "SetUserPoolMfaConfig",
        **here,
        MfaConfiguration="OPTIONAL",
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )
    _call(api, "CreateGroup", **here, GroupName="admins", Description="all may", Precedence=1)
    scopes = [{"ScopeName": "read", "ScopeDescription": "looks"}]
    _call(api, "CreateResourceServer", **here, Identifier="https://api", Name="api", Scopes=scopes)
    _call(
        api,
        "CreateIdentityProvider",
        **here,
        ProviderName="corp",
        ProviderType="OIDC",
        ProviderDetails={
            "client_id": "c",
            "client_secret": "hush",
            "attributes_request_method": "GET",
            "oidc_issuer": "https://corp.example",
            "authorize_scopes": "openid",
        },
    )
    _call(api, "CreateUserPoolDomain", **here, Domain="shop-example")
    for name in ("ann", "bob", "ünal"):
        _call(api, "AdminCreateUser", **here, Username=name, MessageAction="SUPPRESS")
    _make_pool_of_addresses(api)


def _make_pool_of_addresses(api: Api) -> None:
    pool = _pool(api, "by-address", UsernameAttributes=["email"])
    for name in ("ann@shop.example", "bob@shop.example"):
        options = {"Username": name, "MessageAction": "SUPPRESS"}
        _call(api, "AdminCreateUser", UserPoolId=pool, **options)


def _found(api: Api, name: str) -> Json:
    return evaluate(
        f"UserPools[?Name=='{name}'].Id | [0]", _call(api, "ListUserPools", MaxResults=60)
    )


def _remake_pools(api: Api) -> None:
    shop = _found(api, "shop")
    _call(api, "UpdateUserPool", UserPoolId=shop, DeletionProtection="INACTIVE")
    _call(api, "DeleteUserPoolDomain", UserPoolId=shop, Domain="shop-example")
    for pool in (shop, _found(api, "by-address")):
        _call(api, "DeleteUserPool", UserPoolId=pool)
    _make_pools(api)


def _update_pools(api: Api) -> None:
    _call(api, "UpdateUserPool", UserPoolId=_found(api, "shop"), UserPoolTags={"team": "b"})


def _make_client(api: Api) -> None:
    pool = _pool(api, "shop")
    _make_clients(api, pool)


def _make_clients(api: Api, pool: Json) -> None:
    _call(
        api,
        "CreateUserPoolClient",
        UserPoolId=pool,
        ClientName="web",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        CallbackURLs=["https://shop.example/in"],
        LogoutURLs=["https://shop.example/out"],
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "email"],
        AllowedOAuthFlowsUserPoolClient=True,
        SupportedIdentityProviders=["COGNITO"],
        RefreshTokenValidity=7,
        PreventUserExistenceErrors="ENABLED",
    )
    _call(api, "CreateUserPoolClient", UserPoolId=pool, ClientName="plain")


def _clients(api: Api) -> tuple[Json, Json]:
    pool = _found(api, "shop")
    found = _call(api, "ListUserPoolClients", UserPoolId=pool, MaxResults=60)
    return pool, evaluate("UserPoolClients[].ClientId", found)


def _remake_client(api: Api) -> None:
    pool, clients = _clients(api)
    for client in clients if isinstance(clients, list) else ():
        _call(api, "DeleteUserPoolClient", UserPoolId=pool, ClientId=client)
    _make_clients(api, pool)


def _update_client(api: Api) -> None:
    pool, clients = _clients(api)
    client = evaluate("[0]", clients)
    _call(api, "UpdateUserPoolClient", UserPoolId=pool, ClientId=client, RefreshTokenValidity=8)


CASES = (
    Case(
        service="cognito-idp",
        type="AWS::Cognito::UserPool",
        make=_make_pools,
        remake=_remake_pools,
        update=_update_pools,
        kept={
            "DeletionProtection": "DeletionProtection == 'ACTIVE'",
            "MfaConfiguration": "MfaConfiguration == 'OPTIONAL'",
            "Policies": "Policies.PasswordPolicy.MinimumLength == `12`",
            "LambdaConfig": "LambdaConfig.PreSignUp",
            "AdminCreateUserConfig": "AdminCreateUserConfig.AllowAdminCreateUserOnly",
            "AutoVerifiedAttributes": "AutoVerifiedAttributes",
            "Domain": "Domain",
            "Groups": "Groups.admins",
            "ResourceServers": "values(ResourceServers)[0].read",
            "IdentityProviders": "IdentityProviders.corp",
            "Schema": 'Schema."custom:tier"',
        },
    ),
    Case(
        service="cognito-idp",
        type="AWS::Cognito::UserPoolClient",
        make=_make_client,
        remake=_remake_client,
        update=_update_client,
        kept={
            "HasSecret": "HasSecret",
            "CallbackURLs": "CallbackURLs",
            "ExplicitAuthFlows": "length(ExplicitAuthFlows) == `2`",
            "AllowedOAuthScopes": "length(AllowedOAuthScopes) == `2`",
            "PreventUserExistenceErrors": "PreventUserExistenceErrors == 'ENABLED'",
            "SupportedIdentityProviders": "SupportedIdentityProviders",
        },
    ),
)
