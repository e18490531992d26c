"""The gateway: the only road from a change to any AWS.

An event loop in one thread of its own; everything else in the executor is synchronous.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Protocol, Self, TypeVar
from urllib.parse import urlsplit

from executor.aws_models import shared_loader
from executor.errors import ExecutorError, RecorderFailed
from executor.gateway.accounts import Accounts
from executor.gateway.addresses import Addresses
from executor.gateway.addressing import Addressing
from executor.gateway.admission import (
    EngineHasIt,
    Implements,
    KnownAccounts,
    OnlyTrying,
    Rule,
)
from executor.gateway.aliases import Aliases
from executor.gateway.connection import ClientConnection, Patience
from executor.gateway.doors import Doors
from executor.gateway.exchange import Exchange, Road
from executor.gateway.listening import Listening
from executor.gateway.passage import Passage
from executor.gateway.preparation import Preparation, Prepare
from executor.gateway.recorder import Recorder
from executor.gateway.upstream import Upstream
from executor.gateway.vault import Vault
from executor.gateway.wire import Answers, Identifier, Models, Redaction
from executor.model.call import Call

_CLOSE_S = 5.0
_QUIET_S = 2.0
# Rounds of the loop from a connection in a door's queue to its request being led: fewer than ten.
_TURNS = 25

T = TypeVar("T")


def _nothing_to_prepare(
    service: str, operation: str, region: str, account: str, params: Mapping[str, object]
) -> None:
    """The replica needs no hydration."""


def _nobody(service: str) -> bool:
    return False


class Watcher(Protocol):
    """Told how the change goes, in the gateway's own thread: it must not be held up."""

    def deserted(self, asked: int) -> None:
        """No client is connected any more.

        Args:
            asked: how many requests have come so far.
        """
        ...

    def closing(self, asked: int) -> None:
        """No request gets to the engine from here on, which has not been told yet.

        Args:
            asked: how many have come in all.
        """
        ...


@cache
def shared_models() -> Models:
    """Return the models of this process's gateways, which are the same for all."""
    return Models(shared_loader, rewritten=frozenset())


