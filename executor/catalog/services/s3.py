"""Amazon S3: buckets, with their objects and versions as data.

A replica holds stand-ins of up to 4 KiB under the same keys. Tags, access lists, locks and
metadata of single objects are not read; calls that let strangers read an object, or unlock
one, leave a run undecided, as do access points, directory buckets, and the configurations that
no emulator keeps (inventory, metrics, analytics, tiering, acceleration, requester pays).
Unfinished multipart uploads are not objects yet.
"""

from __future__ import annotations

from executor.catalog import s3_objects, s3_settings
from executor.catalog.declarations import (
    DataCopy,
    Detail,
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    Service,
    apart,
)
from executor.catalog.describing import partition
from executor.catalog.policies import narrowed, opened
from executor.catalog.raw import text
from executor.catalog.weakening import lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject


def _arn(raw: JsonObject) -> str:
    return f"arn:{partition(s3_settings.region(raw))}:s3:::{text(raw, 'Name')}"


def _read(operation: str, into: str, pick: str = "@", absent: str = "") -> Detail:
    return Detail(
        operation=operation,
        params={"Bucket": "Name"},
        pick=pick,
        into=into,
        absent=frozenset({absent}) if absent else frozenset(),
    )


def _overwrites_lose(properties: JsonObject) -> bool:
    return properties.get("Versioning") != "Enabled"


def _stops_versioning(before: Json, after: Json) -> bool:
    return before == "Enabled"


def _key_removed(before: Json, after: Json) -> bool:
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    by_key = ("aws:kms", "aws:kms:dsse")
    return old.get("Algorithm") in by_key and new.get("Algorithm") not in by_key


def _set(part: str, *operations: str) -> tuple[Operation, ...]:
    return apart(Verb.UPDATE, s3_objects.whole_bucket(part), *operations)


