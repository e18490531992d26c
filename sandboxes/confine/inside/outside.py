"""What leads out of the confinement: sockets that were handed in, or one stream both ways."""

from __future__ import annotations

import _socket
import os
import select
import sys

from sandboxes.confine.inside.multiplex import Multiplex
from sandboxes.confine.inside.piping import road_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from sandboxes.confine.inside.piping import Loop, Road

MAGIC = b"\0executor 1\0"
"""What the program inside says first on the stream; what stands before is a complaint."""

_CHUNK = 131_072
_LENGTH = 4


class Sockets:
    """A socket to talk over, and a directory of sockets behind which the gateway is."""

    def __init__(self, loop: Loop, control: int, place: str) -> None:
        """Args:
        loop: calls us.
        control: file descriptor of the socket to talk over.
        place: directory of the others.
        """
        self._loop = loop
        self._control = _socket.socket(fileno=control)
        self._place = place
        os.set_inheritable(control, False)

    @property
    def busy(self) -> bool:
        """Whether something that was sent has not been handed on yet."""
        return any(pair.unsent for pair in self._loop.pairs)

    def tell(self, line: bytes) -> None:
        """Say something.

        Raises:
            OSError: nobody listens.
        """
        self._control.sendall(line + b"\n")

    def hand_out(self, sockets: list[tuple[str, _socket.socket]]) -> None:
        """Give sockets that listen to the outside, which lets in who knocks at them.

        Raises:
            OSError: nobody listens.
        """
        if not sockets:
            return
        names = " ".join(name for name, _ in sockets)
        numbers = b"".join(s.fileno().to_bytes(4, sys.byteorder) for _, s in sockets)
        beside = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)]
        self._control.sendmsg([f"ports {names}\n".encode()], beside)
        for _, sock in sockets:
            sock.close()

    def await_order(self, ordered: Callable[[bool], None]) -> None:
        """Have `ordered` called when the end is ordered, with whether anybody is there still."""
        self._control.setblocking(True)
        fd = self._control.fileno()
        self._loop.add(fd, select.POLLIN, lambda _: ordered(bool(self._control.recv(64))))

    def road(self, name: str, greeting: bytes) -> Road:
        """Return the road to one of the sockets."""
        return road_to(self._loop, f"{self._place}/{name}", greeting)

    def finish(self) -> None:
        """See that all that was said has been heard."""


class Streams:
    """One stream in and one out, over which everything goes."""

    def __init__(
        self,
        loop: Loop,
        source: int,
        sink: int,
        reach: Callable[[bytes], _socket.socket] | None = None,
    ) -> None:
        """Args:
        loop: calls us.
        source: file descriptor to read from.
        sink: file descriptor to write to.
        reach: connects to what the outside asks for; None where it asks for nothing.
        """
        self._loop = loop
        self._source = source
        self._sink = sink
        self._ordered: Callable[[bool], None] = lambda _: None
        for fd in (source, sink):
            os.set_blocking(fd, False)
        self._multiplex = Multiplex(
            loop,
            lambda data: os.write(sink, data),
            heard=lambda _: self._ordered(True),
            waits=self._waits,
            reach=reach,
        )
        loop.add(source, select.POLLIN, self._receive)

    @property
    def busy(self) -> bool:
        """Whether something that was sent has not been handed on yet."""
        return self._multiplex.busy

    def tell(self, line: bytes) -> None:
        """Say something.

        Raises:
            OSError: nobody listens.
        """
        self._multiplex.tell(line)

    def hand_out(self, sockets: list[tuple[str, _socket.socket]]) -> None:
        """Sockets cannot be handed out over a stream; none are to be."""
        assert not sockets

    def await_order(self, ordered: Callable[[bool], None]) -> None:
        """Have `ordered` called when the end is ordered, with whether anybody is there still."""
        self._ordered = ordered

    def road(self, name: str, greeting: bytes) -> Road:
        """Return the road to what has that name outside."""
        named = name.encode() + b" " + greeting
        return lambda client: self._multiplex.open(client, named)

    def finish(self) -> None:
        """See that all that was said has been heard."""
        os.set_blocking(self._sink, True)
        self._multiplex.flush()

    def _waits(self, waiting: bool) -> None:
        if waiting:
            self._loop.add(self._sink, select.POLLOUT, self._flush)
        else:
            self._loop.remove(self._sink)

    def _flush(self, _: int) -> None:
        try:
            self._multiplex.flush()
        except OSError:
            self._ordered(False)

    def _receive(self, _: int) -> None:
        try:
            data = os.read(self._source, _CHUNK)
            if data:
                self._multiplex.receive(data)
        except BlockingIOError:
            return
        except (OSError, ValueError):
            data = b""
        if not data:
            self._ordered(False)


def take_streams() -> tuple[int, int]:
    """Keep the standard input and error to ourselves, and return where they are now."""
    source, sink = os.dup(0), os.dup(2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(1, 2)
    os.write(sink, MAGIC)
    return source, sink


def read_settings(source: int) -> bytes:
    """Read what comes first on a stream, behind its length.

    Raises:
        OSError: it ends before.
    """
    data = b""
    wanted = _LENGTH
    while len(data) < wanted:
        part = os.read(source, wanted - len(data))
        if not part:
            raise OSError("the settings break off")
        data += part
        if len(data) == _LENGTH == wanted:
            wanted += int.from_bytes(data, "big")
    return data[_LENGTH:]
