"""How much of the target a replica gets."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from executor.errors import InvalidConfig
from executor.model.intent import ResourcePattern
from executor.model.resource import Resource


class Hydrate(StrEnum):
    """What is read from the target and rebuilt."""

    ALL = "all"
    """Every service of the catalog, before the change runs."""

    TOUCHED = "touched"
    """A service, and what it reaches, when the change first touches it."""

    NONE = "none"
    """Nothing. What the change then does to anything cannot be judged."""

    TYPES = "types"
    """Named types and what they depend on; the rest is left out, and said to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hydration:
    """How much of the target a replica gets.

    Attributes:
        mode: what is hydrated.
        types: globs of type names, for `Hydrate.TYPES`.
        entries: how many entries of data are read per resource at most.
        objects: how many objects of a bucket are rebuilt at most; they cost a call each.
        copy: resources whose data is copied, not only represented.
        per_second: calls per second and service that the target is asked at most; None takes
            a modest pace for AWS, and none for an endpoint.
        timeout_s: how long one answer of the target is waited for.
    """

    mode: Hydrate = Hydrate.TOUCHED
    types: tuple[str, ...] = ()
    entries: int = 10_000
    objects: int = 1_000
    copy: tuple[ResourcePattern, ...] = ()
    per_second: float | None = None
    timeout_s: float = 20.0

    @classmethod
    def parse(cls, text: str, *, where: str = "--hydrate") -> Self:
        """Read `all`, `touched`, `none` or `TYPE,...`.

        Raises:
            InvalidConfig: it is neither a word nor types.
        """
        words = tuple(word.strip() for word in text.split(",") if word.strip())
        if len(words) == 1 and words[0] in (Hydrate.ALL, Hydrate.TOUCHED, Hydrate.NONE):
            return cls(mode=Hydrate(words[0]))
        wrong = [word for word in words if "::" not in word]
        if wrong or not words:
            raise InvalidConfig(
                f"{where}: {(wrong or [text])[0]!r} is neither a type nor all, touched or none",
                hint="types are written like AWS::SQS::Queue, several with commas between",
            )
        return cls(mode=Hydrate.TYPES, types=words)

    def names(self, type_name: str) -> bool:
        """Whether one of the globs means the type."""
        return any(fnmatch.fnmatchcase(type_name, glob) for glob in self.types)

    def copies(self, resource: Resource) -> bool:
        """Whether the data of the resource is to be copied."""
        return any(p.names(resource.type, resource.handles) for p in self.copy)
