"""Many connections over one stream, for where no socket can be handed in.

Both ends run this. A frame is a letter, four bytes of channel, four bytes of length, and so many
bytes: `O` opens a channel to a road, `D` is data, `A` says how much of it has been handed on,
`E` that no more will come, `C` that the channel is closed, and `L`, of no channel, is a line.

A channel may have `_WINDOW` bytes under way, so that a connection that nobody reads from holds
up no other, and nothing grows without bound.
"""

from __future__ import annotations

import _socket
import errno
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from sandboxes.confine.inside.piping import Loop

_IN, _OUT = select.POLLIN, select.POLLOUT
_FAILED = select.POLLHUP | select.POLLERR
_HEAD = 9
_CHUNK = 65_536
_PIECE = 2 * _CHUNK
_WINDOW = 524_288
_ACKNOWLEDGED = _WINDOW // 4
_MOST_UNSENT = 1_048_576
_MOST_FRAME = 1_048_576
_AGAIN = (errno.EAGAIN, errno.EINTR)


class _Channel:
    __slots__ = (
        *("buffer", "credit", "ended", "handed", "number", "over", "shut", "socket"),
        "watched",
    )

    def __init__(self, number: int, sock: _socket.socket | None = None) -> None:
        self.number = number
        self.socket = sock  # None until it is connected
        self.watched = False  # events of its socket are waited for
        self.buffer = b""  # still to be sent to the socket
        self.credit = _WINDOW  # how much may still be sent to the other end
        self.handed = 0  # sent to the socket, and not yet acknowledged
        self.over = False  # nothing more comes from the socket
        self.ended = False  # nothing more comes from the other end
        self.shut = False  # nothing more goes to the socket


