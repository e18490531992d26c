"""Leads connections from ports inside to unix sockets that were handed in, both ways.

One thread, one `poll`: the gateway has the other processor for itself.
"""

from __future__ import annotations

import _socket
import errno
import os
import select

from sandboxes.confine.inside.hostnames import Book, reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[int], None]
    Road = Callable[[_socket.socket], None]

_CHUNK = 131_072
_MOST_BUFFERED = 524_288
_BACKLOG = 1024
_MOST_DNS = 4096
_MOMENT_S = 0.01
_ENDED = select.POLLHUP | select.POLLERR


class Loop:
    """Calls whoever registered for a file descriptor when something happens to it."""

    def __init__(self) -> None:
        # Not `epoll`: the end outside may be on a system that has none.
        self._poll = select.poll()
        self._handlers: dict[int, Handler] = {}
        self._again: list[Callable[[], None]] = []
        self.pairs: set[Pair] = set()

    def add(self, fd: int, events: int, handler: Handler) -> None:
        """Have `handler` called with the events."""
        self._handlers[fd] = handler
        self._poll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        """Wait for other events."""
        if fd in self._handlers:
            self._poll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Forget a file descriptor, which must still be open."""
        if self._handlers.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def soon(self, action: Callable[[], None]) -> None:
        """Have `action` called a moment later."""
        self._again.append(action)

    def turn(self, seconds: float) -> bool:
        """Wait for events, at most so long, and hand them on; returns whether there were any."""
        again, self._again = self._again, []
        for action in again:
            action()
        if self._again:
            seconds = min(seconds, _MOMENT_S)
        found = self._poll.poll(max(seconds, 0.0) * 1000)
        for fd, events in found:
            handler = self._handlers.get(fd)
            if handler is not None:
                handler(events)
        return bool(found)

    @property
    def waiting(self) -> bool:
        """Whether something is to be tried again."""
        return bool(self._again)


def listening(address: str, port: int) -> _socket.socket:
    """Return a socket that listens, and does not block.

    Args:
        address: IPv4 or IPv6 address to listen at.
        port: port to listen at.

    Raises:
        OSError: it cannot be bound.
    """
    family = _socket.AF_INET6 if ":" in address else _socket.AF_INET
    found = _socket.socket(family, _socket.SOCK_STREAM)
    try:
        found.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        found.bind((address, port))
        found.listen(_BACKLOG)
        found.setblocking(False)
    except OSError:
        found.close()
        raise
    return found


class Port:
    """A listening port whose connections are led down a road."""

    def __init__(self, loop: Loop, address: str, port: int, road: Road) -> None:
        """Args:
        loop: calls us.
        address: IPv4 or IPv6 address to listen at.
        port: port to listen at.
        road: given each connection.

        Raises:
            OSError: it cannot be bound.
        """
        self._socket = listening(address, port)
        self._road = road
        loop.add(self._socket.fileno(), select.POLLIN, self._accept)

    def _accept(self, _: int) -> None:
        try:
            fd, _address = self._socket._accept()  # type: ignore[attr-defined]
        except OSError:
            return
        client = _socket.socket(fileno=fd)
        client.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._road(client)


def road_to(loop: Loop, path: str, greeting: bytes = b"") -> Road:
    """Return a road to a unix socket.

    Args:
        loop: calls us.
        path: the unix socket.
        greeting: what to send there first.
    """

    def lead(client: _socket.socket) -> None:
        server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        server.setblocking(False)
        connect(client, server)

    def connect(client: _socket.socket, server: _socket.socket) -> None:
        try:
            server.connect(path)
            server.sendall(greeting)
        except BlockingIOError:
            # Its queue is full; the gateway may not have been loaded yet.
            loop.soon(lambda: connect(client, server))
        except OSError:
            client.close()
            server.close()
        else:
            Pair(loop, client, server)

    return lead


class _End:
    """One side of a pair."""

    __slots__ = ("buffer", "finished", "shut", "socket")

    def __init__(self, sock: _socket.socket) -> None:
        self.socket = sock
        self.buffer = b""  # still to be sent to this side
        self.finished = False  # nothing more comes from this side
        self.shut = False  # nothing more goes to this side


class Pair:
    """Two connected sockets; what comes from one goes to the other."""

    def __init__(self, loop: Loop, one: _socket.socket, other: _socket.socket) -> None:
        """Args:
        loop: calls us.
        one: a socket; closed at the end.
        other: the other; closed at the end.
        """
        self._loop = loop
        self._ends = (_End(one), _End(other))
        self._closed = False
        loop.pairs.add(self)
        for end, peer in (self._ends, self._ends[::-1]):
            end.socket.setblocking(False)
            loop.add(end.socket.fileno(), select.POLLIN, self._handler(end, peer))

    @property
    def unsent(self) -> bool:
        """Whether something waits to be sent to the other."""
        return bool(self._ends[1].buffer)

    def _handler(self, end: _End, peer: _End) -> Handler:
        return lambda events: self._happened(end, peer, events)

    def _happened(self, end: _End, peer: _End, events: int) -> None:
        try:
            if events & select.POLLOUT:
                _send(end)
            if events & (select.POLLIN | _ENDED):
                _receive(end, peer)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                self._close()
                return
        gone = events & _ENDED and end.finished
        if gone and not peer.buffer:
            self._close()
            return
        if gone:
            # It would be reported for ever; what is buffered still goes to the peer.
            self._loop.remove(end.socket.fileno())
        self._settle()

    def _settle(self) -> None:
        for end, peer in (self._ends, self._ends[::-1]):
            if end.finished and not peer.buffer and not peer.shut:
                peer.shut = True
                try:
                    peer.socket.shutdown(_socket.SHUT_WR)
                except OSError:
                    self._close()
                    return
        if all(end.shut for end in self._ends):
            self._close()
            return
        for end, peer in (self._ends, self._ends[::-1]):
            events = select.POLLOUT if end.buffer else 0
            if not end.finished and len(peer.buffer) < _MOST_BUFFERED:
                events |= select.POLLIN
            self._loop.change(end.socket.fileno(), events)

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.pairs.discard(self)
        for end in self._ends:
            self._loop.remove(end.socket.fileno())
            end.socket.close()


def _receive(end: _End, peer: _End) -> None:
    if end.finished or len(peer.buffer) >= _MOST_BUFFERED:
        return
    data = end.socket.recv(_CHUNK)
    if not data:
        end.finished = True
        return
    waiting = bool(peer.buffer)
    peer.buffer += data
    if not waiting:
        _send(peer)


def _send(end: _End) -> None:
    if end.buffer:
        try:
            sent = end.socket.send(end.buffer)
        except BlockingIOError:
            return
        end.buffer = end.buffer[sent:]


class NameServer:
    """Answers questions for host names on UDP and TCP."""

    def __init__(
        self, loop: Loop, address: str, book: Book, asked_in_vain: Callable[[str], None]
    ) -> None:
        """Args:
        loop: calls us.
        address: where to listen, port 53.
        book: the answers.
        asked_in_vain: told every name that has none.

        Raises:
            OSError: it cannot be bound.
        """
        self._loop = loop
        self._book = book
        self._asked = asked_in_vain
        self._udp = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
        self._udp.bind((address, 53))
        self._tcp = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self._tcp.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        self._tcp.bind((address, 53))
        self._tcp.listen(_BACKLOG)
        for sock in (self._udp, self._tcp):
            sock.setblocking(False)
        loop.add(self._udp.fileno(), select.POLLIN, self._datagram)
        loop.add(self._tcp.fileno(), select.POLLIN, self._accept)

    def _answer(self, query: bytes) -> bytes:
        answer, vain = reply(query, self._book)
        if vain:
            self._asked(vain)
        return answer

    def _datagram(self, _: int) -> None:
        try:
            query, sender = self._udp.recvfrom(_MOST_DNS)
            answer = self._answer(query)
            if answer:
                self._udp.sendto(answer, sender)
        except OSError:
            return

    def _accept(self, _: int) -> None:
        try:
            fd, _address = self._tcp._accept()  # type: ignore[attr-defined]
        except OSError:
            return
        os.set_blocking(fd, False)
        received = bytearray()
        self._loop.add(fd, select.POLLIN, lambda events: self._stream(fd, received))

    def _stream(self, fd: int, received: bytearray) -> None:
        try:
            data = os.read(fd, _MOST_DNS)
            received += data
            length = int.from_bytes(received[:2], "big")
            while len(received) >= 2 + length > 2:
                answer = self._answer(bytes(received[2 : 2 + length]))
                del received[: 2 + length]
                length = int.from_bytes(received[:2], "big")
                os.write(fd, len(answer).to_bytes(2, "big") + answer)
        except OSError:
            data = b""
        if not data or len(received) > _MOST_DNS:
            self._loop.remove(fd)
            os.close(fd)
