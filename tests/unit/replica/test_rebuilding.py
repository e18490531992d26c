"""When the sandbox becomes a fork, and when it is seeded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from executor.catalog.catalog import Catalog
from executor.model.resource import Gap, Resource, Scope, Snapshot
from executor.replica.memo import Pairs
from executor.replica.rebuilding import Rebuilder
from sandboxes.errors import NotKept, ReplicaGone
from sandboxes.model import KeptReplica
from tests.unit.replica.test_recipe import ACCOUNT, REGION, queue

EMPTY = Snapshot(account=ACCOUNT, region=REGION)
SQS, SNS, STS = (Scope(name, REGION) for name in ("sqs", "sns", "sts"))
TOPIC = Resource(
    type="AWS::SNS::Topic",
    address=f"arn:aws:sns:{REGION}:{ACCOUNT}:t",
    name="t",
    id="t",
    account=ACCOUNT,
    region=REGION,
    raw={"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "Attributes": {}},
)


def of(*resources: Resource) -> Snapshot:
    found = {r.address: r for r in resources}
    return Snapshot(account=ACCOUNT, region=REGION, resources=found)


class FakeBench:
    """Holds what it is seeded with."""

    def __init__(self, url: str, held: Snapshot = EMPTY, gaps: tuple[Gap, ...] = ()) -> None:
        self.url = url
        self.held = held
        self.gaps = gaps
        self.seeded: list[str] = []
        self.pairs: Pairs = ()
        self.address = "change:1"

    def seed(self, snapshot: Snapshot, services: Iterable[str], *, region: str) -> tuple[Gap, ...]:
        self.seeded += services
        self.held = self.held.merged(snapshot)
        return self.gaps

    def read(self, scopes: Iterable[Scope], *, sparingly: bool = False) -> Snapshot:
        names = {scope.service for scope in scopes}
        found = [r for r in self.held.resources.values() if r.type.split("::")[1].lower() in names]
        return of(*found)

    def close(self) -> None:
        """Nothing is open."""


class FakeKeeper:
    """An engine that keeps replicas, each with what it was seeded with."""

    def __init__(self) -> None:
        self.replicas: dict[str, tuple[KeptReplica, bytes, Snapshot]] = {}
        self.benches: dict[str, FakeBench] = {}
        self.became: list[str] = []
        self.refuses = ""
        self.gaps: tuple[Gap, ...] = ()
        self.keeps = True

    def kept(self) -> Sequence[KeptReplica]:
        return [replica for replica, _, _ in self.replicas.values()]

    def memo(self, replica: KeptReplica) -> bytes:
        return self.replicas[replica.id][1]

    def draft(self, on: KeptReplica | None = None) -> FakeDraft:
        if self.refuses == "draft":
            raise NotKept("not here")
        return FakeDraft(self, self.replicas[on.id][2] if on is not None else EMPTY)

    def become(self, replica: KeptReplica) -> None:
        if self.refuses == "become":
            raise ReplicaGone("too late")
        self.became.append(replica.id)

    # The workshop as well

    def at(self, url: str, address: str, seeded_at: Sequence[str], pairs: Pairs) -> FakeBench:
        return self.benches[url]

    def moved(self, seeded_at: Sequence[str], pairs: Pairs) -> FakeBench:
        return FakeBench("sandbox", self.replicas[self.became[-1]][2])

    @property
    def seeded(self) -> list[list[str]]:
        return [bench.seeded for bench in self.benches.values()]


class FakeDraft:
    def __init__(self, keeper: FakeKeeper, held: Snapshot) -> None:
        self._keeper = keeper
        self.url = f"http://127.0.0.1:{5000 + len(keeper.benches)}"
        keeper.benches[self.url] = FakeBench(self.url, held, keeper.gaps)

    def keep(self, parts: Mapping[str, str], memo: bytes) -> KeptReplica:
        replica = KeptReplica(id=self.url, parts=dict(parts), address="127.0.0.1:5000")
        held = self._keeper.benches[self.url].held
        self._keeper.replicas[replica.id] = (replica, memo, held)
        return replica

    def close(self) -> None:
        """Nothing is open."""


class Run:
    """One run in a sandbox of its own."""

    def __init__(
        self,
        keeper: FakeKeeper,
        *,
        alone: bool = True,
        quiet: bool = True,
        known: Snapshot | None = None,
    ) -> None:
        @contextmanager
        def are_we_alone() -> Iterator[bool]:
            yield alone

        @contextmanager
        def is_it_quiet() -> Iterator[bool]:
            yield quiet

        self.own = FakeBench("sandbox")
        self.rebuilder = Rebuilder(
            catalog=Catalog(),
            bench=self.own,
            workshop=keeper,
            keeper=keeper,
            made_by="us",
            known=None if known is None else lambda scope: known,
            alone=are_we_alone,
            quiet=is_it_quiet,
        )

    def touch(self, baseline: Snapshot, *scopes: Scope, pristine: bool = True) -> list[str]:
        """Rebuild, and return the names of what was read back."""
        found = self.rebuilder.rebuild(baseline, scopes, region=REGION, pristine=pristine)
        return sorted(r.name for r in found.prior.resources.values())


@pytest.fixture
def keeper() -> FakeKeeper:
    return FakeKeeper()


def test_the_first_run_seeds_a_draft_and_the_second_forks_it(keeper: FakeKeeper) -> None:
    for number in range(2):
        run = Run(keeper)
        assert run.touch(of(queue()), SQS) == ["orders"]
        assert run.own.seeded == []
        assert keeper.seeded == [["sqs"]]
        assert len(keeper.became) == number + 1
        assert run.rebuilder.told == {"forked": [f"sqs {REGION}"], "seeded": []}


def test_another_state_and_another_maker_are_seeded_anew(keeper: FakeKeeper) -> None:
    Run(keeper).touch(of(queue()), SQS)
    Run(keeper).touch(of(queue(VisibilityTimeout="31")), SQS)
    run = Run(keeper)
    run.rebuilder._parts["made by"] = "others"
    run.rebuilder._made_by = "others"
    run.touch(of(queue()), SQS)
    assert keeper.seeded == [["sqs"]] * 3


def test_what_is_read_next_is_seeded_on_top_as_long_as_nothing_has_changed(
    keeper: FakeKeeper,
) -> None:
    for _ in range(2):
        run = Run(keeper)
        assert run.touch(of(queue()), SQS) == ["orders"]
        # All that was asked for, since another fork may hold it with other ids.
        assert run.touch(of(TOPIC), SNS) == ["orders", "t"]
        assert keeper.seeded == [["sqs"], ["sns"]]
    assert len(keeper.became) == 4


@pytest.mark.parametrize(
    "why", ["changed", "not alone", "seeded before", "holds something", "a call is under way"]
)
def test_the_sandbox_stays_what_it_is_where_a_fork_would_lack_something(
    keeper: FakeKeeper, why: str
) -> None:
    Run(keeper).touch(of(queue()), SQS)
    run = Run(keeper, alone=why != "not alone", quiet=why != "a call is under way")
    if why == "seeded before":
        run.touch(of(TOPIC), SNS, pristine=False)
    if why == "holds something":
        run.own.held = of(TOPIC)
        run.touch(EMPTY, SNS)
    assert run.touch(of(queue()), SQS, pristine=why != "changed") == ["orders"]
    assert run.own.seeded[-1:] == ["sqs"]
    assert len(keeper.became) == 1
    assert run.rebuilder.told["forked"] == []


def test_what_nobody_holds_anything_of_does_not_hinder_a_fork(keeper: FakeKeeper) -> None:
    run = Run(keeper)
    assert run.touch(EMPTY, STS) == []
    assert run.touch(EMPTY, SNS) == []
    assert run.touch(of(queue()), SQS) == ["orders"]
    assert len(keeper.became) == 1


@pytest.mark.parametrize("refuses", ["draft", "become"])
def test_where_nothing_can_be_kept_the_sandbox_is_seeded(keeper: FakeKeeper, refuses: str) -> None:
    keeper.refuses = refuses
    run = Run(keeper)
    assert run.touch(of(queue()), SQS) == ["orders"]
    assert run.touch(of(TOPIC), SNS) == ["t"]
    assert run.own.seeded == ["sqs", "sns"]
    assert run.rebuilder.told["note"]


def test_what_only_failed_this_time_is_not_kept(keeper: FakeKeeper) -> None:
    keeper.gaps = (Gap(service="sqs", type="x", reason="CreateQueue: Unreachable: Read timeout"),)
    run = Run(keeper)
    assert run.touch(of(queue()), SQS) == ["orders"]
    assert (run.own.seeded, keeper.replicas) == (["sqs"], {})
    keeper.gaps = (Gap(service="sqs", type="x", reason="the engine has no TagQueue"),)
    found = Run(keeper).rebuilder.rebuild(of(queue()), [SQS], region=REGION, pristine=True)
    assert found.missing == keeper.gaps


def test_a_fuller_replica_serves_only_who_knows_that_the_rest_is_the_same(
    keeper: FakeKeeper,
) -> None:
    both = of(queue(), TOPIC)
    first = Run(keeper, known=both)
    first.touch(of(queue()), SQS)
    assert first.touch(of(TOPIC), SNS, pristine=False) == ["t"]
    first.rebuilder.keep_the_rest()
    assert keeper.seeded == [["sqs"], ["sns"]]
    for known, seeds in ((both, []), (of(queue()), ["sns"]), (None, ["sns"])):
        run = Run(keeper, known=known)
        assert run.touch(of(queue()), SQS) == ["orders"]
        run.touch(of(TOPIC), SNS, pristine=False)
        assert run.own.seeded + keeper.moved((), ()).seeded == []
        forked = run.rebuilder.told["seeded"] == []
        assert forked is (seeds == [])
    assert keeper.seeded == [["sqs"], ["sns"]]


def test_nothing_is_kept_for_later_where_later_cannot_be_known(keeper: FakeKeeper) -> None:
    run = Run(keeper)
    run.touch(of(queue()), SQS)
    run.touch(of(TOPIC), SNS, pristine=False)
    run.rebuilder.keep_the_rest()
    assert keeper.seeded == [["sqs"]]
