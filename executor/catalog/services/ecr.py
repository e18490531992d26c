"""Amazon ECR: repositories, with their images and tags as data.

Images are known by digest and tag; a replica's have placeholders for manifests. A tag that moves
to another image is no loss, since the image that had it stays. The registry's own settings, rules
for pulling through and templates are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Reading,
    ResourceType,
    Seed,
    Service,
    apart,
    on,
)
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.shaping import Params, deep_given, given, tag_list
from executor.catalog.weakening import added, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_MOST_IMAGES = 1000
_TAG = "tag "
_MEDIA = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_NAME = "params.repositoryName"
_BY_NAME = {"repositoryName": "repositoryName"}


def _repository(raw: JsonObject) -> Json:
    document = policy(raw.get("policyText"))
    return {
        "imageTagMutability": raw.get("imageTagMutability") or "MUTABLE",
        "imageTagMutabilityExclusions": deep_given(raw.get("imageTagMutabilityExclusionFilters"))
        or [],
        "scanOnPush": bool(table(raw, "imageScanningConfiguration").get("scanOnPush")),
        "encryption": given(table(raw, "encryptionConfiguration"), "encryptionType", "kmsKey"),
        "lifecycle": _rules(raw),
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
    }


def _rules(raw: JsonObject) -> list[Json]:
    try:
        found = json.loads(text(raw, "lifecyclePolicyText") or "{}")
    except ValueError:
        return [text(raw, "lifecyclePolicyText")]
    return [*objects(found, "rules")]


def _images(reading: Reading, raw: JsonObject) -> DataMark:
    most = min(_MOST_IMAGES, reading.cap)
    pages = reading.pages("DescribeImages", {"repositoryName": raw["repositoryName"]})
    images = (image for page in pages for image in objects(page, "imageDetails"))
    found = list(islice(images, most + 1))
    complete = len(found) <= most
    entries: dict[str, str] = {}
    for image in found[:most]:
        digest = text(image, "imageDigest")
        entries[digest] = ""
        entries.update((f"{_TAG}{tag}", digest) for tag in rows(image, "imageTags"))
    count = len(entries) if complete else None
    return DataMark(unit="image", count=count, entries=entries, complete=complete)


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(
            raw,
            "repositoryName",
            "imageTagMutability",
            "imageTagMutabilityExclusionFilters",
            "imageScanningConfiguration",
            "encryptionConfiguration",
        ),
        "tags": tag_list(raw, "tags"),
    }


def _fill(raw: JsonObject, data: DataMark | None) -> Params:
    entries = data.entries if data else {}
    tagged = set(entries.values()) - {""}
    for key, digest in entries.items():
        if not digest and key not in tagged:
            yield _image(raw, key)
        elif digest:
            yield {**_image(raw, digest), "imageTag": key.removeprefix(_TAG)}


def _image(raw: JsonObject, digest: str) -> dict[str, object]:
    config = {"mediaType": _CONFIG, "size": 2, "digest": digest}
    manifest = {"schemaVersion": 2, "mediaType": _MEDIA, "config": config, "layers": []}
    return {
        "repositoryName": raw["repositoryName"],
        "imageDigest": digest,
        "imageManifest": json.dumps(manifest),
    }


def _open(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("policyText"):
        yield given(raw, "repositoryName", "policyText")


def _expire(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("lifecyclePolicyText"):
        yield given(raw, "repositoryName", "lifecyclePolicyText")


def _named_images(params: JsonObject, response: JsonObject) -> Iterator[tuple[str, str]]:
    for image in objects(params, "imageIds"):
        tag = text(image, "imageTag")
        yield text(params, "repositoryName"), f"{_TAG}{tag}" if tag else text(image, "imageDigest")


def _put_image(params: JsonObject, response: JsonObject) -> Iterator[tuple[str, str]]:
    told = table(table(response, "image"), "imageId")
    yield text(params, "repositoryName"), text(told, "imageDigest") or text(params, "imageDigest")
    if params.get("imageTag"):
        yield text(params, "repositoryName"), f"{_TAG}{params['imageTag']}"


def _replaced_by_nothing(properties: JsonObject) -> bool:
    return False


REPOSITORY = ResourceType(
    type="AWS::ECR::Repository",
    listing=Listing(operation="DescribeRepositories", items="repositories[]"),
    details=(
        Detail(
            operation="GetRepositoryPolicy",
            params=_BY_NAME,
            pick="policyText",
            into="policyText",
            absent=frozenset({"RepositoryPolicyNotFoundException"}),
        ),
        Detail(
            operation="GetLifecyclePolicy",
            params=_BY_NAME,
            pick="lifecyclePolicyText",
            into="lifecyclePolicyText",
            absent=frozenset({"LifecyclePolicyNotFoundException"}),
        ),
        Detail(
            operation="ListTagsForResource",
            params={"resourceArn": "repositoryArn"},
            pick="tags",
            into="tags",
        ),
    ),
    id="repositoryName",
    name="repositoryName",
    arn="repositoryArn",
    settings=_repository,
    birth={"created": "createdAt"},
    tags="tags",
    stateful=True,
    data=_images,
    probes=("DescribeImages",),
    overwrites_lose=_replaced_by_nothing,
    seeds=(
        Seed(operation="CreateRepository", params=_create, creates=True, optional=False),
        Seed(operation="PutImage", params=_fill),
        Seed(operation="SetRepositoryPolicy", params=_open),
        Seed(operation="PutLifecyclePolicy", params=_expire),
    ),
    operations=(
        *on(Verb.CREATE, _NAME, "CreateRepository"),
        *on(Verb.DELETE, _NAME, "DeleteRepository"),
        *on(Verb.UPDATE, _NAME, "PutImageScanningConfiguration", "PutImageTagMutability"),
        *on(Verb.UPDATE, _NAME, "DeleteRepositoryPolicy", "SetRepositoryPolicy", part="'policy'"),
        *on(
            Verb.UPDATE,
            _NAME,
            "DeleteLifecyclePolicy",
            "PutLifecyclePolicy",
            part="'lifecycle policy'",
        ),
        *on(Verb.UPDATE, "params.resourceArn", "TagResource", "UntagResource", part="'tags'"),
        *apart(Verb.ERASE, _named_images, "BatchDeleteImage"),
        *apart(Verb.WRITE, _put_image, "PutImage"),
        # Layers are nothing without an image.
        *on(Verb.WRITE, _NAME, "CompleteLayerUpload", "InitiateLayerUpload", "UploadLayerPart"),
        *on(Verb.READ, _NAME, "BatchCheckLayerAvailability"),
    ),
    hazards=(
        HazardRule(field="lifecycle", hazard=Hazard.DATA_LOSS, when=added),
        HazardRule(
            field="imageTagMutability",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: str(before).startswith("IMMUTABLE") and after == "MUTABLE",
        ),
        HazardRule(field="imageTagMutabilityExclusions", hazard=Hazard.PROTECTION_LOSS, when=added),
        HazardRule(field="scanOnPush", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
    ),
)

SERVICE = Service(
    name="ecr",
    types=(REPOSITORY,),
    harmless={
        "StartImageScan": "looks for weaknesses in an image",
        "StartLifecyclePolicyPreview": "tells what a policy would delete",
    },
)
