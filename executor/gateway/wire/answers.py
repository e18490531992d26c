"""Reading responses, and making errors in the shape that a client expects."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

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

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LATE_ERROR = re.compile(rb"\s*(?:<\?xml[^>]*\?>)?\s*<Error>.*?<Code>([^<]+)</Code>", re.DOTALL)
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
        if status < 300 and (streams or not complete):
            return Outcome(response={str(payload): STREAMED} if payload else {})
        if identity.service == "sqs" and identity.protocol == "query":
            body = _unwrapped(body)
        try:
            parsed = self._parser(identity.protocol).parse(
                {"status_code": status, "headers": _headers(headers), "body": body},
                shape,  # type: ignore[arg-type]  # the stub forgets that there may be none
            )
        except Exception as error:  # botocore's parsers raise whatever the body makes them
            return Outcome(error=f"Unreadable:{type(error).__name__}")
        parsed.pop("ResponseMetadata", None)
        if status >= 300:
            code = parsed.get("Error", {}).get("Code")
            return Outcome(error=str(code or status))
        late = _late_error(body) if identity.service == "s3" else ""
        return Outcome(error=late) if late else Outcome(response=parsed)

    def _parser(self, protocol: str) -> ResponseParser:
        from botocore.parsers import create_parser

        if protocol not in self._parsers:
            self._parsers[protocol] = create_parser(protocol)
        return self._parsers[protocol]


def _unwrapped(body: bytes) -> bytes:
    """Take the result out of its wrapper, of which SQS's model has lost the name."""
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return body
    result = next((e for e in root if e.tag.rpartition("}")[2].endswith("Result")), None)
    return body if result is None else ElementTree.tostring(result)


def _late_error(body: bytes) -> str:
    """Return the code of an error that S3 found only after it had answered 200 (copies do)."""
    found = _LATE_ERROR.match(body)
    return found.group(1).decode("utf-8", "replace") if found else ""


def _headers(headers: Sequence[tuple[str, str]]) -> object:
    from botocore.awsrequest import HeadersDict

    return HeadersDict(dict(headers))


def error_response(
    protocol: str, *, code: str, message: str, status: int, request: WireRequest, service: str = ""
) -> WireResponse:
    """Return an AWS-shaped error that a client of the protocol understands.

    Args:
        protocol: as botocore names it; empty when it must be told from the request.
        code: AWS error code.
        message: in words.
        status: HTTP status; clients try again what is 500 and above.
        request: what is answered.
        service: botocore service name, of which it hangs whether REST-XML errors are wrapped.
    """
    protocol = protocol or spoken(request)
    body, kind = _error_body(protocol, service, code, message)
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


def spoken(request: WireRequest) -> str:
    """Return the protocol that a request seems to speak; a guess, only good for answering."""
    kind = request.header("content-type").lower()
    if request.header("smithy-protocol"):
        return "smithy-rpc-v2-cbor"
    if request.header("x-amz-target"):
        return "json"
    if "x-www-form-urlencoded" in kind:
        return "ec2" if "/ec2/aws4_request" in request.header("authorization") else "query"
    return "rest-json" if "json" in kind else "rest-xml"


def _error_body(protocol: str, service: str, code: str, message: str) -> tuple[bytes, str]:
    if protocol == "smithy-rpc-v2-cbor":
        return cbor.encode_text_map({"__type": code, "message": message}), "application/cbor"
    if protocol in ("json", "rest-json"):
        text = json.dumps({"__type": code, "message": message, "Message": message})
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        return text.encode(), kind
    inner = f"<Code>{_escaped(code)}</Code><Message>{_escaped(message)}</Message>"
    if protocol == "ec2":
        xml = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{_REQUEST_ID}"
        xml += "</RequestID></Response>"
    elif protocol == "query" or service not in ("", "s3"):
        xml = f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>"
        xml += f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    else:
        xml = f"<Error>{inner}<RequestId>{_REQUEST_ID}</RequestId></Error>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{xml}'.encode(), "text/xml"


def _escaped(text: str) -> str:
    # Messages quote what clients sent; XML takes no control characters.
    return escape(_NOT_XML.sub("?", text))
