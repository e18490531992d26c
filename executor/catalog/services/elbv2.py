"""Elastic Load Balancing v2: load balancers, target groups, listeners and their rules.

Trust stores are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.elbv2_balancers import LOAD_BALANCER, TARGET_GROUP
from executor.catalog.elbv2_listeners import LISTENER, RULE

SERVICE = Service(
    name="elbv2",
    types=(TARGET_GROUP, LOAD_BALANCER, LISTENER, RULE),
    reaches=("ec2", "acm"),
)
