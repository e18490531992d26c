"""AWS Lambda: functions, aliases, versions of layers, event source mappings.

Code signing, concurrency that is provisioned for plain versions, recursion and runtime
settings and capacity providers are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.lambda_aliases import ALIAS
from executor.catalog.lambda_events import EVENT_SOURCE_MAPPING
from executor.catalog.lambda_functions import FUNCTION
from executor.catalog.lambda_layers import LAYER_VERSION

SERVICE = Service(
    name="lambda",
    types=(LAYER_VERSION, FUNCTION, ALIAS, EVENT_SOURCE_MAPPING),
    reaches=("iam",),
)
