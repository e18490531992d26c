"""Looking things up in the catalog, and reading calls with it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import groupby

import executor.catalog.services as declared
from executor.catalog.declarations import Operation, ResourceType, Service
from executor.catalog.describing import with_paths
from executor.catalog.expressions import evaluate, named
from executor.catalog.looking import endings, of_nobody
from executor.catalog.parts import INERT, PARTS
from executor.model.call import Call, Touch, Trace, Verb
from executor.model.effect import HazardMark
from executor.model.json import JsonObject
from executor.model.resource import Resource


class Catalog:
    """All declarations, loaded service by service as they are needed."""

    def __init__(self, services: Mapping[str, Service] | None = None) -> None:
        """Args:
        services: declarations by botocore name; None takes the shipped ones.
        """
        self._loaded: dict[str, Service] = dict(services or {})
        self._given = services is not None
        self._reading: dict[str, frozenset[str]] = {}

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Botocore names of all services that the catalog can read."""
        if self._given:
            return tuple(sorted(self._loaded))
        modules = pkgutil.iter_modules(declared.__path__)
        return tuple(sorted(m.name.replace("_", "-") for m in modules))

    def service(self, name: str) -> Service | None:
        """Return the declaration of a service; None when the catalog has none."""
        if name not in self._loaded and name in self.services:
            module = importlib.import_module(f"{declared.__name__}.{name.replace('-', '_')}")
            self._loaded[name] = module.SERVICE
        return self._loaded.get(name)

    def load(self) -> None:
        """Load all declarations, which is else done when a type is first looked up."""
        self.service_of("")

    def type(self, type_name: str) -> ResourceType | None:
        """Return the declaration of a resource type; None when the catalog has none."""
        return self._types.get(type_name)

    def service_of(self, type_name: str) -> str:
        """Return the service that declares a type; empty when none does."""
        return self._homes.get(type_name, "")

    @cached_property
    def _types(self) -> dict[str, ResourceType]:
        return {t.type: t for s in self._all() for t in s.types}

    @cached_property
    def _homes(self) -> dict[str, str]:
        return {t.type: s.name for s in self._all() for t in s.types}

    def _all(self) -> Iterable[Service]:
        return (s for s in map(self.service, self.services) if s is not None)

    def aims(
        self, service: str, operation: str, params: JsonObject | None, announced: set[str]
    ) -> frozenset[str] | None:
        """Return the services that a call may reach, where its parameters tell.

        Args:
            service: botocore name.
            operation: its operation.
            params: the call's parameters; None where there is no call, which reaches nothing.
            announced: what earlier calls of the run have told of later ones; may grow.
        """
        found = self.service(service)
        if found is None or found.aims is None:
            return None
        aims = () if params is None else found.aims(operation, params, announced)
        return None if aims is None else frozenset(map(self._home, aims)) - {""}

    def parameters_tell(self, service: str) -> bool:
        """Whether how far a call of the service reaches depends on its parameters."""
        found = self.service(service)
        return found is not None and found.aims is not None

    def _home(self, name: str) -> str:
        if "::" not in name:
            return name if name in self.services else ""
        return self.service_of(PARTS.get(name, name))

    def reached(
        self, service: str, operation: str = "", aims: frozenset[str] | None = None
    ) -> tuple[str, ...]:
        """Return the services to hydrate before a call of `service`: itself last.

        Some operations reach further than their service (one that runs code reaches all).

        What a service reaches, reaches further: the closure is returned, in an order in which
        every service comes after those its types depend on. `aims`, where it is known, is
        what the service itself reaches.
        """
        wanted: set[str] = set()
        queue = [service, *self._reached_by(service, operation), *(aims or ())]
        while queue:
            name = queue.pop()
            found = self.service(name)
            if found is None or name in wanted:
                continue
            wanted.add(name)
            if name != service or aims is None:
                queue.extend(self.services if "*" in found.reaches else found.reaches)
        return self.in_seed_order(wanted)

    def _reached_by(self, service: str, operation: str) -> tuple[str, ...]:
        found = self.service(service)
        reaches = {
            name
            for _, o in (found.meanings if found else ())
            if o.name == operation
            for name in o.reaches
        }
        return self.services if "*" in reaches else tuple(sorted(reaches))

    def in_seed_order(self, services: Iterable[str]) -> tuple[str, ...]:
        """Return the services so that dependencies come first.

        First of all come those whose resources make others (stacks): what they have made is
        adopted, not made again.
        """
        ordered: list[str] = []
        visiting: set[str] = set()
        wanted = set(services)
        # Of the others it does not matter where their types are at home: they are not loaded.
        homes = {t.type: s.name for s in map(self.service, wanted) if s for t in s.types}

        def visit(name: str) -> None:
            if name in visiting or name not in wanted:
                return
            visiting.add(name)
            found = self.service(name)
            for kind in found.types if found else ():
                for needed in kind.depends_on:
                    visit(homes.get(needed, ""))
            ordered.append(name)

        for name in sorted(wanted, key=lambda n: (not self._makes_others(n), n)):
            visit(name)
        return tuple(ordered)

    def _makes_others(self, name: str) -> bool:
        found = self.service(name)
        return any(kind.learns_members for kind in found.types) if found else False

    # What calls mean

    def trace(self, calls: Iterable[Call]) -> Trace:
        """Return the calls with what they touched, and those that cannot be read or answered."""
        kept = tuple(calls)
        touches: list[Touch] = []
        unread: dict[int, str] = {}
        blind: dict[int, str] = {}
        looks: dict[int, frozenset[str]] = {}
        for call in kept:
            if call.refused is not None:
                continue
            found = self.touches(call)
            touches.extend(found)
            if call.mutating and (call.succeeded or call.uncertain) and not self._reads(call):
                unread[call.n] = f"{call.service}:{call.operation}"
            elif not call.mutating:
                looks[call.n] = self._looked_at(call.service, call.operation)
                if self._looks_past(call.service, call.operation):
                    blind[call.n] = f"{call.service}:{call.operation}"
        return Trace(
            calls=kept,
            touches=_with_shared_handles(touches),
            unread=unread,
            blind=blind,
            looks=looks,
        )

    def touches(self, call: Call) -> tuple[Touch, ...]:
        """Return what one call meant for which resources."""
        found = self.service(call.service)
        if found is None:
            return ()
        response = call.response or {}
        region = "" if found.is_global or found.borderless else call.region
        account = "" if found.borderless else call.account
        return tuple(
            replace(touch, account=account, region=region)
            for type_name, operation in found.meanings
            if operation.name == call.operation
            for touch in _touches(call, type_name, operation, response)
        )

    def _reads(self, call: Call) -> bool:
        """Whether the catalog knows what a mutating call does."""
        found = self.service(call.service)
        if found is None:
            return False
        # A declared operation that names nothing of ours was about something else (the tags
        # of a type that is not read).
        return call.operation in found.harmless or bool(self.touches(call))

    def _looked_at(self, service: str, operation: str) -> frozenset[str]:
        """Return the types that a reading operation looks at."""
        found = self.service(service)
        if found is None:
            return frozenset()
        asked = {kind.type for kind in found.types if operation in _shows(kind)}
        if asked:
            return frozenset(asked)
        ends = endings(service, operation, parts=True)
        return frozenset(type_name for type_name, o in found.meanings if o.name in ends)

    def _looks_past(self, service: str, operation: str) -> bool:
        """Whether a reading operation looks at what is never read from a target."""
        found = self.service(service)
        if found is None:
            return not of_nobody(service)
        if self.reads(service, operation):
            return False
        ends = endings(service, operation, parts=False)
        known = {o.name for _, o in found.meanings} | found.harmless.keys()
        return bool(ends) and ends.isdisjoint(known)

    # Semantics for the differ

    def reads(self, service: str, operation: str) -> bool:
        """Whether reading the catalog's types takes the operation: all that a target is asked."""
        if service not in self._reading:
            found = self.service(service)
            self._reading[service] = frozenset(_asked(found.types if found else ()))
        return operation in self._reading[service]

    def copies(self, service: str, operation: str) -> bool:
        """Whether copying the data of some type takes the operation."""
        found = self.service(service)
        return any(
            kind.copy is not None and operation in kind.copy.operations
            for kind in (found.types if found else ())
        )

    def needed(self, wanted: Callable[[str], bool]) -> frozenset[str]:
        """Return the types that are wanted, with all that those depend on."""
        found: set[str] = set()
        queue = [name for name in self._types if wanted(name)]
        while queue:
            name = queue.pop()
            if name not in found and name in self._types:
                found.add(name)
                queue.extend(self._types[name].depends_on)
        return frozenset(found)

    def readable(self, type_name: str) -> bool:
        """Whether resources of the type are read, or are parts of what is read."""
        return type_name in self._homes or type_name in PARTS or type_name in INERT

    def stateful(self, type_name: str) -> bool:
        """Whether deleting a resource of the type loses data; unknown types do."""
        kind = self.type(type_name)
        return kind is None or kind.stateful

    def overwrites_lose(self, resource: Resource) -> bool:
        """Whether overwriting what the resource holds loses what was there."""
        kind = self.type(resource.type)
        if kind is None or kind.overwrites_lose is None:
            return True
        return kind.overwrites_lose(resource.properties)

    def hazards(self, before: Resource, after: Resource) -> tuple[HazardMark, ...]:
        """Return what is dangerous about the way from `before` to `after`."""
        kind = self.type(before.type)
        marks: list[HazardMark] = []
        for rule in kind.hazards if kind else ():
            old = evaluate(rule.field, before.properties)
            new = evaluate(rule.field, after.properties)
            if old != new and rule.when(old, new):
                marks.append(HazardMark(hazard=rule.hazard, field=rule.field))
        return tuple(marks)


