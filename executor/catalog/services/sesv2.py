"""Amazon SES: what the newer of its two APIs means for identities and configuration sets.

Contact lists, pools of addresses, templates, tenants, suppression and the account's own
settings are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import Service, on
from executor.model.call import Verb

_IDENTITY = "params.EmailIdentity"
_SET = "params.ConfigurationSetName"
_SENDS = "sends mail; changes no resource"

SERVICE = Service(
    name="sesv2",
    types=(),
    reaches=("ses",),
    elsewhere={
        "AWS::SES::EmailIdentity": (
            *on(Verb.CREATE, _IDENTITY, "CreateEmailIdentity"),
            *on(Verb.DELETE, _IDENTITY, "DeleteEmailIdentity"),
            *on(
                Verb.UPDATE,
                _IDENTITY,
                "PutEmailIdentityDkimAttributes",
                "PutEmailIdentityFeedbackAttributes",
                "PutEmailIdentityMailFromAttributes",
            ),
        ),
        "AWS::SES::ConfigurationSet": (
            *on(Verb.CREATE, _SET, "CreateConfigurationSet"),
            *on(Verb.DELETE, _SET, "DeleteConfigurationSet"),
            *on(
                Verb.UPDATE,
                _SET,
                "PutConfigurationSetDeliveryOptions",
                "PutConfigurationSetReputationOptions",
                "PutConfigurationSetSendingOptions",
                "PutConfigurationSetTrackingOptions",
            ),
            *on(
                Verb.UPDATE,
                _SET,
                "CreateConfigurationSetEventDestination",
                "DeleteConfigurationSetEventDestination",
                "UpdateConfigurationSetEventDestination",
                part="join(' ', ['event destination', params.EventDestinationName])",
            ),
        ),
    },
    harmless={
        **dict.fromkeys(("SendBulkEmail", "SendCustomVerificationEmail", "SendEmail"), _SENDS),
        "TestRenderEmailTemplate": "fills a template in; changes nothing",
    },
)
