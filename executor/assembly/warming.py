"""What can be made ready before it is known what will be rehearsed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection
from pathlib import Path

from executor.assembly.application import App
from executor.aws_engine import given_back, make_ready
from executor.catalog.catalog import Catalog
from executor.errors import ExecutorError
from executor.gateway.authority import Authority
from executor.gateway.server import shared_models
from executor.gateway.wire import Identifier
from executor.ledger.store import RunStore
from executor.model.application import DryRunRequest, TargetChoice
from executor.model.change import CallsChange, PlannedCall
from executor.model.progress import Silence
from sandboxes.confine.bubblewrap import Bubblewrap
from sandboxes.embedded import daemon_status
from sandboxes.errors import SandboxError

_REGION = "us-east-1"
_LONGEST_S = 5.0
_POLL_S = 0.01
_PRACTICE = (
    PlannedCall(service="s3", operation="CreateBucket", params={"Bucket": "practice"}),
    PlannedCall(
        service="s3",
        operation="PutObject",
        params={"Bucket": "practice", "Key": "object", "Body": "practice"},
    ),
    PlannedCall(service="s3", operation="ListObjectsV2", params={"Bucket": "practice"}),
    PlannedCall(service="sqs", operation="CreateQueue", params={"QueueName": "practice"}, save="q"),
    PlannedCall(
        service="sqs",
        operation="SendMessage",
        params={"QueueUrl": "${q.QueueUrl}", "MessageBody": "practice"},
    ),
    PlannedCall(service="sns", operation="CreateTopic", params={"Name": "practice"}),
)


def load_models(services: Collection[str]) -> None:
    """Have in memory what describes services, and whatever making clients of them loads.

    Nothing is called, and nobody's configuration is kept.
    """
    Catalog().load()
    Bubblewrap().try_ahead()
    # Its keys go with it; what stays is that OpenSSL is ready.
    Authority().context("s3.amazonaws.com")
    identifier = Identifier(shared_models())
    for service in services:
        identifier.learn(service)
    make_ready(services, _REGION)


def practise(place: Path) -> None:
    """Make a dry run of nobody's, so that all that a run takes has been used once.

    Only where the embedded engine's server runs already: it is not started for this.

    Args:
        place: an empty directory, which holds the run.
    """
    if not daemon_status().running:
        return
    request = DryRunRequest(
        change=CallsChange(calls=_PRACTICE),
        target=TargetChoice(name="none"),
        engine="embedded",
        confine="off",
    )
    try:
        with given_back():
            App(RunStore(place), {"PATH": os.defpath}).dry_run(request, Silence())
    except (ExecutorError, SandboxError) as error:
        # What is wrong is told to who makes a run in earnest.
        print(f"the practice run failed: {error}")
    until = time.monotonic() + _LONGEST_S
    while threading.active_count() > 1 and time.monotonic() < until:
        time.sleep(_POLL_S)
