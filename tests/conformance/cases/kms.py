"""KMS on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import Case

OPEN = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "AWS": [f"arn:aws:iam::{a}:root" for a in (123456789012, 999999999999)]
                },
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
)


def make_key(api: Api, **params: object) -> str:
    metadata = api.call("kms", "CreateKey", params)["KeyMetadata"]
    assert isinstance(metadata, dict)
    return str(metadata["KeyId"])


def _make(api: Api) -> None:
    rich = make_key(api, Description="rich", Tags=[{"TagKey": "team", "TagValue": "a"}])
    signing = make_key(api, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    doomed = make_key(api, Description="doomed")
    api.call("kms", "CreateAlias", {"AliasName": "alias/rich", "TargetKeyId": rich})
    api.call("kms", "EnableKeyRotation", {"KeyId": rich})
    api.call("kms", "PutKeyPolicy", {"KeyId": rich, "PolicyName": "default", "Policy": OPEN})
    for name in ("first", "second"):
        api.call(
            "kms",
            "CreateGrant",
            {
                "KeyId": rich,
                "GranteePrincipal": f"arn:aws:iam::123456789012:role/{name}",
                "Operations": ["Encrypt", "Decrypt"],
                "Name": name,
            },
        )
    api.call("kms", "DisableKey", {"KeyId": signing})
    api.call("kms", "ScheduleKeyDeletion", {"KeyId": doomed, "PendingWindowInDays": 7})


TYPES = ("AWS::KMS::Key", "AWS::KMS::Alias")
CASES = tuple(Case(service="kms", type=kind, make=_make) for kind in TYPES)
