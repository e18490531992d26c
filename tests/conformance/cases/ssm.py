"""Parameters on every emulator."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.catalog_harness import Case


def _make(api: Api) -> None:
    for params in (
        {"Name": "/app/url", "Type": "String", "Description": "größe", "AllowedPattern": ".*"},
        {"Name": "/app/key", "Type": "SecureString", "KeyId": "alias/aws/ssm"},
        {"Name": "plain", "Type": "StringList", "Tier": "Advanced"},
    ):
        tags = [{"Key": "team", "Value": "a"}]
        api.call("ssm", "PutParameter", {"Value": "one,two", "Tags": tags, **params})


def _update(api: Api) -> None:
    params = {"Name": "plain", "Type": "StringList", "Value": "three", "Overwrite": True}
    api.call("ssm", "PutParameter", params)


PARAMETER = Case(
    service="ssm",
    type="AWS::SSM::Parameter",
    make=_make,
    update=_update,
)
CASES = (PARAMETER,)