BUCKET = ResourceType(
    type="AWS::S3::Bucket",
    # A parameter, whichever, makes AWS tell the region of each.
    listing=Listing(operation="ListBuckets", items="Buckets[]", params={"MaxBuckets": 1000}),
    details=(
        _read("GetBucketLocation", ""),
        _read("GetBucketVersioning", "Versioning"),
        _read("GetBucketPolicy", "Policy", "Policy", "NoSuchBucketPolicy"),
        _read(
            "GetBucketLifecycleConfiguration", "Lifecycle", "Rules", "NoSuchLifecycleConfiguration"
        ),
        _read(
            "GetBucketEncryption",
            "Encryption",
            "ServerSideEncryptionConfiguration.Rules",
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        _read("GetBucketTagging", "Tags", "TagSet", "NoSuchTagSet"),
        _read(
            "GetPublicAccessBlock",
            "PublicAccessBlock",
            "PublicAccessBlockConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
        ),
        _read("GetBucketCors", "Cors", "CORSRules", "NoSuchCORSConfiguration"),
        _read("GetBucketWebsite", "Website", "@", "NoSuchWebsiteConfiguration"),
        _read("GetBucketLogging", "Logging", "LoggingEnabled"),
        _read("GetBucketNotificationConfiguration", "Notification"),
        _read(
            "GetBucketOwnershipControls",
            "OwnershipControls",
            "OwnershipControls.Rules",
            "OwnershipControlsNotFoundError",
        ),
        _read("GetBucketAcl", "Acl"),
        _read(
            "GetObjectLockConfiguration",
            "ObjectLock",
            "ObjectLockConfiguration",
            "ObjectLockConfigurationNotFoundError",
        ),
        _read(
            "GetBucketReplication",
            "Replication",
            "ReplicationConfiguration",
            "ReplicationConfigurationNotFoundError",
        ),
    ),
    id="Name",
    name="Name",
    arn=_arn,
    settings=s3_settings.settings,
    birth={"created": "CreationDate"},
    tags="Tags",
    stateful=True,
    data=s3_objects.contents,
    probes=("ListObjectsV2", "ListObjectVersions"),
    copy=DataCopy(operations=("GetObject",), fill=s3_objects.copied),
    overwrites_lose=_overwrites_lose,
    seeds=(
        Seed(
            operation="CreateBucket",
            params=s3_settings.create,
            creates=True,
            optional=False,
            tolerate=frozenset({"BucketAlreadyOwnedByYou"}),
            # The one place from which buckets can be made in any region.
            region=s3_settings.HOME,
        ),
        Seed(operation="PutBucketVersioning", params=s3_settings.versioning),
        Seed(
            operation="PutBucketOwnershipControls",
            params=s3_settings.put(
                "OwnershipControls", lambda rules: {"OwnershipControls": {"Rules": rules}}
            ),
        ),
        Seed(operation="PutBucketEncryption", params=s3_settings.encryption),
        Seed(operation="PutObjectLockConfiguration", params=s3_settings.lock),
        Seed(operation="PutObject", params=s3_objects.put_objects, learn=s3_objects.learn_version),
        Seed(operation="DeleteObject", params=s3_objects.hide_objects),
        Seed(operation="PutBucketVersioning", params=s3_settings.suspension),
        Seed(
            operation="PutBucketPolicy",
            params=s3_settings.put("Policy", lambda document: {"Policy": document}),
        ),
        Seed(
            operation="PutBucketLifecycleConfiguration",
            params=s3_settings.put(
                "Lifecycle", lambda rules: {"LifecycleConfiguration": {"Rules": rules}}
            ),
        ),
        Seed(
            operation="PutBucketTagging",
            params=s3_settings.put("Tags", lambda tags: {"Tagging": {"TagSet": tags}}),
        ),
        Seed(
            operation="PutBucketCors",
            params=s3_settings.put(
                "Cors", lambda rules: {"CORSConfiguration": {"CORSRules": rules}}
            ),
        ),
        Seed(
            operation="PutBucketWebsite",
            params=s3_settings.put("Website", lambda said: {"WebsiteConfiguration": said}),
        ),
        Seed(
            operation="PutBucketLogging",
            params=s3_settings.put(
                "Logging", lambda said: {"BucketLoggingStatus": {"LoggingEnabled": said}}
            ),
            late=True,
        ),
        Seed(
            operation="PutBucketNotificationConfiguration",
            params=s3_settings.put(
                "Notification",
                lambda said: {
                    "NotificationConfiguration": said,
                    "SkipDestinationValidation": True,
                },
            ),
            late=True,
        ),
        Seed(
            operation="PutBucketReplication",
            params=s3_settings.put("Replication", lambda said: {"ReplicationConfiguration": said}),
            late=True,
        ),
        Seed(operation="PutBucketAcl", params=s3_settings.acl),
        Seed(
            operation="PutPublicAccessBlock",
            params=s3_settings.put(
                "PublicAccessBlock", lambda said: {"PublicAccessBlockConfiguration": said}
            ),
        ),
    ),
    operations=(
        *apart(Verb.CREATE, s3_objects.whole_bucket(), "CreateBucket"),
        *apart(Verb.DELETE, s3_objects.whole_bucket(), "DeleteBucket"),
        *_set("access list", "PutBucketAcl"),
        *_set("CORS", "PutBucketCors", "DeleteBucketCors"),
        *_set("encryption", "PutBucketEncryption", "DeleteBucketEncryption"),
        *_set(
            "lifecycle",
            "PutBucketLifecycle",
            "PutBucketLifecycleConfiguration",
            "DeleteBucketLifecycle",
        ),
        *_set("logging", "PutBucketLogging"),
        *_set("notifications", "PutBucketNotification", "PutBucketNotificationConfiguration"),
        *_set("object lock", "PutObjectLockConfiguration"),
        *_set("ownership", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"),
        *_set("policy", "PutBucketPolicy", "DeleteBucketPolicy"),
        *_set("public access block", "PutPublicAccessBlock", "DeletePublicAccessBlock"),
        *_set("replication", "PutBucketReplication", "DeleteBucketReplication"),
        *_set("tags", "PutBucketTagging", "DeleteBucketTagging"),
        *_set("versioning", "PutBucketVersioning"),
        *_set("website", "PutBucketWebsite", "DeleteBucketWebsite"),
        *apart(Verb.WRITE, s3_objects.written, "PutObject", "CompleteMultipartUpload"),
        *apart(Verb.WRITE, s3_objects.copied_there, "CopyObject"),
        *apart(Verb.UPDATE, s3_objects.copied_onto_itself, "CopyObject"),
        *apart(Verb.ERASE, s3_objects.one_object, "DeleteObject"),
        *apart(Verb.ERASE, s3_objects.several_objects, "DeleteObjects"),
        *apart(Verb.UPDATE, s3_objects.one_object, "PutObjectTagging", "DeleteObjectTagging"),
        *apart(Verb.READ, s3_objects.one_object, "RestoreObject"),
        # The access list of what becomes an object is given when its upload begins.
        *apart(Verb.READ, s3_objects.written, "CreateMultipartUpload"),
        *apart(
            Verb.READ,
            s3_objects.one_object,
            "AbortMultipartUpload",
            "UploadPart",
            "UploadPartCopy",
        ),
    ),
    hazards=(
        HazardRule(field="Versioning", hazard=Hazard.PROTECTION_LOSS, when=_stops_versioning),
        HazardRule(field="MFADelete", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Lifecycle", hazard=Hazard.DATA_LOSS, when=s3_settings.expires_more),
        HazardRule(field="Encryption", hazard=Hazard.PROTECTION_LOSS, when=_key_removed),
        *(
            HazardRule(field=f"PublicAccessBlock.{block}", hazard=Hazard.EXPOSURE, when=turned_off)
            for block in s3_settings.BLOCKS
        ),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Grants", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(field="Website", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="Cors", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="Notifications", hazard=Hazard.DISRUPTION, when=s3_settings.tells_less),
        HazardRule(field="Logging", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(
            field="Replication.Rules",
            hazard=Hazard.PROTECTION_LOSS,
            when=s3_settings.copies_less,
        ),
        HazardRule(
            field="DefaultRetention",
            hazard=Hazard.PROTECTION_LOSS,
            when=s3_settings.retention_weaker,
        ),
    ),
)

# Every bucket is listed from anywhere, and its name is taken everywhere.
SERVICE = Service(name="s3", types=(BUCKET,), is_global=True, borderless=True)
