"""S3: what of a bucket's description matters, and the parameters that rebuild it.

Used by the declaration in `services.s3` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from executor.catalog.policies import outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

Params: TypeAlias = Iterator[Mapping[str, object]]
Seeding: TypeAlias = Callable[[JsonObject, DataMark | None], Params]

HOME = "us-east-1"
"""The region that S3 calls by no name."""

BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_STRANGERS = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
_NOTIFICATIONS = (
    "TopicConfigurations",
    "QueueConfigurations",
    "LambdaFunctionConfigurations",
)


def region(raw: JsonObject) -> str:
    """Return the region that a bucket lies in."""
    found = text(raw, "LocationConstraint")
    return {"": HOME, "EU": "eu-west-1"}.get(found, found)


def settings(raw: JsonObject) -> Json:
    """Return what matters of a bucket."""
    document = policy(raw.get("Policy"))
    lock = table(raw, "ObjectLock")
    block = table(raw, "PublicAccessBlock")
    replication = table(raw, "Replication")
    return {
        "Region": region(raw),
        "Versioning": text(table(raw, "Versioning"), "Status") or "Off",
        "MFADelete": text(table(raw, "Versioning"), "MFADelete") or "Disabled",
        "Policy": document,
        "OpenTo": sorted({*outsiders(document, text(raw, "$account")), *_strangers(raw)}),
        "Grants": sorted(f"{who} {what}" for who, what in _grants(raw)),
        "Lifecycle": _by_id(objects(raw, "Lifecycle")),
        "Encryption": _encryption(raw),
        "PublicAccessBlock": {key: bool(block.get(key)) for key in BLOCKS},
        "Cors": [dict(rule) for rule in objects(raw, "Cors")] or None,
        "Website": raw.get("Website") or None,
        "Logging": raw.get("Logging") or None,
        "Notifications": _notifications(raw),
        "ObjectOwnership": text(_first(raw, "OwnershipControls"), "ObjectOwnership") or None,
        "ObjectLock": lock.get("ObjectLockEnabled") == "Enabled",
        "DefaultRetention": table(table(lock, "Rule"), "DefaultRetention") or None,
        "Replication": {
            "Role": replication.get("Role"),
            "Rules": _by_id(objects(replication, "Rules")),
        },
    }


def _first(raw: JsonObject, key: str) -> JsonObject:
    found = objects(raw, key)
    return found[0] if found else {}


def _by_id(rules: Sequence[JsonObject]) -> dict[str, Json]:
    """Return rules by id; AWS gives a rule an id that has none, an emulator may not."""
    return {text(rule, "ID") or f"#{n}": _rule(rule) for n, rule in enumerate(rules)}


def _rule(rule: JsonObject) -> JsonObject:
    found = {key: value for key, value in rule.items() if key != "ID"}
    if found.get("Prefix") == "" and not found.get("Filter"):
        # The old and the new way to say "all objects".
        del found["Prefix"]
    if found.get("Filter") in ({}, {"Prefix": ""}):
        del found["Filter"]
    return found


def _encryption(raw: JsonObject) -> Json:
    rule = _first(raw, "Encryption")
    default = table(rule, "ApplyServerSideEncryptionByDefault")
    return {
        # Since 2023 nothing is stored in clear, whether a bucket says so or not.
        "Algorithm": text(default, "SSEAlgorithm") or "AES256",
        "Key": default.get("KMSMasterKeyID"),
        "BucketKey": bool(rule.get("BucketKeyEnabled")),
    }


def _notifications(raw: JsonObject) -> dict[str, Json]:
    found: dict[str, Json] = {}
    known = table(raw, "Notification")
    for key in _NOTIFICATIONS:
        for item in objects(known, key):
            said = {k: v for k, v in item.items() if k != "Id"}
            said["Events"] = sorted(str(e) for e in rows(item, "Events"))
            found[text(item, "Id") or canonical(said).decode()] = said
    if "EventBridgeConfiguration" in known:
        found["EventBridge"] = {}
    return found


def _grants(raw: JsonObject) -> list[tuple[str, str]]:
    """Return (who, permission) of all grants but the owner's own."""
    grants = objects(table(raw, "Acl"), "Grants")
    found = [(_grantee(grant), text(grant, "Permission")) for grant in grants]
    return [(who, what) for who, what in found if who != _owner(raw)]


def _owner(raw: JsonObject) -> str:
    return text(table(table(raw, "Acl"), "Owner"), "ID")


def _grantee(grant: JsonObject) -> str:
    found = table(grant, "Grantee")
    return text(found, "URI") or text(found, "ID") or text(found, "EmailAddress")


def _strangers(raw: JsonObject) -> list[str]:
    return [
        f"{who.rsplit('/', 1)[-1]} {what}" for who, what in _grants(raw) if who.endswith(_STRANGERS)
    ]


def retention_days(value: Json) -> float:
    """Return how many days a default retention is; 0 for none."""
    if not isinstance(value, Mapping):
        return 0
    days, years = value.get("Days"), value.get("Years")
    return (days if isinstance(days, int) else 0) + 365 * (years if isinstance(years, int) else 0)


def retention_weaker(before: Json, after: Json) -> bool:
    """Objects are locked for a shorter time, or in a mode that more people may lift."""
    strict = isinstance(before, Mapping) and before.get("Mode") == "COMPLIANCE"
    still = isinstance(after, Mapping) and after.get("Mode") == "COMPLIANCE"
    return retention_days(after) < retention_days(before) or (strict and not still)


