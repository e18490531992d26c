from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from executor.effects import Differ
from executor.model.call import Trace, Verb
from executor.model.effect import Action, Doubt, Effect, Effects, Hazard
from executor.model.resource import DataMark, Gap, Member, Snapshot
from tests.unit.effects.world import (
    QUEUE,
    STACK,
    TABLE,
    InMemorySemantics,
    resource,
    snapshot,
    trace,
)

NOTHING = Trace()


def diff(
    prior: Snapshot,
    observed: Snapshot,
    done: Trace,
    semantics: InMemorySemantics | None = None,
) -> Effects:
    return Differ(semantics or InMemorySemantics()).diff(prior, observed, done)


def only(effects: Effects) -> Effect:
    assert len(effects.effects) == 1
    return effects.effects[0]


def items(**entries: str) -> DataMark:
    return DataMark(unit="item", count=len(entries), entries=entries)


def test_nothing_happened() -> None:
    state = snapshot(resource("a"), resource("b", data=items(x="1")))
    assert diff(state, state, NOTHING) == Effects()


def test_a_new_resource_is_created_by_the_call_that_names_it() -> None:
    effect = only(diff(snapshot(), snapshot(resource("a")), trace((Verb.CREATE, "a"))))
    assert (effect.action, effect.calls, effect.doubts) == (Action.CREATE, (1,), ())


def test_a_gone_resource_is_deleted_with_its_data() -> None:
    effect = only(diff(snapshot(resource("a")), snapshot(), trace((Verb.DELETE, "a"))))
    assert effect.action is Action.DELETE
    assert effect.hazards == {Hazard.DATA_LOSS}


def test_an_empty_one_loses_no_data() -> None:
    empty = resource("a", data=items())
    effect = only(diff(snapshot(empty), snapshot(), trace((Verb.DELETE, "a"))))
    assert effect.hazards == frozenset()


def test_a_changed_setting_is_an_update_with_its_hazard() -> None:
    semantics = InMemorySemantics(marks={"Protected": Hazard.PROTECTION_LOSS})
    effect = only(
        diff(
            snapshot(resource("a", properties={"Protected": "yes"})),
            snapshot(resource("a", properties={"Protected": "no"})),
            trace((Verb.UPDATE, "a")),
            semantics,
        )
    )
    assert effect.action is Action.UPDATE
    assert [(c.path, c.before, c.after) for c in effect.changed] == [("Protected", "yes", "no")]
    assert effect.hazards == {Hazard.PROTECTION_LOSS}


def test_a_moved_birth_mark_is_a_replacement() -> None:
    effect = only(
        diff(
            snapshot(resource("a", birth="1")),
            snapshot(resource("a", birth="2")),
            trace((Verb.DELETE, "a"), (Verb.CREATE, "a")),
        )
    )
    assert (effect.action, effect.calls) == (Action.REPLACE, (1, 2))


def test_a_re_creation_within_one_second_is_seen_by_the_calls() -> None:
    state = snapshot(resource("a"))
    effect = only(diff(state, state, trace((Verb.DELETE, "a"), (Verb.CREATE, "a"))))
    assert effect.action is Action.REPLACE


def test_a_failed_deletion_before_a_creation_is_no_replacement() -> None:
    state = snapshot(resource("a"))
    done = trace((Verb.DELETE, "a"), (Verb.CREATE, "a"))
    failed = replace(done.touches[0], succeeded=False)
    assert diff(state, state, replace(done, touches=(failed, done.touches[1]))).effects == ()


def test_a_namesake_with_another_id_takes_the_place() -> None:
    effect = only(
        diff(
            snapshot(resource("web", id="i-1")),
            snapshot(resource("web", id="i-2")),
            trace((Verb.DELETE, "i-1"), (Verb.CREATE, "i-2")),
        )
    )
    assert effect.action is Action.REPLACE
    assert effect.replaced_by.endswith("i-2")


def test_the_same_place_in_a_stack_is_a_replacement_whatever_the_names() -> None:
    def stack(member: str) -> Snapshot:
        member_of = Member(logical_id="Data", type=TABLE, id=member)
        owner = resource("stack", type=STACK, members=(member_of,))
        return snapshot(owner, resource(member, type=TABLE))

    effect = only(diff(stack("data-1"), stack("data-2"), trace((Verb.UPDATE, "stack"), type=TABLE)))
    assert (effect.action, effect.name, effect.calls) == (Action.REPLACE, "data-1", (1,))


