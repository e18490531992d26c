"""Reading responses, and making errors in the shape that a client expects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from executor.gateway.wire import cbor
from executor.gateway.wire.models import Models
from executor.gateway.wire.request import (
    STREAMED,
    Identity,
    Outcome,
    WireRequest,
    WireResponse,
)

if TYPE_CHECKING:
    from botocore.parsers import ResponseParser

_REQUEST_ID = "00000000-0000-0000-0000-000000000000"


class Answers:
    """Parses outcomes with botocore's own parsers."""

    def __init__(self, models: Models) -> None:
        """Args:
        models: botocore's models.
        """
        self._models = models
        self._parsers: dict[str, ResponseParser] = {}

    def outcome(
        self,
        identity: Identity,
        status: int,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        *,
        complete: bool = True,
    ) -> Outcome:
        """Return what a response says.

        Args:
            identity: what was asked.
            status: HTTP status.
            headers: response headers.
            body: response body, or the beginning of it.
            complete: the body is all of it; otherwise it stands for a stream.
        """
        operation = self._models.operation(identity.service, identity.operation)
        if operation is None:
            return Outcome(error="" if status < 400 else str(status))
        shape = operation.output_shape
        payload = shape.serialization.get("payload") if shape is not None else None
        streams = operation.has_streaming_output or operation.has_event_stream_output
        if status < 400 and (streams or not complete):
            return Outcome(response={str(payload): STREAMED} if payload else {})
        try:
            parsed = self._parser(identity.protocol).parse(
                {"status_code": status, "headers": _headers(headers), "body": body},
                shape,  # type: ignore[arg-type]  # the stub forgets that there may be none
            )
        except Exception as error:  # botocore's parsers raise whatever the body makes them
            return Outcome(error=f"Unreadable:{type(error).__name__}")
        parsed.pop("ResponseMetadata", None)
        if status >= 400:
            code = parsed.get("Error", {}).get("Code")
            return Outcome(error=str(code or status))
        return Outcome(response=parsed)

    def _parser(self, protocol: str) -> ResponseParser:
        from botocore.parsers import create_parser

        if protocol not in self._parsers:
            self._parsers[protocol] = create_parser(protocol)
        return self._parsers[protocol]


def _headers(headers: Sequence[tuple[str, str]]) -> object:
    from botocore.awsrequest import HeadersDict

    return HeadersDict(dict(headers))


def error_response(
    protocol: str, *, code: str, message: str, status: int, request: WireRequest
) -> WireResponse:
    """Return an AWS-shaped error that a client of the protocol understands."""
    body, kind = _error_body(protocol, code, message)
    headers = [
        ("Content-Type", kind),
        ("x-amzn-errortype", code),
        ("x-amzn-requestid", _REQUEST_ID),
    ]
    if protocol == "smithy-rpc-v2-cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    if request.method == "HEAD":
        body = b""
    return WireResponse(
        status=status, headers=(*headers, ("Content-Length", str(len(body)))), body=body
    )


def _error_body(protocol: str, code: str, message: str) -> tuple[bytes, str]:
    if protocol == "smithy-rpc-v2-cbor":
        return cbor.encode_text_map({"__type": code, "message": message}), "application/cbor"
    if protocol in ("json", "rest-json"):
        text = json.dumps({"__type": code, "message": message, "Message": message})
        return text.encode(), "application/x-amz-json-1.0"
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "ec2":
        xml = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{_REQUEST_ID}"
        xml += "</RequestID></Response>"
    elif protocol == "query":
        xml = f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>"
        xml += f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    else:
        xml = f"<Error>{inner}<RequestId>{_REQUEST_ID}</RequestId></Error>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{xml}'.encode(), "text/xml"
