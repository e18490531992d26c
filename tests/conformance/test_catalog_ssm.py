"""Parameters on every emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.aws import Api
from tests.conformance.catalog_harness import EMULATORS, Case, check_case


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


# The value is a placeholder in a replica.
_KNOWN = frozenset({"properties.ValueDigest"})
PARAMETER = Case(
    service="ssm",
    type="AWS::SSM::Parameter",
    make=_make,
    update=_update,
    gaps={"ministack": _KNOWN, "moto": _KNOWN},
)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_parameter_is_read_and_rebuilt_without_its_value(emulator: str, runtime: Path) -> None:
    check_case(PARAMETER, emulator, runtime)
