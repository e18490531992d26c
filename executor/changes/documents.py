"""YAML and JSON files with line numbers: duplicate keys are refused, dates stay texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from executor.errors import InvalidInput
from executor.model.json import Json

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Place = tuple[str | int, ...]
_LARGEST = 1 << 20
_MOST_VALUES = 100_000
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as read.

    Attributes:
        path: the file.
        fields: its top-level mapping.
        lines: place of a value -> its line, from 1; empty for JSON.
    """

    path: Path
    fields: Mapping[str, Json]
    lines: Mapping[Place, int] = field(default_factory=dict)

    def where(self, *place: str | int) -> str:
        """Return file, line and field of a value, for a message."""
        line = self.lines.get(place)
        file = f"{self.path}:{line}" if line else str(self.path)
        return f"{file}: {_dotted(place)}" if place else file


def read_document(path: Path, error: type[InvalidInput], what: str) -> Document:
    """Read a file whose top level is a mapping.

    Args:
        path: a `.json` file, or YAML.
        error: what to raise.
        what: what the file is, for messages: `an intent file`.

    Raises:
        InvalidInput: as `error`: it cannot be read, or is not of the form.
    """
    text = read_text(path, error)
    lines: Mapping[Place, int] = {}
    if path.suffix == ".json":
        fields = _from_json(path, text, error)
    else:
        fields, lines = _Reader(path, error).read(text)
    if not isinstance(fields, Mapping):
        raise error(f"{path}: {what} is a mapping", hint="write `name: value` lines")
    return Document(path=path, fields=fields, lines=lines)


def read_text(path: Path, error: type[InvalidInput]) -> str:
    """Return the content of a text file.

    Raises:
        InvalidInput: as `error`: it cannot be read, is too large or not UTF-8.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise error(f"{path}: larger than 1 MiB", hint="is this the right file?")
        return path.read_text(encoding="utf-8")
    except OSError as failure:
        raise error(f"{path}: cannot be read: {failure.strerror}", hint="check the path") from None
    except UnicodeDecodeError:
        raise error(f"{path}: is not a UTF-8 text", hint="is this the right file?") from None


def _dotted(place: Place) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _from_json(path: Path, text: str, error: type[InvalidInput]) -> Json:
    def unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for key, value in pairs:
            if key in found:
                raise error(f"{path}: {key!r} is there twice", hint="keep one of the two")
            found[key] = value
        return found

    try:
        value: Json = json.loads(text, object_pairs_hook=unique)
    except (json.JSONDecodeError, RecursionError) as failure:
        line = f":{failure.lineno}" if isinstance(failure, json.JSONDecodeError) else ""
        raise error(f"{path}{line}: is not JSON: {failure}", hint="mend that line") from None
    return value


class _Reader:
    """Makes values of YAML nodes, and keeps the line of each."""

    def __init__(self, path: Path, error: type[InvalidInput]) -> None:
        self._path = path
        self._error = error
        self._lines: dict[Place, int] = {}

    def read(self, text: str) -> tuple[Json, Mapping[Place, int]]:
        import yaml

        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            return (None if node is None else self._value(node, ())), self._lines
        except yaml.MarkedYAMLError as failure:
            mark = failure.problem_mark
            line = f":{mark.line + 1}" if mark else ""
            problem = failure.problem or failure.context or "it cannot be parsed"
            raise self._error(
                f"{self._path}{line}: is not YAML: {problem}", hint="mend that line"
            ) from None
        except (yaml.YAMLError, RecursionError) as failure:
            raise self._error(
                f"{self._path}: is not YAML: {failure}", hint="is this the right file?"
            ) from None

    def _value(self, node: Node, place: Place) -> Json:
        from yaml.nodes import MappingNode, ScalarNode, SequenceNode

        if len(self._lines) > _MOST_VALUES:
            # Aliases of aliases grow beyond all bounds.
            raise self._error(f"{self._path}: too many values", hint="is this the right file?")
        self._lines[place] = node.start_mark.line + 1
        match node:
            case MappingNode():
                return self._mapping(node, place)
            case SequenceNode():
                return self._sequence(node, place)
            case ScalarNode():
                return self._scalar(node)
        raise self._bad(node, "this kind of value is not understood")

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Json]:
        if node.tag != _TAG + "map":
            raise self._bad(node, f"the tag {node.tag} is not understood")
        found: dict[str, Json] = {}
        for key_node, value_node in node.value:
            key = self._value(key_node, (*place, ""))
            if not isinstance(key, str):
                raise self._bad(key_node, f"the key {key!r} is not a text")
            if key in found:
                raise self._bad(key_node, f"{key!r} is there twice")
            found[key] = self._value(value_node, (*place, key))
            # Where the name stands is what a reader looks for.
            self._lines[(*place, key)] = key_node.start_mark.line + 1
        return found

    def _sequence(self, node: SequenceNode, place: Place) -> Sequence[Json]:
        if node.tag != _TAG + "seq":
            raise self._bad(node, f"the tag {node.tag} is not understood")
        return [self._value(item, (*place, i)) for i, item in enumerate(node.value)]

    def _scalar(self, node: ScalarNode) -> Json:
        from yaml.constructor import SafeConstructor

        kind = node.tag.removeprefix(_TAG)
        text = str(node.value)
        if kind in {"str", "timestamp", "value"}:
            return text
        make = SafeConstructor()
        try:
            match kind:
                case "null":
                    return None
                case "bool":
                    return bool(make.construct_yaml_bool(node))
                case "int":
                    return int(make.construct_yaml_int(node))
                case "float":
                    return float(make.construct_yaml_float(node))
        except ValueError:
            raise self._bad(node, f"{text!r} is not a number") from None
        raise self._bad(node, f"the tag {node.tag} is not understood")

    def _bad(self, node: Node, problem: str) -> InvalidInput:
        line = node.start_mark.line + 1
        return self._error(f"{self._path}:{line}: {problem}", hint="mend that line")
