"""Parameters of the query and ec2 protocols: a flat form with dotted names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl

from executor.gateway.wire.request import Unidentifiable, WireRequest
from executor.gateway.wire.values import scalar

if TYPE_CHECKING:
    from botocore.model import Shape

# SQS takes forms at the queue's own address too.
_QUEUE_PATH = re.compile(r"^(?:/queue/[a-z0-9-]+)?/\d{12}/[A-Za-z0-9_.-]+$")
# What names the operation, or signs the form, and is no parameter.
_LABELS = re.compile(
    r"^(?:Action|Version|Operation|AWSAccessKeyId|Signature|SignatureMethod|SignatureVersion"
    r"|SecurityToken|[Xx]-[Aa]mz-.*)$"
)
# SQS's model lost the names of its old protocol when it went over to JSON; older SDKs go on
# with them. Shape -> the name on the wire, and of a map's keys and values.
_SQS = {
    "QueueAttributeMap": ("Attribute", "Name", "Value"),
    "MessageBodyAttributeMap": ("MessageAttribute", "Name", "Value"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name", "Value"),
    "TagMap": ("Tag", "Key", "Value"),
    "AttributeNameList": ("AttributeName", "", ""),
    "MessageAttributeNameList": ("MessageAttributeName", "", ""),
    "MessageSystemAttributeList": ("MessageSystemAttributeName", "", ""),
    "TagKeyList": ("TagKey", "", ""),
    "ActionNameList": ("ActionName", "", ""),
    "AWSAccountIdList": ("AWSAccountId", "", ""),
    "SendMessageBatchRequestEntryList": ("SendMessageBatchRequestEntry", "", ""),
    "DeleteMessageBatchRequestEntryList": ("DeleteMessageBatchRequestEntry", "", ""),
    "ChangeMessageVisibilityBatchRequestEntryList": (
        "ChangeMessageVisibilityBatchRequestEntry",
        "",
        "",
    ),
}

Tree: TypeAlias = "dict[str, Tree | str]"


def form_of(request: WireRequest) -> dict[str, str]:
    """Return the form of a request: of its body, else of its query.

    Raises:
        Unidentifiable: a name stands twice, or the body is not a form.
    """
    pairs = list(request.query)
    if request.body:
        try:
            text = request.body.decode("utf-8")
            pairs += parse_qsl(text, keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise Unidentifiable("the body is not a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Unidentifiable("a parameter stands twice")
    return form


def may_be_form(request: WireRequest) -> bool:
    """Whether the head of a request says that it is a form."""
    kind = request.header("content-type").lower()
    return "x-www-form-urlencoded" in kind or (not request.body and "Action=" in request.target)


def check_form_address(request: WireRequest) -> None:
    """Refuse a form where an engine may read the address as another request.

    Raises:
        Unidentifiable: it is sent there.
    """
    if request.method not in ("GET", "POST"):
        raise Unidentifiable(f"a form is not sent by {request.method}")
    if request.path != "/" and not _QUEUE_PATH.match(request.path):
        raise Unidentifiable(f"a form is not sent to {request.path[:80]}")


def form_parameters(
    shape: Shape | None, request: WireRequest, *, ec2: bool, sqs: bool
) -> dict[str, object]:
    """Return the parameters of a request that is a form; see `from_form`."""
    members = shape.members if shape is not None else {}  # type: ignore[attr-defined]
    whole = form_of(request)
    form = {n: v for n, v in whole.items() if n in members or not _LABELS.match(n)}
    if "SignatureVersion" in whole:
        for name in {"Timestamp", "Expires"} - set(members):
            form.pop(name, None)
    if request.path != "/":
        _check_queue(form, request)
    return from_form(shape, form, ec2=ec2, sqs=sqs)


def _check_queue(form: dict[str, str], request: WireRequest) -> None:
    """Fill in the queue that the address is of; it must be the one that the form names.

    Raises:
        Unidentifiable: they differ.
    """
    url = form.setdefault("QueueUrl", f"http://{request.header('host')}{request.path}")
    if not url.endswith(request.path):
        raise Unidentifiable("the form names another queue than the address", service="sqs")


def from_form(
    shape: Shape | None, form: Mapping[str, str], *, ec2: bool = False, sqs: bool = False
) -> dict[str, object]:
    """Return the parameters of an operation's input shape.

    Args:
        shape: the input shape.
        form: names and values.
        ec2: they are named in EC2's manner.
        sqs: they are named as SQS's old protocol names them.

    Raises:
        Unidentifiable: a value is not of its shape.
    """
    if shape is None:
        if form:
            raise Unidentifiable(f"the operation takes no {min(form)[:60]!r}")
        return {}
    return _Reader(ec2=ec2, names=_SQS if sqs else {}).structure(shape, _tree(form))


def _tree(form: Mapping[str, str]) -> Tree:
    root: Tree = {}
    for name, value in form.items():
        node = root
        *path, last = name.split(".")
        for part in path:
            child = node.setdefault(part, {})
            if isinstance(child, str):
                raise Unidentifiable(f"{name}: a parameter is both a value and a structure")
            node = child
        if isinstance(node.get(last), dict):
            raise Unidentifiable(f"{name}: a parameter is both a value and a structure")
        node[last] = value
    return root


class _Reader:
    def __init__(self, *, ec2: bool, names: Mapping[str, tuple[str, str, str]]) -> None:
        self._ec2 = ec2
        self._names = names

    def structure(self, shape: Shape, node: Tree) -> dict[str, object]:
        found: dict[str, object] = {}
        left = dict(node)
        for name, member in shape.members.items():  # type: ignore[attr-defined]
            wire = self._wire(member, self._name(member, name))
            if wire in node:
                found[name] = self._value(member, node[wire])
                left.pop(wire, None)
        if left:
            raise Unidentifiable(f"{shape.name} has no member {min(left)[:60]!r}")
        return found

    def _wire(self, shape: Shape, name: str) -> str:
        if shape.name in self._names:
            return self._names[shape.name][0]
        if shape.type_name == "list" and not self._ec2 and shape.serialization.get("flattened"):
            # A flattened list carries its member's name in place of its own.
            inner = shape.member.serialization.get("name")  # type: ignore[attr-defined]
            if inner:
                name = ".".join([*name.split(".")[:-1], inner])
        return name

    def _name(self, shape: Shape, default: str) -> str:
        if not self._ec2:
            return str(shape.serialization.get("name", default))
        if "queryName" in shape.serialization:
            return str(shape.serialization["queryName"])
        name = str(shape.serialization.get("name", default))
        return name[0].upper() + name[1:]

    def _value(self, shape: Shape, node: Tree | str) -> object:
        if isinstance(node, str):
            if shape.type_name not in ("structure", "list", "map"):
                return scalar(shape, node)
            if node:
                raise Unidentifiable(f"{shape.name}: {node[:40]!r} is not a {shape.type_name}")
            # An empty list is carried as `Name=`.
            return [] if shape.type_name == "list" else {}
        match shape.type_name:
            case "structure":
                return self.structure(shape, node)
            case "list":
                return self._list(shape, node)
            case "map":
                return self._map(shape, node)
        raise Unidentifiable(f"{shape.name}: a value is wanted, not a structure")

    def _list(self, shape: Shape, node: Tree) -> list[object]:
        member = shape.member  # type: ignore[attr-defined]
        items: Tree | str = node
        if not self._ec2 and not shape.serialization.get("flattened"):
            items = self._only(shape, node, str(member.serialization.get("name", "member")))
        if isinstance(items, str):
            raise Unidentifiable(f"{shape.name}: a list is wanted")
        return [self._value(member, items[key]) for key in _numbered(items)]

    def _only(self, shape: Shape, node: Tree, name: str) -> Tree | str:
        """Return the one child that holds a list's or a map's entries."""
        if len(node) != 1:
            raise Unidentifiable(f"{shape.name}: the entries do not stand under one name")
        (key,) = node
        if key not in (name, "member"):
            raise Unidentifiable(f"{shape.name} has no member {key[:60]!r}")
        return node[key]

    def _map(self, shape: Shape, node: Tree) -> dict[str, object]:
        key_shape, value_shape = shape.key, shape.value  # type: ignore[attr-defined]
        entries: Tree | str = node
        if not shape.serialization.get("flattened"):
            entries = self._only(shape, node, "entry")
        if isinstance(entries, str):
            raise Unidentifiable(f"{shape.name}: a map is wanted")
        _, key_name, value_name = self._names.get(shape.name) or (
            "",
            str(key_shape.serialization.get("name", "key")),
            str(value_shape.serialization.get("name", "value")),
        )
        found: dict[str, object] = {}
        for number in _numbered(entries):
            entry = entries[number]
            if isinstance(entry, str):
                raise Unidentifiable(f"{shape.name}: an entry is wanted")
            key = entry.get(key_name)
            value = entry.get(value_name)
            if not isinstance(key, str) or value is None or len(entry) != 2 or key in found:
                raise Unidentifiable(f"{shape.name}: an entry is not one key and one value")
            found[key] = self._value(value_shape, value)
        return found


def _numbered(items: Tree) -> list[str]:
    if not all(key.isascii() and key.isdigit() for key in items):
        raise Unidentifiable("a list is numbered with something else than numbers")
    if len({int(key) for key in items}) != len(items):
        raise Unidentifiable("a list has the same number twice")
    return sorted(items, key=int)
