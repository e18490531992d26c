"""S3 buckets on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import Case

_LOGS = {"Bucket": "prod-logs"}
_BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": False,
}
_STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::prod-logs/*",
}
_EXPIRY = {
    "ID": "old",
    "Status": "Enabled",
    "Filter": {"Prefix": "tmp/"},
    "Expiration": {"Days": 30},
}
_ENCRYPTION = {
    "ApplyServerSideEncryptionByDefault": {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": "alias/own",
    },
    "BucketKeyEnabled": True,
}
_CORS = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 5}


def _configure(api: Api) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [_STATEMENT]})
    notify = {
        "Id": "n",
        "QueueArn": "arn:aws:sqs:us-east-1:123456789012:orders",
        "Events": ["s3:ObjectCreated:*"],
    }
    for operation, params in (
        ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        ("PutBucketPolicy", {"Policy": document}),
        ("PutBucketLifecycleConfiguration", {"LifecycleConfiguration": {"Rules": [_EXPIRY]}}),
        ("PutBucketEncryption", {"ServerSideEncryptionConfiguration": {"Rules": [_ENCRYPTION]}}),
        ("PutBucketTagging", {"Tagging": {"TagSet": [{"Key": "team", "Value": "größe"}]}}),
        ("PutPublicAccessBlock", {"PublicAccessBlockConfiguration": _BLOCK}),
        ("PutBucketCors", {"CORSConfiguration": {"CORSRules": [_CORS]}}),
        ("PutBucketWebsite", {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "i.html"}}}),
        (
            "PutBucketOwnershipControls",
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}},
        ),
        ("PutBucketAcl", {"ACL": "log-delivery-write"}),
        (
            "PutBucketNotificationConfiguration",
            {"NotificationConfiguration": {"QueueConfigurations": [notify]}},
        ),
    ):
        api.call("s3", operation, {**_LOGS, **params})


def _make(api: Api) -> None:
    api.call("s3", "CreateBucket", {"Bucket": "at-home"})
    api.call("sqs", "CreateQueue", {"QueueName": "orders"})
    api.call("s3", "CreateBucket", _LOGS)
    _configure(api)
    for body in (b"one", b"two, longer"):
        api.call("s3", "PutObject", {**_LOGS, "Key": "tmp/größe a+b&c", "Body": body})
    api.call("s3", "PutObject", {**_LOGS, "Key": "hidden", "Body": b"x"})
    api.call("s3", "DeleteObject", {**_LOGS, "Key": "hidden"})
    plain = {"Bucket": "prod.plain"}
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    api.call("s3", "CreateBucket", {**plain, **place})
    for n in range(30):
        api.call("s3", "PutObject", {**plain, "Key": f"dir/{n}", "Body": bytes(5000)})


def _remake(api: Api) -> None:
    params = {"Bucket": "prod-logs"}
    listed = api.call("s3", "ListObjectVersions", params)
    for kind in ("Versions", "DeleteMarkers"):
        for item in _rows(listed.get(kind)):
            one = {"Key": item["Key"], "VersionId": item["VersionId"]}
            api.call("s3", "DeleteObject", {**params, **one})
    for n in range(30):
        api.call("s3", "DeleteObject", {"Bucket": "prod.plain", "Key": f"dir/{n}"})
    for name in ("prod-logs", "prod.plain", "at-home"):
        api.call("s3", "DeleteBucket", {"Bucket": name})
    _make(api)


def _rows(value: object) -> list[dict[str, str]]:
    return value if isinstance(value, list) else []


def _update(api: Api) -> None:
    api.call("s3", "DeleteBucketCors", _LOGS)


BUCKET = Case(
    service="s3",
    type="AWS::S3::Bucket",
    make=_make,
    remake=_remake,
    update=_update,
    services=("sqs",),
)


CASES = (BUCKET,)
