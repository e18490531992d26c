"""RDS: what its resources share.

DocumentDB and Neptune speak RDS's API at RDS's address: their instances, clusters, snapshots
and groups are RDS's, and a call to one of them is recorded as one to RDS.
"""

from __future__ import annotations

from collections.abc import Callable

from executor.catalog.raw import text
from executor.model.json import Json, JsonObject

INSTANCE_GONE = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})
INSTANCE_THERE = frozenset({"DBInstanceAlreadyExists", "DBInstanceAlreadyExistsFault"})
CLUSTER_GONE = frozenset({"DBClusterNotFound", "DBClusterNotFoundFault"})
CLUSTER_THERE = frozenset({"DBClusterAlreadyExists", "DBClusterAlreadyExistsFault"})

_MOVING = (
    "creating",
    "deleting",
    "failing-over",
    "maintenance",
    "migrating",
    "modifying",
    "moving-to-vpc",
    "promoting",
    "rebooting",
    "renaming",
    "resetting-master-credentials",
    "starting",
    "stopping",
    "upgrading",
)
# AWS answers backups and storage optimisation with states of their own; they change nothing.


def moving(status: str) -> Callable[[JsonObject], Json]:
    """Return whether what tells its state under a key is on its way to another one."""
    return lambda raw: text(raw, status) in _MOVING


def emptied(before: Json, after: Json) -> bool:
    """A number of days that was above zero is zero: what was kept is deleted at once."""
    return bool(before) and not after
