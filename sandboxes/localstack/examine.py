"""Find out what LocalStack implements: `python -m sandboxes.localstack.examine`.

Writes `operations.json` beside this file, from two sources that must agree:

* read off its providers, inside the image (`image/list_operations.py`);
* asked: each of those operations is called in a fresh sandbox with made-up parameters, and left
  out when the answer is that it is not implemented. (That it stumbles over the parameters shows
  that there is something to stumble.) Of S3, only what `s3_proofs` and `s3_settings` have shown
  is kept.

Both images are served by one list, so what one of them lacks is left out (`_LACKING`), unless
`operations` can tell by the image.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from sandboxes.embedded.operations.generate import proven_s3
from sandboxes.embedded.operations.prober import Prober
from sandboxes.embedded.operations.transports import Answer, Outgoing
from sandboxes.localstack.engine import LocalStackEngine
from sandboxes.localstack.images import image_to_use
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


def main() -> None:
    """Write the list of LocalStack's operations."""
    listed = _read_off()
    with LocalStackEngine().start(SandboxSpec(run="examine")) as sandbox:
        prober = Prober(_OverHttp(sandbox.url))
        found = {service: _confirmed(prober, service, names) for service, names in listed.items()}
        version = sandbox.info.version
    operations = {service: sorted(names) for service, names in sorted(found.items()) if names}
    content = {"emulator": "localstack", "version": version, "operations": operations}
    _HERE.joinpath("operations.json").write_text(json.dumps(content, indent=1) + "\n")
    count = sum(map(len, operations.values()))
    sys.stdout.write(f"{count} operations of {len(operations)} services\n")


def _read_off() -> dict[str, frozenset[str]]:
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
    listed = json.loads(output)["operations"]
    return {name: frozenset(listed[name]) for name in listed.keys() - _DOWNLOADED}


def _confirmed(prober: Prober, service: str, listed: frozenset[str]) -> frozenset[str]:
    listed = listed - _LACKING.get(service, frozenset())
    if service == "s3":
        return listed & proven_s3(prober)
    client = prober.client(service)
    known = set(client.meta.service_model.operation_names)
    kept: set[str] = set()
    for operation in sorted(listed & known):
        answer = prober.probe(client, operation).answer
        if answer is None or _refuses(answer):
            said = f"{answer.status} {answer.body[:160]!r}" if answer else "no answer"
            sys.stderr.write(f"{service} {operation}: {said}\n")
        else:
            kept.add(operation)
    return frozenset(kept)


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


if __name__ == "__main__":
    main()
