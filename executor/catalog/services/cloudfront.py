"""Amazon CloudFront: distributions, origin access controls, functions, cache policies.

The code of functions is a digest only; a replica's run a placeholder. Key groups, other kinds
of policies, streaming distributions, tenants, trust stores and what is told apart by encryption
of fields are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.cloudfront_settings import (
    aliases,
    behavior_lost,
    distribution,
    leads_elsewhere,
    let_in,
    older_protocol,
    tidy,
    unencrypted,
    unsigned,
)
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
from executor.catalog.weakening import lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, digest
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

_TAGGED = "[params.Resource][?contains(@, ':{}/')]"


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {"DistributionConfig": raw["DistributionConfig"]}


def _tag(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Tags"):
        yield {"Resource": raw["ARN"], "Tags": {"Items": raw["Tags"]}}


def _changed_web_acl(before: Json, after: Json) -> bool:
    return bool(before)


DISTRIBUTION = ResourceType(
    type="AWS::CloudFront::Distribution",
    listing=Listing(operation="ListDistributions", items="DistributionList.Items[].{Id: Id}"),
    details=(
        Detail(operation="GetDistribution", params={"Id": "Id"}, pick="Distribution"),
        Detail(
            operation="ListTagsForResource",
            params={"Resource": "ARN"},
            pick="Tags.Items",
            into="Tags",
        ),
    ),
    id="Id",
    arn="ARN",
    handles=("DomainName", aliases),
    settings=distribution,
    birth={"id": "Id", "reference": "DistributionConfig.CallerReference"},
    tags="Tags",
    settling="Status == 'InProgress'",
    depends_on=("AWS::CloudFront::CachePolicy", "AWS::CloudFront::OriginAccessControl"),
    seeds=(
        Seed(
            operation="CreateDistribution",
            params=_create,
            learn={"Id": "Distribution.Id", "DomainName": "Distribution.DomainName"},
            creates=True,
            optional=False,
        ),
        Seed(operation="TagResource", params=_tag),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "response.Distribution.[Id, ARN]",
            "CreateDistribution",
            "CreateDistributionWithTags",
            "CopyDistribution",
        ),
        *on(Verb.DELETE, "params.Id", "DeleteDistribution"),
        *on(
            Verb.UPDATE,
            "params.Id",
            "UpdateDistribution",
            "UpdateDistributionWithStagingConfig",
            "AssociateDistributionWebACL",
            "DisassociateDistributionWebACL",
        ),
        # The name is taken from the distribution that had it.
        *on(
            Verb.UPDATE,
            "[params.TargetDistributionId, params.Alias]",
            "AssociateAlias",
            many=True,
        ),
        *on(Verb.READ, "params.DistributionId", "CreateInvalidation"),
        *on(Verb.UPDATE, _TAGGED.format("distribution"), "TagResource", "UntagResource"),
    ),
    hazards=(
        HazardRule(field="Enabled", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="Aliases", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Origins", hazard=Hazard.DISRUPTION, when=leads_elsewhere),
        HazardRule(field="Origins", hazard=Hazard.PROTECTION_LOSS, when=unsigned),
        HazardRule(field="Behaviors", hazard=Hazard.DISRUPTION, when=behavior_lost),
        HazardRule(field="Behaviors", hazard=Hazard.PROTECTION_LOSS, when=unencrypted),
        HazardRule(field="Behaviors", hazard=Hazard.EXPOSURE, when=let_in),
        HazardRule(field="WebACLId", hazard=Hazard.PROTECTION_LOSS, when=_changed_web_acl),
        HazardRule(field="Logging.Enabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(
            field="MinimumProtocolVersion", hazard=Hazard.PROTECTION_LOSS, when=older_protocol
        ),
        HazardRule(field="GeoRestriction", hazard=Hazard.EXPOSURE, when=removed),
    ),
)

_CONTROL = (
    "Name",
    "Description",
    "SigningProtocol",
    "SigningBehavior",
    "OriginAccessControlOriginType",
)


def _control(raw: JsonObject) -> Json:
    return {key: raw.get(key) or None for key in _CONTROL}


def _create_control(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {"OriginAccessControlConfig": {key: raw[key] for key in _CONTROL if raw.get(key)}}


def _stops_signing(before: Json, after: Json) -> bool:
    return after == "never"


ORIGIN_ACCESS_CONTROL = ResourceType(
    type="AWS::CloudFront::OriginAccessControl",
    listing=Listing(operation="ListOriginAccessControls", items="OriginAccessControlList.Items[]"),
    id="Id",
    name="Name",
    address="arn:aws:cloudfront::{account}:origin-access-control/{id}",
    settings=_control,
    birth={"id": "Id"},
    seeds=(
        Seed(
            operation="CreateOriginAccessControl",
            params=_create_control,
            learn={"Id": "OriginAccessControl.Id"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.OriginAccessControl.Id", "CreateOriginAccessControl"),
        *on(Verb.UPDATE, "params.Id", "UpdateOriginAccessControl"),
        *on(Verb.DELETE, "params.Id", "DeleteOriginAccessControl"),
    ),
    hazards=(HazardRule(field="SigningBehavior", hazard=Hazard.DISRUPTION, when=_stops_signing),),
)

# A function that lets everything pass; the target's code is not copied.
_PLACEHOLDER = b"function handler(event) { return event.request; }\n"


def _code_digest(answer: JsonObject) -> Json:
    return digest(answer.get("FunctionCode"))


def _function(raw: JsonObject) -> Json:
    config = table(raw, "FunctionConfig")
    return {
        "Comment": config.get("Comment") or "",
        "Runtime": config.get("Runtime"),
        "KeyValueStores": tidy(config.get("KeyValueStoreAssociations")) or None,
        "CodeDigest": raw.get("CodeDigest"),
        "LiveDigest": raw.get("LiveDigest"),
    }


def _create_function(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {
        "Name": raw["Name"],
        "FunctionConfig": table(raw, "FunctionConfig"),
        "FunctionCode": _PLACEHOLDER,
    }


def _code(stage: str, into: str) -> Detail:
    return Detail(
        operation="GetFunction",
        params={"Name": "Name", "Stage": f"'{stage}'"},
        pick=_code_digest,
        into=into,
        absent=frozenset({"NoSuchFunctionExists"}),
    )


FUNCTION = ResourceType(
    type="AWS::CloudFront::Function",
    listing=Listing(
        operation="ListFunctions",
        items="FunctionList.Items[]",
        params={"Stage": "DEVELOPMENT"},
    ),
    details=(_code("DEVELOPMENT", "CodeDigest"), _code("LIVE", "LiveDigest")),
    id="Name",
    arn="FunctionMetadata.FunctionARN",
    settings=_function,
    represented=("CodeDigest", "LiveDigest"),
    birth={"created": "FunctionMetadata.CreatedTime"},
    seeds=(
        Seed(operation="CreateFunction", params=_create_function, creates=True, optional=False),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "[params.Name, response.FunctionSummary.FunctionMetadata.FunctionARN]",
            "CreateFunction",
        ),
        *on(Verb.UPDATE, "params.Name", "UpdateFunction", "PublishFunction"),
        *on(Verb.DELETE, "params.Name", "DeleteFunction"),
        *on(Verb.UPDATE, _TAGGED.format("function"), "TagResource", "UntagResource"),
    ),
)


def _policy(raw: JsonObject) -> Json:
    found = tidy(raw.get("CachePolicyConfig"))
    return found if isinstance(found, Mapping) else {}


def _create_policy(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {"CachePolicyConfig": raw["CachePolicyConfig"]}


CACHE_POLICY = ResourceType(
    type="AWS::CloudFront::CachePolicy",
    listing=Listing(
        operation="ListCachePolicies",
        items="CachePolicyList.Items[].CachePolicy",
        params={"Type": "custom"},
    ),
    id="Id",
    name=lambda raw: text(table(raw, "CachePolicyConfig"), "Name"),
    address="arn:aws:cloudfront::{account}:cache-policy/{id}",
    settings=_policy,
    birth={"id": "Id"},
    seeds=(
        Seed(
            operation="CreateCachePolicy",
            params=_create_policy,
            learn={"Id": "CachePolicy.Id"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.CachePolicy.Id", "CreateCachePolicy"),
        *on(Verb.UPDATE, "params.Id", "UpdateCachePolicy"),
        *on(Verb.DELETE, "params.Id", "DeleteCachePolicy"),
    ),
)

_TRIES = "tries a function out; changes nothing"

SERVICE = Service(
    name="cloudfront",
    types=(CACHE_POLICY, ORIGIN_ACCESS_CONTROL, FUNCTION, DISTRIBUTION),
    is_global=True,
    harmless={
        "TestConnectionFunction": _TRIES,
        "TestFunction": _TRIES,
        "VerifyDnsConfiguration": "looks a name up; changes nothing",
    },
)
