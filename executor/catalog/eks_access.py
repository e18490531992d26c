"""EKS: what belongs to a cluster beside its nodes: add-ons, access, Fargate profiles."""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.shaping import Params, deep_given, given, tag_map
from executor.catalog.weakening import added, lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

CLUSTERS = Listing(operation="ListClusters", items="clusters[].{name: @}")
MOVING = "contains(['CREATING', 'UPDATING', 'DELETING', 'PENDING'], status)"
_THERE = frozenset({"ResourceInUseException"})


def tagged(kind: str) -> str:
    """Return what names a resource of the kind (`addon`) in calls that take any ARN."""
    return f"params.resourceArn | [@][?contains(@, ':{kind}/')]"


def _inside(operation: str, items: str) -> Listing:
    return Listing(
        operation=operation,
        items=items,
        within=CLUSTERS,
        given={"clusterName": "name"},
        into="Cluster",
    )


def _named(name: str) -> str:
    return f"join('|', [params.clusterName, params.{name}])"


_ADDON = ("addonVersion", "configurationValues", "serviceAccountRoleArn", "namespaceConfig")


def _create_addon(raw: JsonObject, data: DataMark | None) -> Params:
    options = given(raw, "clusterName", "addonName", *_ADDON)
    yield {**options, "tags": tag_map(raw, "tags")}


