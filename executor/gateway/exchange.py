"""The life of one request: identify, admit, prepare, record, forward, answer, record.

Whatever happens on the way, a call that was recorded as begun is recorded as ended, and what
is not certain to have been answered is recorded as uncertain.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from executor.gateway.accounts import Accounts
from executor.gateway.addressing import Addressing, Headers
from executor.gateway.admission import Refused, Rule, first_refusal
from executor.gateway.attempts import Attempts
from executor.gateway.passage import Passage
from executor.gateway.preparation import Preparation
from executor.gateway.recorder import Recorder
from executor.gateway.sight import Sight
from executor.gateway.upstream import Answer, AnswerLost, EngineLost, Upstream
from executor.gateway.vault import Vault
from executor.gateway.wire import (
    Answers,
    Identifier,
    Identity,
    Redaction,
    Unidentifiable,
    WireRequest,
    error_response,
)
from executor.model.call import Call, Refusal
from executor.model.verbs import is_mutating

_MOST_PARSED = 8 << 20
# S3 operations whose answer is an object's data.
_DATA = frozenset({"GetObject", "GetObjectTorrent", "SelectObjectContent"})


class ClientLost(Exception):
    """The client went before its request was whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the client is answered: a head, and a body that may still be coming."""

    status: int
    headers: Headers
    body: bytes | AsyncGenerator[bytes, None]


Respond = Callable[[Reply], Awaitable[None]]
"""Sends a reply to the client; raises `OSError` when it has gone."""

Outcome = Callable[[], Call]
"""Returns the call with what came of it; reading an answer takes longer than passing it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What requests are led along; one per gateway."""

    identifier: Identifier
    accounts: Accounts
    rules: Sequence[Rule]
    preparation: Preparation
    recorder: Recorder
    redaction: Redaction
    vault: Vault | None
    addressing: Addressing
    passage: Passage
    upstream: Upstream
    answers: Answers


class Exchange:
    """Leads requests along the road."""

    def __init__(self, road: Road) -> None:
        """Args:
        road: the stations.
        """
        self._road = road
        self._attempts = Attempts()
        self.asked = 0

    async def lead(
        self, request: WireRequest, body: AsyncIterator[bytes], respond: Respond
    ) -> None:
        """Lead a request from its bytes to its answer and its record.

        Args:
            request: the request; `buffered` False when its body is in `body`.
            body: pieces of a body that is not buffered.
            respond: answers the client.

        Raises:
            RecorderFailed: it could not be recorded.
            ClientLost, AnswerLost, OSError: the client could not be answered; it is recorded.
        """
        self.asked += 1
        try:
            identity = self._road.identifier.identify(request)
        except Unidentifiable as reason:
            await respond(self._unidentified(request, reason))
            return
        refused = first_refusal(self._road.rules, identity)
        if refused is None:
            refused = await self._unprepared(request, identity)
        if refused is not None:
            await respond(self._refused(request, identity, refused))
            return
        await self._road.passage.enter()
        try:
            call = self._begin(identity, request)
            await self._forward(request, identity, call, body, respond)
        finally:
            self._road.passage.leave()

    async def _unprepared(self, request: WireRequest, identity: Identity) -> Refused | None:
        preparation = self._road.preparation
        if preparation.is_done(identity):
            return None
        self._attempts.note(request, identity)
        refused = await preparation.refusal(identity)
        if self._attempts.superseded(request, identity):
            raise ClientLost("the client tried it again meanwhile")
        return refused

    def malformed(self, why: str) -> None:
        """Record bytes that are no request.

        Raises:
            RecorderFailed: it could not be recorded.
        """
        self._record_unidentified(Unidentifiable(f"malformed HTTP: {why}"), "", "")

    # Refusing

    def _unidentified(self, request: WireRequest, reason: Unidentifiable) -> Reply:
        self._record_unidentified(reason, request.method, request.path[:200])
        return _error(request, None, "UnidentifiedRequest", reason.reason, 400)

    def _record_unidentified(self, reason: Unidentifiable, method: str, path: str) -> None:
        call = Call(
            n=0,
            service=reason.service,
            operation="",
            region="",
            params={"method": method, "path": path},
            refused=Refusal.UNIDENTIFIED,
            detail=reason.reason,
            status=400,
        )
        self._road.recorder.end(self._road.recorder.begin(call))

    def _refused(self, request: WireRequest, identity: Identity, refused: Refused) -> Reply:
        call, _ = self._call(identity)
        call = replace(
            call,
            refused=refused.refusal,
            detail=refused.message,
            status=refused.status,
            error=refused.code,
        )
        self._road.recorder.end(self._road.recorder.begin(call))
        return _error(request, identity, refused.code, refused.message, refused.status)

    # Recording

    def _call(self, identity: Identity) -> tuple[Call, bool]:
        """Return the call as it may be written, and whether that is less than the exact one."""
        params, hidden = self._road.redaction.redact(
            identity.service, identity.operation, identity.params
        )
        call = Call(
            n=0,
            service=identity.service,
            operation=identity.operation,
            region=identity.region,
            params=params,
            mutating=is_mutating(identity.service, identity.operation),
            account=self._road.accounts.of(identity),
        )
        return call, hidden

    def _begin(self, identity: Identity, request: WireRequest) -> Call:
        call, hidden = self._call(identity)
        call = self._road.recorder.begin(call)
        if not (hidden and call.mutating):
            return call
        # Named whether it is kept or not: what was not kept must not be replayed redacted.
        name = f"call-{call.n}"
        if self._road.vault is not None:
            framing = "" if request.buffered else _framing(request)
            self._road.vault.put(name, identity.params, framing=framing)
        return replace(call, sealed=name)

    # Forwarding and answering

    async def _forward(
        self,
        request: WireRequest,
        identity: Identity,
        call: Call,
        body: AsyncIterator[bytes],
        respond: Respond,
    ) -> None:
        ended: Call | None = None
        sight = Sight()
        try:
            reply, outcome = await self._answered(request, identity, call, body, sight)
            try:
                await respond(reply)
            except AnswerLost as lost:
                outcome = _unanswered(call, lost)
                raise
            finally:
                # The client may be gone; what the engine did is recorded all the same.
                ended = outcome()
        finally:
            if ended is None:
                ended = replace(call, status=None, detail="the request was broken off")
            self._road.recorder.end(replace(ended, stand_in=sight.seen))

    async def _answered(
        self,
        request: WireRequest,
        identity: Identity,
        call: Call,
        body: AsyncIterator[bytes],
        sight: Sight,
    ) -> tuple[Reply, Outcome]:
        try:
            answer = await self._sent(request, identity, call, body, sight)
            if _streams(identity, answer):
                return self._streaming(request, identity, call, answer, sight)
            whole = await answer.whole()
            if not call.mutating:
                sight.look(whole)
        except EngineLost as lost:
            ended = replace(call, status=400, refused=Refusal.ENGINE_LOST, detail=str(lost))
            return _error(request, identity, "EngineLost", str(lost), 400), lambda: ended
        except AnswerLost as lost:
            # Not a server's error: clients would repeat the call, which may have worked.
            reply = _error(request, identity, "EngineLost", str(lost), 400)
            return reply, _unanswered(call, lost)
        headers, translated = self._road.addressing.inbound(
            request, identity, answer.headers, whole
        )
        if identity.service == "sts":
            self._learn_account(identity, answer.status, headers, translated)
        reply = Reply(status=answer.status, headers=headers, body=translated)
        return reply, partial(self._ended, identity, call, answer.status, headers, translated)

    def _learn_account(
        self, identity: Identity, status: int, headers: Headers, body: bytes
    ) -> None:
        outcome = self._road.answers.outcome(identity, status, headers, body, complete=True)
        if outcome.response is not None and not outcome.error:
            self._road.accounts.learn(identity, outcome.response)

    async def _sent(
        self,
        request: WireRequest,
        identity: Identity,
        call: Call,
        body: AsyncIterator[bytes],
        sight: Sight,
    ) -> Answer:
        outbound = self._road.addressing.outbound(request, identity)
        if call.mutating:
            sight.look(request.body)
            content = identity.params.get("Body")
            if isinstance(content, bytes):
                sight.look_at_object(content)
        pieces = outbound.body if request.buffered else sight.along(self._teed(call, body))
        return await self._road.upstream.send(
            request.method, outbound.target, outbound.headers, pieces
        )

    async def _teed(self, call: Call, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Pass a streamed body on and keep an encrypted copy for replay."""
        if self._road.vault is None or not call.sealed:
            async for piece in body:
                yield piece
            return
        with self._road.vault.blob(call.sealed) as blob:
            async for piece in body:
                blob.write(piece)
                yield piece
            blob.keep()

    def _streaming(
        self, request: WireRequest, identity: Identity, call: Call, answer: Answer, sight: Sight
    ) -> tuple[Reply, Outcome]:
        headers, _ = self._road.addressing.inbound(request, identity, answer.headers, None)
        pieces = answer.pieces() if call.mutating else sight.along(answer.pieces())
        reply = Reply(status=answer.status, headers=headers, body=pieces)
        return reply, partial(self._ended, identity, call, answer.status, headers, None)

    def _ended(
        self, identity: Identity, call: Call, status: int, headers: Headers, body: bytes | None
    ) -> Call:
        if status < 300 and not call.mutating:
            # What a read returned explains no effect, and to parse it is half the work of a call.
            return replace(call, status=status)
        complete = body is not None and len(body) <= _MOST_PARSED
        outcome = self._road.answers.outcome(
            identity, status, headers, body or b"", complete=complete
        )
        response = None
        if outcome.response is not None:
            response, _ = self._road.redaction.redact(
                identity.service, identity.operation, outcome.response, response=True
            )
        return replace(call, status=status, error=outcome.error, response=response)


def _unanswered(call: Call, lost: AnswerLost) -> Outcome:
    ended = replace(call, status=None, detail=str(lost))
    return lambda: ended


def _framing(request: WireRequest) -> str:
    """How a body that streams past is framed: `aws-chunked` or not at all."""
    chunked = "aws-chunked" in request.header("content-encoding").lower()
    if chunked or request.header("x-amz-content-sha256").startswith("STREAMING-"):
        return "aws-chunked"
    return ""


def _streams(identity: Identity, answer: Answer) -> bool:
    if answer.status >= 400:
        return False
    kind = next((v for n, v in answer.headers if n.lower() == "content-type"), "")
    return (identity.service == "s3" and identity.operation in _DATA) or "eventstream" in kind


def _error(
    request: WireRequest, identity: Identity | None, code: str, message: str, status: int
) -> Reply:
    made = error_response(
        identity.protocol if identity else "",
        code=code,
        message=message,
        status=status,
        request=request,
        service=identity.service if identity else "",
    )
    return Reply(status=made.status, headers=made.headers, body=made.body)
