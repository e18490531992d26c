"""What conformance tests share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.embedded import stop_daemons

pytest.register_assert_rewrite(
    "tests.conformance.catalog_harness", "tests.conformance.catalog_whole"
)


@pytest.fixture(scope="session")
def runtime() -> Iterator[Path]:
    """Yield a directory of our own for the background servers, which are stopped at the end."""
    # Not pytest's: the paths of unix sockets are short.
    with tempfile.TemporaryDirectory(prefix="xr-") as place:
        yield Path(place)
        stop_daemons(Path(place))
