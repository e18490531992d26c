"""S3: objects and versions as data, and which of them a call is about.

An entry `KEY` is what can be read under the key now, `KEY?versionId=ID` one version of it: in
a bucket with versions both are kept, so that hiding an object behind a delete marker, and
purging what lies behind, are both seen. The fingerprint is `SIZE:ETAG`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from executor.catalog.declarations import Copying, Pairs, Reading
from executor.catalog.raw import objects, table, text
from executor.model.json import JsonObject
from executor.model.resource import DataMark
from executor.model.stand_in import STAND_IN

_CONTENT = (f"{STAND_IN}\n" * 256)[:4096].encode()
_VERSION = "?versionId="
# Names the target's version in the placeholder, for learning the engine's id of it.
_SEEDED = "seeded-version"
_NULL = "null"
_HEADERS = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentType")
Pair = tuple[str, str]
Params = Iterator[Mapping[str, object]]


def has_versions(raw: JsonObject) -> bool:
    """Whether the bucket keeps versions, or kept some before that was suspended."""
    return bool(text(table(raw, "Versioning"), "Status"))


def contents(reading: Reading, raw: JsonObject) -> DataMark:
    """Read a bucket's objects, and versions where it has some, up to the cap."""
    versioned = has_versions(raw)
    entries: dict[str, str] = {}
    complete = True
    for key, fingerprint in (_versions if versioned else _objects)(reading, raw):
        if len(entries) >= reading.cap:
            complete = False
            break
        entries[key] = fingerprint
    return DataMark(
        unit="version" if versioned else "object",
        count=len(entries) if complete else None,
        entries=entries,
        complete=complete,
    )


def _objects(reading: Reading, raw: JsonObject) -> Iterator[Pair]:
    for page in reading.pages("ListObjectsV2", {"Bucket": raw["Name"]}):
        for item in objects(page, "Contents"):
            yield text(item, "Key"), _fingerprint(item)


def _versions(reading: Reading, raw: JsonObject) -> Iterator[Pair]:
    for page in reading.pages("ListObjectVersions", {"Bucket": raw["Name"]}):
        for item in objects(page, "Versions"):
            if item.get("IsLatest"):
                yield text(item, "Key"), _fingerprint(item)
            yield _named(text(item, "Key"), text(item, "VersionId")), _fingerprint(item)


def _fingerprint(item: JsonObject) -> str:
    return f"{item.get('Size', 0)}:{text(item, 'ETag').strip(chr(34))}"


def _named(key: str, version: str) -> str:
    return f"{key}{_VERSION}{version}"


def put_objects(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that put a placeholder in the place of every object and version."""
    entries = list((data.entries if data else {}).items())
    if not has_versions(raw):
        yield from (_put(raw, key, fingerprint, "") for key, fingerprint in entries)
        return
    # AWS tells the newest first, and what is put last is the newest.
    for entry, fingerprint in reversed(entries):
        key, version = split(entry)
        if version:
            yield _put(raw, key, fingerprint, version)


def copied(
    copying: Copying, raw: JsonObject, operation: str, params: Mapping[str, object]
) -> Mapping[str, object]:
    """Return the parameters of a PutObject with the target's object in them."""
    if operation != "PutObject":
        return params
    named = params.get("Metadata")
    metadata = dict(named) if isinstance(named, Mapping) else {}
    asked = {"Bucket": params["Bucket"], "Key": params["Key"]}
    if metadata.get(_SEEDED):
        asked["VersionId"] = metadata[_SEEDED]
    answer = copying.call("GetObject", asked)
    kept = {key: answer[key] for key in _HEADERS if answer.get(key)}
    theirs = answer.get("Metadata")
    return {
        **params,
        **kept,
        "Body": copying.body(answer, "Body"),
        "Metadata": {**(theirs if isinstance(theirs, Mapping) else {}), **metadata},
    }


def hide_objects(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that put delete markers where no version is the current one."""
    entries = list(data.entries if data else ())
    for key in dict.fromkeys(split(entry)[0] for entry in entries):
        if data is not None and has_versions(raw) and key not in data.entries:
            yield {"Bucket": raw["Name"], "Key": key}


def learn_version(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    """Return the target's version id with the engine's."""
    named = params.get("Metadata")
    ours = str(named.get(_SEEDED, "")) if isinstance(named, Mapping) else ""
    theirs = text(answer, "VersionId")
    return {ours: theirs} if ours and theirs and _NULL not in (ours, theirs) else {}


def _put(raw: JsonObject, key: str, fingerprint: str, version: str) -> Mapping[str, object]:
    size = int(fingerprint.partition(":")[0] or 0)
    params = {"Bucket": raw["Name"], "Key": key, "Body": _CONTENT[:size]}
    return {**params, "Metadata": {_SEEDED: version}} if version else params


def split(entry: str) -> tuple[str, str]:
    """Return key and version id of an entry; the id is empty for what can be read now."""
    key, mark, version = entry.rpartition(_VERSION)
    return (key, version) if mark else (entry, "")


def _bucket(params: JsonObject) -> str:
    """Return the bucket; empty for an access point, behind which it cannot be seen."""
    found = text(params, "Bucket")
    return "" if found.startswith("arn:") else found


def one_object(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the object that a call names, and its version if it does."""
    bucket = _bucket(params)
    if bucket:
        yield bucket, text(params, "Key")
        if params.get("VersionId"):
            yield bucket, _named(text(params, "Key"), text(params, "VersionId"))


def written(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the object that a call writes; nothing when it lets strangers read it as well.

    Access lists of objects are not read, so such a call must stay unread.
    """
    return () if _lets_strangers_in(params) else one_object(params, response)


def copied_there(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the object that a copy writes; nothing when it is copied onto itself."""
    return () if _onto_itself(params) else written(params, response)


def copied_onto_itself(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the object that is copied onto itself, to change what is said about it."""
    return written(params, response) if _onto_itself(params) else ()


def _onto_itself(params: JsonObject) -> bool:
    source = unquote(text(params, "CopySource")).removeprefix("/")
    return source == f"{text(params, 'Bucket')}/{text(params, 'Key')}"


def _lets_strangers_in(params: JsonObject) -> bool:
    if text(params, "ACL") in ("public-read", "public-read-write", "authenticated-read"):
        return True
    return any(key.startswith("Grant") and params[key] for key in params)


def several_objects(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the objects that a call deletes at once, without those that it failed to."""
    bucket = _bucket(params)
    failed = {(e.get("Key"), e.get("VersionId")) for e in objects(response, "Errors")}
    for item in objects(table(params, "Delete"), "Objects") if bucket else ():
        if (item.get("Key"), item.get("VersionId")) not in failed:
            yield from one_object({**item, "Bucket": bucket}, {})


def whole_bucket(part: str = "") -> Pairs:
    """Return the pairs of a call about the bucket, or a part of its settings."""

    def pairs(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
        bucket = _bucket(params)
        return [(bucket, part)] if bucket else []

    return pairs
