"""Where snapshots alone show nothing, or the sources contradict each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor.effects import Differ
from executor.model.call import Touch, Trace, Verb
from executor.model.effect import Action, Doubt, Effects, Hazard
from executor.model.resource import DataMark, Gap, Member, Resource, Snapshot
from tests.unit.effects.world import (
    QUEUE,
    STACK,
    TABLE,
    InMemorySemantics,
    resource,
    snapshot,
    trace,
)

TOPIC = "AWS::SNS::Topic"
SUBSCRIPTION = "AWS::SNS::Subscription"
ROLE = "AWS::IAM::Role"
NOTHING = Trace()


def diff(
    prior: Snapshot, observed: Snapshot, done: Trace, semantics: InMemorySemantics | None = None
) -> Effects:
    return Differ(semantics or InMemorySemantics()).diff(prior, observed, done)


def found(effects: Effects) -> set[tuple[Action, str]]:
    return {(e.action, e.name) for e in effects.effects}


def topic(name: str = "news") -> Resource:
    """A resource without any birth mark."""
    return replace(resource(name, type=TOPIC), birth={})


def stack(*members: Resource, id: str = "stack-1", template: str = "") -> Resource:
    owned = tuple(Member(logical_id=f"The{m.name}", type=m.type, id=m.id) for m in members)
    made = resource("stack", type=STACK, id=id, members=owned)
    return replace(made, raw={"Template": template}) if template else made


# Re-creation that only the calls tell


def test_what_its_stack_ended_and_a_call_made_again_is_replaced() -> None:
    effects = diff(
        snapshot(stack(topic()), topic()),
        snapshot(topic()),
        trace((Verb.DELETE, "stack"), (Verb.CREATE, "news"), type=TOPIC),
    )
    assert found(effects) == {(Action.DELETE, "stack"), (Action.REPLACE, "news")}
    assert effects.disagreements == ()


def test_what_a_call_ended_and_a_stack_made_again_is_replaced() -> None:
    effects = diff(
        snapshot(topic()),
        snapshot(stack(topic()), topic()),
        trace((Verb.DELETE, "news"), (Verb.CREATE, "stack"), type=TOPIC),
    )
    assert (Action.REPLACE, "news") in found(effects)
    assert effects.disagreements == ()


def test_members_without_birth_marks_are_replaced_with_their_stack() -> None:
    effects = diff(
        snapshot(stack(topic()), topic()),
        snapshot(stack(topic(), id="stack-2"), topic()),
        trace((Verb.DELETE, "stack"), (Verb.CREATE, "stack"), type=TOPIC),
    )
    assert found(effects) == {(Action.REPLACE, "stack"), (Action.REPLACE, "news")}


@pytest.mark.parametrize(
    "template",
    [
        '{"Resources": {"Thenews": {"Type": "T", "DeletionPolicy": "Retain"}}}',
        "Resources:\n  Thenews:\n    Type: T\n    DeletionPolicy: Retain\n  Other:\n    Type: T\n",
    ],
)
def test_what_a_deleted_stack_retains_is_neither_replaced_nor_a_disagreement(
    template: str,
) -> None:
    effects = diff(
        snapshot(stack(topic(), template=template), topic()),
        snapshot(topic()),
        trace((Verb.DELETE, "stack"), (Verb.CREATE, "news"), type=TOPIC),
    )
    assert found(effects) == {(Action.DELETE, "stack")}
    assert effects.disagreements == ()


def test_another_members_retention_is_not_taken_for_its_own() -> None:
    template = (
        "Resources:\n  Thenews:\n    Type: T\n  Other:\n    Type: T\n    DeletionPolicy: Retain\n"
    )
    effects = diff(
        snapshot(stack(topic(), template=template), topic()),
        snapshot(topic()),
        trace((Verb.DELETE, "stack"), type=TOPIC),
    )
    assert [address for _, address, _ in effects.disagreements] == [topic().address]


def test_a_stack_that_is_deleted_and_leaves_a_member_is_a_disagreement() -> None:
    effects = diff(
        snapshot(stack(topic()), topic()),
        snapshot(topic()),
        trace((Verb.DELETE, "stack"), type=TOPIC),
    )
    assert [(n, address) for n, address, _ in effects.disagreements] == [(1, topic().address)]


def test_a_member_that_a_deletion_names_to_be_retained_may_stay() -> None:
    done = trace((Verb.DELETE, "stack"), type=TOPIC)
    call = replace(done.calls[0], params={"RetainResources": ["Thenews"]})
    effects = diff(
        snapshot(stack(topic()), topic()), snapshot(topic()), replace(done, calls=(call,))
    )
    assert effects.disagreements == ()


def test_a_resource_deleted_and_brought_back_by_a_stack_with_another_birth_is_replaced() -> None:
    after = resource("a", birth="2")
    effects = diff(
        snapshot(resource("a")),
        snapshot(after, stack(after)),
        trace((Verb.DELETE, "a"), (Verb.CREATE, "stack")),
    )
    assert (Action.REPLACE, "a") in found(effects)
    assert effects.disagreements == ()


def test_members_of_a_re_created_nested_stack_keep_their_places() -> None:
    def world(n: int) -> Snapshot:
        table = resource(f"data-{n}", type=TABLE)
        inner = resource(
            f"inner-{n}",
            type=STACK,
            members=(Member(logical_id="Data", type=TABLE, id=table.id),),
        )
        outer = resource(
            "stack",
            type=STACK,
            id=f"outer-{n}",
            members=(Member(logical_id="Inner", type=STACK, id=inner.id),),
        )
        return snapshot(table, inner, outer)

    done = trace((Verb.DELETE, "stack"), (Verb.CREATE, "stack"))
    assert found(diff(world(1), world(2), done)) == {
        (Action.REPLACE, "stack"),
        (Action.REPLACE, "inner-1"),
        (Action.REPLACE, "data-1"),
    }


# What AWS makes by itself


def test_a_built_in_role_that_a_call_deletes_is_an_effect() -> None:
    role = resource("linked", type=ROLE, builtin=True)
    effects = diff(snapshot(role), snapshot(), trace((Verb.DELETE, "linked"), type=ROLE))
    assert found(effects) == {(Action.DELETE, "linked")}


def test_a_built_in_role_that_vanishes_by_itself_is_doubtful() -> None:
    effects = diff(snapshot(resource("linked", type=ROLE, builtin=True)), snapshot(), NOTHING)
    assert [e.doubts for e in effects.effects] == [(Doubt.NO_CAUSE,)]


def test_a_built_in_role_that_a_call_makes_is_an_effect() -> None:
    role = resource("linked", type=ROLE, builtin=True)
    effects = diff(snapshot(), snapshot(role), trace((Verb.CREATE, "linked"), type=ROLE))
    assert found(effects) == {(Action.CREATE, "linked")}


# Data


def items(*keys: str, complete: bool = True) -> DataMark:
    count = len(keys) if complete else None
    return DataMark(unit="item", count=count, entries=dict.fromkeys(keys, "x"), complete=complete)


def test_an_item_deleted_and_put_again_alike_is_lost() -> None:
    state = snapshot(resource("t", data=items("k")))
    (effect,) = diff(state, state, trace((Verb.ERASE, "t", "k"), (Verb.WRITE, "t", "k"))).effects
    assert effect.hazards == {Hazard.DATA_LOSS}
    assert effect.parts == ("item k (overwritten)",)


def test_writing_an_item_of_which_the_replica_holds_only_the_key_loses_the_rest() -> None:
    state = snapshot(resource("t", data=items("k")))
    (effect,) = diff(state, state, trace((Verb.WRITE, "t", "k"))).effects
    assert effect.hazards == {Hazard.DATA_LOSS}


def objects(real: str, stand_in: str = "zeros") -> DataMark:
    return DataMark(unit="object", count=1, entries={"k": stand_in}, originals={"k": real})


def test_writing_what_stands_in_for_an_object_loses_the_object() -> None:
    state = snapshot(resource("b", data=objects("real")))
    (effect,) = diff(state, state, trace((Verb.WRITE, "b", "k"))).effects
    assert effect.parts == ("object k (overwritten)",)


def test_writing_what_the_target_holds_already_is_nothing() -> None:
    before = snapshot(resource("b", data=objects("real")))
    after = snapshot(resource("b", data=objects("real", stand_in="real")))
    assert diff(before, after, trace((Verb.WRITE, "b", "k"))).effects == ()


def test_an_erasure_that_left_everything_in_place_is_a_disagreement() -> None:
    state = snapshot(resource("b", data=objects("real")))
    ((call, _, words),) = diff(state, state, trace((Verb.ERASE, "b", "k"))).disagreements
    assert call == 1
    assert "k of b is still there" in words


def test_what_is_written_again_after_its_erasure_is_no_disagreement() -> None:
    state = snapshot(resource("b", data=objects("real")))
    for part in ("k", ""):
        done = trace((Verb.ERASE, "b", "k"), (Verb.WRITE, "b", part))
        assert diff(state, state, done).disagreements == ()


def test_an_object_whose_older_version_is_erased_may_stay() -> None:
    def versions(*names: str) -> DataMark:
        return DataMark(unit="version", count=len(names), entries=dict.fromkeys(names, "x"))

    before = snapshot(resource("b", data=versions("k", "k?versionId=1", "k?versionId=2")))
    after = snapshot(resource("b", data=versions("k", "k?versionId=2")))
    erased = trace((Verb.ERASE, "b", "k"), (Verb.ERASE, "b", "k?versionId=1"))
    one_call = replace(erased, touches=tuple(replace(t, call=1) for t in erased.touches))
    assert diff(before, after, one_call).disagreements == ()


def test_appending_to_a_stream_loses_nothing() -> None:
    state = snapshot(resource("g", data=DataMark(unit="stream", count=1, entries={"s": "1"})))
    assert diff(state, state, trace((Verb.WRITE, "g", "s"))).effects == ()


def test_an_item_lost_is_named_once() -> None:
    before = snapshot(resource("t", data=items("k", "l")))
    after = snapshot(resource("t", data=items("l")))
    (effect,) = diff(before, after, trace((Verb.ERASE, "t", "k"))).effects
    assert effect.parts == ("item k",)


def test_a_write_beyond_what_was_read_is_doubtful() -> None:
    state = snapshot(resource("t", data=items("k", complete=False)))
    (effect,) = diff(state, state, trace((Verb.WRITE, "t", "z"))).effects
    assert effect.doubts == (Doubt.PARTLY_READ,)
    versioned = InMemorySemantics(versioned=frozenset({"t"}))
    assert diff(state, state, trace((Verb.WRITE, "t", "z")), versioned).effects == ()


def test_an_erasure_beyond_what_was_read_is_a_loss() -> None:
    state = snapshot(resource("t", data=items("k", complete=False)))
    (effect,) = diff(state, state, trace((Verb.ERASE, "t", "z"))).effects
    assert effect.hazards == {Hazard.DATA_LOSS}


def unbuilt(*names: str, unit: str = "object") -> DataMark:
    """A bucket of which one object was rebuilt, and `names` were only read."""
    return DataMark(unit=unit, count=1, entries={"k": "1"}, unbuilt=dict.fromkeys(names, "1"))


@pytest.mark.parametrize("verb", [Verb.ERASE, Verb.WRITE])
def test_what_was_read_and_not_rebuilt_is_lost_when_a_call_names_it(verb: Verb) -> None:
    state = snapshot(resource("b", data=unbuilt("far")))
    (effect,) = diff(state, state, trace((verb, "b", "far"))).effects
    assert effect.hazards == {Hazard.DATA_LOSS}
    assert effect.doubts == ()


def test_a_new_object_beside_what_was_not_rebuilt_takes_nobodys_place() -> None:
    before = resource("b", data=unbuilt("far"))
    after = replace(before, data=DataMark(unit="object", count=2, entries={"k": "1", "new": "1"}))
    (effect,) = diff(snapshot(before), snapshot(after), trace((Verb.WRITE, "b", "new"))).effects
    assert effect.hazards == frozenset()
    assert effect.doubts == ()


def test_versions_switched_off_before_an_overwrite_do_not_hide_it() -> None:
    class Versions(InMemorySemantics):
        def overwrites_lose(self, resource: Resource) -> bool:
            return resource.properties.get("versions") != "on"

    before = resource("b", properties={"versions": "on"}, data=items("k"))
    rewritten = DataMark(unit="item", count=1, entries={"k": "y"})
    after = replace(before, properties={"versions": "off"}, data=rewritten)
    done = trace((Verb.UPDATE, "b"), (Verb.WRITE, "b", "k"))
    (effect,) = diff(snapshot(before), snapshot(after), done, Versions()).effects
    assert Hazard.DATA_LOSS in effect.hazards


def test_many_lost_parts_are_named_in_part() -> None:
    many = items(*(f"k{n:02}" for n in range(30)))
    before, after = resource("t", data=many), resource("t", data=items())
    (effect,) = diff(snapshot(before), snapshot(after), trace((Verb.ERASE, "t"))).effects
    assert len(effect.parts) == 21
    assert effect.parts[-1] == "and 11 more"


# Scheduled deletions


def test_a_deletion_that_is_taken_back_within_the_run_is_nothing() -> None:
    state = snapshot(resource("key"))
    done = diff(state, state, trace((Verb.DELETE, "key"), (Verb.RESTORE, "key")))
    assert done.effects == ()
    assert done.disagreements == ()


def test_a_cancelled_deletion_is_an_update() -> None:
    (effect,) = diff(
        snapshot(resource("key", deferred=True)),
        snapshot(resource("key")),
        trace((Verb.UPDATE, "key")),
    ).effects
    assert effect.action is Action.UPDATE
    assert [c.path for c in effect.changed] == ["scheduled for deletion"]


# What nobody could read


@pytest.mark.parametrize("kind", [QUEUE, "*"])
def test_nothing_is_taken_for_new_where_nobody_could_look_before(kind: str) -> None:
    gap = Gap(service="sqs", type=kind, reason="AccessDenied")
    (effect,) = diff(
        snapshot(gaps=[gap]), snapshot(resource("a")), trace((Verb.CREATE, "a"))
    ).effects
    assert Doubt.SOURCES_DISAGREE in effect.doubts


def test_what_was_not_looked_for_again_is_not_taken_for_gone() -> None:
    blind = replace(snapshot(), services=frozenset({"dynamodb"}))
    (effect,) = diff(snapshot(resource("a")), blind, trace((Verb.DELETE, "a"))).effects
    assert Doubt.SOURCES_DISAGREE in effect.doubts


def test_members_of_a_type_that_nobody_reads_are_told() -> None:
    rule = resource("r", type="AWS::Events::Rule")
    world = snapshot(stack(rule))
    semantics = InMemorySemantics(unknown=frozenset({"AWS::Events::Rule"}))
    touched = diff(world, world, trace((Verb.UPDATE, "stack")), semantics)
    assert [(n, address) for n, address, _ in touched.unread] == [(1, stack(rule).address)]
    assert diff(world, world, trace((Verb.UPDATE, "a")), semantics).unread == ()
    assert diff(world, world, trace((Verb.UPDATE, "stack"))).unread == ()


def test_what_concerns_a_stack_alone_does_not_ask_for_its_members() -> None:
    world = snapshot(stack(resource("r", type="AWS::Events::Rule")))
    semantics = InMemorySemantics(unknown=frozenset({"AWS::Events::Rule"}))
    done = trace((Verb.UPDATE, "stack"))
    call = replace(done.calls[0], operation="UpdateTerminationProtection")
    assert diff(world, world, replace(done, calls=(call,)), semantics).unread == ()


# Temporary things that go with another


def test_a_subscription_that_goes_with_its_temporary_topic_is_transient() -> None:
    arn = "arn:aws:sns:us-east-1:111122223333:news"
    done = trace((Verb.CREATE, arn), (Verb.CREATE, f"{arn}:7"), (Verb.DELETE, arn), type=TOPIC)
    touches = (done.touches[0], replace(done.touches[1], type=SUBSCRIPTION), done.touches[2])
    effects = diff(snapshot(), snapshot(), replace(done, touches=touches))
    assert effects.disagreements == ()
    assert {t.type for t in effects.transient} == {TOPIC, SUBSCRIPTION}


def test_a_volume_that_goes_with_its_temporary_instance_is_transient() -> None:
    done = trace((Verb.CREATE, "i-1"), (Verb.DELETE, "i-1"), type="AWS::EC2::Instance")
    volume = Touch(call=1, type="AWS::EC2::Volume", verb=Verb.CREATE, handles=frozenset({"vol-1"}))
    effects = diff(snapshot(), snapshot(), replace(done, touches=(*done.touches, volume)))
    assert effects.disagreements == ()
    assert {t.name for t in effects.transient} == {"i-1", "vol-1"}


def test_a_second_creation_that_is_never_removed_is_not_transient() -> None:
    done = trace((Verb.CREATE, "a"), (Verb.DELETE, "a"), (Verb.CREATE, "a"))
    assert [n for n, _, _ in diff(snapshot(), snapshot(), done).disagreements] == [3]
