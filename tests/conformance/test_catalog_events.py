"""Policies of event buses that no single permission can say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from executor.model.json import Json
from executor.model.resource import Resource, Snapshot
from tests.conformance.catalog_harness import ACCOUNT, EMULATORS, REGION, lab, only

BUS = "AWS::Events::EventBus"
_ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/orders"
_STATEMENT: Json = {
    "Sid": "partner",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::999999999999:role/sells"},
    "Action": ["events:PutEvents", "events:PutRule"],
    "Resource": _ARN,
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_STATEMENT]})


def _target(made: Snapshot) -> Snapshot:
    """The snapshot with a bus whose policy no emulator has been asked for."""
    bus = only(made, BUS)["orders"]
    told: Resource = replace(bus, raw={**bus.raw, "Policy": POLICY})
    return replace(made, resources={**made.resources, bus.address: told})


@pytest.mark.parametrize("emulator", EMULATORS)
def test_policy_is_rebuilt_as_it_is_or_not_at_all(emulator: str, runtime: Path) -> None:
    with lab(emulator, runtime) as target:
        target.api.call("events", "CreateEventBus", {"Name": "orders"})
        made = _target(target.read("events"))
    with lab(emulator, runtime) as replica:
        gaps = [(g.type, g.address) for g in replica.seed(made, "events")]
        bus = only(replica.read("events"), BUS)["orders"]
    if gaps:
        # What it does not keep it must not open to everybody either.
        assert gaps == [(BUS, _ARN)]
        assert bus.properties["OpenTo"] == []
    else:
        assert bus.properties["OpenTo"] == ["arn:aws:iam::999999999999:role/sells"]


def test_one_emulator_at_least_keeps_whole_policies(runtime: Path) -> None:
    with lab("moto", runtime) as target:
        target.api.call("events", "CreateEventBus", {"Name": "orders"})
        made = _target(target.read("events"))
    with lab("moto", runtime) as replica:
        assert replica.seed(made, "events") == ()
