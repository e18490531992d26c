"""Find out what LocalStack implements, with the evidence: `make operations ENGINE=localstack`.

There are two sources that must agree:

* read off its providers, inside the image (`image/list_operations.py`): where an operation is;
* asked: each of those operations is called with made-up parameters, and left out when the answer
  is that it is not implemented. (That it stumbles over the parameters shows that there is
  something to stumble.) Of S3, only what `s3_proofs` and `s3_settings` have shown is kept.

Each service is asked in a fresh sandbox, so that its answers do not depend on the others.

Both images are served by one list, so what one of them lacks is left out (`_LACKING`), unless
`operations` can tell by the image.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sandboxes.embedded.operations.evidence import Listing, by_method, told
from sandboxes.embedded.operations.prober import Prober, probing_session
from sandboxes.embedded.operations.s3_proving import proven_s3
from sandboxes.embedded.operations.transports import Answer, Outgoing
from sandboxes.localstack.engine import LocalStackEngine
from sandboxes.localstack.images import VERSION, image_to_use
from sandboxes.model import SandboxSpec

_HERE = Path(__file__).parent
_REFUSED = re.compile(
    rb"not (been |yet )?implemented|NotImplemented|not included|InvalidAction|UnknownOperation",
    re.IGNORECASE,
)
_ANSWER_S = 60.0
# These need programs that no image has. What runs the change's code is no use in a sandbox.
_DOWNLOADED = frozenset({"es", "opensearch"})
_LACKING = {
    "dynamodb": frozenset({"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"}),
    "lambda": frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
}


def examine(services: Collection[str] = ()) -> Listing:
    """Return what LocalStack implements.

    Args:
        services: those to examine; all when there are none.

    Raises:
        SandboxError: no sandbox could be started.
        SystemExit: the image is not of the pinned version.
    """
    listed = _read_off()
    session = probing_session()
    found: dict[str, Mapping[str, str]] = {}
    for service in sorted(listed.keys() & services if services else listed):
        with LocalStackEngine().start(SandboxSpec(run="examine")) as sandbox:
            prober = Prober(_OverHttp(sandbox.url), session)
            confirmed = _confirmed(prober, service, listed[service])
        if confirmed:
            found[service] = confirmed
            sys.stderr.write(f"{service}: {len(confirmed)}\n")
    return found


def _read_off() -> dict[str, dict[str, str]]:
    import docker

    program = _HERE.joinpath("image", "list_operations.py").read_text()
    client = docker.from_env()
    try:
        output = client.containers.run(
            image_to_use(client),
            ["-c", program],
            entrypoint="python",
            network_mode="none",
            remove=True,
        )
    finally:
        client.close()
    content = json.loads(output)
    if content["version"] != VERSION:
        raise SystemExit(f"the image is of LocalStack {content['version']}, the list of {VERSION}")
    listed: dict[str, dict[str, str]] = content["operations"]
    return {name: listed[name] for name in listed.keys() - _DOWNLOADED}


def _confirmed(prober: Prober, service: str, listed: Mapping[str, str]) -> dict[str, str]:
    names = listed.keys() - _LACKING.get(service, frozenset())
    if service == "s3":
        proven = proven_s3(prober)
        return {
            name: by_method(listed[name], proven[name]) for name in sorted(names & proven.keys())
        }
    client = prober.client(service)
    known = set(client.meta.service_model.operation_names)
    kept: dict[str, str] = {}
    for operation in sorted(names & known):
        answer = prober.probe(client, operation).answer
        if answer is None or _refuses(answer):
            said = f"{answer.status} {answer.body[:160]!r}" if answer else "no answer"
            sys.stderr.write(f"{service} {operation}: {said}\n")
        else:
            kept[operation] = by_method(listed[operation], told(client, answer))
    return kept


def _refuses(answer: Answer) -> bool:
    refused = answer.status >= 400 and _REFUSED.search(answer.body) is not None
    return answer.status == 501 or refused


class _OverHttp:
    """Carries requests to a sandbox."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def __call__(self, request: Outgoing) -> Answer:
        """Answer `request`."""
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(self._address, timeout=_ANSWER_S)
        try:
            connection.request(
                request.method, path or "/", request.body or None, dict(request.headers)
            )
            answer = connection.getresponse()
            headers = dict(answer.getheaders())
            body = answer.read()
        finally:
            connection.close()
        return Answer(status=answer.status, headers=headers, body=body, ran=frozenset())
