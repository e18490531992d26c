"""What holds for every pair of snapshots and every trace."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from executor.effects import Differ
from executor.model.call import Trace, Verb
from executor.model.effect import Action, Effects, Hazard
from executor.model.resource import DataMark, Member, Resource, Snapshot
from tests.unit.effects.world import STACK, InMemorySemantics, resource, snapshot, trace

NAMES = st.sampled_from(["a", "b", "c", "d"])
PARTS = st.sampled_from(["", "x", "y"])
MARKS = st.none() | st.builds(
    lambda entries, complete: DataMark(
        unit="item", count=len(entries) if complete else None, entries=entries, complete=complete
    ),
    st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"])),
    st.booleans(),
)
RESOURCES = st.builds(
    lambda name, id, birth, setting, data, deferred, settling: resource(
        name,
        id=f"{name}-{id}",
        birth=birth,
        properties={"setting": setting},
        data=data,
        deferred=deferred,
        settling=settling,
    ),
    NAMES,
    st.sampled_from("12"),
    st.sampled_from("12"),
    st.sampled_from("12"),
    MARKS,
    st.booleans(),
    st.booleans(),
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    members: list[Resource] = draw(st.lists(RESOURCES, max_size=5, unique_by=lambda r: r.address))
    owned = members[: draw(st.integers(0, len(members)))]
    if not draw(st.booleans()):
        return snapshot(*members)
    owner = resource(
        "stack",
        type=STACK,
        id=draw(st.sampled_from(["stack-1", "stack-2"])),
        members=tuple(Member(logical_id=f"L{r.name}", type=r.type, id=r.id) for r in owned),
    )
    return snapshot(*members, owner)


TRACES = st.lists(
    st.tuples(
        st.sampled_from(list(Verb)), NAMES | st.sampled_from(["stack", "stack-1", "a-1"]), PARTS
    ),
    max_size=8,
).map(lambda steps: trace(*steps))


def diff(prior: Snapshot, observed: Snapshot, done: Trace) -> Effects:
    return Differ(InMemorySemantics()).diff(prior, observed, done)


def settled(state: Snapshot) -> Snapshot:
    return snapshot(*(r for r in state.resources.values() if not r.settling))


@given(snapshots().map(settled))
def test_nothing_happens_between_a_state_and_itself(state: Snapshot) -> None:
    assert diff(state, state, Trace()) == Effects()


@given(snapshots(), snapshots(), TRACES)
def test_every_resource_that_is_gone_is_deleted_or_replaced_once(
    prior: Snapshot, observed: Snapshot, done: Trace
) -> None:
    ended = [
        e.address
        for e in diff(prior, observed, done).effects
        if e.action in (Action.DELETE, Action.REPLACE)
    ]
    for address in prior.resources.keys() - observed.resources.keys():
        assert ended.count(address) == 1


@given(snapshots(), snapshots(), TRACES)
def test_every_resource_that_is_new_is_created_or_takes_a_place_once(
    prior: Snapshot, observed: Snapshot, done: Trace
) -> None:
    effects = diff(prior, observed, done).effects
    made = [e.address for e in effects if e.action is Action.CREATE]
    made.extend(e.replaced_by for e in effects if e.action is Action.REPLACE)
    for address in observed.resources.keys() - prior.resources.keys():
        assert made.count(address) == 1


@given(snapshots(), snapshots(), TRACES)
def test_every_effect_has_calls_or_a_doubt_and_one_address(
    prior: Snapshot, observed: Snapshot, done: Trace
) -> None:
    effects = diff(prior, observed, done).effects
    assert all(e.calls or e.doubts for e in effects)
    assert len({e.address for e in effects}) == len(effects)


@given(snapshots(), snapshots(), TRACES)
def test_effects_come_in_the_order_of_their_first_calls(
    prior: Snapshot, observed: Snapshot, done: Trace
) -> None:
    firsts = [e.calls[0] for e in diff(prior, observed, done).effects if e.calls]
    assert firsts == sorted(firsts)


@given(snapshots(), snapshots())
def test_the_way_back_turns_creations_into_deletions(prior: Snapshot, observed: Snapshot) -> None:
    def one_sided(one: Snapshot, other: Snapshot, action: Action) -> set[str]:
        effects = diff(one, other, Trace()).effects
        return {
            e.address for e in effects if e.action is action and not e.deferred and e.address
        } & (one.resources.keys() ^ other.resources.keys())

    assert one_sided(prior, observed, Action.CREATE) == one_sided(observed, prior, Action.DELETE)


STEPS = st.lists(
    st.tuples(st.sampled_from([Verb.WRITE, Verb.ERASE, Verb.UPDATE]), st.just("a"), PARTS),
    max_size=3,
)


@given(
    entries=st.dictionaries(st.sampled_from(["x", "y"]), st.just("1"), min_size=1),
    complete=st.booleans(),
    earlier=STEPS,
    later=STEPS,
    data=st.data(),
)
def test_an_erasure_of_what_was_there_is_never_silent(
    entries: dict[str, str],
    complete: bool,
    earlier: list[tuple[Verb, str, str]],
    later: list[tuple[Verb, str, str]],
    data: st.DataObject,
) -> None:
    # Aimed, since chance seldom erases what happens to be there.
    mark = DataMark(unit="item", count=None, entries=entries, complete=complete)
    state = snapshot(resource("a", data=mark))
    erased = (Verb.ERASE, "a", data.draw(st.sampled_from(sorted(entries))))
    (effect,) = diff(state, state, trace(*earlier, erased, *later)).effects
    assert Hazard.DATA_LOSS in effect.hazards
    assert effect.parts
