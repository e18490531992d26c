"""The life of one request: identify, admit, prepare, record, forward, answer, record.

Whatever happens on the way, a call that was recorded as begun is recorded as ended, and what
is not certain to have been answered is recorded as uncertain.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from executor.errors import ExecutorError
from executor.gateway.admission import Refused, Rule, first_refusal
from executor.gateway.aliases import Aliases
from executor.gateway.recorder import Recorder
from executor.gateway.upstream import (
    Answer,
    AnswerLost,
    EngineLost,
    Upstream,
    forwarded_headers,
)
from executor.gateway.vault import Vault
from executor.gateway.wire import (
    Answers,
    Identifier,
    Identity,
    Redaction,
    Unidentifiable,
    WireRequest,
    bucket_of_host,
    error_response,
)
from executor.model.call import Call, Refusal
from executor.model.verbs import is_mutating

_CREDENTIAL = re.compile(r"(Credential=)[^/,\s]+(/)")
_PRESIGNED = re.compile(r"((?:X-Amz-Credential)=)[^&/%]+(%2F|/)", re.IGNORECASE)
_V2_HEADER = re.compile(r"^(AWS )[^:]+(:)")
_V2_QUERY = re.compile(r"((?:^|[?&])AWSAccessKeyId=)[^&]+()")
_MOST_TRANSLATED = 32 << 20
_MOST_PARSED = 1 << 20

Prepare = Callable[[str, str, str], None]
"""Told service, operation and region before a call is forwarded; may take its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What requests are led along; one per gateway."""

    identifier: Identifier
    answers: Answers
    redaction: Redaction
    rules: Sequence[Rule]
    recorder: Recorder
    vault: Vault | None
    aliases: Aliases
    upstream: Upstream
    authority: str
    account: str
    prepare: Prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the client is answered: a head, and a body that may still be coming."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: AsyncIterator[bytes]


class Exchange:
    """Leads one request along the road."""

    def __init__(self, road: Road, prepared: set[tuple[str, str, str]]) -> None:
        """Args:
        road: the stations.
        prepared: what needs no further preparation; shared by all exchanges.
        """
        self._road = road
        self._prepared = prepared

    async def lead(self, request: WireRequest, body: AsyncIterator[bytes]) -> Reply:
        """Lead a request from its bytes to its reply.

        Args:
            request: the request; `buffered` False when its body is in `body`.
            body: pieces of a body that is not buffered.

        Raises:
            RecorderFailed: it could not be recorded, so it was not forwarded.
        """
        try:
            identity = self._road.identifier.identify(request)
        except Unidentifiable as reason:
            return self._unidentified(request, reason)
        refused = first_refusal(self._road.rules, identity)
        if refused is None:
            refused = await self._unprepared(identity)
        if refused is not None:
            return self._refused(request, identity, refused)
        call = self._begin(identity, request)
        return await self._forward(request, identity, call, body)

    # Refusing

    def _unidentified(self, request: WireRequest, reason: Unidentifiable) -> Reply:
        call = Call(
            n=0,
            service=reason.service,
            operation="",
            region="",
            params={"method": request.method, "path": request.path[:200]},
            refused=Refusal.UNIDENTIFIED,
            detail=reason.reason,
            status=400,
        )
        self._road.recorder.end(self._road.recorder.begin(call))
        return _error(request, None, "UnidentifiedRequest", reason.reason, 400)

    def _refused(self, request: WireRequest, identity: Identity, refused: Refused) -> Reply:
        call = replace(
            self._call(identity),
            refused=refused.refusal,
            detail=refused.message,
            status=refused.status,
            error=refused.code,
        )
        self._road.recorder.end(self._road.recorder.begin(call))
        return _error(request, identity, refused.code, refused.message, refused.status)

    async def _unprepared(self, identity: Identity) -> Refused | None:
        key = (identity.service, identity.operation, identity.region)
        if key in self._prepared:
            return None
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._road.prepare, *key)
        except ExecutorError as error:
            return Refused(refusal=Refusal.NOT_HYDRATED, code="NotHydrated", message=error.message)
        self._prepared.add(key)
        return None

    # Recording

    def _call(self, identity: Identity) -> Call:
        params, _ = self._road.redaction.redact(
            identity.service, identity.operation, identity.params
        )
        return Call(
            n=0,
            service=identity.service,
            operation=identity.operation,
            region=identity.region,
            params=params,
            mutating=is_mutating(identity.service, identity.operation),
        )

    def _begin(self, identity: Identity, request: WireRequest) -> Call:
        params, hidden = self._road.redaction.redact(
            identity.service, identity.operation, identity.params
        )
        call = self._road.recorder.begin(replace(self._call(identity), params=params))
        if not (hidden and call.mutating and self._road.vault):
            return call
        chunked = "aws-chunked" in request.header("content-encoding") or request.header(
            "x-amz-content-sha256"
        ).startswith("STREAMING-")
        framing = "aws-chunked" if chunked and not request.buffered else ""
        self._road.vault.put(f"call-{call.n}", identity.params, framing=framing)
        return replace(call, sealed=f"call-{call.n}")

    # Forwarding

    async def _forward(
        self, request: WireRequest, identity: Identity, call: Call, body: AsyncIterator[bytes]
    ) -> Reply:
        ended = replace(call, status=None, detail="the request was broken off")
        try:
            answer = await self._send(request, identity, call, body)
            reply, ended = await self._answered(identity, call, answer)
            return reply
        except EngineLost as lost:
            ended = replace(call, status=503, refused=Refusal.ENGINE_LOST, detail=str(lost))
        except AnswerLost as lost:
            ended = replace(call, status=None, detail=str(lost))
        finally:
            self._road.recorder.end(ended)
        return _error(request, identity, "EngineLost", ended.detail, 400)

    async def _send(
        self, request: WireRequest, identity: Identity, call: Call, body: AsyncIterator[bytes]
    ) -> Answer:
        road = self._road
        target, headers = self._addressed(request)
        if not request.buffered:
            return await road.upstream.stream(request, target, headers, self._teed(call, body))
        translated = request.body
        if not _holds_data(identity):
            translated = road.aliases.to_engine(request.body)
            target = road.aliases.to_engine(target.encode("latin-1")).decode("latin-1")
        if translated != request.body:
            headers = _without(headers, "content-md5", "x-amz-content-sha256", "content-length")
            headers.append(("Content-Length", str(len(translated))))
        return await road.upstream.send(request, target, headers, translated)

    def _addressed(self, request: WireRequest) -> tuple[str, list[tuple[str, str]]]:
        """Return target and headers as the engine is to see them."""
        account = rf"\g<1>{self._road.account}\g<2>"
        target = _V2_QUERY.sub(account, _PRESIGNED.sub(account, request.target))
        if target.startswith(("http://", "https://")):
            target = "/" + target.split("/", 3)[3]
        headers: list[tuple[str, str]] = []
        bucket = bucket_of_host(request.host)
        for name, value in forwarded_headers(request.headers):
            match name.lower():
                case "authorization":
                    value = _V2_HEADER.sub(account, _CREDENTIAL.sub(account, value))
                case "host" if bucket:
                    value = self._road.authority
                case "transfer-encoding" if request.buffered:
                    continue
            headers.append((name, value))
        if request.buffered and request.body and not request.header("content-length"):
            headers.append(("Content-Length", str(len(request.body))))
        return (f"/{bucket}{target}" if bucket else target), headers

    async def _teed(self, call: Call, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Pass a streamed body on and keep an encrypted copy for replay."""
        if self._road.vault is None or not call.sealed:
            async for piece in body:
                yield piece
            return
        blob = self._road.vault.blob(call.sealed)
        try:
            async for piece in body:
                blob.write(piece)
                yield piece
        finally:
            blob.close()

    # Answering

    async def _answered(self, identity: Identity, call: Call, answer: Answer) -> tuple[Reply, Call]:
        if _streams(identity, answer):
            outcome = self._road.answers.outcome(
                identity, answer.status, answer.headers, b"", complete=False
            )
            ended = replace(call, status=answer.status, error=outcome.error)
            return Reply(
                status=answer.status, headers=_reply_headers(answer), body=answer.pieces()
            ), ended
        body = b"".join([piece async for piece in answer.pieces()])
        translated = body
        if not _holds_data(identity) and len(body) <= _MOST_TRANSLATED:
            translated = self._road.aliases.to_change(body)
        headers = list(_reply_headers(answer))
        if translated != body:
            headers = _without(headers, "content-length", "x-amz-crc32", "content-md5")
            headers.append(("Content-Length", str(len(translated))))
        ended = self._ended(identity, call, answer, translated)
        return Reply(status=answer.status, headers=tuple(headers), body=_once(translated)), ended

    def _ended(self, identity: Identity, call: Call, answer: Answer, body: bytes) -> Call:
        outcome = self._road.answers.outcome(
            identity, answer.status, answer.headers, body, complete=len(body) <= _MOST_PARSED
        )
        response = None
        if outcome.response is not None:
            response, _ = self._road.redaction.redact(
                identity.service, identity.operation, outcome.response, response=True
            )
        return replace(call, status=answer.status, error=outcome.error, response=response)


def _holds_data(identity: Identity) -> bool:
    """Whether bodies of the operation are a user's data, in which no id may be replaced."""
    return identity.service == "s3" and identity.operation in (
        "PutObject",
        "UploadPart",
        "GetObject",
        "SelectObjectContent",
    )


def _streams(identity: Identity, answer: Answer) -> bool:
    if answer.status >= 400:
        return False
    kind = next((v for n, v in answer.headers if n.lower() == "content-type"), "")
    return identity.operation in ("GetObject", "SelectObjectContent") or "eventstream" in kind


def _reply_headers(answer: Answer) -> tuple[tuple[str, str], ...]:
    return tuple(forwarded_headers(answer.headers))


def _without(headers: Sequence[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in names]


async def _once(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


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
    return Reply(status=made.status, headers=made.headers, body=_once(made.body))
