"""Whose call it is."""

from __future__ import annotations

from collections.abc import Mapping

from executor.gateway.accounts import Accounts
from executor.gateway.wire import Identity
from executor.model.json import Json

OWN, OTHER, STRANGER = "123456789012", "222222222222", "999999999999"


def called(operation: str, *, key: str = "AKIAEXAMPLE", **params: Json) -> Identity:
    return Identity(
        service="sts",
        operation=operation,
        region="us-east-1",
        access_key=key,
        params=params,
        streamed="",
        protocol="query",
    )


def role_of(account: str) -> str:
    return f"arn:aws:iam::{account}:role/deploy"


def keys(key: str) -> Mapping[str, Json]:
    return {"Credentials": {"AccessKeyId": key}}


def test_every_key_that_was_not_given_out_is_the_runs_own() -> None:
    accounts = Accounts(OWN, [OTHER])
    for key in ("", "AKIAEXAMPLE", OTHER, STRANGER):
        assert accounts.of(called("GetCallerIdentity", key=key)) == OWN


def test_a_key_given_out_for_a_role_is_of_the_roles_account() -> None:
    accounts = Accounts(OWN, [OTHER])
    accounts.learn(called("AssumeRole", RoleArn=role_of(OTHER)), keys("ASIAOTHER"))
    assert accounts.of(called("GetCallerIdentity", key="ASIAOTHER")) == OTHER
    # A role may be taken from there in its turn, and a session made of the key.
    chained = called("AssumeRole", key="ASIAOTHER", RoleArn=role_of(OWN))
    accounts.learn(chained, keys("ASIABACK"))
    assert accounts.of(called("GetCallerIdentity", key="ASIABACK")) == OWN
    accounts.learn(called("GetSessionToken", key="ASIAOTHER"), keys("ASIASESSION"))
    assert accounts.of(called("GetCallerIdentity", key="ASIASESSION")) == OTHER


def test_a_key_of_an_account_that_is_not_rehearsed_stays_the_runs_own() -> None:
    accounts = Accounts(OWN, [OTHER])
    accounts.learn(called("AssumeRole", RoleArn=role_of(STRANGER)), keys("ASIASTRANGE"))
    assert accounts.of(called("GetCallerIdentity", key="ASIASTRANGE")) == OWN


def test_an_answer_without_keys_teaches_nothing() -> None:
    accounts = Accounts(OWN, [OTHER])
    accounts.learn(called("AssumeRole", RoleArn=role_of(OTHER)), {"Credentials": None})
    accounts.learn(called("GetCallerIdentity"), {})
    assert accounts.of(called("GetCallerIdentity", key="None")) == OWN
