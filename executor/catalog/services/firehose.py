"""Amazon Data Firehose: delivery streams.

A delivery stream holds records only until they are delivered. Secrets of its destinations are
not told by AWS: a replica's destinations have a placeholder. Where what is put into a stream
ends up is not followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]
_NAME = "params.DeliveryStreamName"
_ON = ("ENABLED", "ENABLING")
# Description of a destination -> parameter that makes one like it.
_KINDS = {
    "ExtendedS3DestinationDescription": "ExtendedS3DestinationConfiguration",
    "RedshiftDestinationDescription": "RedshiftDestinationConfiguration",
    "ElasticsearchDestinationDescription": "ElasticsearchDestinationConfiguration",
    "AmazonopensearchserviceDestinationDescription": (
        "AmazonopensearchserviceDestinationConfiguration"
    ),
    "AmazonOpenSearchServerlessDestinationDescription": (
        "AmazonOpenSearchServerlessDestinationConfiguration"
    ),
    "SplunkDestinationDescription": "SplunkDestinationConfiguration",
    "HttpEndpointDestinationDescription": "HttpEndpointDestinationConfiguration",
    "SnowflakeDestinationDescription": "SnowflakeDestinationConfiguration",
    "IcebergDestinationDescription": "IcebergDestinationConfiguration",
    # The plain kind is told beside the extended one as well, and comes last for that.
    "S3DestinationDescription": "S3DestinationConfiguration",
}
_SOURCES = {
    "KinesisStreamSourceDescription": "KinesisStreamSourceConfiguration",
    "MSKSourceDescription": "MSKSourceConfiguration",
    "DatabaseSourceDescription": "DatabaseSourceConfiguration",
    "DirectPutSourceDescription": "DirectPutSourceConfiguration",
}
_ASKED_AS = {
    "S3BackupDescription": "S3BackupConfiguration",
    "S3DestinationDescription": "S3Configuration",
    "VpcConfigurationDescription": "VpcConfiguration",
}
_MOMENTS = ("DeliveryStartTimestamp", "ReadFromTimestamp")
_PLACEHOLDER = "not-the-real-secret"


def _destinations(raw: JsonObject) -> list[tuple[str, JsonObject]]:
    """Return kind and description of every destination."""
    found: list[tuple[str, JsonObject]] = []
    for destination in objects(raw, "Destinations"):
        kind = next((kind for kind in _KINDS if destination.get(kind)), "")
        if kind:
            found.append((kind, table(destination, kind)))
    return found


def _source(raw: JsonObject) -> tuple[str, dict[str, Json]]:
    told = table(raw, "Source")
    for kind in _SOURCES:
        found = table(told, kind)
        if found:
            return kind, {k: v for k, v in found.items() if k not in _MOMENTS}
    return "", {}


def _encryption(raw: JsonObject) -> Json:
    found = table(raw, "DeliveryStreamEncryptionConfiguration")
    # Some engines keep silent about a status.
    if not found or found.get("Status", "ENABLED") not in _ON:
        return None
    return {"KeyType": found.get("KeyType"), "KeyARN": found.get("KeyARN")}


def _settings(raw: JsonObject) -> Json:
    kind, source = _source(raw)
    return {
        "DeliveryStreamType": raw.get("DeliveryStreamType"),
        "Encryption": _encryption(raw),
        "Source": {kind: source} if kind else None,
        "Destinations": [{kind: dict(told)} for kind, told in _destinations(raw)],
    }


def _configured(value: Json) -> Json:
    """Return a description as the configuration that asks for it."""
    if isinstance(value, Mapping):
        return {
            _ASKED_AS.get(key, key): _configured(item)
            for key, item in value.items()
            if item not in ("", None) and key != "VpcId"
        }
    return [_configured(item) for item in value] if isinstance(value, list) else value


def _secrets(kind: str, wanted: JsonObject) -> dict[str, object]:
    """Return what AWS asks for and never tells."""
    if kind == "RedshiftDestinationDescription":
        return {"Password": _PLACEHOLDER}
    if kind == "SplunkDestinationDescription":
        return {"HECToken": _PLACEHOLDER}
    if kind == "HttpEndpointDestinationDescription":
        endpoint = {**table(wanted, "EndpointConfiguration"), "AccessKey": _PLACEHOLDER}
        return {"EndpointConfiguration": endpoint}
    return {}


def _backed_up(kind: str) -> dict[str, object]:
    """Return a bucket for what cannot be delivered, which has to be named and some do not tell."""
    if "S3DestinationDescription" in kind:
        return {}
    role = "arn:aws:iam::000000000000:role/not-told"
    return {"S3Configuration": {"RoleARN": role, "BucketARN": "arn:aws:s3:::not-told"}}


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    params: dict[str, object] = {
        "DeliveryStreamName": raw["DeliveryStreamName"],
        "DeliveryStreamType": raw.get("DeliveryStreamType") or "DirectPut",
    }
    tags = [t for t in objects(raw, "Tags") if not text(t, "Key").startswith("aws:")]
    if tags:
        params["Tags"] = tags
    kind, source = _source(raw)
    if kind:
        params[_SOURCES[kind]] = source
    encryption = _encryption(raw)
    if isinstance(encryption, Mapping) and not kind:
        params["DeliveryStreamEncryptionConfigurationInput"] = {
            key: value for key, value in encryption.items() if value
        }
    for kind, told in _destinations(raw):
        wanted = _configured(told)
        assert isinstance(wanted, Mapping)
        params[_KINDS[kind]] = {**_backed_up(kind), **wanted, **_secrets(kind, wanted)}
    yield params


def _cut_off(before: Json, after: Json) -> bool:
    """Records are delivered elsewhere, or taken from elsewhere."""
    return _places(before) != _places(after)


def _places(value: Json) -> list[str]:
    """Return every address in settings of destinations or a source, sorted."""
    if isinstance(value, Mapping):
        here = [
            f"{key} {item}"
            for key, item in value.items()
            if isinstance(item, str)
            and key.endswith(("ARN", "Url", "URL", "Endpoint", "IndexName"))
        ]
        return sorted([*here, *(p for item in value.values() for p in _places(item))])
    if isinstance(value, list):
        return sorted(place for item in value for place in _places(item))
    return []


STREAM = ResourceType(
    type="AWS::KinesisFirehose::DeliveryStream",
    listing=Listing(
        operation="ListDeliveryStreams",
        items="DeliveryStreamNames[].{DeliveryStreamName: @}",
        # Without a number it tells ten.
        params={"Limit": 10_000},
    ),
    details=(
        Detail(
            operation="DescribeDeliveryStream",
            params={"DeliveryStreamName": "DeliveryStreamName"},
            pick="DeliveryStreamDescription",
        ),
        Detail(
            operation="ListTagsForDeliveryStream",
            params={"DeliveryStreamName": "DeliveryStreamName"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="DeliveryStreamName",
    name="DeliveryStreamName",
    arn="DeliveryStreamARN",
    settings=_settings,
    birth={"created": "CreateTimestamp"},
    tags="Tags",
    settling="contains(['CREATING', 'DELETING'], DeliveryStreamStatus)",
    depends_on=("AWS::Kinesis::Stream", "AWS::S3::Bucket", "AWS::IAM::Role"),
    seeds=(Seed(operation="CreateDeliveryStream", params=_create, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, f"[{_NAME}, response.DeliveryStreamARN]", "CreateDeliveryStream"),
        *on(Verb.DELETE, _NAME, "DeleteDeliveryStream"),
        *on(
            Verb.UPDATE,
            _NAME,
            "StartDeliveryStreamEncryption",
            "StopDeliveryStreamEncryption",
            "TagDeliveryStream",
            "UntagDeliveryStream",
            "UpdateDestination",
        ),
        *on(Verb.WRITE, _NAME, "PutRecord", "PutRecordBatch"),
    ),
    hazards=(
        HazardRule(field="Encryption", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Destinations", hazard=Hazard.DISRUPTION, when=_cut_off),
        HazardRule(field="Source", hazard=Hazard.DISRUPTION, when=_cut_off),
    ),
)

SERVICE = Service(name="firehose", types=(STREAM,))
