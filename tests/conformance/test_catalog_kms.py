"""KMS on every emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.cases.kms import make_key
from tests.conformance.catalog_harness import EMULATORS, lab


@pytest.mark.parametrize("emulator", EMULATORS)
def test_scheduled_deletion_is_deferred_and_known_by_the_alias(
    emulator: str, runtime: Path
) -> None:
    with lab(emulator, runtime) as target:
        key = make_key(target.api, Description="k")
        target.api.call("kms", "CreateAlias", {"AliasName": "alias/k", "TargetKeyId": key})
        target.api.call("kms", "ScheduleKeyDeletion", {"KeyId": key})
        found = {r.id: r for r in target.read("kms").of_type("AWS::KMS::Key")}[key]
    assert found.deferred_delete
    assert "alias/k" in found.handles
