"""RDS: global clusters, which tie clusters of several regions together.

Their members in other regions are told, and neither read nor rebuilt there.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.identifiers import Params, by, disrupting, given, own_tags, tag_operations
from executor.catalog.raw import objects, text
from executor.catalog.rds_naming import moving
from executor.catalog.weakening import lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_ID = by("params.GlobalClusterIdentifier")


def _members(raw: JsonObject) -> list[str]:
    return sorted(text(member, "DBClusterArn") for member in objects(raw, "GlobalClusterMembers"))


def _global_cluster(raw: JsonObject) -> Json:
    return {
        "DatabaseName": raw.get("DatabaseName") or None,
        "DeletionProtection": bool(raw.get("DeletionProtection")),
        "Engine": raw.get("Engine"),
        "EngineVersion": raw.get("EngineVersion"),
        "Members": list(_members(raw)),
        "StorageEncrypted": bool(raw.get("StorageEncrypted")),
    }


def _here(raw: JsonObject) -> str:
    """Return the member that is in the region that tells of it; empty when none is."""
    writers = [m for m in objects(raw, "GlobalClusterMembers") if m.get("IsWriter")]
    members = writers or objects(raw, "GlobalClusterMembers")
    return text(members[0], "DBClusterArn") if members else ""


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        "GlobalClusterIdentifier": raw["GlobalClusterIdentifier"],
        "DeletionProtection": bool(raw.get("DeletionProtection")),
        "Tags": own_tags(raw),
    }
    if _here(raw):
        # Of its first member it has all the rest.
        yield {**params, "SourceDBClusterIdentifier": _here(raw)}
        return
    yield {
        **params,
        **given(raw, "DatabaseName", "Engine", "EngineVersion"),
        "StorageEncrypted": bool(raw.get("StorageEncrypted")),
    }


GLOBAL_CLUSTER = ResourceType(
    type="AWS::RDS::GlobalCluster",
    listing=Listing(operation="DescribeGlobalClusters", items="GlobalClusters[]"),
    id="GlobalClusterIdentifier",
    name="GlobalClusterIdentifier",
    arn="GlobalClusterArn",
    handles=("GlobalClusterResourceId",),
    settings=_global_cluster,
    birth={"id": "GlobalClusterResourceId"},
    tags="TagList",
    settling=moving("Status"),
    depends_on=("AWS::RDS::DBCluster",),
    seeds=(
        Seed(
            operation="CreateGlobalCluster",
            params=_create,
            learn={"GlobalClusterResourceId": "GlobalCluster.GlobalClusterResourceId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.GlobalClusterIdentifier", "response.GlobalCluster.GlobalClusterArn"),
            "CreateGlobalCluster",
        ),
        *on(Verb.DELETE, _ID, "DeleteGlobalCluster"),
        *on(
            Verb.UPDATE,
            by("params.GlobalClusterIdentifier", "params.NewGlobalClusterIdentifier"),
            "ModifyGlobalCluster",
        ),
        *on(Verb.UPDATE, _ID, "RemoveFromGlobalCluster", part="'members'"),
        *disrupting(_ID, "failover", "FailoverGlobalCluster", "SwitchoverGlobalCluster"),
        *on(Verb.UPDATE, _ID, "CreateDBCluster", part="'members'"),
        *on(
            Verb.UPDATE,
            by("response.DBCluster.GlobalClusterIdentifier"),
            "DeleteDBCluster",
            part="'members'",
        ),
        *tag_operations("global-cluster"),
    ),
    hazards=(
        HazardRule(field="DeletionProtection", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Members", hazard=Hazard.PROTECTION_LOSS, when=lost),
    ),
)
