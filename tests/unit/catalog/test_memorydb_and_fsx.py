"""MemoryDB and FSx: what calls touch, and which changes of settings are dangerous."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, call, described, hazards, is_unread, touches

CLUSTER = "AWS::MemoryDB::Cluster"
FILES = "AWS::FSx::FileSystem"
ARN = "arn:aws:memorydb:us-east-1:123456789012"


def _shards(*nodes: int) -> Json:
    shards: list[Json] = []
    for count in nodes:
        inside: list[Json] = [{"Name": str(n)} for n in range(count)]
        shards.append({"Nodes": inside})
    return shards


def _cluster(**changes: Json) -> dict[str, Json]:
    return {
        "Name": "ledger",
        "ARN": f"{ARN}:cluster/ledger",
        "ACLName": "staff",
        "AvailabilityMode": "MultiAZ",
        "NumberOfShards": 2,
        "Shards": _shards(2, 2),
        "SnapshotRetentionLimit": 5,
        **changes,
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"SnapshotRetentionLimit": 0}, {("protection-loss", "SnapshotRetentionLimit")}),
        ({}, {"SnapshotRetentionLimit": 9}, set()),
        ({}, {"Shards": _shards(2, 1)}, {("protection-loss", "NodesPerShard")}),
        ({}, {"Shards": _shards(3, 3)}, set()),
        ({}, {"AvailabilityMode": "SingleAZ"}, {("protection-loss", "AvailabilityMode")}),
        ({"AvailabilityMode": "SingleAZ"}, {"AvailabilityMode": "MultiAZ"}, set()),
        ({}, {"ACLName": "open-access"}, {("exposure", "ACLName"), ("disruption", "ACLName")}),
        ({}, {"ACLName": "others"}, {("disruption", "ACLName")}),
        ({}, {"NumberOfShards": 1}, {("disruption", "NumberOfShards")}),
        (
            {"SecurityGroups": [{"SecurityGroupId": "sg-1"}]},
            {},
            {("disruption", "SecurityGroupIds")},
        ),
        ({"NodeType": "a"}, {"NodeType": "b"}, {("disruption", "NodeType")}),
        ({"EngineVersion": "6"}, {"EngineVersion": "7"}, {("disruption", "EngineVersion")}),
        ({}, {"SnapshotWindow": "01:00-02:00"}, set()),
    ],
)
def test_cluster(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(CLUSTER, _cluster(**before), _cluster(**after)) == expected


def test_user_who_needs_no_password_any_more_and_one_who_may_do_other_things() -> None:
    def user(kind: str, access: str = "on ~* +@read") -> dict[str, Json]:
        return {"Name": "u", "Authentication": {"Type": kind}, "AccessString": access}

    kind = "AWS::MemoryDB::User"
    assert hazards(kind, user("password"), user("no-password")) == {("exposure", "Authentication")}
    assert hazards(kind, user("no-password"), user("password")) == set()
    assert hazards(kind, user("password"), user("password", "on ~* +@all")) == {
        ("exposure", "AccessString"),
        ("disruption", "AccessString"),
    }


def test_subnet_that_is_taken_from_a_group() -> None:
    def group(*ids: str) -> dict[str, Json]:
        return {"Name": "g", "Subnets": [{"Identifier": i} for i in ids]}

    kind = "AWS::MemoryDB::SubnetGroup"
    assert hazards(kind, group("a", "b"), group("a")) == {("disruption", "SubnetIds")}
    assert hazards(kind, group("a"), group("a", "b")) == set()


def test_deletion_with_a_last_snapshot_makes_the_snapshot() -> None:
    asked = {"ClusterName": "Ledger", "FinalSnapshotName": "last"}
    assert touches("memorydb:DeleteCluster", asked) == {
        ("MemoryDB::Cluster", "delete", ("Ledger", "ledger"), ""),
        ("MemoryDB::Snapshot", "create", ("last",), ""),
    }


def test_tags_are_of_what_the_arn_is_of() -> None:
    for kind, short in (("cluster", "Cluster"), ("user", "User"), ("snapshot", "Snapshot")):
        arn = f"{ARN}:{kind}/x"
        assert touches("memorydb:TagResource", {"ResourceArn": arn}) == {
            (f"MemoryDB::{short}", "update", (arn,), "tags")
        }
    assert is_unread("memorydb:TagResource", {"ResourceArn": f"{ARN}:acl/x"})


def test_failover_and_new_passwords_disrupt() -> None:
    (touch,) = CATALOG.touches(call("memorydb:FailoverShard", {"ClusterName": "ledger"}))
    assert touch.hazard == "disruption"
    asked = {"UserName": "u", "AuthenticationMode": {"Type": "password"}}
    found = CATALOG.touches(call("memorydb:UpdateUser", asked))
    assert {t.hazard for t in found} == {None, "disruption"}


def _files(days: int, throughput: int = 64) -> dict[str, Json]:
    told: Json = {"AutomaticBackupRetentionDays": days, "ThroughputCapacity": throughput}
    return {"FileSystemId": "fs-1", "ResourceARN": "arn:fs-1", "OpenZFSConfiguration": told}


def test_backups_of_files_that_are_kept_for_less_long_or_switched_off() -> None:
    less = {("protection-loss", "BackupDays")}
    assert hazards(FILES, _files(7), _files(1)) == less
    assert hazards(FILES, _files(7), _files(0)) == less | {("data-loss", "BackupDays")}
    assert hazards(FILES, _files(0), _files(7)) == set()
    assert hazards(FILES, _files(7), _files(7, 128)) == {
        ("disruption", "Configuration.ThroughputCapacity")
    }


def test_file_system_is_asked_for_in_the_words_of_its_kind() -> None:
    kind = CATALOG.type(FILES)
    assert kind is not None
    (asked,) = kind.seeds[0].params({**_files(7), "FileSystemType": "OPENZFS"}, None)
    assert asked == {
        "FileSystemType": "OPENZFS",
        "OpenZFSConfiguration": {"AutomaticBackupRetentionDays": 7, "ThroughputCapacity": 64},
    }
    told = described(FILES, {"FileSystemId": "fs-1", "LustreConfiguration": {"MountName": "m"}})
    assert told.properties["Configuration"] == {}


def test_backups_and_volumes_are_not_read() -> None:
    assert is_unread("fsx:DeleteBackup", {"BackupId": "b"})
    assert is_unread("fsx:DeleteVolume", {"VolumeId": "v"})
    assert not is_unread("fsx:DeleteFileSystem", {"FileSystemId": "fs-1"})
