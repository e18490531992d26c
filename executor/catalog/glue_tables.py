"""Glue: databases and tables, with partitions as data.

A table's data lies elsewhere (in S3); what it holds are its partitions. Versions of tables,
optimizers, data quality and functions are not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Reading,
    ResourceType,
    Seed,
    apart,
    on,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.shaping import Params, deep_given, given, tag_map
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

DATABASES = Listing(operation="GetDatabases", items="DatabaseList[]")
_MOST_PARTITIONS = 1000
# What a call takes at once.
_BATCH = 100
_DATABASE = (
    "Description",
    "LocationUri",
    "Parameters",
    "CreateTableDefaultPermissions",
    "TargetDatabase",
    "FederatedDatabase",
)
_TABLE = (
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
    "TargetTable",
)
# Tables and databases are updated as a whole.
_RESETS: Mapping[str, JsonObject] = {f"TableInput.{name}": {name: None} for name in _TABLE}
_DATABASE_RESETS: Mapping[str, JsonObject] = {
    f"DatabaseInput.{name}": {name: None}
    for name in _DATABASE
    if name != "CreateTableDefaultPermissions"
}


def tags(kind: str) -> Detail:
    """Return how to read the tags of a kind of resource (`job`), whose ARN nothing tells."""
    arn = f"""['arn:', "$partition", ':glue:', "$region", ':', "$account", ':{kind}/', Name]"""
    return Detail(
        operation="GetTags", params={"ResourceArn": f"join('', {arn})"}, pick="Tags", into="Tags"
    )


def tagged(kind: str) -> str:
    """Return what names a resource of the kind in calls that take any ARN."""
    return f"params.ResourceArn | [@][?contains(@, ':{kind}/')]"


def _database(raw: JsonObject) -> Json:
    return {key: deep_given(value) for key, value in given(raw, *_DATABASE).items()}


def _create_database(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"DatabaseInput": given(raw, "Name", *_DATABASE), "Tags": tag_map(raw)}


def _moved(before: Json, after: Json) -> bool:
    return before is not None


DATABASE = ResourceType(
    type="AWS::Glue::Database",
    listing=DATABASES,
    details=(tags("database"),),
    id="Name",
    name="Name",
    address="arn:{partition}:glue:{region}:{account}:database/{id}",
    settings=_database,
    birth={"created": "CreateTime"},
    tags="Tags",
    # The default database comes with the first look at it.
    adopt="Name",
    seeds=(
        Seed(operation="CreateDatabase", params=_create_database, creates=True, optional=False),
    ),
    operations=(
        *on(Verb.CREATE, "params.DatabaseInput.Name", "CreateDatabase"),
        *on(Verb.DELETE, "params.Name", "DeleteDatabase"),
        *on(Verb.UPDATE, "params.Name", "UpdateDatabase", resets=_DATABASE_RESETS),
        *on(Verb.UPDATE, tagged("database"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(HazardRule(field="LocationUri", hazard=Hazard.DISRUPTION, when=_moved),),
)


def _table(raw: JsonObject) -> Json:
    found = given(raw, *_TABLE)
    return {
        **{key: deep_given(value) for key, value in found.items()},
        "DatabaseName": raw.get("DatabaseName"),
    }


def _partitions(reading: Reading, raw: JsonObject) -> DataMark:
    if not rows(raw, "PartitionKeys"):
        return DataMark(unit="partition", count=0)
    most = min(_MOST_PARTITIONS, reading.cap)
    named = {"DatabaseName": raw["DatabaseName"], "TableName": raw["Name"]}
    pages = reading.pages("GetPartitions", named)
    partitions = (item for page in pages for item in objects(page, "Partitions"))
    found = list(islice(partitions, most + 1))
    complete = len(found) <= most
    return DataMark(
        unit="partition",
        count=len(found) if complete else None,
        entries={
            _key(rows(item, "Values")): text(table(item, "StorageDescriptor"), "Location")
            for item in found[:most]
        },
        complete=complete,
    )


def _key(values: Sequence[Json]) -> str:
    return canonical([str(value) for value in values]).decode()


def _location_may_move(properties: JsonObject) -> bool:
    return False


def _create_table(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"DatabaseName": raw["DatabaseName"], "TableInput": given(raw, "Name", *_TABLE)}


def _fill(raw: JsonObject, data: DataMark | None) -> Params:
    entries = list(data.entries.items()) if data else []
    for start in range(0, len(entries), _BATCH):
        yield {
            "DatabaseName": raw["DatabaseName"],
            "TableName": raw["Name"],
            "PartitionInputList": [_partition(*e) for e in entries[start : start + _BATCH]],
        }


def _partition(key: str, location: str) -> dict[str, object]:
    values = json.loads(key)
    descriptor = {"StorageDescriptor": {"Location": location}} if location else {}
    return {"Values": values, **descriptor}


def _handle(raw: JsonObject) -> Json:
    return f"{text(raw, 'DatabaseName')}/{text(raw, 'Name')}"


def _table_name(params: JsonObject) -> str:
    name = text(table(params, "TableInput"), "Name")
    return f"{text(params, 'DatabaseName')}/{name or text(params, 'Name')}"


def _named(params: JsonObject, response: JsonObject) -> list[str]:
    return [_table_name(params)]


def _of_table(params: JsonObject, response: JsonObject) -> list[str]:
    return [f"{text(params, 'DatabaseName')}/{text(params, 'TableName')}"]


def _many_named(params: JsonObject, response: JsonObject) -> list[str]:
    return [f"{text(params, 'DatabaseName')}/{name}" for name in rows(params, "TablesToDelete")]


def _pairs(params: JsonObject, response: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield every partition that a call names, in whichever way."""
    (whole,) = _of_table(params, response)
    single = [params, table(params, "PartitionInput")]
    several = [
        *objects(params, "PartitionInputList"),
        *objects(params, "PartitionsToDelete"),
        *(table(entry, "PartitionInput") for entry in objects(params, "Entries")),
    ]
    listed = [rows(params, "PartitionValues"), rows(params, "PartitionValueList")]
    listed += [rows(item, "Values") for item in (*single, *several)]
    listed += [rows(entry, "PartitionValueList") for entry in objects(params, "Entries")]
    yield from ((whole, _key(values)) for values in listed if values)


