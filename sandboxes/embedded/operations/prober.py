"""Ask an emulator for every operation of a service, and see what it makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandboxes.embedded.operations.parameters import least_parameters
from sandboxes.embedded.operations.transports import Answer, Outgoing, Transport

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.session import Session

Client = Any
"""botocore makes the methods of its clients at run time."""

_ACCOUNT = "000000000000"
NO_SUCH = "ProbeOfNothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one operation came to.

    Attributes:
        answer: the emulator's; None where botocore could not make the request.
        output: the parsed response, without its metadata; None where it was an error.
        error: code of the error, or the kind of exception.
    """

    answer: Answer | None
    output: Mapping[str, object] | None
    error: str


def probing_session() -> Session:
    """Return a session that has loaded what takes long and all services need."""
    from botocore.session import Session

    session = Session()
    session.set_credentials(_ACCOUNT, "probe")
    session.create_client("sts", region_name="us-east-1")
    return session


class Prober:
    """Makes requests with botocore that go to a transport."""

    def __init__(self, transport: Transport, session: Session) -> None:
        """Args:
        transport: leads to the emulator.
        session: of `probing_session`.
        """
        self._transport = transport
        self._session = session
        self._sent: Outgoing | None = None
        self._last: Answer | None = None

    def client(self, service: str) -> Client:
        """Return a client whose requests go to the transport."""
        from botocore.config import Config

        client: Client = self._session.create_client(
            service,
            region_name="us-east-1",
            endpoint_url="http://127.0.0.1:65535",
            config=Config(
                retries={"max_attempts": 0},
                s3={"addressing_style": "path"},
                inject_host_prefix=False,
                parameter_validation=False,
            ),
        )
        client.meta.events.register("before-send", self._send)
        return client

    def probe(self, client: Client, operation: str, **more: object) -> Outcome:
        """Make one call with the least parameters it takes, and those given."""
        from botocore.exceptions import BotoCoreError, ClientError

        model = client.meta.service_model.operation_model(operation)
        self._sent = self._last = None
        try:
            output = client._make_api_call(operation, {**least_parameters(model), **more})
        except ClientError as error:
            return self._outcome(None, str(error.response.get("Error", {}).get("Code", "")))
        except BotoCoreError as error:
            return self._outcome(None, type(error).__name__)
        except Exception as error:
            # The emulator's own failures come through, as do botocore's on odd parameters.
            return self._outcome(None, f"{type(error).__name__}: {error}"[:200])
        output.pop("ResponseMetadata", None)
        return self._outcome(output, "")

    def unknown(self, operation: str) -> Answer | None:
        """Return the answer to the last request, made anew for an operation that is none."""
        kept = self._sent
        if kept is None:
            return None
        renamed = Outgoing(
            method=kept.method,
            url=kept.url.replace(operation, NO_SUCH),
            headers={k: v.replace(operation, NO_SUCH) for k, v in kept.headers.items()},
            body=kept.body.replace(operation.encode(), NO_SUCH.encode()),
        )
        try:
            return self._transport(renamed)
        except Exception as error:
            return Answer(status=500, headers={}, body=repr(error).encode(), ran=frozenset())

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        headers = HTTPHeaders()
        self._sent = _outgoing(request)
        self._last = answer = self._transport(self._sent)
        for name, value in answer.headers.items():
            headers[name] = value
        return AWSResponse(request.url, answer.status, headers, _Raw(answer.body))

    def _outcome(self, output: Mapping[str, object] | None, error: str) -> Outcome:
        return Outcome(answer=self._last, output=output, error=error)


def _outgoing(request: AWSPreparedRequest) -> Outgoing:
    body: object = request.body
    if isinstance(body, str):
        data = body.encode()
    elif isinstance(body, bytes | bytearray):
        data = bytes(body)
    else:
        data = body.read() if hasattr(body, "read") else b""
    pairs: list[tuple[str, object]] = list(request.headers.items())
    decoded = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in pairs}
    return Outgoing(method=str(request.method), url=str(request.url), headers=decoded, body=data)


class _Raw:
    """A response body as botocore reads one."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> list[bytes]:
        body, self._body = self._body, b""
        return [body]

    def read(self, *_: object, **__: object) -> bytes:
        body, self._body = self._body, b""
        return body


def alike(one: Answer, other: Answer, operation: str) -> bool:
    """Whether two answers differ in nothing but names, ids and times."""
    return _plain(one, operation) == _plain(other, operation)


def _plain(answer: Answer, operation: str) -> tuple[int, str]:
    text = answer.body.decode("utf-8", "replace").replace(operation, "").replace(NO_SUCH, "")
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    text = text.replace(snake, "").replace("probe_of_nothing", "")
    return answer.status, re.sub(r"[0-9a-f-]{8,}|\d+", "", text)
