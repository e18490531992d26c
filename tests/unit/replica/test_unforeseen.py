"""What a stack made although its template had not said so is read all the same."""

from __future__ import annotations

from collections.abc import Iterable

from executor.catalog.catalog import Catalog
from executor.effects import Differ
from executor.model.call import Trace
from executor.model.effect import Doubt
from executor.model.resource import Member, Resource, Scope, Snapshot
from executor.replica import Hydrator
from executor.replica.rebuilding import Rebuilt

ACCOUNT, REGION = "123456789012", "us-east-1"
EMPTY = Snapshot(account=ACCOUNT, region=REGION)


class FakeSource:
    """Holds nothing."""

    def read(self, scopes: Iterable[Scope], *, sparingly: bool = False) -> Snapshot:
        return Snapshot(
            account=ACCOUNT, region=REGION, services=frozenset(s.service for s in scopes)
        )


class FakeRebuilder(FakeSource):
    """Rebuilds nothing."""

    def rebuild(
        self, baseline: Snapshot, scopes: Iterable[Scope], *, region: str, pristine: bool
    ) -> Rebuilt:
        found = tuple(scopes)
        return Rebuilt(prior=self.read(found), scopes=found)


def hydrator() -> Hydrator:
    return Hydrator(
        catalog=Catalog(),
        source=FakeSource(),
        rebuilder=FakeRebuilder(),
        account=ACCOUNT,
        region=REGION,
    )


def resource(kind: str, name: str, *members: Member) -> Resource:
    return Resource(
        type=kind,
        address=f"{kind}/{name}",
        name=name,
        id=name,
        account=ACCOUNT,
        region=REGION,
        handles=frozenset({name}),
        members=members,
    )


QUEUE = resource("AWS::SQS::Queue", "q")
STACK = resource(
    "AWS::CloudFormation::Stack", "s", Member(logical_id="Q", type="AWS::SQS::Queue", id="q")
)


def of(*resources: Resource, services: Iterable[str]) -> Snapshot:
    found = {r.address: r for r in resources}
    return Snapshot(account=ACCOUNT, region=REGION, services=frozenset(services), resources=found)


def test_members_of_services_that_were_not_hydrated_are_unforeseen() -> None:
    made = hydrator()
    made.prepare("cloudformation", "DescribeStacks", REGION, {})
    assert made.scopes == {Scope("cloudformation", REGION)}
    observed = of(STACK, services=["cloudformation"])
    assert made.unforeseen(observed) == {Scope("sqs", REGION)}


def test_members_of_services_that_were_hydrated_are_not() -> None:
    made = hydrator()
    body = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    made.prepare("cloudformation", "CreateStack", REGION, {"TemplateBody": body})
    assert made.unforeseen(of(STACK, services=["cloudformation", "sqs"])) == frozenset()


def test_what_nobody_foresaw_is_in_doubt() -> None:
    made = hydrator()
    made.prepare("cloudformation", "DescribeStacks", REGION, {})
    observed = of(STACK, QUEUE, services=["cloudformation", "sqs"])
    effects = Differ(Catalog()).diff(made.prior, observed, Trace()).effects
    (queue,) = [e for e in effects if e.type == QUEUE.type]
    assert Doubt.SOURCES_DISAGREE in queue.doubts
