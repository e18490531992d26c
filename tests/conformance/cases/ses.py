"""Identities and configuration sets of SES."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.catalog_harness import Case


def make_identities(api: Api) -> None:
    api.call("ses", "VerifyDomainIdentity", {"Domain": "example.com"})
    api.call("ses", "VerifyDomainDkim", {"Domain": "example.com"})
    api.call("ses", "VerifyEmailIdentity", {"EmailAddress": "news@example.org"})


def _make_sender(api: Api) -> None:
    make_identities(api)
    sender = {
        "Identity": "example.com",
        "MailFromDomain": "mail.example.com",
        "BehaviorOnMXFailure": "RejectMessage",
    }
    api.call("ses", "SetIdentityMailFromDomain", sender)
    quiet = {"Identity": "example.com", "ForwardingEnabled": False}
    api.call("ses", "SetIdentityFeedbackForwardingEnabled", quiet)


def _make_set(api: Api) -> None:
    api.call("ses", "CreateConfigurationSet", {"ConfigurationSet": {"Name": "main"}})
    destination = {
        "Name": "bounces",
        "Enabled": True,
        "MatchingEventTypes": ["bounce"],
        "SNSDestination": {"TopicARN": "arn:aws:sns:us-east-1:123456789012:bounces"},
    }
    api.call(
        "ses",
        "CreateConfigurationSetEventDestination",
        {"ConfigurationSetName": "main", "EventDestination": destination},
    )


CASES = (
    Case(service="ses", type="AWS::SES::EmailIdentity", make=make_identities),
    Case(service="ses", type="AWS::SES::EmailIdentity", make=_make_sender),
    Case(service="ses", type="AWS::SES::ConfigurationSet", make=_make_set),
)
