"""Which operations of S3 an emulator is shown to implement, each with its proof."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandboxes.embedded.operations.evidence import by_proof
from sandboxes.embedded.operations.parameters import KEY
from sandboxes.embedded.operations.s3_proofs import BODY, PROOFS, Call, Proof, unharmed
from sandboxes.embedded.operations.s3_settings import SETTING_PROOFS

if TYPE_CHECKING:
    from sandboxes.embedded.operations.prober import Client, Prober


def proven_s3(prober: Prober) -> dict[str, str]:
    """Return operation -> evidence of those that are shown to do what they say."""
    client = prober.client("s3")
    known = set(client.meta.service_model.operation_names)
    call = _caller(client)
    found: dict[str, str] = {}
    for number, proof in enumerate((*PROOFS, *SETTING_PROOFS)):
        bucket = f"probe-{number}"
        call("CreateBucket", Bucket=bucket)
        call("PutObject", Bucket=bucket, Key=KEY, Body=BODY)
        try:
            for shown in proof(call, bucket):
                if not unharmed(call, bucket):
                    raise AssertionError(f"{shown} did harm")
                found |= {name: by_proof(name_of(proof)) for name in shown if name in known}
        except Exception as error:
            # Whatever ends a proof, what it had yet to show is not implemented.
            inner = error.__traceback__.tb_next if error.__traceback__ else None
            line = inner.tb_lineno if inner else 0
            why = f"{type(error).__name__}: {error}"[:200]
            sys.stderr.write(f"s3: {name_of(proof)}, line {line}: {why}\n")
    return found


def name_of(proof: Proof) -> str:
    """Return `module:name` of a proof."""
    return f"{proof.__module__.rpartition('.')[2]}:{proof.__name__.removeprefix('_')}"


def _caller(client: Client) -> Call:
    def call(operation: str, **parameters: object) -> Mapping[str, Any]:
        answer: dict[str, Any] = client._make_api_call(operation, parameters)
        answer.pop("ResponseMetadata", None)
        return answer

    return call