def test_members_of_a_re_created_stack_are_replaced_though_they_look_the_same() -> None:
    member = Member(logical_id="Topic", type=QUEUE, id="topic")
    before = resource("stack", type=STACK, id="stack-1", members=(member,))
    after = resource("stack", type=STACK, id="stack-2", members=(member,))
    topic = replace(resource("topic"), birth={})
    effects = diff(
        snapshot(before, topic),
        snapshot(after, topic),
        trace((Verb.DELETE, "stack"), (Verb.CREATE, "stack-2")),
    )
    found = {(e.action, e.name) for e in effects.effects}
    assert (Action.REPLACE, "stack") in found


def test_lost_items_are_named() -> None:
    effect = only(
        diff(
            snapshot(resource("a", data=items(x="1", y="2"))),
            snapshot(resource("a", data=items(x="1"))),
            trace((Verb.ERASE, "a", "y")),
        )
    )
    assert effect.hazards == {Hazard.DATA_LOSS}
    assert effect.parts == ("item y",)


def test_what_was_added_to_data_is_told() -> None:
    (effect,) = diff(
        snapshot(resource("a", data=items(x="1"))),
        snapshot(resource("a", data=items(x="1", y="2"))),
        trace((Verb.WRITE, "a", "y")),
    ).effects
    told = [(c.path, c.before, c.after) for c in effect.changed]
    assert told == [("items", 1, 2), ("item y", None, "2")]


def test_overwriting_loses_what_was_there_unless_versions_are_kept() -> None:
    before = snapshot(resource("a", data=items(x="1")))
    after = snapshot(resource("a", data=items(x="2")))
    done = trace((Verb.WRITE, "a", "x"))
    assert only(diff(before, after, done)).hazards == {Hazard.DATA_LOSS}
    versioned = InMemorySemantics(versioned=frozenset({"a"}))
    assert only(diff(before, after, done, versioned)).hazards == frozenset()


def test_what_the_run_wrote_itself_may_be_erased() -> None:
    state = snapshot(resource("a", data=items(x="1")))
    done = trace((Verb.WRITE, "a", "y"), (Verb.ERASE, "a", "y"))
    assert diff(state, state, done).effects == ()


def test_a_purge_loses_data_whatever_the_count_says() -> None:
    state = snapshot(resource("a", data=DataMark(unit="message", count=0)))
    effect = only(diff(state, state, trace((Verb.ERASE, "a"))))
    assert effect.hazards == {Hazard.DATA_LOSS}


def test_messages_that_arrive_by_themselves_are_no_effect() -> None:
    before = snapshot(resource("a", data=DataMark(unit="message", count=1)))
    after = snapshot(resource("a", data=DataMark(unit="message", count=3)))
    assert diff(before, after, NOTHING).effects == ()


def _rebooted(*, succeeded: bool = True) -> Trace:
    done = trace((Verb.UPDATE, "a", "reboot"))
    (touch,) = done.touches
    return replace(done, touches=(replace(touch, hazard=Hazard.DISRUPTION, succeeded=succeeded),))


def test_a_reboot_that_leaves_nothing_to_see_disrupts() -> None:
    state = snapshot(resource("a"), resource("b"))
    effect = only(diff(state, state, _rebooted()))
    assert (effect.action, effect.name, effect.calls) == (Action.UPDATE, "a", (1,))
    assert effect.hazards == {Hazard.DISRUPTION}
    assert effect.parts == ("reboot, by call 1",)


def test_a_reboot_that_failed_or_was_of_what_the_run_made_disrupts_nothing() -> None:
    state = snapshot(resource("a"))
    assert diff(state, state, _rebooted(succeeded=False)).effects == ()
    effect = only(diff(snapshot(), state, _rebooted()))
    assert (effect.action, effect.hazards) == (Action.CREATE, frozenset())


def test_a_scheduled_deletion_is_a_deferred_one() -> None:
    effect = only(
        diff(
            snapshot(resource("key")),
            snapshot(resource("key", deferred=True)),
            trace((Verb.DELETE, "key")),
        )
    )
    assert (effect.action, effect.deferred) == (Action.DELETE, True)


def test_a_temporary_resource_is_transient() -> None:
    effects = diff(snapshot(), snapshot(), trace((Verb.CREATE, "a"), (Verb.DELETE, "a")))
    assert effects.effects == ()
    assert [(t.name, t.calls) for t in effects.transient] == [("a", (1, 2))]


def test_a_creation_that_left_nothing_is_a_disagreement() -> None:
    effects = diff(snapshot(), snapshot(), trace((Verb.CREATE, "a")))
    assert [call for call, _, _ in effects.disagreements] == [1]


