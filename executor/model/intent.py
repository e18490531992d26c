"""What the proposer of a change declares, and the patterns it is written in."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Self, TypeVar

from executor.errors import InvalidIntent
from executor.model.effect import Action, Effect, Hazard
from executor.model.json import Json

_FORM = "ACTION[+HAZARD...] TYPE NAME"
_EXAMPLE = "`delete AWS::SQS::Queue orders-*`"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectPattern:
    """`ACTION[+HAZARD...] TYPE NAME`, with globs in type and name.

    `update` and `replace` cover no data loss unless `+data-loss` is written; `delete` covers
    the deleted resource's own data.
    """

    action: Action
    hazards: frozenset[Hazard]
    type: str
    name: str

    @classmethod
    def parse(cls, text: str, *, where: str = "effect pattern") -> Self:
        """Read a pattern.

        Args:
            text: the pattern.
            where: file and field, for the message.

        Raises:
            InvalidIntent: it is not of the form, or a word is unknown.
        """
        words = text.split(maxsplit=2)
        if len(words) != 3:
            raise InvalidIntent(
                f"{where}: {text!r} is not of the form {_FORM}",
                hint=f"write, for instance, {_EXAMPLE}",
            )
        verb, *hazards = words[0].split("+")
        return cls(
            action=_word(Action, verb, "action", where),
            hazards=frozenset(_word(Hazard, h, "hazard", where) for h in hazards),
            type=_type_glob(words[1], where),
            name=words[2].strip(),
        )

    def __str__(self) -> str:
        head = "+".join([self.action.value, *sorted(h.value for h in self.hazards)])
        return f"{head} {self.type} {self.name}"

    def names(self, effect: Effect) -> bool:
        """Whether type and name match, whatever the action."""
        return self.matches_resource(effect.type, _names_of(effect))

    def matches_resource(self, type_name: str, names: Iterable[str]) -> bool:
        """Whether a resource of that type, known by any of `names`, matches."""
        if not fnmatch.fnmatchcase(type_name, self.type):
            return False
        return any(fnmatch.fnmatchcase(name, self.name) for name in names)

    def covers_action(self, effect: Effect) -> bool:
        """Whether the pattern allows the effect itself, hazards aside."""
        return self.action is effect.action and self.names(effect)

    def covers_hazard(self, effect: Effect, hazard: Hazard) -> bool:
        """Whether the pattern allows that hazard of the effect."""
        if not self.covers_action(effect):
            return False
        if self.action is Action.DELETE:
            return True
        return hazard in self.hazards


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePattern:
    """`TYPE NAME`, with globs: what must never be touched."""

    type: str
    name: str

    @classmethod
    def parse(cls, text: str, *, where: str = "protect") -> Self:
        """Read a pattern; a leading action word is accepted and must be one.

        Raises:
            InvalidIntent: it is not of the form `TYPE NAME`.
        """
        words = text.split(maxsplit=1)
        if len(words) == 2 and "::" not in words[0] and words[0] != "*":
            parsed = EffectPattern.parse(text, where=where)
            return cls(type=parsed.type, name=parsed.name)
        if len(words) != 2:
            raise InvalidIntent(
                f"{where}: {text!r} is not of the form TYPE NAME",
                hint="write, for instance, `AWS::DynamoDB::Table *`",
            )
        return cls(type=_type_glob(words[0], where), name=words[1].strip())

    def __str__(self) -> str:
        return f"{self.type} {self.name}"

    def matches(self, effect: Effect) -> bool:
        """Whether the effect is on a protected resource."""
        return self.names(effect.type, _names_of(effect))

    def names(self, type_name: str, names: Iterable[str]) -> bool:
        """Whether a resource of that type, known by any of `names`, is meant."""
        return fnmatch.fnmatchcase(type_name, self.type) and any(
            fnmatch.fnmatchcase(name, self.name) for name in names
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many effects of each kind are allowed; None is no limit."""

    create: int | None = None
    update: int | None = None
    delete: int | None = None
    replace: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, init=False)
