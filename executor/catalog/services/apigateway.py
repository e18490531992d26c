"""Amazon API Gateway: REST APIs with all that is in them, API keys, usage plans.

Domain names and their mappings, VPC links, client certificates, documentation, the account's
settings and what a key has used are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.apigateway_apis import REST_API
from executor.catalog.apigateway_keys import API_KEY, USAGE_PLAN
from executor.catalog.declarations import Service

SERVICE = Service(
    name="apigateway",
    types=(REST_API, API_KEY, USAGE_PLAN),
    harmless={
        "FlushStageAuthorizersCache": "lets a stage ask its authorizers again",
        "FlushStageCache": "lets a stage ask its integrations again",
    },
)
