"""Lambda functions on every emulator."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from executor.catalog.raw import objects, text
from tests.conformance.cases.lambda_edges import make as make_edges
from tests.conformance.cases.lambda_functions import make_function
from tests.conformance.catalog_harness import EMULATORS, lab, only


@pytest.mark.parametrize("emulator", EMULATORS)
def test_values_of_the_environment_are_kept_nowhere(emulator: str, runtime: Path) -> None:
    with lab(emulator, runtime) as target:
        make_function(target.api)
        function = only(target.read("lambda"), "AWS::Lambda::Function")["checkout"]
    assert "hush" not in json.dumps(dict(function.raw))
    assert set(function.properties["Environment"]) == {"TOKEN"}  # type: ignore[arg-type]


@pytest.mark.parametrize("emulator", EMULATORS)
def test_a_mapping_takes_no_message_from_its_queue(emulator: str, runtime: Path) -> None:
    with lab(emulator, runtime) as target:
        make_edges(target.api)
        url = target.api.call("sqs", "GetQueueUrl", {"QueueName": "orders"})["QueueUrl"]
        for mapping in objects(
            target.api.call("lambda", "ListEventSourceMappings", {}), "EventSourceMappings"
        ):
            on = {"UUID": mapping["UUID"], "Enabled": True}
            target.api.call("lambda", "UpdateEventSourceMapping", on)
        target.api.call("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": "order 1"})
        # Longer than an emulator's poller rests.
        time.sleep(1.5)
        seen = target.api.call("sqs", "ReceiveMessage", {"QueueUrl": url})
    assert [text(m, "Body") for m in objects(seen, "Messages")] == ["order 1"]