class Intent:
    """What the proposer declares, read from the texts an agent or a person writes.

    Attributes:
        summary: the proposer's words.
        expect: must happen, and is allowed.
        allow: may happen.
        protect: must not be touched, whatever `allow` says.
        checks: JMESPath expressions over the state after; each must be true.
        limits: how many effects are allowed.
    """

    summary: str
    expect: tuple[EffectPattern, ...]
    allow: tuple[EffectPattern, ...]
    protect: tuple[ResourcePattern, ...]
    checks: tuple[str, ...]
    limits: Limits

    def __init__(
        self,
        *,
        summary: str = "",
        expect: Iterable[str] = (),
        allow: Iterable[str] = (),
        protect: Iterable[str] = (),
        checks: Iterable[str] = (),
        limits: Limits | Mapping[str, int] | None = None,
        where: str = "intent",
    ) -> None:
        """Read the patterns.

        Args:
            summary: the proposer's words.
            expect: effect patterns that must happen.
            allow: effect patterns that may happen.
            protect: `TYPE NAME` patterns that must not be touched.
            checks: JMESPath expressions.
            limits: how many effects are allowed, for instance `{"delete": 0}`.
            where: file the texts come from, for messages.

        Raises:
            InvalidIntent: a pattern, a check or a limit cannot be read.
        """
        values: dict[str, object] = {
            "summary": summary,
            "expect": _effect_patterns(expect, f"{where}: expect"),
            "allow": _effect_patterns(allow, f"{where}: allow"),
            "protect": tuple(
                ResourcePattern.parse(t, where=f"{where}: protect[{i}]")
                for i, t in enumerate(_texts(protect, f"{where}: protect"))
            ),
            "checks": _expressions(checks, f"{where}: checks"),
            "limits": _limits(limits, f"{where}: limits"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def declares_effects(self) -> bool:
        """Whether the proposer said which effects to look for."""
        return bool(self.expect or self.allow)

    @property
    def patterns(self) -> tuple[EffectPattern, ...]:
        """Everything that is allowed."""
        return self.expect + self.allow

    def types_named(self) -> frozenset[str]:
        """Return type globs that the intent names; they are hydrated too."""
        return frozenset(p.type for p in self.patterns) | frozenset(p.type for p in self.protect)

    def view(self) -> dict[str, Json]:
        """Return the report's view."""
        return {
            "summary": self.summary,
            "expect": [str(p) for p in self.expect],
            "allow": [str(p) for p in self.allow],
            "protect": [str(p) for p in self.protect],
            "checks": list(self.checks),
        }


def _names_of(effect: Effect) -> tuple[str, ...]:
    tag = effect.tags.get("Name")
    names = (effect.name, effect.id, effect.address)
    return (*names, tag) if isinstance(tag, str) else names


def _type_glob(text: str, where: str) -> str:
    if text == "*" or "::" in text:
        return text
    raise InvalidIntent(
        f"{where}: {text!r} is not a resource type",
        hint="types carry CloudFormation's names, such as `AWS::SQS::Queue` or `AWS::EC2::*`",
    )


def _texts(value: Iterable[str], where: str) -> Iterable[str]:
    if isinstance(value, str):
        raise InvalidIntent(
            f"{where}: a list of texts is wanted, not one text", hint=f"[{value!r}]"
        )
    return value


def _effect_patterns(texts: Iterable[str], where: str) -> tuple[EffectPattern, ...]:
    return tuple(
        EffectPattern.parse(t, where=f"{where}[{i}]") for i, t in enumerate(_texts(texts, where))
    )


def _limits(given: Limits | Mapping[str, object] | None, where: str) -> Limits:
    if given is None:
        return Limits()
    if isinstance(given, Limits):
        return given
    known = [f.name for f in fields(Limits)]
    found: dict[str, int] = {}
    for name, value in given.items():
        if name not in known:
            raise InvalidIntent(
                f"{where}: unknown limit {name!r}", hint=f"known: {', '.join(known)}"
            )
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InvalidIntent(
                f"{where}: {name}: a number from 0 is wanted, not {value!r}", hint=f"{name}: 0"
            )
        found[name] = value
    return Limits(**found)


def _expressions(texts: Iterable[str], where: str) -> tuple[str, ...]:
    import jmespath
    from jmespath.exceptions import JMESPathError

    for i, text in enumerate(_texts(texts, where)):
        try:
            jmespath.compile(text)
        except JMESPathError as error:
            # The other lines point at the place with a caret, which a message cannot.
            why = str(error).splitlines()[0].rstrip(":")
            raise InvalidIntent(
                f"{where}[{i}]: {text!r} is not a JMESPath expression: {why}",
                hint="literals are written in backticks, for instance length(resources) == `2`",
            ) from error
    return tuple(texts)


W = TypeVar("W", Action, Hazard)


def _word(kind: type[W], text: str, what: str, where: str) -> W:
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise InvalidIntent(f"{where}: unknown {what} {text!r}", hint=f"known: {known}") from None
