"""What the open build of LocalStack really implements; see `image/list_operations.py`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sandboxes.embedded.operations import read_operations
from sandboxes.model import Operations

# These start a program that LocalStack would download at first use; and a function that it
# could not prepare to run cannot be changed, where it has no `lambda` that runs nothing.
_NEEDS_PROGRAM = {
    "dynamodb": frozenset({"dynamodb"}),
    "dynamodbstreams": frozenset({"dynamodb", "kinesis"}),
    "kinesis": frozenset({"kinesis"}),
}
_NEEDS_LAMBDA = frozenset({"UpdateFunctionCode", "UpdateFunctionConfiguration"})


@cache
def load_operations(version: str, programs: frozenset[str]) -> Operations:
    """Return what this version implements; empty if it was never examined.

    Args:
        version: LocalStack's version.
        programs: which of `dynamodb`, `kinesis` and `lambda` the image has.
    """
    path = Path(__file__).with_name("operations.json")
    listed = read_operations(path, "localstack", version)
    found = {
        service: names
        for service, names in listed.by_service.items()
        if _NEEDS_PROGRAM.get(service, frozenset()) <= programs
    }
    if "lambda" not in programs and "lambda" in found:
        found["lambda"] -= _NEEDS_LAMBDA
    return Operations(found)