class Gateway:
    """Listens on loopback and leads identified, admitted calls to one engine.

    A context manager; `close` returns what was recorded.
    """

    def __init__(
        self,
        *,
        upstream: str,
        operations: Implements,
        recorder: Recorder,
        account: str,
        accounts: Iterable[str] = (),
        region: str,
        vault: Vault | None = None,
        aliases: Aliases | None = None,
        prepare: Prepare = _nothing_to_prepare,
        parameters_tell: Callable[[str], bool] = _nobody,
        rules: Sequence[Rule] = (),
        doors: Doors | None = None,
        patience: Patience | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        """Args:
        upstream: the engine's URL.
        operations: what the engine implements.
        recorder: keeps the calls.
        account: 12-digit account that calls appear as.
        accounts: others, whose roles they may take.
        region: region of requests that name none.
        vault: keeps exact parameters; None keeps none.
        aliases: ids to translate.
        prepare: told of a call before it is forwarded.
        parameters_tell: whether it is to be told of every call of a service.
        rules: further rules of admission, after those of every gateway.
        doors: where clients knock already, closed with the gateway; None opens one on loopback.
        patience: how long clients and the engine are waited for.
        watcher: told when it is deserted, and when it closes.
        """
        self._watcher = watcher
        self._patience = patience or Patience()
        models = shared_models()
        identifier = Identifier(models, default_region=region)
        host, port = _address(upstream)
        whose = Accounts(account, accounts)
        addressing = Addressing(
            accounts=whose,
            addresses=Addresses(f"{host}:{port}", models),
            aliases=aliases or Aliases(),
        )
        self._road = Road(
            identifier=identifier,
            accounts=whose,
            rules=(OnlyTrying(), EngineHasIt(operations), KnownAccounts(whose), *rules),
            preparation=Preparation(prepare, whose, parameters_tell),
            recorder=recorder,
            redaction=Redaction(models),
            vault=vault,
            addressing=addressing,
            passage=Passage(),
            upstream=Upstream(host, port, patience_s=self._patience.answer_s),
            answers=Answers(models),
        )
        self._exchange = Exchange(self._road)
        self._failure: ExecutorError | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._connections: set[ClientConnection] = set()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)
        self._thread.start()
        opened = doors or Doors.open()
        self.port: int = opened.tcp.getsockname()[1]
        self._listening = Listening(opened, self._serve, self._handshake_failed)
        self._await(self._listening.begin())

    @property
    def url(self) -> str:
        """The HTTP door."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def asked(self) -> int:
        """How many requests have come so far."""
        return self._exchange.asked

    def learn(self, service: str) -> None:
        """Get ready for requests to a service; may be called from any thread."""
        self._road.identifier.learn(service)

    def lead_to(self, url: str, known_as: Sequence[str] = ()) -> None:
        """Lead calls to another engine from now on; those under way are answered by the old one.

        What those are answered is told in the new one's ids: let it be `quiet`.

        Args:
            url: the engine's URL.
            known_as: further addresses, `host:port`, that it may give out as its own.
        """
        host, port = _address(url)

        async def lead() -> None:
            self._road.upstream.lead_to(host, port)
            self._road.addressing.lead_to(f"{host}:{port}", known_as)

        self._await(lead())

    @contextmanager
    def quiet(self) -> Iterator[bool]:
        """Tell whether no call is at the engine; if so, none gets there within the context.

        Not for the gateway's own thread.
        """
        quiet = self._await(self._road.passage.clear(_QUIET_S))
        try:
            yield quiet
        finally:
            if quiet:
                self._loop.call_soon_threadsafe(self._road.passage.reopen)

    def close(self) -> tuple[Call, ...]:
        """Stop, wait a moment for what is under way, and return the calls; idempotent.

        Raises:
            RecorderFailed: a call could not be recorded; nothing may be concluded from the run.
            ExecutorError: the gateway itself failed, and stopped.
        """
        if not self._closed:
            self._closed = True
            self._await(self._stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._road.recorder.close()
        if self._failure is not None:
            raise self._failure
        return self._road.recorder.calls()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    def _await(self, coroutine: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        connection = ClientConnection(
            reader,
            writer,
            identifier=self._road.identifier,
            exchange=self._exchange,
            name=self._listening.name(writer),
            patience=self._patience,
        )
        self._connections.add(connection)
        try:
            if self._failure is None:
                await connection.serve()
        except RecorderFailed as failure:
            self._fail(failure)
        except asyncio.CancelledError:
            # Only `_stop` and `_fail` cancel; asyncio would report the stream's task as failed.
            return
        except Exception as error:  # the end of a thread: nobody else would hear of it
            self._fail(_own_failure(error))
        finally:
            self._clients.discard(task)
            self._connections.discard(connection)
            writer.close()
            if self._watcher is not None and not (self._connections or self._closed):
                self._watcher.deserted(self.asked)

    def _handshake_failed(self, why: str) -> None:
        try:
            self._exchange.malformed(why)
        except RecorderFailed as failure:
            self._fail(failure)

    def _fail(self, failure: ExecutorError) -> None:
        """Stop answering anybody: from here on calls would go unrecorded."""
        if self._failure is not None:
            return
        self._failure = failure
        for task in self._clients - {asyncio.current_task()}:
            task.cancel()

    @property
    def _busy(self) -> bool:
        return any(connection.busy for connection in self._connections)

    async def _stop(self) -> None:
        ends = self._loop.time() + _CLOSE_S
        # Who is just being let in is in no list yet; asyncio loses hold of them, with their
        # sockets open, if the door is closed meanwhile.
        me = {asyncio.current_task()}
        while asyncio.all_tasks() - self._clients - self._listening.tasks - me:
            if self._loop.time() > ends:
                break
            await asyncio.sleep(0)
        await self._heard_out(ends)
        await self._listening.end()
        for connection in tuple(self._connections):
            # Closing would wait until the client has read what is written.
            connection.abort()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        if self._watcher is not None:
            self._watcher.closing(self.asked)
        self._road.upstream.close()
        # Transports say goodbye in the loop's next round.
        await asyncio.sleep(0)

    async def _heard_out(self, ends: float) -> None:
        """Wait until all is led that the change had asked for before it ended.

        Who knocked and went may still be in a queue, with a request that nobody has read.
        """
        while True:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if not self._busy or self._loop.time() > ends:
                return
            await asyncio.sleep(0.01)


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def _own_failure(error: Exception) -> ExecutorError:
    if isinstance(error, ExecutorError):
        return error
    return ExecutorError(
        f"the gateway failed: {type(error).__name__}: {error}",
        hint="this is a fault of ours; please report it with what the change did",
    )
