"""The same recipe, the same replica; and what makes no difference is not in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor.catalog.catalog import Catalog
from executor.catalog.describing import describe
from executor.model.json import Json
from executor.model.resource import DataMark, Resource, Snapshot
from executor.replica.recipe import recipe

ACCOUNT, REGION = "123456789012", "us-east-1"
CATALOG = Catalog()
QUEUE: dict[str, Json] = {
    "QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders",
    "Attributes": {
        "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders",
        "VisibilityTimeout": "30",
        "CreatedTimestamp": "1",
        "LastModifiedTimestamp": "1",
        "ApproximateNumberOfMessages": "0",
    },
    "Tags": {},
}


def queue(**attributes: str) -> Resource:
    kind = CATALOG.type("AWS::SQS::Queue")
    assert kind is not None
    known = QUEUE["Attributes"]
    assert isinstance(known, dict)
    raw = {**QUEUE, "Attributes": {**known, **attributes}}
    return describe(kind, raw, account=ACCOUNT, region=REGION)


def bucket(keys: int) -> Resource:
    kind = CATALOG.type("AWS::S3::Bucket")
    assert kind is not None
    entries = {f"k{n:03}": f"{n}:etag" for n in range(keys)}
    data = DataMark(unit="object", count=keys, entries=entries)
    return describe(kind, {"Name": "logs"}, account=ACCOUNT, region="global", data=data)


def of(*resources: Resource, service: str = "sqs", region: str = REGION, objects: int = 9) -> str:
    found = {r.address: r for r in resources}
    snapshot = Snapshot(account=ACCOUNT, region=REGION, resources=found)
    return recipe(CATALOG, snapshot, service, region=region, objects=objects)


def test_counters_and_times_make_no_difference() -> None:
    later = queue(ApproximateNumberOfMessages="7", LastModifiedTimestamp="2")
    assert later.raw != queue().raw
    assert of(later) == of(queue())


@pytest.mark.parametrize("name", ["VisibilityTimeout", "DelaySeconds", "Policy"])
def test_a_setting_makes_a_difference(name: str) -> None:
    assert of(queue(**{name: "31"})) != of(queue())


def test_who_it_is_makes_a_difference() -> None:
    one = queue()
    for other in (
        replace(one, id="x"),
        replace(one, name="x"),
        replace(one, address="x"),
        replace(one, builtin=True),
        replace(one, birth={"id": "x"}),
    ):
        assert of(other) != of(one)


def test_one_more_and_another_region_make_a_difference() -> None:
    one, other = queue(), replace(queue(), address="other")
    assert len({of(), of(one), of(one, other), of(one, region="eu-west-1")}) == 3
    assert of(one, region="eu-west-1") == of()


def test_only_as_many_objects_count_as_are_rebuilt() -> None:
    many, more = bucket(9), bucket(12)
    for objects, same in ((9, True), (12, False)):
        few, lots = (of(b, service="s3", region="global", objects=objects) for b in (many, more))
        assert (few == lots) is same