class Multiplex:
    """One end."""

    def __init__(
        self,
        loop: Loop,
        write: Callable[[bytes], int],
        *,
        heard: Callable[[bytes], None],
        waits: Callable[[bool], None],
        reach: Callable[[bytes], _socket.socket] | None = None,
    ) -> None:
        """Args:
        loop: calls us.
        write: sends some bytes of those it is given to the other end, and tells how many;
            raises `BlockingIOError` where none can be sent now.
        heard: called with each line from the other end.
        waits: told when something waits to be sent to the other end, and when no longer.
        reach: returns a connection to what a road leads to; raises `BlockingIOError` when
            that has to be tried again. None where the other end opens none.
        """
        self._loop = loop
        self._write = write
        self._heard = heard
        self._waits = waits
        self._reach = reach
        self._received = bytearray()
        self._unsent = bytearray()
        self._waiting = False
        self._channels: dict[int, _Channel] = {}
        self._last = 0

    @property
    def busy(self) -> bool:
        """Whether something that was sent has not been handed on yet."""
        return bool(self._unsent) or any(c.buffer for c in self._channels.values())

    def tell(self, line: bytes) -> None:
        """Send a line."""
        self._put(b"L", 0, line)

    def open(self, sock: _socket.socket, road: bytes) -> None:
        """Lead a connection to a road at the other end."""
        self._last += 1
        channel = _Channel(self._last)
        self._channels[channel.number] = channel
        self._put(b"O", channel.number, road)
        self._begin(channel, sock)

    def receive(self, data: bytes) -> None:
        """Take what came from the other end.

        Raises:
            ValueError: it is not what this end would send.
        """
        received = self._received
        received += data
        at = 0
        while len(received) - at >= _HEAD:
            length = int.from_bytes(received[at + 5 : at + _HEAD], "big")
            if length > _MOST_FRAME:
                raise ValueError("a frame is too long")
            end = at + _HEAD + length
            if len(received) < end:
                break
            number = int.from_bytes(received[at + 1 : at + 5], "big")
            self._take(bytes(received[at : at + 1]), number, bytes(received[at + _HEAD : end]))
            at = end
        del received[:at]

    def flush(self) -> None:
        """Send what waits, as far as that is possible now.

        Raises:
            OSError: nobody is at the other end.
        """
        full = len(self._unsent) >= _MOST_UNSENT
        while self._unsent:
            try:
                sent = self._write(bytes(self._unsent[:_PIECE]))
            except BlockingIOError:
                break
            del self._unsent[:sent]
        waiting = bool(self._unsent)
        if waiting != self._waiting:
            self._waiting = waiting
            self._waits(waiting)
        if full and len(self._unsent) < _MOST_UNSENT:
            for channel in tuple(self._channels.values()):
                self._settle(channel)

    def close(self) -> None:
        """Close every channel here; the other end is told nothing."""
        for channel in tuple(self._channels.values()):
            self._drop(channel)

    def _put(self, kind: bytes, number: int, data: bytes = b"") -> None:
        self._unsent += kind + number.to_bytes(4, "big") + len(data).to_bytes(4, "big") + data
        self.flush()

    def _take(self, kind: bytes, number: int, data: bytes) -> None:
        if kind == b"L":
            self._heard(data)
        elif kind == b"O":
            self._opened(number, data)
        elif kind in (b"A", b"C", b"D", b"E"):
            channel = self._channels.get(number)
            # Both ends may have closed it at the same time.
            if channel is not None:
                self._change(channel, kind, data)
        else:
            raise ValueError("a frame is of no known kind")

    def _opened(self, number: int, road: bytes) -> None:
        if self._reach is None or number in self._channels:
            raise ValueError("a channel was opened that cannot be")
        channel = _Channel(number)
        self._channels[number] = channel
        self._connect(channel, road)

    def _connect(self, channel: _Channel, road: bytes) -> None:
        if channel.number not in self._channels:
            return
        assert self._reach is not None
        try:
            sock = self._reach(road)
        except BlockingIOError:
            # Its queue is full; the gateway may not have been loaded yet.
            self._loop.soon(lambda: self._connect(channel, road))
        except OSError:
            self._break(channel)
        else:
            self._begin(channel, sock)

    def _begin(self, channel: _Channel, sock: _socket.socket) -> None:
        sock.setblocking(False)
        channel.socket = sock
        self._hand_on(channel)

    def _change(self, channel: _Channel, kind: bytes, data: bytes) -> None:
        if kind == b"A":
            channel.credit += int.from_bytes(data, "big")
            self._settle(channel)
        elif kind == b"C":
            self._drop(channel)
        else:
            channel.buffer += data
            channel.ended = channel.ended or kind == b"E"
            if len(channel.buffer) > _WINDOW:
                raise ValueError("more was sent than may be under way")
            self._hand_on(channel)

    def _happened(self, channel: _Channel, events: int) -> None:
        try:
            if events & (_IN | _FAILED) and not channel.over and self._room(channel):
                self._read(channel)
        except OSError as error:
            if error.errno not in _AGAIN:
                self._break(channel)
                return
        if events & _FAILED and channel.over and not channel.buffer:
            self._break(channel)
            return
        if events & _FAILED and not self._room(channel):
            # It would be reported for ever; what it still holds is read when there is room.
            self._watch(channel, 0)
            return
        self._hand_on(channel)

    def _room(self, channel: _Channel) -> int:
        return 0 if len(self._unsent) >= _MOST_UNSENT else min(channel.credit, _CHUNK)

    def _read(self, channel: _Channel) -> None:
        assert channel.socket is not None
        data = channel.socket.recv(self._room(channel))
        if data:
            channel.credit -= len(data)
            self._put(b"D", channel.number, data)
        else:
            channel.over = True
            self._put(b"E", channel.number)

    def _hand_on(self, channel: _Channel) -> None:
        if channel.socket is None or channel.number not in self._channels:
            return
        try:
            if channel.buffer:
                sent = channel.socket.send(channel.buffer)
                channel.buffer = channel.buffer[sent:]
                channel.handed += sent
        except OSError as error:
            if error.errno not in _AGAIN:
                self._break(channel)
                return
        if channel.handed >= _ACKNOWLEDGED:
            self._put(b"A", channel.number, channel.handed.to_bytes(4, "big"))
            channel.handed = 0
        self._settle(channel)

    def _settle(self, channel: _Channel) -> None:
        if channel.socket is None or channel.number not in self._channels:
            return
        if channel.ended and not channel.buffer and not channel.shut:
            channel.shut = True
            try:
                channel.socket.shutdown(_socket.SHUT_WR)
            except OSError:
                self._break(channel)
                return
        if channel.over and channel.shut:
            self._drop(channel)
            return
        events = _OUT if channel.buffer else 0
        if not channel.over and self._room(channel):
            events |= _IN
        self._watch(channel, events)

    def _watch(self, channel: _Channel, events: int) -> None:
        assert channel.socket is not None
        fd = channel.socket.fileno()
        if channel.watched and events:
            self._loop.change(fd, events)
        elif channel.watched:
            self._loop.remove(fd)
        elif events:
            self._loop.add(fd, events, lambda happened: self._happened(channel, happened))
        channel.watched = bool(events)

    def _break(self, channel: _Channel) -> None:
        self._drop(channel)
        self._put(b"C", channel.number)

    def _drop(self, channel: _Channel) -> None:
        if self._channels.pop(channel.number, None) is None or channel.socket is None:
            return
        if channel.watched:
            self._loop.remove(channel.socket.fileno())
        channel.socket.close()