def expires_more(before: Json, after: Json) -> bool:
    """Lifecycle rules remove objects or versions that they kept, or remove them sooner."""
    known = list(_expirations(before))
    return any(
        not any(_as_wide(old, new) and old[2] <= new[2] for old in known)
        for new in _expirations(after)
    )


_Expiration = tuple[str, str, float]


def _as_wide(old: _Expiration, new: _Expiration) -> bool:
    return old[1] == new[1] and old[0] in (new[0], "")


def _expirations(rules: Json) -> Iterator[_Expiration]:
    """Yield (which objects, what happens, after how long) of each enabled rule."""
    for rule in rules.values() if isinstance(rules, Mapping) else ():
        if not isinstance(rule, Mapping) or rule.get("Status") != "Enabled":
            continue
        which = {key: rule[key] for key in ("Filter", "Prefix") if rule.get(key)}
        scope = canonical(which).decode() if which else ""
        expiration = table(rule, "Expiration")
        if isinstance(days := expiration.get("Days"), int):
            yield scope, "current", days
        elif expiration.get("Date"):
            # A date is only as late as itself.
            yield scope, f"current on {expiration['Date']}", 0
        older = table(rule, "NoncurrentVersionExpiration")
        if isinstance(days := older.get("NoncurrentDays"), int):
            kept = older.get("NewerNoncurrentVersions") or 0
            yield scope, f"versions but {kept}", days


def tells_less(before: Json, after: Json) -> bool:
    """Somebody is not told any more of what happens, whatever the notifications are called."""
    kept = [item for item in _objects(after) if item]
    return any(
        not any(_tells(now, was) for now in kept) if was else "EventBridge" not in _keys(after)
        for was in _objects(before)
    )


def _tells(now: JsonObject, was: JsonObject) -> bool:
    same = all(now.get(key) == was.get(key) for key in was if key.endswith("Arn"))
    wide = now.get("Filter") in (was.get("Filter"), None)
    events = [str(event) for event in rows(now, "Events")]
    every = all(any(fnmatchcase(str(e), p) for p in events) for e in rows(was, "Events"))
    return same and wide and every


def copies_less(before: Json, after: Json) -> bool:
    """Objects are not copied any more to where they were, whatever the rules are called."""
    kept = [rule for rule in _objects(after) if rule.get("Status") != "Disabled"]
    return any(
        not any(_copies(now, was) for now in kept)
        for was in _objects(before)
        if was.get("Status") != "Disabled"
    )


def _copies(now: JsonObject, was: JsonObject) -> bool:
    there = table(now, "Destination").get("Bucket") == table(was, "Destination").get("Bucket")
    return there and all(now.get(key) in (was.get(key), None) for key in ("Filter", "Prefix"))


def _objects(value: Json) -> list[JsonObject]:
    found = value.values() if isinstance(value, Mapping) else ()
    return [item for item in found if isinstance(item, Mapping)]


def _keys(value: Json) -> Sequence[str]:
    return list(value) if isinstance(value, Mapping) else []


def create(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that make a bucket."""
    params: dict[str, object] = {"Bucket": raw["Name"]}
    if region(raw) != HOME:
        params["CreateBucketConfiguration"] = {"LocationConstraint": region(raw)}
    if table(raw, "ObjectLock").get("ObjectLockEnabled") == "Enabled":
        params["ObjectLockEnabledForBucket"] = True
    yield params


def versioning(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that make it keep versions; suspension comes after the objects."""
    if text(table(raw, "Versioning"), "Status"):
        yield {"Bucket": raw["Name"], "VersioningConfiguration": {"Status": "Enabled"}}


def suspension(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that suspend versioning."""
    if text(table(raw, "Versioning"), "Status") == "Suspended":
        yield {"Bucket": raw["Name"], "VersioningConfiguration": {"Status": "Suspended"}}


def put(key: str, shape: Callable[[Json], Mapping[str, object]]) -> Seeding:
    """Parameters that set what the raw description holds under `key`, if anything."""

    def params(raw: JsonObject, data: DataMark | None) -> Params:
        if raw.get(key):
            yield {"Bucket": raw["Name"], **shape(raw[key])}

    return params


def encryption(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that set the default encryption, where it is not everybody's."""
    rule = _first(raw, "Encryption")
    default = table(rule, "ApplyServerSideEncryptionByDefault")
    if default and (text(default, "SSEAlgorithm") != "AES256" or rule.get("BucketKeyEnabled")):
        wanted = {
            "ApplyServerSideEncryptionByDefault": default,
            "BucketKeyEnabled": bool(rule.get("BucketKeyEnabled")),
        }
        yield {"Bucket": raw["Name"], "ServerSideEncryptionConfiguration": {"Rules": [wanted]}}


def acl(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that let others in by access list, where some are."""
    if _grants(raw):
        found = table(raw, "Acl")
        # The owner has another id in an engine, and would be a stranger there.
        others = [g for g in objects(found, "Grants") if _grantee(g) != _owner(raw)]
        wanted = {"Owner": found.get("Owner"), "Grants": others}
        yield {"Bucket": raw["Name"], "AccessControlPolicy": wanted}


def lock(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that set the default retention."""
    found = table(raw, "ObjectLock")
    if found.get("Rule"):
        yield {"Bucket": raw["Name"], "ObjectLockConfiguration": found}
