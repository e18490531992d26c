"""EC2's snapshots, images, launch templates and key pairs: touches and dangers."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from executor.catalog.raw import objects, table
from executor.model.json import Json, JsonObject
from tests.unit.catalog.calls import CATALOG, call, described, hazards, is_unread, touches

SNAPSHOT = "AWS::EC2::Snapshot"
IMAGE = "AWS::EC2::Image"
TEMPLATE = "AWS::EC2::LaunchTemplate"
EVERYBODY: Json = [{"Group": "all"}]
SOMEBODY: Json = [{"UserId": "111122223333"}]


def _snapshot(permissions: Json = None) -> dict[str, Json]:
    return {"SnapshotId": "snap-1", "VolumeId": "vol-1", "Permissions": permissions}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, EVERYBODY, {("exposure", "Public")}),
        (None, SOMEBODY, {("exposure", "SharedWith")}),
        (SOMEBODY, None, {("disruption", "SharedWith")}),
        (EVERYBODY, None, set()),
        (SOMEBODY, SOMEBODY, set()),
    ],
)
def test_shared_snapshot_is_exposure(
    before: Json, after: Json, expected: set[tuple[str, str]]
) -> None:
    assert hazards(SNAPSHOT, _snapshot(before), _snapshot(after)) == expected


def _dangers(operation: str, params: Mapping[str, object]) -> set[tuple[str, str]]:
    found = CATALOG.touches(call(operation, params))
    return {(t.hazard.value, t.part) for t in found if t.hazard is not None}


@pytest.mark.parametrize(
    "whom",
    [
        {"OperationType": "add", "GroupNames": ["all"]},
        {"OperationType": "add", "UserIds": ["111122223333"]},
        {"CreateVolumePermission": {"Add": EVERYBODY}},
    ],
)
def test_call_that_shares_a_snapshot_is_exposure_whatever_the_engine_keeps_of_it(
    whom: dict[str, object],
) -> None:
    found = _dangers("ec2:ModifySnapshotAttribute", {"SnapshotId": "snap-1", **whom})
    assert found == {("exposure", "permission to make volumes of it")}


@pytest.mark.parametrize(
    "whom",
    [
        {"OperationType": "remove", "GroupNames": ["all"]},
        {"CreateVolumePermission": {"Remove": SOMEBODY}},
    ],
)
def test_call_that_shares_a_snapshot_no_more_is_none(whom: dict[str, object]) -> None:
    params = {"SnapshotId": "snap-1", **whom}
    assert _dangers("ec2:ModifySnapshotAttribute", params) == set()
    assert ("EC2::Snapshot", "update", ("snap-1",), "") in touches(
        "ec2:ModifySnapshotAttribute", params
    )


def test_snapshots_of_one_call_are_made_each_by_itself() -> None:
    made = {"Snapshots": [{"SnapshotId": "snap-1"}, {"SnapshotId": "snap-2"}]}
    assert {row[2] for row in touches("ec2:CreateSnapshots", {}, made)} == {
        ("snap-1",),
        ("snap-2",),
    }


def test_image_accounts_for_the_snapshots_that_come_and_go_with_it() -> None:
    found = touches("ec2:CreateImage", {"InstanceId": "i-1"}, {"ImageId": "ami-12ab"})
    assert ("EC2::Image", "create", ("ami-12ab",), "") in found
    described_by_aws = {
        **_snapshot(),
        "Description": "Created by CreateImage(i-1) for ami-12ab",
    }
    assert "ami-12ab" in described(SNAPSHOT, described_by_aws).handles
    gone = {
        "DeleteSnapshotResults": [
            {"SnapshotId": "snap-1", "ReturnCode": "success"},
            {"SnapshotId": "snap-2", "ReturnCode": "skipped"},
        ]
    }
    assert touches("ec2:DeregisterImage", {"ImageId": "ami-12ab"}, gone) == {
        ("EC2::Image", "delete", ("ami-12ab",), ""),
        ("EC2::Snapshot", "delete", ("snap-1",), ""),
    }


def test_lock_of_a_snapshot_is_not_read() -> None:
    assert is_unread("ec2:UnlockSnapshot", {"SnapshotId": "snap-1"})


def _image(**changes: Json) -> dict[str, Json]:
    return {"ImageId": "ami-1", "Name": "golden", "State": "available", **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"Permissions": EVERYBODY}, {("exposure", "Public")}),
        ({}, {"Permissions": SOMEBODY}, {("exposure", "SharedWith")}),
        ({}, {"Permissions": [{"OrganizationArn": "arn:o"}]}, {("exposure", "SharedWith")}),
        ({"Permissions": EVERYBODY}, {}, {("disruption", "Public")}),
        ({}, {"State": "disabled"}, {("disruption", "Disabled")}),
        ({"State": "disabled"}, {}, set()),
        (
            {"DeregistrationProtection": "enabled-with-cooldown"},
            {"DeregistrationProtection": "disabled"},
            {("protection-loss", "DeregistrationProtected")},
        ),
        ({}, {"DeregistrationProtection": "enabled-without-cooldown"}, set()),
        ({}, {"Description": "new"}, set()),
    ],
)
def test_changes_of_an_image_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(IMAGE, _image(**before), _image(**after)) == expected


def test_call_that_shows_an_image_to_all_is_exposure() -> None:
    for whom in (
        {"LaunchPermission": {"Add": EVERYBODY}},
        {"OperationType": "add", "OrganizationArns": ["arn:o"]},
    ):
        found = _dangers("ec2:ModifyImageAttribute", {"ImageId": "ami-1", **whom})
        assert found == {("exposure", "permission to launch it")}
    closed = {"ImageId": "ami-1", "LaunchPermission": {"Remove": EVERYBODY}}
    assert _dangers("ec2:ModifyImageAttribute", closed) == set()


def _template(*numbers: int, data: JsonObject | None = None) -> dict[str, Json]:
    versions: list[Json] = [
        {"VersionNumber": n, "LaunchTemplateData": data or {"InstanceType": f"m{n}.large"}}
        for n in numbers
    ]
    return {
        "LaunchTemplateId": "lt-1",
        "LaunchTemplateName": "web",
        "DefaultVersionNumber": numbers[0],
        "Versions": versions,
    }


def test_version_that_is_gone_is_disruption_and_a_new_one_is_none() -> None:
    assert hazards(TEMPLATE, _template(1, 2), _template(1)) == {("disruption", "Versions")}
    assert hazards(TEMPLATE, _template(1), _template(1, 2)) == set()


def test_deleted_versions_are_named_as_parts() -> None:
    params = {"LaunchTemplateId": "lt-1", "Versions": ["1", "3"]}
    assert touches("ec2:DeleteLaunchTemplateVersions", params) == {
        ("EC2::LaunchTemplate", "update", ("lt-1",), "version 1"),
        ("EC2::LaunchTemplate", "update", ("lt-1",), "version 3"),
    }


def test_user_data_of_a_template_is_kept_as_a_digest_that_stands_for_itself() -> None:
    found = described(TEMPLATE, _template(1, data={"UserData": "c2VjcmV0"}))
    assert "c2VjcmV0" not in str(found)
    (version,) = objects(found.raw, "Versions")
    again = described(TEMPLATE, _template(1, data=table(version, "LaunchTemplateData")))
    assert again.properties == found.properties
    assert "sha256:" in str(found.properties)


def test_versions_keep_their_numbers_where_some_were_deleted() -> None:
    kind = CATALOG.type(TEMPLATE)
    assert kind is not None
    raw = described(TEMPLATE, _template(2, 4)).raw
    calls = {seed.operation: list(seed.params(raw, None)) for seed in kind.seeds}
    made = [*calls["CreateLaunchTemplate"], *calls["CreateLaunchTemplateVersion"]]
    kinds = [params["LaunchTemplateData"] for params in made]
    assert kinds[1] == {"InstanceType": "m2.large"}
    assert kinds[3] == {"InstanceType": "m4.large"}
    assert calls["ModifyLaunchTemplate"] == [{"LaunchTemplateId": "lt-1", "DefaultVersion": "2"}]
    (dropped,) = calls["DeleteLaunchTemplateVersions"]
    assert dropped["Versions"] == ["1", "3"]


def test_key_made_again_under_its_name_is_another() -> None:
    old, new = (
        described("AWS::EC2::KeyPair", {"KeyPairId": k, "KeyName": "deploy"})
        for k in ("key-1", "key-2")
    )
    assert old.address == new.address
    assert old.birth != new.birth


def test_instance_is_launched_in_a_replica_with_a_digest_for_its_user_data() -> None:
    kind = CATALOG.type("AWS::EC2::Instance")
    assert kind is not None
    encoded = base64.b64encode(b"password=hunter2").decode()
    raw = described("AWS::EC2::Instance", {"InstanceId": "i-1", "UserData": encoded}).raw
    (params,) = kind.seeds[0].params(raw, None)
    assert str(params["UserData"]).startswith("sha256:")


def test_reboot_is_disruption_and_a_start_is_none() -> None:
    params = {"InstanceIds": ["i-1"]}
    assert _dangers("ec2:RebootInstances", params) == {("disruption", "reboot")}
    assert _dangers("ec2:StartInstances", params) == set()
