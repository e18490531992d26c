"""Proofs that an emulator does what S3's operations say, each on a bucket of its own.

Emulators answer 200 or 204 to sub-resources they do not know and do something else: they
delete the bucket, or overwrite the object. So no table and no status is believed. A proof does
something, reads it back, and only then yields the names of the operations it has shown; after
each yield the caller checks that bucket and object are as they were. What no proof yields is
not implemented.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandboxes.embedded.operations.parameters import KEY

BODY = b"to be left alone"
Call = Callable[..., Mapping[str, Any]]
"""`call(operation, **parameters)`: the parsed response; raises botocore's `ClientError`."""
Proof = Callable[[Call, str], Iterator[tuple[str, ...]]]


def error_of(call: Call, operation: str, **parameters: object) -> str:
    """Return the code of the error that a call ends with; empty when it succeeds."""
    from botocore.exceptions import ClientError

    try:
        call(operation, **parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def unharmed(call: Call, bucket: str) -> bool:
    """Whether bucket and object are there, and the object has its content."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        keys = [item["Key"] for item in call("ListObjectsV2", Bucket=bucket).get("Contents", [])]
        body = call("GetObject", Bucket=bucket, Key=KEY)["Body"].read()
    except (ClientError, BotoCoreError):
        return False
    return keys == [KEY] and body == BODY


def _reading(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    assert b in [found["Name"] for found in call("ListBuckets")["Buckets"]]
    yield ("ListBuckets",)
    call("HeadBucket", Bucket=b)
    assert error_of(call, "HeadBucket", Bucket=f"{b}-none") == "404"
    yield ("HeadBucket",)
    assert "LocationConstraint" in call("GetBucketLocation", Bucket=b)
    yield ("GetBucketLocation",)
    assert call("HeadObject", Bucket=b, Key=KEY)["ContentLength"] == len(BODY)
    assert error_of(call, "HeadObject", Bucket=b, Key="none") == "404"
    yield ("HeadObject",)
    assert call("GetObject", Bucket=b, Key=KEY)["Body"].read() == BODY
    assert error_of(call, "GetObject", Bucket=b, Key="none") == "NoSuchKey"
    yield ("GetObject",)
    for operation in ("ListObjects", "ListObjectsV2"):
        assert [o["Key"] for o in call(operation, Bucket=b)["Contents"]] == [KEY]
        yield (operation,)
    assert [v["Key"] for v in call("ListObjectVersions", Bucket=b)["Versions"]] == [KEY]
    yield ("ListObjectVersions",)
    sizes = call("GetObjectAttributes", Bucket=b, Key=KEY, ObjectAttributes=["ObjectSize"])
    assert sizes["ObjectSize"] == len(BODY)
    yield ("GetObjectAttributes",)


def _lives(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    call("CreateBucket", Bucket=f"{b}-2")
    call("HeadBucket", Bucket=f"{b}-2")
    yield ("CreateBucket",)
    assert error_of(call, "DeleteBucket", Bucket=b) == "BucketNotEmpty"
    call("DeleteBucket", Bucket=f"{b}-2")
    assert error_of(call, "HeadBucket", Bucket=f"{b}-2") == "404"
    yield ("DeleteBucket",)
    call("PutObject", Bucket=b, Key="one", Body=b"1")
    assert call("GetObject", Bucket=b, Key="one")["Body"].read() == b"1"
    call("DeleteObject", Bucket=b, Key="one")
    assert error_of(call, "GetObject", Bucket=b, Key="one") == "NoSuchKey"
    yield ("PutObject", "DeleteObject")
    call("CopyObject", Bucket=b, Key="two", CopySource=f"{b}/{KEY}")
    assert call("GetObject", Bucket=b, Key="two")["Body"].read() == BODY
    call("DeleteObjects", Bucket=b, Delete={"Objects": [{"Key": "two"}]})
    assert error_of(call, "GetObject", Bucket=b, Key="two") == "NoSuchKey"
    yield ("CopyObject", "DeleteObjects")


def _multipart(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    to = {"Bucket": b, "Key": "parts"}
    upload = call("CreateMultipartUpload", **to)["UploadId"]
    assert [u["UploadId"] for u in call("ListMultipartUploads", Bucket=b)["Uploads"]] == [upload]
    part = call("UploadPart", **to, UploadId=upload, PartNumber=1, Body=b"x" * (5 << 20))
    copied = call("UploadPartCopy", **to, UploadId=upload, PartNumber=2, CopySource=f"{b}/{KEY}")[
        "CopyPartResult"
    ]
    listed = call("ListParts", **to, UploadId=upload)["Parts"]
    assert [p["PartNumber"] for p in listed] == [1, 2]
    parts = [
        {"PartNumber": 1, "ETag": part["ETag"]},
        {"PartNumber": 2, "ETag": copied["ETag"]},
    ]
    call("CompleteMultipartUpload", **to, UploadId=upload, MultipartUpload={"Parts": parts})
    assert call("HeadObject", **to)["ContentLength"] == (5 << 20) + len(BODY)
    call("DeleteObject", **to)
    yield (
        *("CreateMultipartUpload", "ListMultipartUploads", "UploadPart", "UploadPartCopy"),
        *("ListParts", "CompleteMultipartUpload"),
    )
    upload = call("CreateMultipartUpload", **to)["UploadId"]
    call("AbortMultipartUpload", **to, UploadId=upload)
    assert not call("ListMultipartUploads", Bucket=b).get("Uploads")
    yield ("AbortMultipartUpload",)


def _object_tagging(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    to = {"Bucket": b, "Key": KEY}
    tags = [{"Key": "a", "Value": "b"}]
    call("PutObjectTagging", **to, Tagging={"TagSet": tags})
    assert call("GetObjectTagging", **to)["TagSet"] == tags
    yield ("PutObjectTagging", "GetObjectTagging")
    call("DeleteObjectTagging", **to)
    assert call("GetObjectTagging", **to)["TagSet"] == []
    yield ("DeleteObjectTagging",)


def _access_lists(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    owned = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    call("PutBucketOwnershipControls", Bucket=b, OwnershipControls=owned)
    # Until this, every public list is refused.
    call("DeletePublicAccessBlock", Bucket=b)
    public = "http://acs.amazonaws.com/groups/global/AllUsers"
    for kind, to in (("Bucket", {"Bucket": b}), ("Object", {"Bucket": b, "Key": KEY})):
        assert len(call(f"Get{kind}Acl", **to)["Grants"]) == 1
        call(f"Put{kind}Acl", **to, ACL="public-read")
        grants = call(f"Get{kind}Acl", **to)["Grants"]
        assert public in [grant["Grantee"].get("URI") for grant in grants]
        yield (f"Get{kind}Acl", f"Put{kind}Acl")


def _versioning(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    assert "Status" not in call("GetBucketVersioning", Bucket=b)
    call("PutBucketVersioning", Bucket=b, VersioningConfiguration={"Status": "Enabled"})
    assert call("GetBucketVersioning", Bucket=b)["Status"] == "Enabled"
    call("PutObject", Bucket=b, Key="v", Body=b"1")
    call("DeleteObject", Bucket=b, Key="v")
    assert [m["Key"] for m in call("ListObjectVersions", Bucket=b)["DeleteMarkers"]] == ["v"]
    yield ("GetBucketVersioning", "PutBucketVersioning")


def _object_lock(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    locked = f"{b}-lock"
    call("CreateBucket", Bucket=locked, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    wanted = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    call("PutObjectLockConfiguration", Bucket=locked, ObjectLockConfiguration=wanted)
    got = call("GetObjectLockConfiguration", Bucket=locked)["ObjectLockConfiguration"]
    assert got["ObjectLockEnabled"] == "Enabled"
    assert (got["Rule"]["DefaultRetention"]["Mode"], got["Rule"]["DefaultRetention"]["Days"]) == (
        "GOVERNANCE",
        1,
    )
    yield ("PutObjectLockConfiguration", "GetObjectLockConfiguration")
    to = {"Bucket": locked, "Key": "held"}
    version = call("PutObject", **to, Body=b"1")["VersionId"]
    call("PutObjectLegalHold", **to, LegalHold={"Status": "ON"})
    assert call("GetObjectLegalHold", **to)["LegalHold"] == {"Status": "ON"}
    assert error_of(call, "DeleteObject", **to, VersionId=version) == "AccessDenied"
    call("PutObjectLegalHold", **to, LegalHold={"Status": "OFF"})
    assert call("GetObjectLegalHold", **to)["LegalHold"] == {"Status": "OFF"}
    yield ("PutObjectLegalHold", "GetObjectLegalHold")
    until = "2099-01-01T00:00:00Z"
    call("PutObjectRetention", **to, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until})
    retention = call("GetObjectRetention", **to)["Retention"]
    assert retention["Mode"] == "COMPLIANCE"
    assert retention["RetainUntilDate"].year == 2099
    assert error_of(call, "DeleteObject", **to, VersionId=version) == "AccessDenied"
    yield ("PutObjectRetention", "GetObjectRetention")


def _policy(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{b}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    call("PutBucketPolicy", Bucket=b, Policy=policy)
    assert json.loads(call("GetBucketPolicy", Bucket=b)["Policy"]) == json.loads(policy)
    yield ("PutBucketPolicy", "GetBucketPolicy")
    call("DeleteBucketPolicy", Bucket=b)
    assert error_of(call, "GetBucketPolicy", Bucket=b) == "NoSuchBucketPolicy"
    yield ("DeleteBucketPolicy",)
    call("DeletePublicAccessBlock", Bucket=b)
    call("PutBucketPolicy", Bucket=b, Policy=policy)
    assert call("GetBucketPolicyStatus", Bucket=b)["PolicyStatus"]["IsPublic"] is True
    yield ("GetBucketPolicyStatus",)


def _restoring(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    to = {"Bucket": b, "Key": "cold"}
    call("PutObject", **to, Body=b"1", StorageClass="GLACIER")
    call("RestoreObject", **to, RestoreRequest={"Days": 1})
    assert "Restore" in call("HeadObject", **to)
    call("DeleteObject", **to)
    yield ("RestoreObject",)


PROOFS: tuple[Proof, ...] = (
    _reading,
    _lives,
    _multipart,
    _object_tagging,
    _access_lists,
    _versioning,
    _object_lock,
    _policy,
    _restoring,
)
