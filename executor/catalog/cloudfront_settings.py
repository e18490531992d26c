"""Amazon CloudFront: what of a distribution matters, and which changes of it are dangerous.

Used by the declarations in `services.cloudfront` only.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.raw import objects, rows, table, text
from executor.model.json import Json, JsonObject

_KEPT = (
    "Comment",
    "DefaultRootObject",
    "PriceClass",
    "HttpVersion",
    "IsIPV6Enabled",
    "Staging",
    "ContinuousDeploymentPolicyId",
    "WebACLId",
    "OriginGroups",
    "CustomErrorResponses",
)
# From the weakest to the strongest; what is not known comes first.
_PROTOCOLS = (
    "SSLv3",
    "TLSv1",
    "TLSv1_2016",
    "TLSv1.1_2016",
    "TLSv1.2_2018",
    "TLSv1.2_2019",
    "TLSv1.2_2021",
    "TLSv1.2_2025",
    "TLSv1.3_2025",
)


def tidy(value: Json) -> Json:
    """Return a value without counts, and without what says that nothing is set."""
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {key: tidy(item) for key, item in value.items() if key != "Quantity"}
    kept = {key: item for key, item in kept.items() if item not in (None, "", False, [], {})}
    return kept["Items"] if set(kept) == {"Items"} else kept


def distribution(raw: JsonObject) -> Json:
    """Return what matters of a distribution."""
    config = table(raw, "DistributionConfig")
    restriction = table(table(config, "Restrictions"), "GeoRestriction")
    certificate = table(config, "ViewerCertificate")
    return {
        **{key: tidy(config.get(key)) or None for key in _KEPT},
        "Enabled": bool(config.get("Enabled")),
        "Aliases": aliases(raw),
        "Origins": _by(config, "Origins", "Id"),
        "Behaviors": {"*": _behavior(table(config, "DefaultCacheBehavior")), **_behaviors(config)},
        "Logging": tidy(config.get("Logging")) or None,
        "Certificate": certificate.get("ACMCertificateArn") or certificate.get("IAMCertificateId"),
        "MinimumProtocolVersion": certificate.get("MinimumProtocolVersion"),
        "GeoRestriction": tidy(restriction)
        if text(restriction, "RestrictionType") != "none"
        else None,
    }


def aliases(raw: JsonObject) -> list[str]:
    """Return the names that a distribution answers to beside its own."""
    return sorted(map(str, rows(table(table(raw, "DistributionConfig"), "Aliases"), "Items")))


def _by(config: JsonObject, key: str, name: str) -> dict[str, Json]:
    return {text(item, name): tidy(item) for item in objects(table(config, key), "Items")}


def _behavior(raw: JsonObject) -> Json:
    found = tidy(raw)
    return found if isinstance(found, Mapping) else {}


def _behaviors(config: JsonObject) -> dict[str, Json]:
    return {
        text(item, "PathPattern"): _behavior(item)
        for item in objects(table(config, "CacheBehaviors"), "Items")
    }


def leads_elsewhere(before: Json, after: Json) -> bool:
    """An origin is gone, or is another host."""
    return any(
        origin.get("DomainName") != _named(after, name).get("DomainName")
        for name, origin in _each(before)
    )


def unsigned(before: Json, after: Json) -> bool:
    """An origin is not asked with a signature any more."""
    return any(_signs(origin) and not _signs(_named(after, name)) for name, origin in _each(before))


def _signs(origin: JsonObject) -> bool:
    identity = table(origin, "S3OriginConfig").get("OriginAccessIdentity")
    return bool(origin.get("OriginAccessControlId") or identity)


def behavior_lost(before: Json, after: Json) -> bool:
    """A path has no rules of its own any more, or lost a function, or leads to another origin."""
    return any(
        not _named(after, path)
        or behavior.get("TargetOriginId") != _named(after, path).get("TargetOriginId")
        or any(behavior.get(key) and not _named(after, path).get(key) for key in _FUNCTIONS)
        for path, behavior in _each(before)
    )


_FUNCTIONS = ("FunctionAssociations", "LambdaFunctionAssociations")


def unencrypted(before: Json, after: Json) -> bool:
    """A path is answered in clear that was not, or fields are not encrypted any more."""
    return any(
        _clear(_named(after, path)) > _clear(behavior)
        or bool(behavior.get("FieldLevelEncryptionId"))
        > bool(_named(after, path).get("FieldLevelEncryptionId"))
        for path, behavior in _each(before)
        if _named(after, path)
    )


def _clear(behavior: JsonObject) -> bool:
    return behavior.get("ViewerProtocolPolicy") == "allow-all"


def let_in(before: Json, after: Json) -> bool:
    """A path that asked for signed addresses or cookies is open to everybody."""
    return any(
        _trusted(behavior) and not _trusted(_named(after, path))
        for path, behavior in _each(before)
        if _named(after, path)
    )


def _trusted(behavior: JsonObject) -> bool:
    return bool(behavior.get("TrustedKeyGroups") or behavior.get("TrustedSigners"))


def older_protocol(before: Json, after: Json) -> bool:
    """An older protocol is let in than before."""
    return _age(after) < _age(before)


def _age(value: Json) -> int:
    return _PROTOCOLS.index(value) if value in _PROTOCOLS else -1


def _each(value: Json) -> list[tuple[str, JsonObject]]:
    found = value.items() if isinstance(value, Mapping) else ()
    return [(name, item) for name, item in found if isinstance(item, Mapping)]


def _named(value: Json, name: str) -> JsonObject:
    return table(value, name) if isinstance(value, Mapping) else {}
