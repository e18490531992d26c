"""Somebody's emulator is known for what it is, by what it says itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandboxes.endpoint import EndpointEngine
from sandboxes.model import SandboxSpec
from tests.integration.unguarded import unguarded


@pytest.mark.parametrize("emulator", ["ministack", "moto"])
def test_plain_emulator_is_recognised(emulator: str, tmp_path: Path) -> None:
    with (
        unguarded(emulator, tmp_path) as url,
        EndpointEngine(url).start(SandboxSpec(run="somebodys")) as sandbox,
    ):
        assert sandbox.info.emulator == emulator
        # moto does not say its version, and another one may implement less.
        assert sandbox.operations.implements("sqs", "CreateQueue") == (emulator == "ministack")
