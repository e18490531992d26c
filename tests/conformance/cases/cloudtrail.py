"""Trails."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.catalog_harness import Case

_TAGS = [{"Key": "team", "Value": "a b"}]


def make_trail(api: Api) -> None:
    api.call("s3", "CreateBucket", {"Bucket": "trails"})
    api.call(
        "cloudtrail",
        "CreateTrail",
        {
            "Name": "main",
            "S3BucketName": "trails",
            "S3KeyPrefix": "all",
            "IsMultiRegionTrail": True,
            "EnableLogFileValidation": True,
            "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/0000",
        },
    )
    arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main"
    api.call("cloudtrail", "AddTags", {"ResourceId": arn, "TagsList": _TAGS})
    everything = {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
    }
    selectors = {"TrailName": "main", "EventSelectors": [everything]}
    api.call("cloudtrail", "PutEventSelectors", selectors)
    api.call("cloudtrail", "StartLogging", {"Name": "main"})
    api.call("cloudtrail", "CreateTrail", {"Name": "still", "S3BucketName": "trails"})


def _update(api: Api) -> None:
    api.call("cloudtrail", "StopLogging", {"Name": "main"})


CASES = (
    Case(
        service="cloudtrail",
        type="AWS::CloudTrail::Trail",
        make=make_trail,
        update=_update,
        services=("s3",),
    ),
)
