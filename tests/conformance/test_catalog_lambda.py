"""Lambda functions on every emulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.cases.lambda_functions import make_function
from tests.conformance.catalog_harness import EMULATORS, lab, only


@pytest.mark.parametrize("emulator", EMULATORS)
def test_values_of_the_environment_are_kept_nowhere(emulator: str, runtime: Path) -> None:
    with lab(emulator, runtime) as target:
        make_function(target.api)
        function = only(target.read("lambda"), "AWS::Lambda::Function")["checkout"]
    assert "hush" not in json.dumps(dict(function.raw))
    assert set(function.properties["Environment"]) == {"TOKEN"}  # type: ignore[arg-type]
