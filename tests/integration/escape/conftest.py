from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.confining import KINDS, Kind
from tests.integration.doors import open_gateway
from tests.integration.escape.attempts import Ground


@pytest.fixture(params=KINDS)
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    assert isinstance(request.param, Kind)
    for name in ("home", "work", "private/work", "authority"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "private" / "work" / "main.tf").write_text("")
    (tmp_path / "work" / "main.tf").write_text("")
    with open_gateway(tmp_path / "authority") as gateway:
        yield Ground(request.param, tmp_path, gateway.door)
