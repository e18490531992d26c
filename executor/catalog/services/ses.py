"""Amazon SES: identities and configuration sets, by the first of its two APIs.

Whether an identity is verified is told by others. Policies of identities, receipt rules,
templates and the account's own settings are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import any_change, lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

_KINDS = ("Bounce", "Complaint", "Delivery")
_NAMED = "params.[Identity, Domain, EmailAddress]"
_SET = "params.ConfigurationSetName"


def _asked(operation: str, key: str, into: str) -> Detail:
    return Detail(
        operation=operation,
        params={"Identities": "[Identity]"},
        pick=f"values({key})[0]",
        into=into,
    )


def _identity(raw: JsonObject) -> Json:
    name = text(raw, "Identity")
    told = table(raw, "Notifications")
    sender = table(raw, "MailFrom")
    return {
        "Type": "EmailAddress" if "@" in name else "Domain",
        "DkimEnabled": bool(table(raw, "Dkim").get("DkimEnabled")),
        "MailFromDomain": sender.get("MailFromDomain") or None,
        "BehaviorOnMXFailure": sender.get("BehaviorOnMXFailure") or "UseDefaultValue",
        # Without a word from it the service forwards what comes back.
        "ForwardingEnabled": told.get("ForwardingEnabled") is not False,
        "Topics": {k: told[f"{k}Topic"] for k in _KINDS if told.get(f"{k}Topic")},
    }


def _verify_domain(raw: JsonObject, data: DataMark | None) -> _Params:
    if "@" not in text(raw, "Identity"):
        yield {"Domain": raw["Identity"]}


def _verify_address(raw: JsonObject, data: DataMark | None) -> _Params:
    if "@" in text(raw, "Identity"):
        yield {"EmailAddress": raw["Identity"]}


def _sign(raw: JsonObject, data: DataMark | None) -> _Params:
    if table(raw, "Dkim").get("DkimTokens") and "@" not in text(raw, "Identity"):
        yield {"Domain": raw["Identity"]}


def _send_from(raw: JsonObject, data: DataMark | None) -> _Params:
    sender = table(raw, "MailFrom")
    if sender.get("MailFromDomain"):
        yield {
            "Identity": raw["Identity"],
            "MailFromDomain": sender["MailFromDomain"],
            "BehaviorOnMXFailure": sender.get("BehaviorOnMXFailure") or "UseDefaultValue",
        }


def _notify(raw: JsonObject, data: DataMark | None) -> _Params:
    for kind in _KINDS:
        topic = table(raw, "Notifications").get(f"{kind}Topic")
        if topic:
            yield {"Identity": raw["Identity"], "NotificationType": kind, "SnsTopic": topic}


def _forward(raw: JsonObject, data: DataMark | None) -> _Params:
    if table(raw, "Notifications").get("ForwardingEnabled") is False:
        yield {"Identity": raw["Identity"], "ForwardingEnabled": False}


IDENTITY = ResourceType(
    type="AWS::SES::EmailIdentity",
    listing=Listing(operation="ListIdentities", items="Identities[].{Identity: @}"),
    details=(
        _asked("GetIdentityDkimAttributes", "DkimAttributes", "Dkim"),
        _asked("GetIdentityMailFromDomainAttributes", "MailFromDomainAttributes", "MailFrom"),
        _asked("GetIdentityNotificationAttributes", "NotificationAttributes", "Notifications"),
    ),
    id="Identity",
    address="arn:{partition}:ses:{region}:{account}:identity/{id}",
    settings=_identity,
    seeds=(
        Seed(operation="VerifyDomainIdentity", params=_verify_domain, creates=True, optional=False),
        Seed(operation="VerifyEmailIdentity", params=_verify_address, creates=True, optional=False),
        Seed(operation="VerifyDomainDkim", params=_sign),
        Seed(operation="SetIdentityMailFromDomain", params=_send_from),
        Seed(operation="SetIdentityNotificationTopic", params=_notify),
        Seed(operation="SetIdentityFeedbackForwardingEnabled", params=_forward),
    ),
    operations=(
        *on(
            Verb.CREATE,
            _NAMED,
            "VerifyDomainIdentity",
            "VerifyDomainDkim",
            "VerifyEmailAddress",
            "VerifyEmailIdentity",
        ),
        *on(Verb.DELETE, _NAMED, "DeleteIdentity", "DeleteVerifiedEmailAddress"),
        *on(
            Verb.UPDATE,
            _NAMED,
            "SetIdentityDkimEnabled",
            "SetIdentityFeedbackForwardingEnabled",
            "SetIdentityMailFromDomain",
            "SetIdentityNotificationTopic",
        ),
    ),
    hazards=(
        HazardRule(field="DkimEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="MailFromDomain", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="ForwardingEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Topics", hazard=Hazard.PROTECTION_LOSS, when=lost),
    ),
)


def _destinations(raw: JsonObject) -> dict[str, Json]:
    return {
        text(d, "Name"): {key: value for key, value in d.items() if key != "Name"}
        for d in objects(raw, "EventDestinations")
    }


def _set(raw: JsonObject) -> Json:
    options = table(raw, "ReputationOptions")
    return {
        "EventDestinations": _destinations(raw),
        "TlsPolicy": table(raw, "DeliveryOptions").get("TlsPolicy") or "Optional",
        "CustomRedirectDomain": table(raw, "TrackingOptions").get("CustomRedirectDomain"),
        "SendingEnabled": options.get("SendingEnabled") is not False,
        "ReputationMetricsEnabled": bool(options.get("ReputationMetricsEnabled")),
    }


def _create_set(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {"ConfigurationSet": {"Name": raw["Name"]}}


def _create_destinations(raw: JsonObject, data: DataMark | None) -> _Params:
    for destination in objects(raw, "EventDestinations"):
        yield {"ConfigurationSetName": raw["Name"], "EventDestination": destination}


CONFIGURATION_SET = ResourceType(
    type="AWS::SES::ConfigurationSet",
    listing=Listing(operation="ListConfigurationSets", items="ConfigurationSets[]"),
    details=(
        Detail(
            operation="DescribeConfigurationSet",
            params={
                "ConfigurationSetName": "Name",
                "ConfigurationSetAttributeNames": '`["eventDestinations", "trackingOptions",'
                ' "deliveryOptions", "reputationOptions"]`',
            },
            pick="{EventDestinations: EventDestinations, TrackingOptions: TrackingOptions,"
            " DeliveryOptions: DeliveryOptions, ReputationOptions: ReputationOptions}",
        ),
    ),
    id="Name",
    address="arn:{partition}:ses:{region}:{account}:configuration-set/{id}",
    settings=_set,
    seeds=(
        Seed(operation="CreateConfigurationSet", params=_create_set, creates=True, optional=False),
        Seed(operation="CreateConfigurationSetEventDestination", params=_create_destinations),
    ),
    operations=(
        *on(Verb.CREATE, "params.ConfigurationSet.Name", "CreateConfigurationSet"),
        *on(Verb.DELETE, _SET, "DeleteConfigurationSet"),
        *on(
            Verb.UPDATE,
            _SET,
            "CreateConfigurationSetTrackingOptions",
            "DeleteConfigurationSetTrackingOptions",
            "PutConfigurationSetDeliveryOptions",
            "UpdateConfigurationSetReputationMetricsEnabled",
            "UpdateConfigurationSetSendingEnabled",
            "UpdateConfigurationSetTrackingOptions",
        ),
        *on(
            Verb.UPDATE,
            _SET,
            "CreateConfigurationSetEventDestination",
            "UpdateConfigurationSetEventDestination",
            part="join(' ', ['event destination', params.EventDestination.Name])",
        ),
        *on(
            Verb.UPDATE,
            _SET,
            "DeleteConfigurationSetEventDestination",
            part="join(' ', ['event destination', params.EventDestinationName])",
        ),
    ),
    hazards=(
        HazardRule(field="EventDestinations", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(
            field="TlsPolicy",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: before == "Require",
        ),
        HazardRule(field="CustomRedirectDomain", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="SendingEnabled", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(
            field="ReputationMetricsEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
    ),
)

_SENDS = "sends mail; changes no resource"

SERVICE = Service(
    name="ses",
    types=(IDENTITY, CONFIGURATION_SET),
    harmless={
        **dict.fromkeys(
            (
                "SendBounce",
                "SendBulkTemplatedEmail",
                "SendCustomVerificationEmail",
                "SendEmail",
                "SendRawEmail",
                "SendTemplatedEmail",
            ),
            _SENDS,
        ),
        "TestRenderTemplate": "fills a template in; changes nothing",
    },
)
