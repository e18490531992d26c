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
# These start programs that LocalStack downloads at first use; the pulled image has some of
# them, the one built from packages has none.
_NEEDS_DOWNLOADS = frozenset(
    {"dynamodb", "dynamodbstreams", "es", "kinesis", "opensearch", "stepfunctions"}
)


@cache
def load_operations(version: str, *, from_packages: bool = False) -> Operations:
    """Return what this version implements; empty if it was never examined.

    Args:
        version: LocalStack's version.
        from_packages: the image was built from packages, without further downloads.
    """
    path = Path(__file__).with_name("operations.json")
    listed = read_operations(path, "localstack", version)
    left_out = _NEEDS_DOWNLOADS if from_packages else frozenset()
    return Operations(
        {
            service: names - _NEEDS_DOCKER.get(service, frozenset())
            for service, names in listed.by_service.items()
            if service not in left_out
        }
    )
