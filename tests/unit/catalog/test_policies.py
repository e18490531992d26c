"""Policy documents: one spelling, who is let in, what is granted."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.catalog.policies import (
    admin_attached,
    admin_granted,
    admin_grants,
    narrowed,
    opened,
    outsiders,
    policy,
)
from executor.model.json import Json, JsonObject

OWN = "123456789012"


def _document(*statements: JsonObject) -> JsonObject:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(principal: Json = None, condition: Json = None, **rest: Json) -> JsonObject:
    statement: dict[str, Json] = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*", **rest}
    if principal is not None:
        statement["Principal"] = principal
    if condition is not None:
        statement["Condition"] = condition
    return statement


def test_spellings_of_one_document_are_equal() -> None:
    listed = _document({"Effect": "Allow", "Action": ["a:C", "a:B"], "Resource": ["*"]})
    single: JsonObject = {
        "Version": "2012-10-17",
        "Statement": {"Resource": "*", "Action": ["a:B", "a:C"], "Effect": "Allow"},
    }
    spellings: list[Json] = [listed, single, json.dumps(single), quote(json.dumps(listed))]
    assert all(policy(spelling) == policy(listed) for spelling in spellings)


def test_account_and_its_root_are_one_principal() -> None:
    short, long = (
        policy(_document(_allow({"AWS": who}))) for who in (OWN, f"arn:aws:iam::{OWN}:root")
    )
    assert short == long


@given(st.permutations([_allow(Sid=s) for s in "abcd"]))
def test_order_of_statements_means_nothing(statements: list[JsonObject]) -> None:
    assert policy(_document(*statements)) == policy(_document(*(_allow(Sid=s) for s in "abcd")))


@pytest.mark.parametrize("value", [None, "", "no json", "[1]", 3])
def test_what_is_no_document_is_none(value: Json) -> None:
    assert policy(value) is None


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (_allow("*"), ["*"]),
        (_allow({"AWS": "*"}), ["*"]),
        (_allow({"AWS": [OWN, "999999999999"]}), ["arn:aws:iam::999999999999:root"]),
        (_allow({"Service": "lambda.amazonaws.com"}), []),
        (_allow({"Federated": "token.actions.example"}), ["token.actions.example"]),
        (_allow("*", {"StringEquals": {"aws:PrincipalAccount": OWN}}), []),
        (_allow("*", {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::b"}}), ["* if aws:SourceArn"]),
        (_allow("*", {"StringNotEquals": {"aws:PrincipalAccount": OWN}}), ["*"]),
        (_allow("*", {"StringEqualsIfExists": {"aws:PrincipalAccount": OWN}}), ["*"]),
        (_allow("*", {"StringLike": {"aws:SourceArn": "*"}}), ["*"]),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": OWN}, "Action": "*"}, ["*"]),
        ({"Effect": "Deny", "Principal": "*", "Action": "*"}, []),
    ],
)
def test_outsiders_are_those_let_in_from_elsewhere(
    statement: JsonObject, expected: list[str]
) -> None:
    assert outsiders(_document(statement), OWN) == expected


def test_letting_more_in_is_opening_and_fewer_is_not() -> None:
    assert opened([], ["*"])
    assert opened(None, ["*"])
    assert not opened(["*", "x"], ["*"])


@pytest.mark.parametrize(
    ("statement", "grants"),
    [
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, ["*"]),
        ({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}, ["iam:*"]),
        ({"Effect": "Allow", "Action": "iam:Put*", "Resource": "*"}, ["iam:Put*"]),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, ["NotAction"]),
        ({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b"}, []),
        ({"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}, []),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, []),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, []),
    ],
)
def test_administration_is_everything_or_the_way_to_it(
    statement: JsonObject, grants: list[str]
) -> None:
    assert admin_grants(_document(statement)) == grants


def test_granting_administration_in_one_of_several_policies_is_seen() -> None:
    admin = _document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert admin_granted({"a": _document(_allow())}, {"a": _document(_allow()), "b": admin})
    assert not admin_granted({"a": admin}, {"b": admin})


def test_only_administrators_policies_of_aws_are_dangerous_to_attach() -> None:
    assert admin_attached([], ["arn:aws:iam::aws:policy/AdministratorAccess"])
    assert not admin_attached([], ["arn:aws:iam::aws:policy/ReadOnlyAccess"])
    assert not admin_attached([], [f"arn:aws:iam::{OWN}:policy/AdministratorAccess"])


def test_losing_a_grant_is_narrowing_and_widening_it_is_not() -> None:
    reads, all_of_s3 = _document(_allow()), _document(_allow(Action="s3:*"))
    assert not narrowed(reads, all_of_s3)
    assert narrowed(all_of_s3, reads)
    assert narrowed({"a": reads}, {})


def test_a_new_denial_is_narrowing() -> None:
    denial: JsonObject = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    assert narrowed(_document(_allow()), _document(_allow(), denial))


def test_a_new_condition_is_narrowing() -> None:
    bound = _allow(condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
    assert narrowed(_document(_allow()), _document(bound))
    assert not narrowed(_document(bound), _document(_allow()))
