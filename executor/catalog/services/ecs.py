"""Amazon ECS: clusters, services, task definitions, capacity providers.

Tasks run code and are not rehearsed: running one, or a command in one, leaves a run undecided.
So do task sets, daemons, express services, account settings, what agents of
container instances do, and the deletion of revisions that were deregistered before.
"""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.ecs_capacity import CAPACITY_PROVIDER
from executor.catalog.ecs_clusters import CLUSTER, ECS_SERVICE
from executor.catalog.ecs_tasks import TASK_DEFINITION

SERVICE = Service(name="ecs", types=(CAPACITY_PROVIDER, CLUSTER, TASK_DEFINITION, ECS_SERVICE))
