"""Amazon RDS, and what speaks its API: Aurora, DocumentDB, Neptune.

Blue/green deployments, shard groups, tenant databases, exports, event subscriptions,
integrations and security groups of the classic kind are not read: what changes them leaves a
run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.rds_backups import AUTOMATED_BACKUP
from executor.catalog.rds_clusters import DB_CLUSTER
from executor.catalog.rds_global import GLOBAL_CLUSTER
from executor.catalog.rds_groups import (
    DB_CLUSTER_PARAMETER_GROUP,
    DB_PARAMETER_GROUP,
    DB_SUBNET_GROUP,
    OPTION_GROUP,
)
from executor.catalog.rds_instances import DB_INSTANCE
from executor.catalog.rds_proxies import DB_PROXY, DB_PROXY_ENDPOINT
from executor.catalog.rds_snapshots import DB_CLUSTER_SNAPSHOT, DB_SNAPSHOT

SERVICE = Service(
    name="rds",
    types=(
        DB_SUBNET_GROUP,
        DB_PARAMETER_GROUP,
        DB_CLUSTER_PARAMETER_GROUP,
        OPTION_GROUP,
        DB_CLUSTER,
        # What was retained is made before another instance takes the name.
        AUTOMATED_BACKUP,
        DB_INSTANCE,
        DB_SNAPSHOT,
        DB_CLUSTER_SNAPSHOT,
        GLOBAL_CLUSTER,
        DB_PROXY,
        DB_PROXY_ENDPOINT,
    ),
    # Subnet groups are made of subnets.
    reaches=("ec2",),
)
