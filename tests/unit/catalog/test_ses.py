"""SES: what calls of its two APIs touch, and which changes are dangerous."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, hazards, is_unread, touches

IDENTITY = "AWS::SES::EmailIdentity"
SET = "AWS::SES::ConfigurationSet"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"Dkim": {"DkimEnabled": True}}, {}, {("protection-loss", "DkimEnabled")}),
        ({}, {"Dkim": {"DkimEnabled": True}}, set()),
        ({"MailFrom": {"MailFromDomain": "m"}}, {}, {("disruption", "MailFromDomain")}),
        (
            {},
            {"Notifications": {"ForwardingEnabled": False}},
            {("protection-loss", "ForwardingEnabled")},
        ),
        (
            {"Notifications": {"BounceTopic": "arn:t", "ForwardingEnabled": True}},
            {"Notifications": {"ForwardingEnabled": True}},
            {("protection-loss", "Topics")},
        ),
        ({}, {"Notifications": {"BounceTopic": "arn:t"}}, set()),
    ],
)
def test_changes_of_an_identity_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    name: dict[str, Json] = {"Identity": "example.com"}
    assert hazards(IDENTITY, {**name, **before}, {**name, **after}) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"EventDestinations": [{"Name": "a"}]}, {}, {("protection-loss", "EventDestinations")}),
        (
            {"DeliveryOptions": {"TlsPolicy": "Require"}},
            {"DeliveryOptions": {"TlsPolicy": "Optional"}},
            {("protection-loss", "TlsPolicy")},
        ),
        (
            {},
            {"ReputationOptions": {"SendingEnabled": False}},
            {("disruption", "SendingEnabled")},
        ),
        (
            {"ReputationOptions": {"ReputationMetricsEnabled": True}},
            {},
            {("protection-loss", "ReputationMetricsEnabled")},
        ),
        (
            {"TrackingOptions": {"CustomRedirectDomain": "a"}},
            {"TrackingOptions": {"CustomRedirectDomain": "b"}},
            {("disruption", "CustomRedirectDomain")},
        ),
        ({}, {"EventDestinations": [{"Name": "a"}]}, set()),
    ],
)
def test_changes_of_a_configuration_set_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(SET, {"Name": "s", **before}, {"Name": "s", **after}) == expected


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("ses:DeleteIdentity", {"Identity": "example.com"}),
        ("sesv2:DeleteEmailIdentity", {"EmailIdentity": "example.com"}),
    ],
)
def test_both_ways_to_delete_an_identity_delete_it(operation: str, params: dict[str, str]) -> None:
    assert touches(operation, params) == {("SES::EmailIdentity", "delete", ("example.com",), "")}


def test_an_identity_is_made_by_asking_for_its_verification() -> None:
    for params in ({"Domain": "example.com"}, {"EmailAddress": "a@example.org"}):
        operation = "VerifyDomainIdentity" if "Domain" in params else "VerifyEmailIdentity"
        found = touches(f"ses:{operation}", params)
        assert found == {("SES::EmailIdentity", "create", tuple(params.values()), "")}


def test_the_newer_api_is_about_what_the_older_one_reads() -> None:
    assert "ses" in CATALOG.reached("sesv2", "DeleteEmailIdentity")


def test_sending_changes_nothing_and_what_is_not_read_leaves_a_run_undecided() -> None:
    assert not is_unread("ses:SendEmail", {"Source": "a@example.org"})
    assert is_unread("ses:PutIdentityPolicy", {"Identity": "example.com"})
    assert is_unread("sesv2:DeleteContactList", {"ContactListName": "c"})