def _shows(kind: ResourceType) -> Iterable[str]:
    """Yield the operations that show resources of a type to whoever calls them."""
    yield from kind.listing.operations
    yield from (detail.operation for detail in kind.details if not detail.of)
    yield from kind.probes


def _asked(kinds: Iterable[ResourceType]) -> Iterable[str]:
    for kind in kinds:
        yield from kind.listing.operations
        yield from (detail.operation for detail in kind.details)
        yield from kind.probes


def _touches(
    call: Call, type_name: str, operation: Operation, response: JsonObject
) -> Iterable[Touch]:
    left_out: list[JsonObject] = []
    brought: list[JsonObject] = []
    for parameter, settings in operation.resets.items():
        told = evaluate(parameter, call.params) is not None
        (brought if told else left_out).append(settings)
    chosen = frozenset(operation.chosen_by(call.params) if operation.chosen_by else ())
    for subject, part in _subjects(call, operation, response):
        yield Touch(
            call=call.n,
            type=type_name,
            verb=operation.verb,
            handles=subject,
            part=part,
            succeeded=call.succeeded,
            hazard=operation.hazard,
            resets=tuple(pair for given in left_out for pair in given.items()),
            sets=tuple(setting for given in brought for setting in given),
            chosen_by=chosen,
        )