ADDON = ResourceType(
    type="AWS::EKS::Addon",
    listing=_inside("ListAddons", "addons[].{addonName: @}"),
    details=(
        Detail(
            operation="DescribeAddon",
            params={"clusterName": "Cluster.name", "addonName": "addonName"},
            pick="addon",
        ),
    ),
    id="join('|', [clusterName, addonName])",
    name="addonName",
    arn="addonArn",
    settings=lambda raw: {key: deep_given(v) for key, v in given(raw, *_ADDON).items()},
    birth={"arn": "addonArn", "created": "createdAt"},
    tags="tags",
    settling=MOVING,
    depends_on=("AWS::EKS::Cluster",),
    seeds=(
        Seed(
            operation="CreateAddon",
            params=_create_addon,
            learn={"addonArn": "addon.addonArn"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, _named("addonName"), "CreateAddon"),
        *on(Verb.DELETE, _named("addonName"), "DeleteAddon"),
        *on(Verb.UPDATE, _named("addonName"), "UpdateAddon"),
        *on(Verb.UPDATE, tagged("addon"), "TagResource", "UntagResource", part="'tags'"),
    ),
)


def _entry(raw: JsonObject) -> Json:
    return {
        "type": raw.get("type") or "STANDARD",
        "username": raw.get("username"),
        "kubernetesGroups": sorted(str(group) for group in rows(raw, "kubernetesGroups")),
        "policies": sorted(_scoped(policy) for policy in objects(raw, "Policies")),
    }


def _scoped(policy: JsonObject) -> str:
    scope = table(policy, "accessScope")
    spaces = [str(space) for space in rows(scope, "namespaces")] or [text(scope, "type")]
    return f"{text(policy, 'policyArn').rpartition('/')[2]} on {', '.join(sorted(spaces))}"


def _create_entry(raw: JsonObject, data: DataMark | None) -> Params:
    standard = raw.get("type") in (None, "STANDARD")
    options = given(raw, "kubernetesGroups", "username") if standard else {}
    yield {
        **given(raw, "clusterName", "principalArn", "type"),
        **options,
        "tags": tag_map(raw, "tags"),
    }


def _grant(raw: JsonObject, data: DataMark | None) -> Params:
    for policy in objects(raw, "Policies"):
        scope = given(table(policy, "accessScope"), "type", "namespaces")
        yield {
            **given(raw, "clusterName", "principalArn"),
            "policyArn": policy["policyArn"],
            "accessScope": scope,
        }


ACCESS_ENTRY = ResourceType(
    type="AWS::EKS::AccessEntry",
    listing=_inside("ListAccessEntries", "accessEntries[].{principalArn: @}"),
    details=(
        Detail(
            operation="DescribeAccessEntry",
            params={"clusterName": "Cluster.name", "principalArn": "principalArn"},
            pick="accessEntry",
        ),
        Detail(
            operation="ListAssociatedAccessPolicies",
            params={"clusterName": "Cluster.name", "principalArn": "principalArn"},
            pick="associatedAccessPolicies",
            into="Policies",
        ),
    ),
    id="join('|', [clusterName, principalArn])",
    name="principalArn",
    arn="accessEntryArn",
    settings=_entry,
    birth={"arn": "accessEntryArn", "created": "createdAt"},
    tags="tags",
    # An emulator's cluster lets in the account that made it.
    builtin="ends_with(principalArn, ':root')",
    depends_on=("AWS::EKS::Cluster",),
    seeds=(
        Seed(
            operation="CreateAccessEntry",
            params=_create_entry,
            learn={"accessEntryArn": "accessEntry.accessEntryArn"},
            tolerate=_THERE,
            creates=True,
            optional=False,
        ),
        Seed(operation="AssociateAccessPolicy", params=_grant),
    ),
    operations=(
        *on(Verb.CREATE, _named("principalArn"), "CreateAccessEntry"),
        *on(Verb.DELETE, _named("principalArn"), "DeleteAccessEntry"),
        *on(Verb.UPDATE, _named("principalArn"), "UpdateAccessEntry"),
        *on(
            Verb.UPDATE,
            _named("principalArn"),
            "AssociateAccessPolicy",
            "DisassociateAccessPolicy",
            part="join(' ', ['policy', params.policyArn])",
        ),
        *on(Verb.UPDATE, tagged("access-entry"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="policies", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="policies", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="kubernetesGroups", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="kubernetesGroups", hazard=Hazard.DISRUPTION, when=lost),
    ),
)

_IDENTITY = (
    "namespace",
    "serviceAccount",
    "roleArn",
    "targetRoleArn",
    "disableSessionTags",
    "policy",
)
_ASSOCIATION = "params.associationId"


def _create_association(raw: JsonObject, data: DataMark | None) -> Params:
    yield {**given(raw, "clusterName", *_IDENTITY), "tags": tag_map(raw, "tags")}


POD_IDENTITY = ResourceType(
    type="AWS::EKS::PodIdentityAssociation",
    listing=_inside("ListPodIdentityAssociations", "associations[]"),
    details=(
        Detail(
            operation="DescribePodIdentityAssociation",
            params={"clusterName": "clusterName", "associationId": "associationId"},
            pick="association",
        ),
    ),
    id="associationId",
    name="join('/', [clusterName, namespace, serviceAccount])",
    arn="associationArn",
    settings=lambda raw: given(raw, "clusterName", *_IDENTITY),
    birth={"id": "associationId", "created": "createdAt"},
    tags="tags",
    depends_on=("AWS::EKS::Cluster",),
    seeds=(
        Seed(
            operation="CreatePodIdentityAssociation",
            params=_create_association,
            learn={"associationId": "association.associationId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.association.associationId", "CreatePodIdentityAssociation"),
        *on(Verb.DELETE, _ASSOCIATION, "DeletePodIdentityAssociation"),
        *on(Verb.UPDATE, _ASSOCIATION, "UpdatePodIdentityAssociation"),
        *on(
            Verb.UPDATE,
            tagged("podidentityassociation"),
            "TagResource",
            "UntagResource",
            part="'tags'",
        ),
    ),
)

_PROFILE = ("podExecutionRoleArn", "subnets", "selectors")


def _create_profile(raw: JsonObject, data: DataMark | None) -> Params:
    options = given(raw, "clusterName", "fargateProfileName", *_PROFILE)
    yield {**options, "tags": tag_map(raw, "tags")}


FARGATE_PROFILE = ResourceType(
    type="AWS::EKS::FargateProfile",
    listing=_inside("ListFargateProfiles", "fargateProfileNames[].{fargateProfileName: @}"),
    details=(
        Detail(
            operation="DescribeFargateProfile",
            params={"clusterName": "Cluster.name", "fargateProfileName": "fargateProfileName"},
            pick="fargateProfile",
        ),
    ),
    id="join('|', [clusterName, fargateProfileName])",
    name="fargateProfileName",
    arn="fargateProfileArn",
    settings=lambda raw: given(raw, "clusterName", *_PROFILE),
    birth={"arn": "fargateProfileArn", "created": "createdAt"},
    tags="tags",
    settling=MOVING,
    depends_on=("AWS::EKS::Cluster",),
    seeds=(
        Seed(
            operation="CreateFargateProfile",
            params=_create_profile,
            learn={"fargateProfileArn": "fargateProfile.fargateProfileArn"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, _named("fargateProfileName"), "CreateFargateProfile"),
        *on(Verb.DELETE, _named("fargateProfileName"), "DeleteFargateProfile"),
        *on(Verb.UPDATE, tagged("fargateprofile"), "TagResource", "UntagResource", part="'tags'"),
    ),
)
