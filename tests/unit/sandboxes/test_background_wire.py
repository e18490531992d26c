from __future__ import annotations

import socket

import pytest

from sandboxes.background import wire
from sandboxes.embedded import messages
from sandboxes.model import SandboxSpec


def test_spec_arrives_as_it_was_sent() -> None:
    spec = SandboxSpec(run="r", account="123456789012", region="eu-west-1", daemon=False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, {"spec": messages.spec_to_wire(spec)})
        assert messages.spec_from_wire(wire.receive(theirs)["spec"]) == spec


@pytest.mark.parametrize("line", [b"\n", b"nonsense\n", b"[1]\n", b"\xff\n"])
def test_nonsense_severs(line: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(line)
        with pytest.raises(wire.Severed):
            wire.receive(theirs)


def test_end_of_stream_severs() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        with pytest.raises(wire.Severed):
            wire.receive(theirs)


def test_silence_severs_when_time_is_up() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(0.01)
        with pytest.raises(wire.Severed):
            wire.receive(theirs)


@pytest.mark.parametrize("spec", [None, [], {}, {"run": "r"}])
def test_incomplete_spec_severs(spec: object) -> None:
    with pytest.raises(wire.Severed):
        messages.spec_from_wire(spec)


def test_number_that_is_none_severs() -> None:
    with pytest.raises(wire.Severed):
        wire.number({"port": "80"}, "port")


def test_peer_of_the_same_user_is_ours() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert wire.is_ours(ours)
