"""What our engines are known not to do: engine and emulator -> check -> reason.

Strict: a gap that is closed has to go from the list (`case.run_check`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_IGNORED: Final = "DryRun is ignored: the resource is made"

_MINISTACK: Final[Mapping[str, str]] = {
    "dry_run_changes_nothing": _IGNORED,
    "stack_with_a_full_bucket_is_not_deleted": "bucket and contents are deleted",
}

_MOTO: Final[Mapping[str, str]] = {
    "dry_run_changes_nothing": _IGNORED,
    "protected_stack_refuses_deletion": "termination protection is ignored",
    "create_only_property_replaces": "the old resource is kept",
    "stack_with_a_full_bucket_is_not_deleted": "DELETE_COMPLETE, and the bucket stays",
    "update_without_changes_is_refused": "it is accepted",
    "key_pending_deletion_does_not_encrypt": "it still encrypts",
}

_LOCALSTACK: Final[Mapping[str, str]] = {
    "dry_run_changes_nothing": _IGNORED,
    "protected_stack_refuses_deletion": "termination protection is ignored",
    "stack_with_a_full_bucket_is_not_deleted": "the stack is said to be deleted",
}

KNOWN_GAPS: Final[Mapping[str, Mapping[str, str]]] = {
    "embedded-ministack": _MINISTACK,
    "embedded-moto": _MOTO,
    # The image that `make localstack-image` builds from packages, and the one that it pulls.
    "localstack": {
        **_LOCALSTACK,
        "protected_table_refuses_deletion": "its DynamoDB, of 2020, knows no protection",
    },
    "localstack-pinned": {
        **_LOCALSTACK,
        "lambda_smoke": "a function cannot be updated without the Docker socket",
    },
    "endpoint-ministack": {
        **_MINISTACK,
        "sandboxes_are_isolated": "two sandboxes are one emulator",
        "next_sandbox_inherits_nothing": "it is not ours to empty",
        "close_ends_the_sandbox": "it is not ours to end",
        "death_is_noticed": "its end is not ours to bring about",
    },
}
