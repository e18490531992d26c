from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from executor.errors import ExecutorError
from tests.unit.gateway.roads import Open, Road, open_road


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens roads; whatever a test did to them, their gateways are closed."""
    with ExitStack() as stack:

        def closing(road: Road) -> None:
            try:
                road.gateway.close()
            except ExecutorError:
                return

        def open_one(**settings: object) -> Road:
            road = stack.enter_context(open_road(tmp_path, **settings))  # type: ignore[arg-type]
            stack.callback(closing, road)
            return road

        yield open_one


@pytest.fixture
def road(opened: Open) -> Road:
    return opened()
