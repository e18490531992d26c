"""Leads connections that the outside opens to a port inside, over one stream.

It runs beside what listens at that port, in a container that has no network. First it looks
whether that is so, and tells: `probe TEXT` for what does not hold, then `ready`.
"""

from __future__ import annotations

import _socket
import os
import sys

from sandboxes.confine.inside import probes
from sandboxes.confine.inside.outside import Streams, take_streams
from sandboxes.confine.inside.piping import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_LOOPBACK = "127.0.0.1"
_TURN_S = 60.0


def main() -> NoReturn:
    """Lead, until the outside is gone; the argument is the port."""
    port = int(sys.argv[1])

    def reach(_: bytes) -> _socket.socket:
        sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        try:
            sock.connect((_LOOPBACK, port))
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except OSError:
            sock.close()
            raise
        return sock

    loop = Loop()
    source, sink = take_streams()
    outside = Streams(loop, source, sink, reach)
    # Whatever is said, or that nothing more can be, means the end.
    outside.await_order(lambda _: os._exit(0))
    for wrong in probes.network() + probes.rights():
        outside.tell(f"probe {wrong}".encode())
    outside.tell(b"ready")
    while True:
        loop.turn(_TURN_S)
