"""Builds a target of some size: mixed resources of the services that accounts have most of.

    python -m benchmarks.large_target URL [COUNT]

fills an emulator that already runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from executor.aws import Api, Credentials, Where

ACCOUNT = "123456789012"
REGION = "us-east-1"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
# Of a hundred resources, how many are of which service.
MIX: Mapping[str, int] = {
    "sqs": 20,
    "sns": 15,
    "s3": 10,
    "dynamodb": 10,
    "iam": 15,
    "ssm": 10,
    "secretsmanager": 5,
    "logs": 10,
    "kms": 5,
}


def api(url: str) -> Api:
    keys = Credentials(access_key=ACCOUNT, secret_key="benchmark")
    return Api(Where(region=REGION, endpoint_url=url, credentials=keys))


def _table(name: str) -> Mapping[str, object]:
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }


MAKE: Mapping[str, tuple[str, Callable[[str], Mapping[str, object]]]] = {
    "sqs": ("CreateQueue", lambda name: {"QueueName": name}),
    "sns": ("CreateTopic", lambda name: {"Name": name}),
    "s3": ("CreateBucket", lambda name: {"Bucket": name}),
    "dynamodb": ("CreateTable", _table),
    "iam": ("CreateRole", lambda name: {"RoleName": name, "AssumeRolePolicyDocument": TRUST}),
    "ssm": ("PutParameter", lambda name: {"Name": name, "Value": "v", "Type": "String"}),
    "secretsmanager": ("CreateSecret", lambda name: {"Name": name, "SecretString": "s"}),
    "logs": ("CreateLogGroup", lambda name: {"logGroupName": name}),
    "kms": ("CreateKey", lambda name: {"Description": name}),
}


def build(target: Api, count: int, *, without: str = "") -> None:
    """Make `count` resources, none of them of the service `without`."""
    services = [service for service, share in MIX.items() for _ in range(share)]
    wanted = [service for service in services if service != without]
    names = [(wanted[n % len(wanted)], f"resource-{n:05}") for n in range(count)]
    for service in dict.fromkeys(wanted):
        target.prepare(service)

    def make(service: str, name: str) -> None:
        operation, params = MAKE[service]
        target.call(service, operation, params(name))

    with ThreadPoolExecutor(4) as pool:
        for made in [pool.submit(make, *name) for name in names]:
            made.result()


if __name__ == "__main__":
    build(api(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
