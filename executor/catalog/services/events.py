"""Amazon EventBridge: buses, archives, connections, API destinations, rules with targets.

Replays, global endpoints and partners' sources are not read: what changes them leaves a run
undecided. What an event sets off elsewhere is not followed.
"""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.events_buses import ARCHIVE, EVENT_BUS
from executor.catalog.events_connections import API_DESTINATION, CONNECTION
from executor.catalog.events_rules import RULE

# Rules may name any service's resources as targets, whether they are there or not.
SERVICE = Service(name="events", types=(EVENT_BUS, ARCHIVE, CONNECTION, API_DESTINATION, RULE))
