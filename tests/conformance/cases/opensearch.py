"""OpenSearch on every emulator: a domain with most that can be set, and a plain one."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import ACCOUNT, Case

_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "own",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["es:*"],
            "Resource": "*",
        }
    ],
}


def _make(api: Api) -> None:
    api.call(
        "opensearch",
        "CreateDomain",
        {
            "DomainName": "search",
            "EngineVersion": "OpenSearch_2.11",
            "ClusterConfig": {
                "InstanceType": "t3.small.search",
                "InstanceCount": 2,
                "ZoneAwarenessEnabled": True,
            },
            "EBSOptions": {"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 20},
            "EncryptionAtRestOptions": {"Enabled": True},
            "NodeToNodeEncryptionOptions": {"Enabled": True},
            "DomainEndpointOptions": {
                "EnforceHTTPS": True,
                "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07",
            },
            "AdvancedSecurityOptions": {
                "Enabled": True,
                "InternalUserDatabaseEnabled": True,
                "MasterUserOptions": {
                    "MasterUserName": "owner",
                    "MasterUserPassword": "Correct-horse-1",
                },
            },
            "SnapshotOptions": {"AutomatedSnapshotStartHour": 3},
            "AccessPolicies": json.dumps(_POLICY),
            "TagList": [{"Key": "team", "Value": "größe"}],
        },
    )
    api.call("opensearch", "CreateDomain", {"DomainName": "plain"})


def _update(api: Api) -> None:
    change = {"DomainName": "search", "SnapshotOptions": {"AutomatedSnapshotStartHour": 5}}
    api.call("opensearch", "UpdateDomainConfig", change)


def _remake(api: Api) -> None:
    for name in ("search", "plain"):
        api.call("opensearch", "DeleteDomain", {"DomainName": name})
    _make(api)


CASES = (
    Case(
        service="opensearch",
        type="AWS::OpenSearchService::Domain",
        make=_make,
        remake=_remake,
        update=_update,
    ),
)
