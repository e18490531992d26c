"""Cutting descriptions and parameters to shape, for services that spell things alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from executor.catalog.raw import objects, table, text
from executor.model.json import Json, JsonObject

Params: TypeAlias = Iterator[Mapping[str, object]]
"""What a seed's function yields: the parameters of each call."""


class Making(dict[str, object]):
    """Parameters of a call that makes a part, which has the id `target` in the target."""

    def __init__(self, target: str, params: Mapping[str, object]) -> None:
        super().__init__(params)
        self.target = target


def made(
    key: str,
) -> Callable[[JsonObject, Mapping[str, object], JsonObject], Mapping[str, str]]:
    """Return what learns the ids of what is made by `Making`; the answer tells them by `key`."""

    def learn(
        raw: JsonObject, params: Mapping[str, object], answer: JsonObject
    ) -> Mapping[str, str]:
        return {params.target: text(answer, key)} if isinstance(params, Making) else {}

    return learn


def alike(
    keys: Mapping[str, tuple[str, str]],
) -> Callable[[JsonObject, JsonObject], Mapping[str, str]]:
    """Return what learns the ids of the parts of what an engine has made itself.

    Args:
        keys: key of the list of parts -> what tells them apart, and their id.
    """

    def learn(ours: JsonObject, theirs: JsonObject) -> Mapping[str, str]:
        pairs: dict[str, str] = {}
        for key, (name, identity) in keys.items():
            there = by(theirs, key, name)
            for part_name, part in by(ours, key, name).items():
                if part_name in there:
                    pairs[text(part, identity)] = text(there[part_name], identity)
        return pairs

    return learn


# Engines say "none" in all of these ways. False and 0 are settings.
_UNSET: tuple[Json, ...] = (None, "", [], {})


def given(raw: JsonObject, *keys: str) -> dict[str, Json]:
    """Return the named keys that are set; without names, all that are set."""
    return {key: raw[key] for key in keys or raw if key in raw and not unset(raw[key])}


def unset(value: Json) -> bool:
    """Whether an engine's value stands for none."""
    return any(type(value) is type(none) and value == none for none in _UNSET)


def deep_given(value: Json) -> Json:
    """Return the value without anything in it that stands for none."""
    if isinstance(value, Mapping):
        found = {key: deep_given(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if not unset(item)}
    if isinstance(value, list):
        return [deep_given(item) for item in value]
    return value


def by(raw: JsonObject, key: str, name: str) -> dict[str, JsonObject]:
    """Return the objects of the list `raw[key]` by their texts `name`."""
    return {text(item, name): item for item in objects(raw, key)}


def tag_list(raw: JsonObject, key: str = "Tags") -> list[Json]:
    """Return tags as they can be set: those of AWS itself (`aws:…`) cannot.

    Both `Key`/`Value` and `key`/`value` are read; the spelling is kept.
    """
    return [
        tag
        for tag in objects(raw, key)
        if not (text(tag, "Key") or text(tag, "key")).startswith("aws:")
    ]


def tag_map(raw: JsonObject, key: str = "Tags") -> dict[str, Json]:
    """Return a mapping of tags without those of AWS itself."""
    return {name: item for name, item in table(raw, key).items() if not name.startswith("aws:")}


def fewer(before: Json, after: Json) -> bool:
    """A number is smaller than it was; what was or is no number never is."""
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return False
    return after < before
