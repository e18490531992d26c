"""Repositories with images on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_MEDIA = "application/vnd.docker.distribution.manifest.v2+json"
_REPOSITORY = {"repositoryName": "shop/web"}


def _image(n: int, tag: str = "") -> dict[str, object]:
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MEDIA,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": n,
            "digest": f"sha256:{n:064x}",
        },
        "layers": [],
    }
    return {
        **_REPOSITORY,
        "imageManifest": json.dumps(manifest),
        "imageDigest": f"sha256:{n:064x}",
        **({"imageTag": tag} if tag else {}),
    }


def _make(api: Api) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000"
    api.call(
        "ecr",
        "CreateRepository",
        {
            **_REPOSITORY,
            "tags": [{"Key": "team", "Value": "a"}],
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
        },
    )
    for image in (_image(1, "v1"), _image(1, "v1.0"), _image(2, "v2"), _image(3)):
        api.call("ecr", "PutImage", image)
    friend = {"AWS": "arn:aws:iam::999999999999:root"}
    statement = {"Sid": "a", "Effect": "Allow", "Principal": friend, "Action": "ecr:BatchGetImage"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api.call("ecr", "SetRepositoryPolicy", {**_REPOSITORY, "policyText": document})
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 30}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    rules = json.dumps({"rules": [rule]})
    api.call("ecr", "PutLifecyclePolicy", {**_REPOSITORY, "lifecyclePolicyText": rules})
    api.call("ecr", "CreateRepository", {"repositoryName": "plain"})


def _remake(api: Api) -> None:
    for name in ("shop/web", "plain"):
        api.call("ecr", "DeleteRepository", {"repositoryName": name, "force": True})
    _make(api)


def _update(api: Api) -> None:
    api.call("ecr", "PutImageTagMutability", {**_REPOSITORY, "imageTagMutability": "MUTABLE"})


CASES = (
    Case(
        service="ecr",
        type="AWS::ECR::Repository",
        make=_make,
        remake=_remake,
        update=_update,
        kept={
            "imageTagMutability": "imageTagMutability == 'IMMUTABLE'",
            "scanOnPush": "scanOnPush",
            "encryption": "encryption.kmsKey",
            "lifecycle": "lifecycle[0]",
            "OpenTo": "OpenTo",
        },
    ),
)
