"""Lines and connections over the streams of our own program in a container.

Connections go over them as well, so that nothing has to be shared with a container but files:
unix sockets of this machine cannot be, where Docker has a machine of its own.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

from sandboxes.confine.inside.multiplex import Multiplex
from sandboxes.confine.inside.outside import MAGIC
from sandboxes.confine.inside.piping import Loop
from sandboxes.containers.attached import Attached

_MOST_COMPLAINT = 65_536


class Talk:
    """This end of it."""

    def __init__(
        self,
        loop: Loop,
        *,
        heard: Callable[[str], None],
        reach: Callable[[bytes], socket.socket] | None = None,
    ) -> None:
        """Args:
        loop: calls us.
        heard: gets each line.
        reach: connects to what the program asks for; None where it asks for nothing.
        """
        self._loop = loop
        self._said = bytearray()
        self._speaking = False
        self._attached: Attached | None = None
        self.over = False  # nothing more comes
        self._multiplex = Multiplex(
            loop,
            self._write,
            heard=lambda line: heard(line.decode("utf-8", "replace")),
            waits=lambda waiting: self._await(also_to_write=waiting),
            reach=reach,
        )

    def begin(self, attached: Attached) -> None:
        """Listen to a program, which has been started; it is hung up when the talk is closed."""
        self._attached = attached
        attached.set_blocking(False)
        self._loop.add(attached.fileno(), select.POLLIN, self._happened)

    def hear(self, data: bytes) -> None:
        """Take what came on its standard error.

        Raises:
            ValueError: it is nothing that the program says.
        """
        if self._speaking:
            self._multiplex.receive(data)
            return
        self._said += data
        before, magic, behind = bytes(self._said).partition(MAGIC)
        if magic:
            self._speaking = True
            self._said = bytearray(before)
            self._multiplex.receive(behind)
        elif len(self._said) > _MOST_COMPLAINT:
            del self._said[:-_MOST_COMPLAINT]

    def tell(self, line: str) -> None:
        """Say something; what nobody hears is lost."""
        self._multiplex.tell(line.encode())

    def open(self, client: socket.socket) -> None:
        """Lead a connection to where the program leads all."""
        self._multiplex.open(client, b"")

    def complaint(self) -> str:
        """Return what Python or the engine said last, where the program never came to speak."""
        text = self._said.decode("utf-8", "replace").strip()
        return text.splitlines()[-1] if text and not self._speaking else ""

    def close(self) -> None:
        """Hang up; idempotent."""
        self._stop()
        self._multiplex.close()
        if self._attached is not None:
            self._attached.close()

    def _happened(self, events: int) -> None:
        assert self._attached is not None
        try:
            if events & select.POLLOUT:
                self._multiplex.flush()
            if events & ~select.POLLOUT and not self._attached.receive():
                self._stop()
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:
            # Nothing that comes later could be understood.
            self._said += str(error).encode()
            self._stop()

    def _stop(self) -> None:
        if not self.over:
            self.over = True
            if self._attached is not None:
                self._loop.remove(self._attached.fileno())

    def _write(self, data: bytes) -> int:
        try:
            return len(data) if self._attached is None else self._attached.write(data)
        except BlockingIOError:
            raise
        except OSError:
            # Nobody hears any more, which whoever listens is told.
            self._stop()
            return len(data)

    def _await(self, *, also_to_write: bool) -> None:
        if self._attached is not None and not self.over:
            events = select.POLLIN | (select.POLLOUT if also_to_write else 0)
            self._loop.change(self._attached.fileno(), events)
