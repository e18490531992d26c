"""S3's bucket settings: put one, get it back, delete it, find it gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandboxes.embedded.operations.s3_proofs import Call, Proof, error_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """One sub-resource of a bucket.

    Attributes:
        name: as in `PutBucket<name>`.
        put: parameters that set it.
        got: the member of the answer that must equal `expected`.
        missing: the error code of getting it when it is not set; empty where it has a default.
        identity: parameters that name one of several.
        preset: a new bucket has it already, with another value.
        delete_as: the operation that deletes it, if not named after it; empty if there is none.
    """

    name: str
    put: Mapping[str, Any]
    got: str
    expected: Any
    missing: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)
    preset: bool = False
    delete_as: str | None = None


_RULE = {
    "ID": "r",
    "Status": "Enabled",
    "Filter": {"Prefix": "logs/"},
    "Expiration": {"Days": 7},
}
_AES = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
_CORS = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"]}
_BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}
_TIERS = {
    "Id": "t",
    "Status": "Enabled",
    "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
}
_INVENTORY = {
    "Id": "i",
    "IsEnabled": True,
    "IncludedObjectVersions": "All",
    "Schedule": {"Frequency": "Daily"},
    "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::out", "Format": "CSV"}},
}
_TAGS = [{"Key": "a", "Value": "b"}]

_SETTINGS = (
    _Setting(
        name="LifecycleConfiguration",
        put={"LifecycleConfiguration": {"Rules": [_RULE]}},
        got="Rules",
        expected=[_RULE],
        missing="NoSuchLifecycleConfiguration",
        delete_as="DeleteBucketLifecycle",
    ),
    _Setting(
        name="Cors",
        put={"CORSConfiguration": {"CORSRules": [_CORS]}},
        got="CORSRules",
        expected=[_CORS],
        missing="NoSuchCORSConfiguration",
    ),
    _Setting(
        name="Tagging",
        put={"Tagging": {"TagSet": _TAGS}},
        got="TagSet",
        expected=_TAGS,
        missing="NoSuchTagSet",
    ),
    _Setting(
        name="Website",
        put={"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}},
        got="IndexDocument",
        expected={"Suffix": "index.html"},
        missing="NoSuchWebsiteConfiguration",
    ),
    _Setting(
        name="Encryption",
        put={"ServerSideEncryptionConfiguration": {"Rules": [_AES]}},
        got="ServerSideEncryptionConfiguration",
        expected={"Rules": [_AES]},
        preset=True,
    ),
    _Setting(
        name="OwnershipControls",
        put={"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
        got="OwnershipControls",
        expected={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        missing="OwnershipControlsNotFoundError",
        preset=True,
    ),
    _Setting(
        name="AccelerateConfiguration",
        put={"AccelerateConfiguration": {"Status": "Enabled"}},
        got="Status",
        expected="Enabled",
        delete_as="",
    ),
    _Setting(
        name="RequestPayment",
        put={"RequestPaymentConfiguration": {"Payer": "Requester"}},
        got="Payer",
        expected="Requester",
        delete_as="",
    ),
    _Setting(
        name="MetricsConfiguration",
        put={"Id": "m", "MetricsConfiguration": {"Id": "m"}},
        got="MetricsConfiguration",
        expected={"Id": "m"},
        missing="NoSuchConfiguration",
        identity={"Id": "m"},
    ),
    _Setting(
        name="AnalyticsConfiguration",
        put={"Id": "a", "AnalyticsConfiguration": {"Id": "a", "StorageClassAnalysis": {}}},
        got="AnalyticsConfiguration",
        expected={"Id": "a", "StorageClassAnalysis": {}},
        missing="NoSuchConfiguration",
        identity={"Id": "a"},
    ),
    _Setting(
        name="InventoryConfiguration",
        put={"Id": "i", "InventoryConfiguration": _INVENTORY},
        got="InventoryConfiguration",
        expected=_INVENTORY,
        missing="NoSuchConfiguration",
        identity={"Id": "i"},
    ),
    _Setting(
        name="IntelligentTieringConfiguration",
        put={"Id": "t", "IntelligentTieringConfiguration": _TIERS},
        got="IntelligentTieringConfiguration",
        expected=_TIERS,
        missing="NoSuchConfiguration",
        identity={"Id": "t"},
    ),
)


def _proof_of(setting: _Setting) -> Proof:
    put, get = f"PutBucket{setting.name}", f"GetBucket{setting.name}"
    delete = f"DeleteBucket{setting.name}" if setting.delete_as is None else setting.delete_as

    def proof(call: Call, b: str) -> Iterator[tuple[str, ...]]:
        to = {"Bucket": b, **setting.identity}
        if setting.missing and not setting.preset:
            assert error_of(call, get, **to) == setting.missing
        call(put, **{"Bucket": b, **setting.put})
        got = call(get, **to)[setting.got]
        assert _contains(got, setting.expected), (got, setting.expected)
        yield put, get
        if not delete:
            return
        if setting.identity:
            many = call(f"ListBucket{setting.name}s", Bucket=b)
            assert len(many[f"{setting.name}List"]) == 1
            yield (f"ListBucket{setting.name}s",)
        call(delete, **to)
        if setting.missing:
            assert error_of(call, get, **to) == setting.missing
        yield (delete,)

    proof.__name__ = setting.name
    return proof


def _public_access_block(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    call("PutPublicAccessBlock", Bucket=b, PublicAccessBlockConfiguration=_BLOCK)
    got = call("GetPublicAccessBlock", Bucket=b)["PublicAccessBlockConfiguration"]
    assert got == _BLOCK
    yield ("PutPublicAccessBlock", "GetPublicAccessBlock")
    call("DeletePublicAccessBlock", Bucket=b)
    gone = error_of(call, "GetPublicAccessBlock", Bucket=b)
    assert gone == "NoSuchPublicAccessBlockConfiguration"
    yield ("DeletePublicAccessBlock",)


def _notifications(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    # moto says 200 and forgets this one, though it keeps queues, topics and functions. The call
    # replaces them all, so what forgets one of them shows other losses than there are.
    wanted: dict[str, Any] = {"EventBridgeConfiguration": {}}
    call("PutBucketNotificationConfiguration", Bucket=b, NotificationConfiguration=wanted)
    got = call("GetBucketNotificationConfiguration", Bucket=b)
    assert got == wanted
    call("PutBucketNotificationConfiguration", Bucket=b, NotificationConfiguration={})
    assert call("GetBucketNotificationConfiguration", Bucket=b) == {}
    yield ("PutBucketNotificationConfiguration", "GetBucketNotificationConfiguration")


def _logging(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    assert "LoggingEnabled" not in call("GetBucketLogging", Bucket=b)
    logs = f"{b}-logs"
    call("CreateBucket", Bucket=logs)
    call(
        "PutBucketOwnershipControls",
        Bucket=logs,
        OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
    )
    call("PutBucketAcl", Bucket=logs, ACL="log-delivery-write")
    enabled = {"TargetBucket": logs, "TargetPrefix": "p/"}
    call("PutBucketLogging", Bucket=b, BucketLoggingStatus={"LoggingEnabled": enabled})
    assert call("GetBucketLogging", Bucket=b)["LoggingEnabled"] == enabled
    call("PutBucketLogging", Bucket=b, BucketLoggingStatus={})
    assert "LoggingEnabled" not in call("GetBucketLogging", Bucket=b)
    yield ("PutBucketLogging", "GetBucketLogging")


def _replication(call: Call, b: str) -> Iterator[tuple[str, ...]]:
    for bucket in (b, f"{b}-copy"):
        if bucket != b:
            call("CreateBucket", Bucket=bucket)
        call("PutBucketVersioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "r",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "Status": "Enabled",
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{b}-copy"},
    }
    role = "arn:aws:iam::000000000000:role/copy"
    wanted = {"Role": role, "Rules": [rule]}
    call("PutBucketReplication", Bucket=b, ReplicationConfiguration=wanted)
    got = call("GetBucketReplication", Bucket=b)["ReplicationConfiguration"]
    assert _contains(got, wanted), got
    yield ("PutBucketReplication", "GetBucketReplication")
    call("DeleteBucketReplication", Bucket=b)
    gone = error_of(call, "GetBucketReplication", Bucket=b)
    assert gone == "ReplicationConfigurationNotFoundError"
    yield ("DeleteBucketReplication",)


def _contains(got: Any, wanted: Any) -> bool:
    """Whether `got` has all of `wanted`; AWS adds defaults."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(
            name in got and _contains(got[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(got, list)
            and len(got) == len(wanted)
            and all(_contains(*pair) for pair in zip(got, wanted, strict=True))
        )
    return bool(got == wanted)


SETTING_PROOFS: tuple[Proof, ...] = (
    *(_proof_of(setting) for setting in _SETTINGS),
    _public_access_block,
    _notifications,
    _logging,
    _replication,
)
