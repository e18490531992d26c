"""What the open build of LocalStack really implements; see `image/list_operations.py`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sandboxes.embedded.operations import read_operations
from sandboxes.model import Operations

# Running a function's code, or changing it, needs the Docker socket, which the container does
# not get.
_NEEDS_DOCKER = {
    "lambda": frozenset(
        {
            "Invoke",
            "InvokeAsync",
            "InvokeWithResponseStream",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
        }
    )
}
# These start programs that LocalStack would download at first use.
_NEEDS_PROGRAM = {
    "dynamodb": frozenset({"dynamodb"}),
    "dynamodbstreams": frozenset({"dynamodb", "kinesis"}),
    "es": frozenset({"opensearch"}),
    "kinesis": frozenset({"kinesis"}),
    "opensearch": frozenset({"opensearch"}),
}


@cache
def load_operations(version: str, programs: frozenset[str]) -> Operations:
    """Return what this version implements; empty if it was never examined.

    Args:
        version: LocalStack's version.
        programs: those that LocalStack starts and the image has, `dynamodb` and `kinesis`.
    """
    path = Path(__file__).with_name("operations.json")
    listed = read_operations(path, "localstack", version)
    return Operations(
        {
            service: names - _NEEDS_DOCKER.get(service, frozenset())
            for service, names in listed.by_service.items()
            if _NEEDS_PROGRAM.get(service, frozenset()) <= programs
        }
    )
