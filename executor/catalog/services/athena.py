"""Amazon Athena: work groups and the queries that are kept in them.

Queries that run, prepared statements, notebooks, data catalogs and capacity are not read: what
changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.raw import table, text
from executor.catalog.shaping import Params, deep_given, given, tag_list
from executor.catalog.weakening import removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_PRIMARY = "primary"
_GROUPS = Listing(
    operation="ListWorkGroups", items="WorkGroups[].{Name: Name}", params={"MaxResults": 50}
)
_ARN = """['arn:', "$partition", ':athena:', "$region", ':', "$account", ':workgroup/', Name]"""
_UPDATABLE = (
    "EnforceWorkGroupConfiguration",
    "PublishCloudWatchMetricsEnabled",
    "BytesScannedCutoffPerQuery",
    "RequesterPaysEnabled",
)


def _group(raw: JsonObject) -> Json:
    configuration = deep_given(raw.get("Configuration"))
    found = dict(configuration) if isinstance(configuration, dict) else {}
    version = table(found, "EngineVersion").get("SelectedEngineVersion")
    return {
        **{key: value for key, value in found.items() if key != "EngineVersion"},
        "EngineVersion": version,
        "State": raw.get("State") or "ENABLED",
        "Description": text(raw, "Description"),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    configuration = deep_given(raw.get("Configuration"))
    yield {
        **given(raw, "Name", "Description"),
        **({"Configuration": configuration} if configuration else {}),
        "Tags": tag_list(raw),
    }


def _update(raw: JsonObject, data: DataMark | None) -> Params:
    """Yield what creation does not set, and all of what the group is that comes by itself."""
    changes: dict[str, object] = {}
    if raw.get("Name") == _PRIMARY:
        configuration = table(raw, "Configuration")
        updates: dict[str, object] = {
            key: configuration[key] for key in _UPDATABLE if configuration.get(key)
        }
        result = deep_given(configuration.get("ResultConfiguration"))
        if result:
            updates["ResultConfigurationUpdates"] = result
        if updates:
            changes["ConfigurationUpdates"] = updates
    if raw.get("State") == "DISABLED":
        changes["State"] = "DISABLED"
    if changes:
        yield {"WorkGroup": raw["Name"], **changes}


WORK_GROUP = ResourceType(
    type="AWS::Athena::WorkGroup",
    listing=_GROUPS,
    details=(
        Detail(operation="GetWorkGroup", params={"WorkGroup": "Name"}, pick="WorkGroup"),
        Detail(
            operation="ListTagsForResource",
            params={"ResourceARN": f"join('', {_ARN})"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="Name",
    name="Name",
    address="arn:{partition}:athena:{region}:{account}:workgroup/{id}",
    settings=_group,
    birth={"created": "CreationTime"},
    tags="Tags",
    builtin=f"Name == '{_PRIMARY}'",
    adopt="Name",
    # The history of its queries goes with it.
    stateful=True,
    seeds=(
        Seed(operation="CreateWorkGroup", params=_create, creates=True, optional=False),
        Seed(operation="UpdateWorkGroup", params=_update, late=True),
    ),
    operations=(
        *on(Verb.CREATE, "params.Name", "CreateWorkGroup"),
        *on(Verb.DELETE, "params.WorkGroup", "DeleteWorkGroup"),
        *on(Verb.UPDATE, "params.WorkGroup", "UpdateWorkGroup"),
        *on(
            Verb.UPDATE,
            "params.ResourceARN | [@][?contains(@, ':workgroup/')]",
            "TagResource",
            "UntagResource",
            part="'tags'",
        ),
    ),
    hazards=(
        HazardRule(field="State", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(
            field="EnforceWorkGroupConfiguration", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
        HazardRule(
            field="ResultConfiguration.EncryptionConfiguration",
            hazard=Hazard.PROTECTION_LOSS,
            when=removed,
        ),
        HazardRule(field="BytesScannedCutoffPerQuery", hazard=Hazard.PROTECTION_LOSS, when=removed),
    ),
)


def _create_query(raw: JsonObject, data: DataMark | None) -> Params:
    yield given(raw, "Name", "Description", "Database", "QueryString", "WorkGroup")


_QUERY = "params.NamedQueryId"

NAMED_QUERY = ResourceType(
    type="AWS::Athena::NamedQuery",
    listing=Listing(
        operation="ListNamedQueries",
        items="NamedQueryIds[].{NamedQueryId: @}",
        within=_GROUPS,
        given={"WorkGroup": "Name"},
    ),
    details=(
        Detail(
            operation="GetNamedQuery",
            params={"NamedQueryId": "NamedQueryId"},
            pick="NamedQuery",
        ),
    ),
    id="NamedQueryId",
    name="Name",
    settings=lambda raw: given(raw, "Description", "Database", "QueryString", "WorkGroup"),
    birth={"id": "NamedQueryId"},
    stateful=True,
    depends_on=("AWS::Athena::WorkGroup",),
    seeds=(
        Seed(
            operation="CreateNamedQuery",
            params=_create_query,
            learn={"NamedQueryId": "NamedQueryId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.NamedQueryId", "CreateNamedQuery"),
        *on(Verb.DELETE, _QUERY, "DeleteNamedQuery"),
        *on(Verb.UPDATE, _QUERY, "UpdateNamedQuery"),
    ),
    hazards=(
        HazardRule(
            field="QueryString",
            hazard=Hazard.DATA_LOSS,
            when=lambda before, after: before is not None,
        ),
    ),
)

SERVICE = Service(name="athena", types=(WORK_GROUP, NAMED_QUERY))
