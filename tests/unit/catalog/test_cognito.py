"""Cognito: what calls touch, what pools hold, what is dangerous."""

from __future__ import annotations

import pytest

from executor.catalog.cognito_clients import USER_POOL_CLIENT
from executor.catalog.cognito_pools import USER_POOL
from executor.model.json import Json
from executor.model.resource import DataMark
from tests.unit.catalog.calls import (
    ACCOUNT,
    CATALOG,
    call,
    described,
    hazards,
    is_unread,
    touches,
)

POOL, CLIENT = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"
ID = "us-east-1_AbC123456"
ARN = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{ID}"


def _pool(**changes: Json) -> dict[str, Json]:
    return {"Id": ID, "Name": "shop", "Arn": ARN, **changes}


def _passwords(**policy: Json) -> Json:
    return {"PasswordPolicy": policy}


def _invited(only: bool) -> Json:
    return {"AllowAdminCreateUserOnly": only}


ADMIN = "AdminCreateUserConfig.AllowAdminCreateUserOnly"
SECURITY = "UserPoolAddOns.AdvancedSecurityMode"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"DeletionProtection": "ACTIVE"},
            {"DeletionProtection": "INACTIVE"},
            {("protection-loss", "DeletionProtection")},
        ),
        ({}, {"DeletionProtection": "ACTIVE"}, set()),
        (
            {"Mfa": {"MfaConfiguration": "ON"}},
            {"Mfa": {"MfaConfiguration": "OPTIONAL"}},
            {("protection-loss", "MfaConfiguration")},
        ),
        ({"MfaConfiguration": "OPTIONAL"}, {}, {("protection-loss", "MfaConfiguration")}),
        ({}, {"MfaConfiguration": "OPTIONAL"}, set()),
        (
            {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}},
            {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}},
            {("protection-loss", SECURITY)},
        ),
        (
            {"Policies": _passwords(MinimumLength=12)},
            {"Policies": _passwords(MinimumLength=8)},
            {("protection-loss", "Policies.PasswordPolicy")},
        ),
        (
            {"Policies": _passwords(MinimumLength=8, RequireSymbols=True)},
            {"Policies": _passwords(MinimumLength=12)},
            {("protection-loss", "Policies.PasswordPolicy")},
        ),
        (
            {"Policies": _passwords(MinimumLength=8)},
            {"Policies": _passwords(MinimumLength=12, RequireSymbols=True)},
            set(),
        ),
        (
            {"AdminCreateUserConfig": _invited(True)},
            {"AdminCreateUserConfig": _invited(False)},
            {("exposure", ADMIN)},
        ),
        (
            {"AdminCreateUserConfig": _invited(False)},
            {"AdminCreateUserConfig": _invited(True)},
            set(),
        ),
        ({"LambdaConfig": {"PreSignUp": "f"}}, {}, {("disruption", "LambdaConfig")}),
        (
            {"AutoVerifiedAttributes": ["email"]},
            {},
            {("disruption", "AutoVerifiedAttributes")},
        ),
        ({"Domain": "shop"}, {}, {("disruption", "Domain")}),
        ({"CustomDomain": "id.shop.example"}, {}, {("disruption", "CustomDomain")}),
        ({"Groups": [{"GroupName": "admins"}]}, {}, {("disruption", "Groups")}),
        (
            {"ResourceServers": [{"Identifier": "a", "Scopes": [{"ScopeName": "read"}]}]},
            {"ResourceServers": [{"Identifier": "a", "Scopes": []}]},
            {("disruption", "values(ResourceServers)[].keys(@)[]")},
        ),
        (
            {"Providers": [{"ProviderName": "corp", "ProviderType": "OIDC"}]},
            {},
            {("disruption", "IdentityProviders")},
        ),
        ({}, {"Domain": "shop", "Groups": [{"GroupName": "admins"}]}, set()),
    ],
)
def test_changes_of_a_pool_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(POOL, _pool(**before), _pool(**after)) == expected


