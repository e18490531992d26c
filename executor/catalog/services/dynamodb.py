"""Amazon DynamoDB: tables, with their items as data.

Reading items costs read capacity of the target; the reader's cap bounds it. In a replica an
item has its key and nothing else. Backups, global tables of the old kind, exports, imports,
restores, contributor insights, stream destinations and replica scaling are not read: what
changes them leaves a run undecided.
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
    lost,
    objects,
    on,
    removed,
    rows,
    shrunk,
    table,
    text,
    turned_off,
)
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
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

_ON = ("ENABLED", "ENABLING")
_CAPACITY = ("ReadCapacityUnits", "WriteCapacityUnits")
_NAME = "params.TableName"


def _billing(raw: JsonObject) -> str:
    return text(table(raw, "BillingModeSummary"), "BillingMode") or "PROVISIONED"


def _throughput(raw: JsonObject, billing: str) -> Json:
    if billing != "PROVISIONED":
        return None
    found = table(raw, "ProvisionedThroughput")
    return {key: found.get(key) for key in _CAPACITY}


def _projection(index: JsonObject) -> Json:
    found = dict(table(index, "Projection"))
    if "NonKeyAttributes" in found:
        found["NonKeyAttributes"] = sorted(str(n) for n in rows(found, "NonKeyAttributes"))
    return found


def _indexes(raw: JsonObject, key: str, billing: str) -> dict[str, Json]:
    return {
        text(index, "IndexName"): {
            "KeySchema": index.get("KeySchema"),
            "Projection": _projection(index),
            "Throughput": _throughput(index, billing) if key.startswith("Global") else None,
        }
        for index in objects(raw, key)
    }


def _ttl(raw: JsonObject) -> Json:
    found = table(raw, "TimeToLive")
    return found.get("AttributeName") if found.get("TimeToLiveStatus") in _ON else None


def _recovery(raw: JsonObject) -> JsonObject:
    found = table(table(raw, "ContinuousBackups"), "PointInTimeRecoveryDescription")
    return found if found.get("PointInTimeRecoveryStatus") in _ON else {}


def _encryption(raw: JsonObject) -> Json:
    found = table(raw, "SSEDescription")
    if found.get("Status") not in (*_ON, "UPDATING"):
        return None
    return {"Type": found.get("SSEType"), "Key": found.get("KMSMasterKeyArn")}


def _stream(raw: JsonObject) -> Json:
    found = table(raw, "StreamSpecification")
    return found.get("StreamViewType") if found.get("StreamEnabled") else None


def _settings(raw: JsonObject) -> Json:
    billing = _billing(raw)
    document = policy(raw.get("ResourcePolicy"))
    attributes = objects(raw, "AttributeDefinitions")
    return {
        "KeySchema": raw.get("KeySchema"),
        "Attributes": {text(a, "AttributeName"): a.get("AttributeType") for a in attributes},
        "BillingMode": billing,
        "Throughput": _throughput(raw, billing),
        "OnDemandThroughput": raw.get("OnDemandThroughput"),
        "GlobalSecondaryIndexes": _indexes(raw, "GlobalSecondaryIndexes", billing),
        "LocalSecondaryIndexes": _indexes(raw, "LocalSecondaryIndexes", billing),
        "Stream": _stream(raw),
        "Encryption": _encryption(raw),
        "TableClass": text(table(raw, "TableClassSummary"), "TableClass") or "STANDARD",
        "DeletionProtectionEnabled": bool(raw.get("DeletionProtectionEnabled")),
        "TimeToLiveAttribute": _ttl(raw),
        "PointInTimeRecovery": bool(_recovery(raw)),
        "RecoveryPeriodInDays": _recovery(raw).get("RecoveryPeriodInDays"),
        "Replicas": sorted(text(r, "RegionName") for r in objects(raw, "Replicas")),
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
    }


def _keys_of(indexes: list[JsonObject], billing: str, *, own_capacity: bool) -> list[object]:
    made: list[object] = []
    for index in indexes:
        wanted = {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        if own_capacity and billing == "PROVISIONED":
            wanted["ProvisionedThroughput"] = _throughput(index, billing)
        made.append(wanted)
    return made


def _create(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    billing = _billing(raw)
    params: dict[str, object] = {
        "TableName": raw["TableName"],
        "KeySchema": raw["KeySchema"],
        "AttributeDefinitions": raw["AttributeDefinitions"],
        "BillingMode": billing,
        "DeletionProtectionEnabled": bool(raw.get("DeletionProtectionEnabled")),
        "Tags": raw.get("Tags") or [],
    }
    if billing == "PROVISIONED":
        params["ProvisionedThroughput"] = _throughput(raw, billing)
    for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if objects(raw, key):
            own = key.startswith("Global")
            params[key] = _keys_of(objects(raw, key), billing, own_capacity=own)
    if _stream(raw):
        params["StreamSpecification"] = raw["StreamSpecification"]
    if raw.get("OnDemandThroughput"):
        params["OnDemandThroughput"] = raw["OnDemandThroughput"]
    if table(raw, "TableClassSummary"):
        params["TableClass"] = table(raw, "TableClassSummary")["TableClass"]
    yield {**params, **_encrypted(raw)}


def _encrypted(raw: JsonObject) -> dict[str, object]:
    wanted = _encryption(raw)
    if not isinstance(wanted, Mapping):
        return {}
    key = {"KMSMasterKeyId": wanted["Key"]} if wanted.get("Key") else {}
    return {"SSESpecification": {"Enabled": True, "SSEType": wanted["Type"] or "KMS", **key}}


def _expire(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    attribute = _ttl(raw)
    if attribute:
        yield {
            "TableName": raw["TableName"],
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": attribute},
        }


def _back_up(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    recovery = _recovery(raw)
    if recovery:
        days = recovery.get("RecoveryPeriodInDays")
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
    ),
    id="TableName",
    name="TableName",
    arn="TableArn",
    handles=("TableId",),
    settings=_settings,
    birth={"id": "TableId", "created": "CreationDateTime"},
    tags="Tags",
    stateful=True,
    data=items,
    probes=("Scan",),
    copy=DataCopy(operations=("BatchGetItem",), fill=copied),
    settling="contains(['CREATING', 'UPDATING', 'DELETING', 'ARCHIVING'], TableStatus)",
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
            lacking=lambda params, there: _ttl(there) is None,
        ),
        Seed(operation="UpdateContinuousBackups", params=_back_up),
        Seed(operation="PutResourcePolicy", params=_share),
    ),
    operations=(
        *on(Verb.CREATE, "[params.TableName, response.TableDescription.TableArn]", "CreateTable"),
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
        *on(
            Verb.UPDATE,
            "params.ResourceArn",
            "DeleteResourcePolicy",
            "PutResourcePolicy",
            "TagResource",
            "UntagResource",
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
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
    ),
)

SERVICE = Service(name="dynamodb", types=(TABLE,))
