"""Sockets listen at paths of any length, and for this user alone."""

import os
import socket
import stat
from pathlib import Path

import pytest

from sandboxes.sockets import listen_at


@pytest.mark.parametrize("name", ["short", "long" * 50])
def test_a_socket_listens_where_it_was_told(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.mkdir()
    with listen_at(place / "s", 4), socket.socket(socket.AF_UNIX) as client:
        assert stat.S_IMODE((place / "s").stat().st_mode) == 0o600
        directory = os.open(place, os.O_RDONLY)
        try:
            client.connect(f"/proc/self/fd/{directory}/s")
        finally:
            os.close(directory)


def test_a_place_that_is_taken_is_refused(tmp_path: Path) -> None:
    with listen_at(tmp_path / "s", 4), pytest.raises(OSError, match="in use"):
        listen_at(tmp_path / "s", 4)
