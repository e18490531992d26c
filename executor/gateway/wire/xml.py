"""Parameters carried as an XML body (rest-xml)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError, XMLParser

from executor.gateway.wire.request import Unidentifiable
from executor.gateway.wire.values import scalar

if TYPE_CHECKING:
    from botocore.model import Shape


def from_xml(shape: Shape, body: bytes) -> object:
    """Return the value that an XML document carries.

    Raises:
        Unidentifiable: the body is not XML, or a value is not of its shape.
    """
    if not body.strip():
        return {}
    if b"<!DOCTYPE" in body[:1024].upper() or b"<!ENTITY" in body.upper():
        raise Unidentifiable("the body is XML with a document type")
    try:
        parser = XMLParser()
        parser.feed(body)
        return _value(shape, parser.close())
    except ParseError as error:
        raise Unidentifiable(f"the body is not XML: {error}") from error


def _value(shape: Shape, element: Element) -> object:
    match shape.type_name:
        case "structure":
            return _structure(shape, element)
        case "list":
            return _list(shape, element)
        case "map":
            return _map(shape, list(element))
    if len(element):
        raise Unidentifiable(f"{_local(element.tag)} holds elements, and a value is wanted")
    return scalar(shape, element.text or "")


def _list(shape: Shape, element: Element) -> list[object]:
    member: Shape = shape.member  # type: ignore[attr-defined]
    wanted = {str(member.serialization.get("name", "member")), "member"}
    stray = next((_local(e.tag) for e in element if _local(e.tag) not in wanted), None)
    if stray is not None:
        raise Unidentifiable(f"{shape.name} has no member {stray[:60]!r}")
    return [_value(member, child) for child in element]


def _structure(shape: Shape, element: Element) -> dict[str, object]:
    children: dict[str, list[Element]] = {}
    for child in element:
        children.setdefault(_local(child.tag), []).append(child)
    found: dict[str, object] = {}
    for name, member in shape.members.items():  # type: ignore[attr-defined]
        value = _member(name, member, element, children)
        if value is not None:
            found[name] = value
    stray = next(iter(children.keys() - _wire_names(shape)), None)
    if stray is not None:
        raise Unidentifiable(f"{shape.name} has no member {stray[:60]!r}")
    return found


def _wire_names(shape: Shape) -> frozenset[str]:
    names: set[str] = set()
    for name, member in shape.members.items():  # type: ignore[attr-defined]
        names.add(str(member.serialization.get("name", name)))
        if member.type_name == "list" and member.serialization.get("flattened"):
            names.add(str(member.member.serialization.get("name", name)))
    return frozenset(names)


def _member(
    name: str, member: Shape, element: Element, children: dict[str, list[Element]]
) -> object:
    wire = str(member.serialization.get("name", name))
    if member.serialization.get("xmlAttribute"):
        attribute = _attribute(element, wire.rpartition(":")[2])
        return None if attribute is None else scalar(member, attribute)
    flattened = bool(member.serialization.get("flattened"))
    if flattened and member.type_name == "list":
        inner = member.member.serialization.get("name")  # type: ignore[attr-defined]
        there = children.get(wire) or children.get(str(inner)) or []
        values = [_value(member.member, e) for e in there]  # type: ignore[attr-defined]
        return values or None
    there = children.get(wire, [])
    if not there:
        return None
    if flattened and member.type_name == "map":
        return _map(member, there)
    if len(there) > 1:
        raise Unidentifiable(f"{wire} stands twice")
    return _value(member, there[0])


def _map(shape: Shape, entries: list[Element]) -> dict[str, object]:
    key_shape, value_shape = shape.key, shape.value  # type: ignore[attr-defined]
    found: dict[str, object] = {}
    for entry in entries:
        parts = {_local(child.tag): child for child in entry}
        key = parts.get(str(key_shape.serialization.get("name", "key")))
        value = parts.get(str(value_shape.serialization.get("name", "value")))
        if key is None or value is None or len(parts) != 2 or len(entry) != 2:
            raise Unidentifiable(f"{shape.name}: an entry is not one key and one value")
        text = key.text or ""
        if text in found:
            raise Unidentifiable(f"{shape.name}: the key {text[:60]!r} stands twice")
        found[text] = _value(value_shape, value)
    return found


def _attribute(element: Element, name: str) -> str | None:
    return next((v for k, v in element.attrib.items() if _local(k) == name), None)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