def test_a_deletion_that_left_the_resource_in_place_is_a_disagreement() -> None:
    state = snapshot(resource("a"))
    effects = diff(state, state, trace((Verb.DELETE, "a")))
    assert effects.effects == ()
    assert [call for call, _, _ in effects.disagreements] == [1]


def test_what_nobody_did_is_doubtful() -> None:
    effect = only(diff(snapshot(resource("a")), snapshot(), NOTHING))
    assert effect.doubts == (Doubt.NO_CAUSE,)


def test_what_could_not_be_read_is_not_taken_for_gone() -> None:
    gap = Gap(service="sqs", type=QUEUE, reason="AccessDenied")
    effect = only(diff(snapshot(resource("a")), snapshot(gaps=[gap]), trace((Verb.DELETE, "a"))))
    assert Doubt.SOURCES_DISAGREE in effect.doubts


def test_what_still_moves_is_doubtful() -> None:
    state = snapshot(resource("a"))
    moving = snapshot(resource("a", settling=True))
    assert Doubt.UNSETTLED in only(diff(state, moving, trace((Verb.UPDATE, "a")))).doubts


def test_what_comes_with_its_owner_is_explained_by_the_owners_call() -> None:
    owner = resource("vpc-1")
    group = resource("sg-1", type="AWS::EC2::SecurityGroup", properties={"VpcId": "vpc-1"})
    effects = diff(snapshot(), snapshot(owner, group), trace((Verb.CREATE, "vpc-1")))
    assert all(e.calls == (1,) and not e.doubts for e in effects.effects)


def test_what_aws_makes_by_itself_is_no_effect_of_its_own() -> None:
    effects = diff(
        snapshot(resource("vpc-1"), resource("sg-1", builtin=True, properties={"VpcId": "vpc-1"})),
        snapshot(),
        trace((Verb.DELETE, "vpc-1")),
    )
    assert [e.name for e in effects.effects] == ["vpc-1"]


NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.tuples(st.sampled_from([Verb.CREATE, Verb.DELETE, Verb.UPDATE]), NAMES), max_size=12
)


Steps = list[tuple[Verb, str]]
World = dict[str, tuple[int, int]]
"""An independent account of who lives: name -> number of its birth, number of its updates."""


def played(
    initial: set[str], steps: list[tuple[Verb, str]]
) -> tuple[World, list[tuple[Verb, str]]]:
    """Return the world after the steps that were possible, and these steps."""
    alive: World = {name: (0, 0) for name in initial}
    done: Steps = []
    for verb, name in steps:
        if (verb is Verb.CREATE) == (name in alive):
            continue
        if verb is Verb.DELETE:
            del alive[name]
        elif verb is Verb.CREATE:
            alive[name] = (len(done) + 1, 0)
        else:
            alive[name] = (alive[name][0], alive[name][1] + 1)
        done.append((verb, name))
    return alive, done


def expected_action(name: str, initial: set[str], alive: World) -> Action | None:
    if name not in alive:
        return Action.DELETE
    if name not in initial:
        return Action.CREATE
    birth, updates = alive[name]
    if birth != 0:
        return Action.REPLACE
    return Action.UPDATE if updates else None


def as_snapshot(world: World) -> Snapshot:
    return snapshot(
        *(
            resource(name, birth=str(birth), properties={"version": str(version)})
            for name, (birth, version) in world.items()
        )
    )


@given(initial=st.sets(NAMES), steps=STEPS)
def test_effects_agree_with_what_was_really_done(initial: set[str], steps: Steps) -> None:
    alive, done = played(initial, steps)
    before = as_snapshot({name: (0, 0) for name in initial})
    effects = diff(before, as_snapshot(alive), trace(*done))
    expected = {(expected_action(n, initial, alive), n) for n in initial | set(alive)}
    found = {(e.action, e.name) for e in effects.effects}
    assert found == {(action, name) for action, name in expected if action is not None}
    assert all(e.calls and not e.doubts for e in effects.effects)
    came_and_went = {n for v, n in done if v is Verb.CREATE} - set(alive) - initial
    assert {t.name for t in effects.transient} == came_and_went


@given(st.sets(NAMES), st.sets(NAMES))
def test_the_way_back_turns_creations_into_deletions(one: set[str], other: set[str]) -> None:
    first = snapshot(*(resource(n) for n in one))
    second = snapshot(*(resource(n) for n in other))
    there = {(e.action, e.name) for e in diff(first, second, NOTHING).effects}
    back = {(e.action, e.name) for e in diff(second, first, NOTHING).effects}
    turned = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}
    assert {(turned[action], name) for action, name in there} == back
