"""EC2: what instances are launched from."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.answers import asked
from tests.conformance.catalog_harness import Case

PUBLIC_KEY = (
    b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEBqdGCEfKWZgzKvBSIVmFBVKAAN4Z7nkpxN2spsk1yx deploy"
)


def _ec2(api: Api, operation: str, pick: str = "", **params: object) -> str:
    return asked(api, "ec2", operation, pick, **params)


def _make_template(api: Api) -> None:
    _ec2(
        api,
        "CreateLaunchTemplate",
        LaunchTemplateName="web",
        VersionDescription="first",
        LaunchTemplateData={
            "ImageId": "ami-0123456789abcdef0",
            "InstanceType": "t3.micro",
            "UserData": "c2VjcmV0",
            "KeyName": "deploy",
            "IamInstanceProfile": {"Name": "web"},
            "Monitoring": {"Enabled": True},
            "MetadataOptions": {"HttpTokens": "required"},
            "BlockDeviceMappings": [
                {
                    "DeviceName": "/dev/sda1",
                    "Ebs": {"VolumeSize": 10, "VolumeType": "gp3", "Encrypted": True},
                }
            ],
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "web"}]}
            ],
        },
        TagSpecifications=[
            {"ResourceType": "launch-template", "Tags": [{"Key": "team", "Value": "web"}]}
        ],
    )
    _add_version(api)
    _ec2(api, "ModifyLaunchTemplate", LaunchTemplateName="web", DefaultVersion="2")


def _add_version(api: Api) -> None:
    _ec2(
        api,
        "CreateLaunchTemplateVersion",
        LaunchTemplateName="web",
        VersionDescription="larger",
        LaunchTemplateData={"ImageId": "ami-0123456789abcdef0", "InstanceType": "m7g.large"},
    )


def _remake_template(api: Api) -> None:
    _ec2(api, "DeleteLaunchTemplate", LaunchTemplateName="web")
    _make_template(api)


def _make_key(api: Api) -> None:
    _ec2(
        api,
        "ImportKeyPair",
        KeyName="deploy",
        PublicKeyMaterial=PUBLIC_KEY,
        TagSpecifications=[{"ResourceType": "key-pair", "Tags": [{"Key": "team", "Value": "web"}]}],
    )


def _remake_key(api: Api) -> None:
    _ec2(api, "DeleteKeyPair", KeyName="deploy")
    _make_key(api)


def _make_snapshots(api: Api) -> None:
    kept, gone = (
        _ec2(api, "CreateVolume", "VolumeId", Size=size, AvailabilityZone="us-east-1a")
        for size in (2, 3)
    )
    shared = _ec2(
        api,
        "CreateSnapshot",
        "SnapshotId",
        VolumeId=kept,
        Description="nightly",
        TagSpecifications=[
            {"ResourceType": "snapshot", "Tags": [{"Key": "Name", "Value": "nightly"}]}
        ],
    )
    for description in ("before the move", "after the move"):
        _ec2(api, "CreateSnapshot", VolumeId=gone, Description=description)
    _ec2(api, "DeleteVolume", VolumeId=gone)
    _share(api, shared, UserIds=["111122223333"])


def _make_public_snapshot(api: Api) -> None:
    volume = _ec2(api, "CreateVolume", "VolumeId", Size=1, AvailabilityZone="us-east-1a")
    snapshot = _ec2(api, "CreateSnapshot", "SnapshotId", VolumeId=volume)
    _share(api, snapshot, GroupNames=["all"])


def _share(api: Api, snapshot: str, **whom: object) -> None:
    _ec2(
        api,
        "ModifySnapshotAttribute",
        "",
        SnapshotId=snapshot,
        Attribute="createVolumePermission",
        OperationType="add",
        **whom,
    )


def _make_image(api: Api) -> None:
    volume = _ec2(api, "CreateVolume", "VolumeId", Size=8, AvailabilityZone="us-east-1a")
    snapshot = _ec2(api, "CreateSnapshot", "SnapshotId", VolumeId=volume)
    disk = {"SnapshotId": snapshot, "VolumeSize": 8, "VolumeType": "gp3"}
    image = _ec2(
        api,
        "RegisterImage",
        "ImageId",
        Name="golden",
        Description="hardened",
        Architecture="x86_64",
        RootDeviceName="/dev/sda1",
        VirtualizationType="hvm",
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {**disk, "DeleteOnTermination": True}}
        ],
        TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "team", "Value": "web"}]}],
    )
    _ec2(
        api,
        "ModifyImageAttribute",
        ImageId=image,
        LaunchPermission={"Add": [{"UserId": "111122223333"}, {"Group": "all"}]},
    )


CASES = (
    Case(
        service="ec2",
        type="AWS::EC2::LaunchTemplate",
        make=_make_template,
        remake=_remake_template,
        update=_add_version,
        kept={
            "DefaultVersion": "DefaultVersion == `2`",
            "Versions": 'Versions."1".LaunchTemplateData.MetadataOptions.HttpTokens'
            ' && Versions."1".LaunchTemplateData.UserData',
        },
    ),
    Case(service="ec2", type="AWS::EC2::KeyPair", make=_make_key, remake=_remake_key),
    Case(
        service="ec2",
        type="AWS::EC2::Snapshot",
        make=_make_snapshots,
        kept={"SharedWith": "SharedWith[0]", "Description": "Description == 'nightly'"},
    ),
    Case(
        service="ec2",
        type="AWS::EC2::Snapshot",
        make=_make_public_snapshot,
        kept={"Public": "Public"},
    ),
    Case(
        service="ec2",
        type="AWS::EC2::Image",
        make=_make_image,
        kept={
            "Architecture": "Architecture == 'x86_64'",
            "BlockDevices": 'BlockDevices."/dev/sda1".VolumeSize == `8`',
            "Public": "Public",
            "SharedWith": "SharedWith[0]",
            "VirtualizationType": "VirtualizationType == 'hvm'",
        },
    ),
)
