"""Amazon Cognito user pools: pools and their clients.

What users do for themselves, who is in which group, devices, terms, branding, replicas, imports,
risk and log settings are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.cognito_clients import USER_POOL_CLIENT
from executor.catalog.cognito_pools import USER_POOL
from executor.catalog.declarations import Service

SERVICE = Service(
    name="cognito-idp",
    types=(USER_POOL, USER_POOL_CLIENT),
    harmless={
        "AdminInitiateAuth": "signs a user in",
        "AdminRespondToAuthChallenge": "signs a user in",
        "AdminUpdateAuthEventFeedback": "tells whether a sign-in was the user's own",
        "ForgotPassword": "sends a user a code",
        "GetUserAttributeVerificationCode": "sends a user a code",
        "InitiateAuth": "signs a user in",
        "ResendConfirmationCode": "sends a user a code",
        "RespondToAuthChallenge": "signs a user in",
        "UpdateAuthEventFeedback": "tells whether a sign-in was the user's own",
    },
)
