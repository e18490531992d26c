"""The form a declaration takes. `executor/catalog/services/sqs.py` is the worked example.

Expressions are JMESPath. Where an expression is too little, a field takes a plain function.
A resource is read into one JSON object, its *raw* description: an item of the listing, with
the answers of the details merged in. All other expressions look at that object; when a
resource is described, `$account` and `$region` in it say whose it is and where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

Expression: TypeAlias = str
Pick: TypeAlias = "Expression | Callable[[JsonObject], Json]"
"""Expression over the raw description, or a function of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How to list all resources of a type.

    Attributes:
        operation: botocore operation; paginated where botocore can.
        items: expression over a page giving a list of objects.
        params: literal parameters; a text that is `$account` stands for the account's id.
        within: for what can only be listed in its container (record sets in their zone): how
            to list the containers; the operation is then called once for each.
        given: parameter -> expression over the container's item.
        into: key under which each item keeps its container's.
        absent: error codes that mean that there are none (asked in the wrong region).
        also: further listings, whose items are of the type too.
    """

    operation: str
    items: Expression
    params: JsonObject = field(default_factory=dict)
    within: Listing | None = None
    given: Mapping[str, Expression] = field(default_factory=dict)
    into: str = ""
    absent: frozenset[str] = frozenset()
    also: tuple[Listing, ...] = ()

    @property
    def operations(self) -> Iterator[str]:
        """Every operation that listing takes."""
        yield self.operation
        for other in (*self.also, *([self.within] if self.within else [])):
            yield from other.operations


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One more read per resource.

    Attributes:
        operation: botocore operation; paginated where botocore can, and pages' lists joined.
        params: parameter -> expression over the raw description so far, with `$account`,
            `$region` and `$partition` in it. A literal is written as a JMESPath literal, e.g.
            '`["All"]`'.
        pick: expression over the response, or a function of it (a digest of what must not be
            kept).
        into: key of the raw description that receives it; "" merges an object.
        absent: error codes that mean "it has none": the key becomes None.
        of: type of what it describes, where that is another than the one that is read. Who calls
            it looks at that type, and not at this one.
    """

    operation: str
    params: Mapping[str, Expression]
    pick: Pick = "@"
    into: str = ""
    absent: frozenset[str] = frozenset()
    of: str = ""


class Reading(Protocol):
    """What a data probe may use: read calls on one service."""

    def call(self, operation: str, params: Mapping[str, object]) -> JsonObject:
        """Make one call; raises `CallFailed`."""
        ...

    def pages(self, operation: str, params: Mapping[str, object]) -> Iterator[JsonObject]:
        """Make a call per page; raises `CallFailed`."""
        ...

    @property
    def cap(self) -> int:
        """How many entries to read at most."""
        ...


