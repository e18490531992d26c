"""Answering at the doors: plain connections as they come, TLS ones after their handshake.

A handshake that fails is told of, not only dropped: a client that does not trust the run's
authority, or that asks for a host which is not AWS's, would otherwise fail for no visible reason.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

from executor.gateway.authority import Authority, server_context
from executor.gateway.domains import is_aws_name
from executor.gateway.doors import Doors

_BUFFER = 1 << 18
_BACKLOG = 256
_HANDSHAKE_S = 10.0
_GOODBYE_S = 1.0
_PAUSE_S = 0.05

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves a client until it goes."""

Tell = Callable[[str], None]
"""Told why a handshake failed."""


class Listening:
    """Lets clients in by every door; used by one event loop."""

    def __init__(self, doors: Doors, serve: Serve, tell: Tell) -> None:
        """Args:
        doors: where clients knock; closed with this.
        serve: serves one client.
        tell: told of handshakes that failed.
        """
        self._doors = doors
        self._serve = serve
        self._tell = tell
        self._servers: list[asyncio.Server] = []
        self._tls: list[TlsDoor] = []

    async def begin(self) -> None:
        """Answer from now on."""
        for kind, listener in (("http", self._doors.tcp), ("http", self._doors.http)):
            if listener is not None:
                await self._open(kind, listener)
        if self._doors.tls is not None:
            await self._open("tls", self._doors.tls)
        loop = asyncio.get_running_loop()

        def serve(kind: str, listener: socket.socket) -> None:
            asyncio.run_coroutine_threadsafe(self._take(kind, listener), loop)

        self._doors.handed.served_by(serve)

    async def _take(self, kind: str, listener: socket.socket) -> None:
        try:
            await self._open(kind, listener)
        except OSError as error:
            listener.close()
            # Whoever knocks there will not be heard, and that must not go untold.
            self._tell(f"a socket of the confinement cannot be served: {error}")

    async def _open(self, kind: str, listener: socket.socket) -> None:
        if kind == "http":
            listener.setblocking(False)
            server = await asyncio.start_server(
                self._serve, sock=listener, limit=_BUFFER, backlog=_BACKLOG
            )
            self._servers.append(server)
        elif self._doors.authority is not None:
            door = TlsDoor(listener, self._doors.authority, self._serve, self._tell)
            door.begin()
            self._tls.append(door)
        else:
            listener.close()

    async def end(self) -> None:
        """Let nobody in any more, and leave those who are in."""
        self._doors.handed.close()
        for server in self._servers:
            server.close()
        for door in self._tls:
            await door.end()
        self._doors.close()

    def name(self, writer: asyncio.StreamWriter) -> str:
        """Return the host name that a client's handshake was for; empty without TLS."""
        return next((name for door in self._tls if (name := door.name(writer))), "")

    @property
    def tasks(self) -> frozenset[asyncio.Task[None]]:
        """Tasks that are this object's own."""
        return frozenset[asyncio.Task[None]]().union(*(door.tasks for door in self._tls))


class TlsDoor:
    """Ends TLS with a certificate for whichever of AWS's names a client asks for."""

    def __init__(
        self, listener: socket.socket, authority: Authority, serve: Serve, tell: Tell
    ) -> None:
        """Args:
        listener: a listening stream socket; closed with this.
        authority: signs the certificates.
        serve: serves one client.
        tell: told of handshakes that failed.
        """
        self._listener = listener
        self._authority = authority
        self._serve = serve
        self._tell = tell
        self._names: WeakKeyDictionary[ssl.SSLObject, str] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False
        self._context = server_context()
        self._context.sni_callback = self._choose

    def begin(self) -> None:
        """Answer from now on."""
        self._listener.setblocking(False)
        self._watch()

    async def end(self) -> None:
        """Let nobody in any more; handshakes under way are broken off."""
        self._ended = True
        asyncio.get_running_loop().remove_reader(self._listener)
        # A task that was not yet begun would not close its socket.
        await asyncio.sleep(0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()

    def name(self, writer: asyncio.StreamWriter) -> str:
        """Return the host name that a client's handshake was for; empty without TLS."""
        ours = writer.get_extra_info("ssl_object")
        return self._names.get(ours, "") if ours is not None else ""

    @property
    def tasks(self) -> frozenset[asyncio.Task[None]]:
        """Tasks that are this object's own."""
        return frozenset(self._tasks)

    def _watch(self) -> None:
        if not self._ended:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            # No file descriptors are left; others may give theirs back.
            loop.remove_reader(self._listener)
            loop.call_later(_PAUSE_S, self._watch)
            return
        client.setblocking(False)
        task = loop.create_task(self._let_in(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_in(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_BUFFER, loop=loop)
        try:
            await loop.connect_accepted_socket(
                lambda: asyncio.StreamReaderProtocol(reader, self._serve, loop=loop),
                client,
                ssl=self._context,
                ssl_handshake_timeout=_HANDSHAKE_S,
                ssl_shutdown_timeout=_GOODBYE_S,
            )
        except ssl.SSLError as error:
            # `_choose` has told of its own refusals.
            if error.reason != "CALLBACK_FAILED":
                self._tell(f"the TLS handshake failed: {error.reason or error}")
        except ConnectionAbortedError:
            self._tell("the TLS handshake was not ended in time")
        except OSError:
            # Whoever knocks and goes has asked for nothing.
            return

    def _choose(
        self, ours: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext
    ) -> int | None:
        """Take the certificate for the name; returns the alert for a name that is refused."""
        lowered = (name or "").lower().rstrip(".")
        if not lowered:
            self._tell("the TLS handshake names no host (SNI), so it is not known which is meant")
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        if not is_aws_name(lowered):
            self._tell(f"a TLS handshake for {lowered[:200]}, which is no host of AWS's")
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        ours.context = self._authority.context(lowered)
        if isinstance(ours, ssl.SSLObject):
            self._names[ours] = lowered
        return None