TABLE = ResourceType(
    type="AWS::Glue::Table",
    listing=Listing(
        operation="GetTables",
        items="TableList[]",
        within=DATABASES,
        given={"DatabaseName": "Name"},
    ),
    id=_handle,
    name="Name",
    address="arn:{partition}:glue:{region}:{account}:table/{id}",
    handles=(_handle,),
    settings=_table,
    birth={"created": "CreateTime"},
    stateful=True,
    data=_partitions,
    probes=("GetPartitions",),
    overwrites_lose=_location_may_move,
    depends_on=("AWS::Glue::Database",),
    seeds=(
        Seed(operation="CreateTable", params=_create_table, creates=True, optional=False),
        Seed(operation="BatchCreatePartition", params=_fill),
    ),
    operations=(
        *on(Verb.CREATE, _named, "CreateTable"),
        *on(Verb.DELETE, _named, "DeleteTable"),
        *on(Verb.DELETE, _many_named, "BatchDeleteTable", many=True),
        *on(Verb.UPDATE, _named, "UpdateTable", resets=_RESETS),
        *on(
            Verb.UPDATE,
            _of_table,
            "BatchDeleteTableVersion",
            "DeleteTableVersion",
            part="'version'",
            hazard=Hazard.DATA_LOSS,
        ),
        *on(Verb.UPDATE, _of_table, "CreatePartitionIndex", part="'partition index'"),
        *on(
            Verb.UPDATE,
            _of_table,
            "DeletePartitionIndex",
            part="'partition index'",
            hazard=Hazard.DISRUPTION,
        ),
        *apart(
            Verb.WRITE,
            _pairs,
            "BatchCreatePartition",
            "BatchUpdatePartition",
            "CreatePartition",
            "UpdatePartition",
        ),
        *apart(Verb.ERASE, _pairs, "BatchDeletePartition", "DeletePartition"),
    ),
    hazards=(
        HazardRule(field="StorageDescriptor.Columns[].Name", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="PartitionKeys[].Name", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="StorageDescriptor.Location", hazard=Hazard.DISRUPTION, when=_moved),
    ),
)
