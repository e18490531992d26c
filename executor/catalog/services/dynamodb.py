"""Amazon DynamoDB: tables, with their items as data.

Reading items costs read capacity of the target; the reader's cap bounds it. In a replica an
item has its key and nothing else. Replicas in other regions are told as parts, and not read
there; vector indexes are told, and not rebuilt. Global tables of the old kind and how replicas
scale are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.declarations import (
    DataCopy,
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    apart,
    on,
)
from executor.catalog.dynamodb_backups import BACKUP
from executor.catalog.dynamodb_choices import choosing
from executor.catalog.dynamodb_items import (
    batch_of,
    batches,
    copied,
    erased,
    items,
    looked_at,
    one_item,
    transaction_of,
    written,
)
from executor.catalog.dynamodb_settings import (
    billing_mode,
    destinations,
    encryption,
    recovery,
    replicas,
    settings,
    stream,
    throughput,
    ttl,
)
from executor.catalog.policies import narrowed, opened
from executor.catalog.raw import objects, table
from executor.catalog.weakening import lost, removed, shrunk, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

_NAME = "params.TableName"


def _keys_of(indexes: list[JsonObject], billing: str, *, own_capacity: bool) -> list[object]:
    made: list[object] = []
    for index in indexes:
        wanted = {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        if own_capacity and billing == "PROVISIONED":
            wanted["ProvisionedThroughput"] = throughput(index, billing)
        made.append(wanted)
    return made


def _create(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    billing = billing_mode(raw)
    params: dict[str, object] = {
        "TableName": raw["TableName"],
        "KeySchema": raw["KeySchema"],
        "AttributeDefinitions": raw["AttributeDefinitions"],
        "BillingMode": billing,
        "DeletionProtectionEnabled": bool(raw.get("DeletionProtectionEnabled")),
        "Tags": raw.get("Tags") or [],
    }
    if billing == "PROVISIONED":
        params["ProvisionedThroughput"] = throughput(raw, billing)
    for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if objects(raw, key):
            own = key.startswith("Global")
            params[key] = _keys_of(objects(raw, key), billing, own_capacity=own)
    if stream(raw):
        params["StreamSpecification"] = raw["StreamSpecification"]
    if raw.get("OnDemandThroughput"):
        params["OnDemandThroughput"] = raw["OnDemandThroughput"]
    if table(raw, "TableClassSummary"):
        params["TableClass"] = table(raw, "TableClassSummary")["TableClass"]
    yield {**params, **_encrypted(raw)}


def _encrypted(raw: JsonObject) -> dict[str, object]:
    wanted = encryption(raw)
    if not isinstance(wanted, Mapping):
        return {}
    key = {"KMSMasterKeyId": wanted["Key"]} if wanted.get("Key") else {}
    return {"SSESpecification": {"Enabled": True, "SSEType": wanted["Type"] or "KMS", **key}}


def _expire(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    attribute = ttl(raw)
    if attribute:
        yield {
            "TableName": raw["TableName"],
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": attribute},
        }


def _back_up(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    found = recovery(raw)
    if found:
        days = found.get("RecoveryPeriodInDays")
        yield {
            "TableName": raw["TableName"],
            "PointInTimeRecoverySpecification": {
                "PointInTimeRecoveryEnabled": True,
                **({"RecoveryPeriodInDays": days} if days else {}),
            },
        }


def _share(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    document = raw.get("ResourcePolicy")
    if document:
        wanted = document if isinstance(document, str) else canonical(document).decode()
        yield {"ResourceArn": raw["TableArn"], "Policy": wanted}


def _replicate(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    for region in replicas(raw):
        yield {
            "TableName": raw["TableName"],
            "ReplicaUpdates": [{"Create": {"RegionName": region}}],
        }


def _flow(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    for arn in destinations(raw):
        yield {"TableName": raw["TableName"], "StreamArn": arn}


def _expiring(before: Json, after: Json) -> bool:
    """Items expire by an attribute by which they did not."""
    return bool(after)


TABLE = ResourceType(
    type="AWS::DynamoDB::Table",
    listing=Listing(operation="ListTables", items="TableNames[].{TableName: @}"),
    details=(
        Detail(operation="DescribeTable", params={"TableName": "TableName"}, pick="Table"),
        Detail(
            operation="DescribeTimeToLive",
            params={"TableName": "TableName"},
            pick="TimeToLiveDescription",
            into="TimeToLive",
        ),
        Detail(
            operation="DescribeContinuousBackups",
            params={"TableName": "TableName"},
            pick="ContinuousBackupsDescription",
            into="ContinuousBackups",
        ),
        Detail(
            operation="ListTagsOfResource",
            params={"ResourceArn": "TableArn"},
            pick="Tags",
            into="Tags",
        ),
        Detail(
            operation="GetResourcePolicy",
            params={"ResourceArn": "TableArn"},
            pick="Policy",
            into="ResourcePolicy",
            absent=frozenset({"PolicyNotFoundException"}),
        ),
        Detail(
            operation="DescribeKinesisStreamingDestination",
            params={"TableName": "TableName"},
            pick="KinesisDataStreamDestinations",
            into="StreamDestinations",
        ),
    ),
    id="TableName",
    name="TableName",
    arn="TableArn",
    handles=("TableId",),
    settings=settings,
    birth={"id": "TableId", "created": "CreationDateTime"},
    tags="Tags",
    stateful=True,
    data=items,
    probes=("Scan",),
    copy=DataCopy(operations=("BatchGetItem",), fill=copied),
    settling="contains(['CREATING', 'UPDATING', 'DELETING', 'ARCHIVING'], TableStatus)",
    # Some engines look whether a stream is there that changes shall flow to.
    depends_on=("AWS::Kinesis::Stream",),
    seeds=(
        Seed(
            operation="CreateTable",
            params=_create,
            learn={
                "TableId": "TableDescription.TableId",
                "TableArn": "TableDescription.TableArn",
                "LatestStreamArn": "TableDescription.LatestStreamArn",
                "LatestStreamLabel": "TableDescription.LatestStreamLabel",
            },
            creates=True,
            optional=False,
        ),
        Seed(operation="BatchWriteItem", params=batches),
        # Enabling what is enabled is an error.
        Seed(
            operation="UpdateTimeToLive",
            params=_expire,
            lacking=lambda params, there: ttl(there) is None,
        ),
        Seed(operation="UpdateContinuousBackups", params=_back_up),
        Seed(operation="PutResourcePolicy", params=_share),
        Seed(
            operation="UpdateTable",
            params=_replicate,
            lacking=lambda params, there: not replicas(there),
        ),
        Seed(
            operation="EnableKinesisStreamingDestination",
            params=_flow,
            lacking=lambda params, there: not destinations(there),
        ),
    ),
    operations=(
        *on(Verb.CREATE, "[params.TableName, response.TableDescription.TableArn]", "CreateTable"),
        *on(
            Verb.CREATE,
            "[params.TargetTableName, response.TableDescription.TableArn]",
            "RestoreTableFromBackup",
            "RestoreTableToPointInTime",
        ),
        *on(Verb.CREATE, "params.TableCreationParameters.TableName", "ImportTable"),
        *on(
            Verb.READ,
            "[params.SourceTableName, params.SourceTableArn]",
            "RestoreTableToPointInTime",
        ),
        *on(Verb.READ, _NAME, "CreateBackup"),
        *on(Verb.READ, "params.TableArn", "ExportTableToPointInTime"),
        *on(
            Verb.DELETE,
            "[params.TableName, response.TableDescription.TableArn]",
            "DeleteTable",
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            "UpdateContinuousBackups",
            "UpdateTable",
            "UpdateTimeToLive",
        ),
        # Not every engine keeps replicas; the call says it all the same.
        *on(
            Verb.UPDATE,
            "params.ReplicaUpdates[].Delete.RegionName && params.TableName",
            "UpdateTable",
            part="params.ReplicaUpdates[].Delete.RegionName | map(&join(' ', ['replica', @]), @)",
            hazard=Hazard.PROTECTION_LOSS,
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            "DisableKinesisStreamingDestination",
            "EnableKinesisStreamingDestination",
            part="'stream destination'",
        ),
        # How exact the times are that it tells.
        *on(
            Verb.UPDATE,
            _NAME,
            "UpdateKinesisStreamingDestination",
            part="'stream destination'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            "params.ResourceArn",
            "DeleteResourcePolicy",
            "PutResourcePolicy",
            "TagResource",
            "UntagResource",
        ),
        *choosing(
            "Query",
            "Scan",
            "DeleteItem",
            "PutItem",
            "UpdateItem",
            "TransactWriteItems",
            "BatchExecuteStatement",
            "ExecuteStatement",
            "ExecuteTransaction",
        ),
        *apart(Verb.WRITE, one_item, "PutItem", "UpdateItem"),
        *apart(Verb.ERASE, one_item, "DeleteItem"),
        *apart(Verb.WRITE, batch_of("PutRequest", "Item"), "BatchWriteItem"),
        *apart(Verb.ERASE, batch_of("DeleteRequest", "Key"), "BatchWriteItem"),
        *apart(Verb.WRITE, transaction_of("Put", "Update"), "TransactWriteItems"),
        *apart(Verb.ERASE, transaction_of("Delete"), "TransactWriteItems"),
        *apart(Verb.READ, transaction_of("ConditionCheck"), "TransactWriteItems"),
        *(
            operation
            for verb, pairs in (
                (Verb.WRITE, written),
                (Verb.ERASE, erased),
                (Verb.READ, looked_at),
            )
            for operation in apart(
                verb, pairs, "BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"
            )
        ),
    ),
    hazards=(
        HazardRule(field="TimeToLiveAttribute", hazard=Hazard.DATA_LOSS, when=_expiring),
        HazardRule(field="PointInTimeRecovery", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="RecoveryPeriodInDays", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(
            field="DeletionProtectionEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
        HazardRule(field="Encryption", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="Replicas", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="GlobalSecondaryIndexes", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Stream", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="VectorIndexes", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="StreamDestinations", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
    ),
)

SERVICE = Service(
    name="dynamodb",
    types=(TABLE, BACKUP),
    elsewhere={
        "AWS::S3::Bucket": on(
            Verb.WRITE, "params.S3Bucket", "ExportTableToPointInTime", reaches=("s3",)
        )
    },
    harmless={
        "UpdateContributorInsights": "counts which keys are used most; changes nothing else",
    },
)