def _subjects(
    call: Call, operation: Operation, response: JsonObject
) -> Iterable[tuple[frozenset[str], str]]:
    if operation.pairs is not None:
        found = operation.pairs(call.params, response)
        return [(frozenset({handle}), part) for handle, part in dict.fromkeys(found)]
    handles = named(operation.handles, call.params, response)
    if not handles:
        return []
    parts = named(operation.part, call.params, response) or ("",)
    subjects = [with_paths([h]) for h in handles] if operation.many else [with_paths(handles)]
    return [(subject, part) for subject in subjects for part in parts]


def _with_shared_handles(touches: list[Touch]) -> tuple[Touch, ...]:
    """Give touches that share a handle each other's handles.

    A queue is made by name and removed by URL; the call that made it tells both.
    """
    groups: dict[tuple[str, ...], dict[str, set[str]]] = {}
    for kind, members in groupby(sorted(touches, key=_kind), key=_kind):
        known = groups.setdefault(kind, {})
        for touch in members:
            if touch.verb is not Verb.CREATE:
                continue
            joined = set(touch.handles).union(*(known.get(h, set()) for h in touch.handles))
            for handle in joined:
                known[handle] = joined
    shared: list[Touch] = []
    for touch in touches:
        known = groups[_kind(touch)]
        wider = frozenset(touch.handles).union(*(known.get(h, set()) for h in touch.handles))
        shared.append(replace(touch, handles=wider))
    return tuple(shared)


def _kind(touch: Touch) -> tuple[str, ...]:
    return touch.type, touch.account, touch.region
