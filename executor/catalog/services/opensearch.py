"""Amazon OpenSearch: domains, of Elasticsearch too.

What a domain's indexes hold is reached at the domain's own address, and neither read nor
copied. Packages, connections between domains, endpoints in VPCs, applications and data sources
are not read: what adds to them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.identifiers import PASSWORD
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import any_change, lost, shrunk
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]
_NAME = "params.DomainName"
_OPTIONS = (
    "AdvancedOptions",
    "ClusterConfig",
    "DomainEndpointOptions",
    "EBSOptions",
    "EncryptionAtRestOptions",
    "LogPublishingOptions",
    "NodeToNodeEncryptionOptions",
    "OffPeakWindowOptions",
    "SnapshotOptions",
    "SoftwareUpdateOptions",
)
_OWN_NETWORK = ("SecurityGroupIds", "SubnetIds")


def _network(raw: JsonObject) -> dict[str, list[str]]:
    found = table(raw, "VPCOptions")
    return {key: sorted(map(str, rows(found, key))) for key in _OWN_NETWORK if rows(found, key)}


def _logs(raw: JsonObject) -> list[str]:
    """Return the kinds of log that are published, sorted."""
    return sorted(
        name
        for name, log in table(raw, "LogPublishingOptions").items()
        if isinstance(log, Mapping) and log.get("Enabled") is not False
    )


def _tunes(raw: JsonObject) -> bool:
    found = table(raw, "AutoTuneOptions")
    return str(found.get("State") or found.get("DesiredState")).startswith("ENABLE")


def _access(raw: JsonObject) -> dict[str, Json]:
    found = table(raw, "AdvancedSecurityOptions")
    return {
        "Enabled": bool(found.get("Enabled")),
        "InternalUserDatabaseEnabled": bool(found.get("InternalUserDatabaseEnabled")),
        "AnonymousAuthEnabled": bool(found.get("AnonymousAuthEnabled")),
    }


def _domain(raw: JsonObject) -> Json:
    document = policy(raw.get("AccessPolicies"))
    pause = table(raw, "AutomatedSnapshotPauseOptions")
    return {
        **{key: raw.get(key) or None for key in _OPTIONS},
        "EngineVersion": raw.get("EngineVersion"),
        "AdvancedSecurity": _access(raw),
        "AutoTune": _tunes(raw),
        "IPAddressType": raw.get("IPAddressType"),
        "Cognito": bool(table(raw, "CognitoOptions").get("Enabled")),
        "Logs": list(_logs(raw)),
        "Network": {key: list(ids) for key, ids in _network(raw).items()},
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
        "SnapshotsPaused": bool(pause.get("Enabled")),
    }


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    params: dict[str, object] = {"DomainName": raw["DomainName"]}
    for key in ("AccessPolicies", "EngineVersion", "IPAddressType", *_OPTIONS):
        if raw.get(key):
            params[key] = raw[key]
    if table(raw, "AutoTuneOptions"):
        params["AutoTuneOptions"] = {"DesiredState": "ENABLED" if _tunes(raw) else "DISABLED"}
    if _network(raw):
        params["VPCOptions"] = _network(raw)
    if table(raw, "CognitoOptions").get("Enabled"):
        params["CognitoOptions"] = raw["CognitoOptions"]
    access = _access(raw)
    if access["Enabled"]:
        wanted = {key: value for key, value in access.items() if value}
        if access["InternalUserDatabaseEnabled"]:
            wanted["MasterUserOptions"] = {
                "MasterUserName": "executor",
                "MasterUserPassword": PASSWORD,
            }
        params["AdvancedSecurityOptions"] = wanted
    tags = [t for t in objects(raw, "Tags") if not text(t, "Key").startswith("aws:")]
    yield {**params, "TagList": tags} if tags else params


def _switched_off(before: Json, after: Json) -> bool:
    """What was on is told to be off; engines keep silent about what an update left out."""
    return before is True and after is False


def _switched_on(before: Json, after: Json) -> bool:
    return before is not True and after is True


def domain_operations(
    *,
    create: str,
    delete: str,
    update: str,
    upgrade: str,
    software_update: str,
) -> tuple[Operation, ...]:
    """Return what the operations that both APIs have mean for a domain.

    Args:
        create: name of the operation that makes one.
        delete: that ends one.
        update: that changes its configuration.
        upgrade: that takes it to another version.
        software_update: that starts an update of the service's software.
    """
    made = f"[{_NAME}, response.DomainStatus.ARN]"
    return (
        *on(Verb.CREATE, made, create),
        *on(Verb.DELETE, _NAME, delete),
        *on(
            Verb.UPDATE,
            _NAME,
            update,
            upgrade,
            "CancelDomainConfigChange",
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            software_update,
            part="'software update'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.UPDATE, "params.ARN", "AddTags", "RemoveTags", part="'tags'"),
        *on(
            Verb.UPDATE,
            _NAME,
            "DissociatePackage",
            part="join(' ', ['package', params.PackageID])",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            "AuthorizeVpcEndpointAccess",
            part="'endpoint access'",
            hazard=Hazard.EXPOSURE,
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            "RevokeVpcEndpointAccess",
            part="'endpoint access'",
            hazard=Hazard.DISRUPTION,
        ),
    )


DOMAIN = ResourceType(
    type="AWS::OpenSearchService::Domain",
    listing=Listing(operation="ListDomainNames", items="DomainNames[]"),
    details=(
        Detail(
            operation="DescribeDomain", params={"DomainName": "DomainName"}, pick="DomainStatus"
        ),
        # The one moment that is told; the id is made of the name.
        Detail(
            operation="DescribeDomainConfig",
            params={"DomainName": "DomainName"},
            pick="DomainConfig.EngineVersion.Status.CreationDate",
            into="CreationDate",
        ),
        Detail(operation="ListTags", params={"ARN": "ARN"}, pick="TagList", into="Tags"),
    ),
    id="DomainName",
    name="DomainName",
    arn="ARN",
    handles=("DomainId",),
    settings=_domain,
    birth={"created": "CreationDate"},
    tags="Tags",
    stateful=True,
    settling="Processing || UpgradeProcessing",
    ignore="Deleted",
    seeds=(Seed(operation="CreateDomain", params=_create, creates=True, optional=False),),
    operations=(
        *domain_operations(
            create="CreateDomain",
            delete="DeleteDomain",
            update="UpdateDomainConfig",
            upgrade="UpgradeDomain",
            software_update="StartServiceSoftwareUpdate",
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            "RollbackServiceSoftwareUpdate",
            "UpdateScheduledAction",
            part="'software update'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            "StartDomainMaintenance",
            part="'restart'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            "DissociatePackages",
            part="'packages'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            _NAME,
            "DeleteDataSource",
            "UpdateDataSource",
            part="join(' ', ['data source', params.Name])",
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.ERASE, _NAME, "DeleteIndex", part="join(' ', ['index', params.IndexName])"),
    ),
    hazards=(
        HazardRule(
            field="DomainEndpointOptions.EnforceHTTPS",
            hazard=Hazard.PROTECTION_LOSS,
            when=_switched_off,
        ),
        HazardRule(
            field="EncryptionAtRestOptions.Enabled",
            hazard=Hazard.PROTECTION_LOSS,
            when=_switched_off,
        ),
        HazardRule(
            field="NodeToNodeEncryptionOptions.Enabled",
            hazard=Hazard.PROTECTION_LOSS,
            when=_switched_off,
        ),
        HazardRule(
            field="ClusterConfig.ZoneAwarenessEnabled",
            hazard=Hazard.PROTECTION_LOSS,
            when=_switched_off,
        ),
        HazardRule(
            field="ClusterConfig.DedicatedMasterEnabled",
            hazard=Hazard.PROTECTION_LOSS,
            when=_switched_off,
        ),
        HazardRule(field="ClusterConfig.InstanceCount", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(field="SnapshotsPaused", hazard=Hazard.PROTECTION_LOSS, when=_switched_on),
        HazardRule(field="Logs", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="AdvancedSecurity.Enabled", hazard=Hazard.EXPOSURE, when=_switched_off),
        HazardRule(
            field="AdvancedSecurity.AnonymousAuthEnabled",
            hazard=Hazard.EXPOSURE,
            when=_switched_on,
        ),
        HazardRule(field="Cognito", hazard=Hazard.EXPOSURE, when=_switched_off),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(field="Network.SecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="EngineVersion", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)

SERVICE = Service(name="opensearch", types=(DOMAIN,))
