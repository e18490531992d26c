"""The streams of what runs in a container: its input, and its output in two kinds."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from docker import DockerClient

_HEAD = 8
_CHUNK = 131_072
_OUTPUT = 1
_STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}


class Attached:
    """A connection to the streams of a program; it ends when the program does."""

    def __init__(
        self, file: Any, output: Callable[[bytes], None], complaint: Callable[[bytes], None]
    ) -> None:
        """Args:
        file: the connection, as the Docker SDK hands it out.
        output: gets what comes on the standard output.
        complaint: gets what comes on the standard error.
        """
        self._file = file
        # What is handed out is wrapped once or not at all, as the connection has it.
        self._socket: socket.socket = getattr(self._file, "_sock", self._file)
        self._taken = {True: output, False: complaint}
        self._received = bytearray()

    @classmethod
    def to_container(
        cls,
        client: DockerClient,
        container: str,
        *,
        output: Callable[[bytes], None],
        complaint: Callable[[bytes], None],
    ) -> Self:
        """Attach to a container that was made with its input open, and has not started.

        Raises:
            docker.errors.DockerException: that cannot be done.
        """
        return cls(client.api.attach_socket(container, params=_STREAMS), output, complaint)

    @classmethod
    def to_program(
        cls,
        client: DockerClient,
        container: str,
        command: Sequence[str],
        *,
        output: Callable[[bytes], None],
        complaint: Callable[[bytes], None],
    ) -> Self:
        """Run a program in a container that runs.

        Raises:
            docker.errors.DockerException: that cannot be done.
        """
        made = client.api.exec_create(container, list(command), stdin=True)
        return cls(client.api.exec_start(made["Id"], socket=True), output, complaint)

    def fileno(self) -> int:
        """Return what to wait for."""
        return self._socket.fileno()

    def set_blocking(self, blocking: bool) -> None:
        """Say whether reading and writing wait."""
        self._socket.setblocking(blocking)

    def write(self, data: bytes) -> int:
        """Send some of it to the standard input; returns how much.

        Raises:
            OSError: it is gone; `BlockingIOError` when nothing can be sent now.
        """
        return self._socket.send(data)

    def write_all(self, data: bytes) -> None:
        """Send all of it to the standard input.

        Raises:
            OSError: it is gone.
        """
        self._socket.sendall(data)

    def receive(self) -> bool:
        """Hand on what came; returns False at the end.

        Raises:
            BlockingIOError: nothing came.
            OSError: the connection broke.
        """
        data = self._socket.recv(_CHUNK)
        self._received += data
        for kind, part in self._whole():
            self._taken[kind == _OUTPUT](part)
        return bool(data)

    def close(self) -> None:
        """Hang up; the container sees the end of its input. Idempotent."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # In this order: each flushes what it was made of.
        response = getattr(self._file, "_response", None)
        if response is not None:
            response.close()
        self._file.close()
        self._socket.close()

    def _whole(self) -> Iterator[tuple[int, bytes]]:
        received, at = self._received, 0
        while len(received) - at >= _HEAD:
            end = at + _HEAD + int.from_bytes(received[at + 4 : at + _HEAD], "big")
            if len(received) < end:
                break
            yield received[at], bytes(received[at + _HEAD : end])
            at = end
        del received[:at]
