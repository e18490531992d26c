"""Asking an engine for the target's own ids, where it gives them out on request.

LocalStack 4.14.0 takes the id of some resources from the tag `_custom_id_`: of subnets, KMS
keys and the random end of a secret's ARN, all tried. It keeps the tag, so it is taken away
again: no change may see it. It takes those of VPCs and security groups as well, and then leaves
the VPC's own security group in a VPC that is not there, and the other id in the group's ARN; so
these, and all that it cannot be told, are translated.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import OwnId
from executor.catalog.raw import text
from executor.model.json import JsonObject

_EMULATOR = "localstack"
_TAG = "_custom_id_"


def of_ec2(kind: str, key: str) -> OwnId:
    """Return how LocalStack is asked for the id of an EC2 resource.

    Args:
        kind: EC2's word for it (`vpc`).
        key: where its id is in its description.
    """

    def ask(raw: JsonObject, params: Mapping[str, object]) -> Mapping[str, object]:
        asked: list[object] = [{"Key": _TAG, "Value": text(raw, key)}]
        given = params.get("TagSpecifications")
        for tags in given if isinstance(given, list) else ():
            asked.extend(tags["Tags"])
        return {**params, "TagSpecifications": [{"ResourceType": kind, "Tags": asked}]}

    def undone(raw: JsonObject) -> Mapping[str, object]:
        return {"Resources": [text(raw, key)], "Tags": [{"Key": _TAG}]}

    return OwnId(emulator=_EMULATOR, ask=ask, undo="DeleteTags", undone=undone)


def _ask_key(raw: JsonObject, params: Mapping[str, object]) -> Mapping[str, object]:
    asked: list[object] = [{"TagKey": _TAG, "TagValue": text(raw, "KeyId")}]
    given = params.get("Tags")
    return {**params, "Tags": [*asked, *(given if isinstance(given, list) else ())]}


OF_KEY = OwnId(
    emulator=_EMULATOR,
    ask=_ask_key,
    undo="UntagResource",
    undone=lambda raw: {"KeyId": text(raw, "KeyId"), "TagKeys": [_TAG]},
)
"""KMS keys."""


def _ask_secret(raw: JsonObject, params: Mapping[str, object]) -> Mapping[str, object]:
    asked: list[object] = [{"Key": _TAG, "Value": text(raw, "ARN").rpartition("-")[2]}]
    given = params.get("Tags")
    return {**params, "Tags": [*asked, *(given if isinstance(given, list) else ())]}


OF_SECRET = OwnId(
    emulator=_EMULATOR,
    ask=_ask_secret,
    undo="UntagResource",
    undone=lambda raw: {"SecretId": text(raw, "ARN"), "TagKeys": [_TAG]},
)
"""Secrets, whose ARN ends in six letters of chance."""
