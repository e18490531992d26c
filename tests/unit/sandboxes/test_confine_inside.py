"""The probes find what is wrong where something is: here, outside any confinement."""

import socket
from pathlib import Path

import pytest

from sandboxes.confine.inside import children, probes
from sandboxes.confine.relay import connect_public, is_public


def test_writable_places_are_found(tmp_path: Path) -> None:
    wrong = probes.filesystem([], [str(tmp_path)], str(tmp_path))
    assert f"{tmp_path} can be written" in wrong
    assert any("is mounted writable" in text for text in wrong)


def test_a_work_directory_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    assert "the work directory cannot be written" in probes.filesystem(
        [], [], str(tmp_path / "missing")
    )


def test_files_and_sockets_in_sight_are_found(tmp_path: Path) -> None:
    secret, empty, full = tmp_path / "secret", tmp_path / "empty", tmp_path / "full"
    secret.write_text("x")
    empty.touch()
    (full / "inner").mkdir(parents=True)
    missing = tmp_path / "missing"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        paths = [str(path) for path in (secret, empty, full, missing, tmp_path / "s")]
        assert probes.credentials(paths) == [
            f"{secret} can be read",
            f"{full} can be read",
            f"{tmp_path}/s can be read",
        ]


def test_other_programs_sockets_are_found() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("\0executor-test-of-probes")
        assert "sockets of other programs can be reached by name" in probes.network()


def test_this_process_has_other_processes_in_sight() -> None:
    assert "processes outside can be seen" in probes.privileges()


def test_memory_is_counted_once_where_it_is_shared() -> None:
    everything = children.live()
    assert everything
    assert children.proportional(everything) <= sum(child.resident for child in everything)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.17.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::1",
    ],
)
def test_addresses_that_are_not_the_internet_s(address: str) -> None:
    assert not is_public(address)


def test_addresses_that_are() -> None:
    assert is_public("151.101.0.223")
    assert is_public("2a04:4e42::223")


def test_a_name_of_this_machine_is_not_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(PermissionError):
        connect_public("localhost", server.getsockname()[1])
