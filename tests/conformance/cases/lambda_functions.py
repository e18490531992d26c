"""Lambda functions on every emulator."""

from __future__ import annotations

import io
import json
import time
import zipfile

from executor.aws import Api
from tests.conformance.catalog_harness import Case

ROLE = "arn:aws:iam::123456789012:role/runs"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def package() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return 1\n")
    return packed.getvalue()


def _lambda(api: Api, operation: str, **params: object) -> None:
    api.call("lambda", operation, {"FunctionName": "checkout", **params})


def make_function(api: Api) -> None:
    role = {"RoleName": "runs", "AssumeRolePolicyDocument": json.dumps(TRUST)}
    api.call("iam", "CreateRole", role)
    _lambda(
        api,
        "CreateFunction",
        Runtime="python3.12",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": package()},
        Environment={"Variables": {"TOKEN": "hush"}},
        Tags={"team": "a"},
        MemorySize=256,
        Timeout=9,
    )
    settle(api)
    _lambda(api, "PublishVersion", Description="first")
    _lambda(api, "CreateAlias", Name="live", FunctionVersion="1")
    for sid, principal in (("bucket", "s3.amazonaws.com"), ("all", "*")):
        action = "lambda:InvokeFunction"
        _lambda(api, "AddPermission", StatementId=sid, Action=action, Principal=principal)
    _lambda(api, "PutFunctionConcurrency", ReservedConcurrentExecutions=5)
    _lambda(api, "CreateFunctionUrlConfig", AuthType="NONE")
    _lambda(api, "PutFunctionEventInvokeConfig", MaximumRetryAttempts=1)


def settle(api: Api) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        found = api.call("lambda", "GetFunctionConfiguration", {"FunctionName": "checkout"})
        if found["State"] == "Active":
            return
        time.sleep(0.05)
    raise AssertionError("the function did not become active")


FUNCTION = Case(
    service="lambda",
    type="AWS::Lambda::Function",
    make=make_function,
    services=("iam",),
)


CASES = (FUNCTION,)