def _client(**changes: Json) -> dict[str, Json]:
    return {"ClientId": "c1", "ClientName": "web", "UserPoolId": ID, **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"CallbackURLs": ["https://a"]},
            {"CallbackURLs": ["https://b"]},
            {("disruption", "CallbackURLs")},
        ),
        ({"CallbackURLs": ["https://a"]}, {"CallbackURLs": ["https://a", "https://b"]}, set()),
        (
            {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"]},
            {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]},
            {("disruption", "ExplicitAuthFlows")},
        ),
        (
            {"AllowedOAuthFlowsUserPoolClient": True},
            {"AllowedOAuthFlowsUserPoolClient": False},
            {("disruption", "AllowedOAuthFlowsUserPoolClient")},
        ),
        (
            {"EnableTokenRevocation": True},
            {"EnableTokenRevocation": False},
            {("protection-loss", "EnableTokenRevocation")},
        ),
        (
            {"PreventUserExistenceErrors": "ENABLED"},
            {"PreventUserExistenceErrors": "LEGACY"},
            {("protection-loss", "PreventUserExistenceErrors")},
        ),
        (
            {"PreventUserExistenceErrors": "LEGACY"},
            {"PreventUserExistenceErrors": "ENABLED"},
            set(),
        ),
        ({"RefreshTokenValidity": 30}, {"RefreshTokenValidity": 7}, set()),
    ],
)
def test_changes_of_a_client_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(CLIENT, _client(**before), _client(**after)) == expected


def test_secret_of_a_client_is_kept_back() -> None:
    found = described(CLIENT, _client(ClientSecret="hush"))
    assert "hush" not in f"{found.raw}{found.properties}"
    assert found.properties["HasSecret"] is True
    (seed,) = USER_POOL_CLIENT.seeds
    (params,) = seed.params(found.raw, None)
    assert params["GenerateSecret"] is True
    assert "ClientSecret" not in params


def test_update_of_a_pool_resets_what_it_leaves_out() -> None:
    update = call("cognito-idp:UpdateUserPool", {"UserPoolId": ID, "LambdaConfig": {}})
    (touch,) = CATALOG.touches(update)
    reset = dict(touch.resets)
    assert reset["MfaConfiguration"] == "OFF"
    assert reset["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}
    assert "LambdaConfig" not in reset
    assert touch.sets == ("LambdaConfig",)


def test_group_of_an_identity_provider_comes_with_it() -> None:
    groups: Json = [{"GroupName": f"{ID}_corp"}, {"GroupName": "admins"}]
    providers: Json = [{"ProviderName": "corp", "ProviderType": "OIDC"}]
    found = described(POOL, _pool(Groups=groups, Providers=providers))
    assert found.properties["Groups"] == {"admins": {}}


@pytest.mark.parametrize(
    ("attributes", "asked"),
    [
        ([], "ann"),
        (["email"], "ann@seeded.example"),
        (["phone_number"], "+15550000000"),
    ],
)
def test_people_are_made_by_what_their_pool_knows_them_by(attributes: Json, asked: str) -> None:
    people = next(s for s in USER_POOL.seeds if s.operation == "AdminCreateUser")
    mark = DataMark(unit="user", count=1, entries={"ann": ""})
    (params,) = people.params(_pool(UsernameAttributes=attributes), mark)
    assert (params["Username"], params["MessageAction"]) == (asked, "SUPPRESS")


def test_users_are_parts_of_their_pool() -> None:
    named = {"UserPoolId": ID, "Username": "ann"}
    assert touches("cognito-idp:AdminDeleteUser", named) == {
        ("Cognito::UserPool", "erase", (ID,), "ann")
    }
    assert touches("cognito-idp:AdminGetUser", named) == {("Cognito::UserPool", "read", (ID,), "")}
    disable = call("cognito-idp:AdminDisableUser", named)
    assert [t.hazard for t in CATALOG.touches(disable)] == ["disruption"]


@pytest.mark.parametrize(
    "operation",
    ["AdminAddUserToGroup", "UpdateIdentityProvider", "SetRiskConfiguration", "DeleteUser"],
)
def test_what_is_not_read_of_a_pool_leaves_a_run_undecided(operation: str) -> None:
    assert is_unread(f"cognito-idp:{operation}", {"UserPoolId": ID, "Username": "ann"})


def test_signing_in_changes_nothing_worth_reading() -> None:
    assert not is_unread("cognito-idp:InitiateAuth", {"ClientId": "c1"})