class Copying(Protocol):
    """What copying data may use: the read calls that the type's `DataCopy` declares."""

    def call(self, operation: str, params: Mapping[str, object]) -> Mapping[str, object]:
        """Make one call and return botocore's own answer; raises `CallFailed`."""
        ...

    def body(self, answer: Mapping[str, object], key: str) -> bytes:
        """Read a streamed body; raises `CallFailed` when it is more than may be copied."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCopy:
    """How the data of a resource is copied, where somebody asks for that.

    Attributes:
        operations: read operations that it takes; asked of the target for these resources only.
        fill: function of the reading, the raw description, the operation of a seed call and
            its parameters that gives the parameters with the target's data in them.
    """

    operations: tuple[str, ...]
    fill: Callable[[Copying, JsonObject, str, Mapping[str, object]], Mapping[str, object]]


DataProbe: TypeAlias = Callable[[Reading, JsonObject], DataMark]


class LackingError(Exception):
    """The engine lacks what a seed needs; says what."""


class Asking(Protocol):
    """What completing a seed may use: calls on one service of the engine."""

    def __call__(self, operation: str, params: Mapping[str, object]) -> JsonObject:
        """Make one call; raises `CallFailed`."""
        ...


Completion: TypeAlias = Callable[[Asking, Mapping[str, object]], Iterable[Mapping[str, object]]]


Learning: TypeAlias = (
    "Mapping[Expression, Expression] | "
    "Callable[[JsonObject, Mapping[str, object], JsonObject], Mapping[str, str]]"
)
"""Expression over the raw description -> expression over the response; or a function of the
raw description, the parameters of one call (as the target knows its ids) and the response
that gives target id -> engine id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnId:
    """How an emulator is asked to give out the target's id.

    Attributes:
        emulator: the one that listens to it.
        ask: function of the raw description and the parameters of a creating call that gives
            the parameters that ask for the id.
        undo: operation that takes away what asking left behind.
        undone: function of the raw description that gives its parameters.
    """

    emulator: str
    ask: Callable[[JsonObject, Mapping[str, object]], Mapping[str, object]]
    undo: str
    undone: Callable[[JsonObject], Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One call that helps to rebuild a resource in a replica.

    Attributes:
        operation: botocore operation.
        params: function of the raw description and the data mark that gives the parameters of
            each call to make: none when the resource has nothing to set. Ids of the target in
            them are translated to the engine's by the seeder.
        learn: which target ids this call's response gives an engine id for.
        tolerate: error codes that do no harm.
        creates: this call brings the resource into being; skipped when the engine already has
            it (adopted).
        optional: the engine may lack the operation; what is missing is then recorded as a gap.
        late: made when all resources of the service are there: what it names may come later
            than the resource (a rule that refers to another security group).
        own_id: how some emulator is asked for the target's id; None translates ids.
        region: the region to call; empty for the one that is being seeded.
        lacking: for adopted resources: function of a call's parameters and the engine's raw
            description, whether the engine lacks what the call would add; None calls anyway.
        complete: function of the engine and of parameters with the engine's ids that gives the
            parameters of the calls to make, none when there is nothing to do: for what only the
            engine can tell. Raises `LackingError` when it cannot be done.
    """

    operation: str
    params: Callable[[JsonObject, DataMark | None], Iterable[Mapping[str, object]]]
    learn: Learning = field(default_factory=dict)
    tolerate: frozenset[str] = frozenset()
    creates: bool = False
    optional: bool = True
    late: bool = False
    lacking: Callable[[Mapping[str, object], JsonObject], bool] | None = None
    complete: Completion | None = None
    region: str = ""
    own_id: OwnId | None = None


Names: TypeAlias = "Expression | Callable[[JsonObject, JsonObject], Sequence[str]]"
"""Expression over `{"params": …, "response": …}`, or a function of both, giving texts."""

Pairs: TypeAlias = Callable[[JsonObject, JsonObject], Iterable[tuple[str, str]]]
"""Function of parameters and response giving (handle, part) of everything touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one operation means for one resource type.

    Attributes:
        name: botocore operation.
        verb: what it does to the resource.
        handles: what names the resource; no handle means that the call did not touch the type.
        part: what names the part it is about, in the words of `DataMark.entries`' keys.
        many: every handle is a resource of its own (RunInstances, CreateTags); otherwise all
            handles of one call name one resource.
        pairs: function of parameters and response giving (handle, part) of everything touched,
            for a call about parts of several resources; `handles` and `part` are not asked then.
        reaches: services that this one operation reaches beyond its service's `reaches`.
        hazard: what is dangerous about the call itself, though no setting tells of it after it
            (a reboot, a failover).
        resets: parameter (an expression over all of them) -> settings as AWS leaves them after
            a call without it, where engines keep what was there.
        chosen_by: function of the parameters giving the attributes by which entries are chosen.
    """

    name: str
    verb: Verb
    handles: Names
    part: Names = ""
    many: bool = False
    pairs: Pairs | None = None
    reaches: tuple[str, ...] = ()
    hazard: Hazard | None = None
    resets: Mapping[str, JsonObject] = field(default_factory=dict)
    chosen_by: Callable[[JsonObject], Iterable[str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardRule:
    """When a changed setting is dangerous.

    Attributes:
        field: expression over `Resource.properties`.
        hazard: the danger.
        when: function of the value before and after; only called when they differ.
    """

    field: Expression
    hazard: Hazard
    when: Callable[[Json, Json], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """Everything known of one type.

    Attributes:
        type: CloudFormation's name.
        listing: how to list it.
        details: further reads per resource, in order.
        id: physical id.
        name: own name; empty takes the id.
        arn: ARN as an expression; empty when AWS has none, or when `address` is given.
        address: a format with `{account}`, `{region}`, `{partition}`, `{id}`, `{name}` for the
            ARN; used when `arn` is empty or yields nothing. Empty: `type/account/region/id`.
        handles: further strings that calls may name it by: each gives a text or a list of texts.
        conceal: function of the raw description that gives it without secrets (digests for
            values), applied before anything else looks at it, after ids are translated.
        settings: expression giving the properties that matter; `@` takes all of the raw
            description.
        volatile: dotted paths removed from the properties (timestamps, counters, states).
        represented: properties that a replica holds a stand-in for (a digest of a value that is
            not copied), so that they differ from the target's by design.
        birth: mark -> expression; marks move when the resource is re-created.
        tags: expression giving `[{Key, Value}]` or a mapping.
        stateful: it holds data that is lost with it.
        data: reads what it holds.
        probes: operations that `data` asks; what is not declared is not let through to a target.
        copy: how its data is copied; None where that cannot be done.
        overwrites_lose: function of the properties: whether overwriting an entry loses data.
        members: expression giving `[{LogicalId, Type, Id}]`, for stacks.
        builtin: expression, true for what AWS makes itself, along with something else or at
            its own will. It is never seeded, only adopted: then its settings are.
        deferred: expression, true when it is scheduled for deletion.
        settling: expression, true while it is being created, changed or deleted.
        ignore: expression, true for what is not there any more (a deleted stack, a terminated
            instance).
        depends_on: types that must be seeded before it.
        order: what resources of the type are seeded in the order of; empty takes the listing's
            (stacks: by creation, since a parent and an exporter come before what needs them).
        adopt: expression giving a key by which a resource that the engine made itself is taken
            for the target's (a default VPC, the default security group of a VPC).
        learns_adopted: function of the target's and the engine's raw description of an adopted
            resource giving target id -> engine id of what has ids inside it.
        seeds: calls that rebuild it, in order.
        among: function of the raw descriptions of all resources of the type, in the order in
            which they are seeded, that gives them with what their seeds need to know of each
            other (what an engine numbers by itself).
        learns_members: for a type whose seed makes further resources (a stack): function of the
            target's and the engine's raw description giving target id -> engine id of each.
            Such a type's service is seeded before all others, and the seeder waits until the
            engine has settled; a member of the target that the engine did not make is a gap.
        operations: what operations mean for it.
        hazards: dangerous changes.
    """

    type: str
    listing: Listing
    id: Pick
    name: Pick = ""
    arn: Pick = ""
    address: str = ""
    details: tuple[Detail, ...] = ()
    handles: tuple[Pick, ...] = ()
    conceal: Callable[[JsonObject], JsonObject] | None = None
    settings: Pick = "@"
    volatile: tuple[str, ...] = ()
    represented: tuple[str, ...] = ()
    birth: Mapping[str, Pick] = field(default_factory=dict)
    tags: Pick = ""
    stateful: bool = False
    data: DataProbe | None = None
    probes: tuple[str, ...] = ()
    copy: DataCopy | None = None
    overwrites_lose: Callable[[JsonObject], bool] | None = None
    members: Pick = ""
    builtin: Pick = ""
    deferred: Pick = ""
    settling: Pick = ""
    ignore: Pick = ""
    depends_on: tuple[str, ...] = ()
    order: Pick = ""
    adopt: Pick = ""
    learns_adopted: Callable[[JsonObject, JsonObject], Mapping[str, str]] | None = None
    seeds: tuple[Seed, ...] = ()
    among: Callable[[Sequence[JsonObject]], Iterable[JsonObject]] | None = None
    learns_members: Callable[[JsonObject, JsonObject], Mapping[str, str]] | None = None
    operations: tuple[Operation, ...] = ()
    hazards: tuple[HazardRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service.

    Attributes:
        name: botocore service name.
        types: its resource types, in the order in which they are seeded.
        is_global: one for all regions (IAM).
        borderless: its names mean the same in all regions and accounts (buckets).
        reaches: services that a call to this one may change or needs: they are hydrated with
            it. `*` is every service of the catalog (CloudFormation, code that runs).
        aims: function of an operation, its parameters and what earlier calls of the run have
            announced (it may add to that) giving the types and services that the call may
            reach, in place of `reaches`; None where that cannot be told.
        harmless: mutating operations that change no resource state worth reading (waiting,
            heartbeats, starting a query); each with the reason.
        elsewhere: type that another service declares -> what operations of this one mean for it
            (the older of two APIs for the same resources); that service belongs in `reaches`.
    """

    name: str
    types: tuple[ResourceType, ...]
    is_global: bool = False
    borderless: bool = False
    reaches: tuple[str, ...] = ()
    aims: Callable[[str, JsonObject, set[str]], Iterable[str] | None] | None = None
    harmless: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, tuple[Operation, ...]] = field(default_factory=dict)

    @property
    def meanings(self) -> Iterator[tuple[str, Operation]]:
        """Type and operation of everything that this service's operations mean."""
        for kind in self.types:
            yield from ((kind.type, operation) for operation in kind.operations)
        for type_name, operations in self.elsewhere.items():
            yield from ((type_name, operation) for operation in operations)


def apart(verb: Verb, pairs: Pairs, *operations: str) -> tuple[Operation, ...]:
    """Return one `Operation` per name, all about the parts that `pairs` gives."""
    return tuple(
        Operation(name=name, verb=verb, handles="", pairs=pairs, many=True) for name in operations
    )


def on(
    verb: Verb,
    handles: Names,
    *operations: str,
    part: Names = "",
    many: bool = False,
    reaches: tuple[str, ...] = (),
    hazard: Hazard | None = None,
    resets: Mapping[str, JsonObject] | None = None,
) -> tuple[Operation, ...]:
    """Return one `Operation` per name, all with the same meaning."""
    return tuple(
        Operation(
            name=name,
            verb=verb,
            handles=handles,
            part=part,
            many=many,
            reaches=reaches,
            hazard=hazard,
            resets=resets or {},
        )
        for name in operations
    )
