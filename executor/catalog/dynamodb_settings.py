"""DynamoDB: what is set of a table, out of its description."""

from __future__ import annotations

from executor.catalog.policies import outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.model.json import Json, JsonObject

_ON = ("ENABLED", "ENABLING")
_CAPACITY = ("ReadCapacityUnits", "WriteCapacityUnits")
_FLOWING = ("ACTIVE", "ENABLING", "UPDATING")


def billing_mode(raw: JsonObject) -> str:
    """Return `PROVISIONED` or `PAY_PER_REQUEST`."""
    return text(table(raw, "BillingModeSummary"), "BillingMode") or "PROVISIONED"


def throughput(raw: JsonObject, billing: str) -> Json:
    """Return the capacity of a table or an index; None where it is not provisioned."""
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
            "Throughput": throughput(index, billing) if key.startswith("Global") else None,
        }
        for index in objects(raw, key)
    }


def ttl(raw: JsonObject) -> Json:
    """Return the attribute by which items expire; None when they do not."""
    found = table(raw, "TimeToLive")
    return found.get("AttributeName") if found.get("TimeToLiveStatus") in _ON else None


def recovery(raw: JsonObject) -> JsonObject:
    """Return how point-in-time recovery is set; empty when it is off."""
    found = table(table(raw, "ContinuousBackups"), "PointInTimeRecoveryDescription")
    return found if found.get("PointInTimeRecoveryStatus") in _ON else {}


def encryption(raw: JsonObject) -> Json:
    """Return kind and key of encryption by a key of KMS; None when there is none."""
    found = table(raw, "SSEDescription")
    if found.get("Status") not in (*_ON, "UPDATING"):
        return None
    return {"Type": found.get("SSEType"), "Key": found.get("KMSMasterKeyArn")}


def stream(raw: JsonObject) -> Json:
    """Return what a table's stream shows; None when it has none."""
    found = table(raw, "StreamSpecification")
    return found.get("StreamViewType") if found.get("StreamEnabled") else None


def destinations(raw: JsonObject) -> list[str]:
    """Return the Kinesis streams that changes flow to, sorted."""
    return sorted(
        text(place, "StreamArn")
        for place in objects(raw, "StreamDestinations")
        if place.get("DestinationStatus") in _FLOWING
    )


def replicas(raw: JsonObject) -> list[str]:
    """Return the other regions that have a copy, sorted."""
    here = text(raw, "TableArn").split(":")[3:4]
    regions = [text(replica, "RegionName") for replica in objects(raw, "Replicas")]
    return sorted(region for region in regions if region not in here)


def settings(raw: JsonObject) -> Json:
    """Return the settings that matter of a table."""
    billing = billing_mode(raw)
    document = policy(raw.get("ResourcePolicy"))
    attributes = objects(raw, "AttributeDefinitions")
    return {
        "KeySchema": raw.get("KeySchema"),
        "Attributes": {text(a, "AttributeName"): a.get("AttributeType") for a in attributes},
        "BillingMode": billing,
        "Throughput": throughput(raw, billing),
        "OnDemandThroughput": raw.get("OnDemandThroughput"),
        "GlobalSecondaryIndexes": _indexes(raw, "GlobalSecondaryIndexes", billing),
        "LocalSecondaryIndexes": _indexes(raw, "LocalSecondaryIndexes", billing),
        "Stream": stream(raw),
        "Encryption": encryption(raw),
        "TableClass": text(table(raw, "TableClassSummary"), "TableClass") or "STANDARD",
        "DeletionProtectionEnabled": bool(raw.get("DeletionProtectionEnabled")),
        "TimeToLiveAttribute": ttl(raw),
        "PointInTimeRecovery": bool(recovery(raw)),
        "RecoveryPeriodInDays": recovery(raw).get("RecoveryPeriodInDays"),
        "Replicas": list(replicas(raw)),
        "StreamDestinations": list(destinations(raw)),
        "VectorIndexes": sorted(text(i, "IndexName") for i in objects(raw, "VectorIndexes")),
        "MultiRegionConsistency": raw.get("MultiRegionConsistency"),
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
    }
