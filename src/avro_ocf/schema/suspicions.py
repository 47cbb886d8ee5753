"""What is legal in a schema and most likely a mistake. What other tools write, with metadata of theirs, raises no suspicion."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from avro_ocf.schema.hints import closest
from avro_ocf.schema.logical_types import UNDERLYING, judged, misplaced
from avro_ocf.schema.model import PRIMITIVES, Node, Union
from avro_ocf.schema.path import shown

DEFINING: Final = {"record": "fields", "error": "fields", "enum": "symbols", "fixed": "size", "array": "items", "map": "values"}
"""The types that are written as objects, and the attribute that each must have."""

ATTRIBUTES: Final = frozenset(
    (
        *("type", "name", "namespace", "doc", "aliases", "default", "order", "logicalType", "precision", "scale"),
        *DEFINING.values(),
    )
)
"""All attributes that the specification defines."""

NAMED: Final = ("record", "error", "enum", "fixed")

FOREIGN: Final = {"map": "array", "datetime": "string", "varchar": "string", "char": "string"}
"""Logical types that Iceberg, BigQuery and Hive write, and the type that each stands on: the specification has none of them."""


def about_field(obj: dict[str, Any], node: Node) -> Iterator[str]:
    """Tell what is suspicious in the JSON of a field whose type is `node`."""
    yield from _misspelled(obj, ("default", "order", "aliases", "logicalType"))
    yield from _without_effect(obj, obj["type"])
    if "logicalType" in obj:
        found = misplaced(obj, node)
        if found:
            yield found
    if obj.get("default") == "null" and isinstance(node, Union) and any(branch.type == "null" for branch in node.branches):
        yield "the default is the text 'null'; null has no quotes"


def about_type(obj: dict[str, Any]) -> Iterator[str]:
    """Tell what is suspicious in an object that describes a type, which may yet turn out to be wrong."""
    kind = obj.get("type")
    if isinstance(kind, str):
        yield from _misspelled(obj, _optional(obj, kind))
    yield from _without_effect(obj, kind)
    if "default" in obj and kind != "enum":
        yield "a default in a type has no effect; it belongs into the field"
    if "logicalType" in obj:
        yield from _logical_fault(obj, kind)
    name, namespace = obj.get("name"), obj.get("namespace")
    if kind in NAMED and isinstance(name, str) and "." in name and namespace not in (None, name.rpartition(".")[0]):
        yield f"the namespace {shown(namespace)} has no effect beside the name {shown(name)}, which has one"


def _optional(obj: dict[str, Any], kind: str) -> list[str]:
    """Return the attributes that a type may have, where one that is misspelled would be missed."""
    found: list[str] = []
    if kind in NAMED:
        found += ("namespace", "aliases")
    if kind == "enum":
        found.append("default")
    if kind == "fixed" or kind in PRIMITIVES:
        found.append("logicalType")
    if obj.get("logicalType") == "decimal":
        found += ("precision", "scale")
    return found


def _misspelled(obj: dict[str, Any], optional: Iterable[str]) -> Iterator[str]:
    missed = [attribute for attribute in optional if attribute not in obj]
    for attribute in obj:
        # A dot or colon is how tools set their own attributes apart.
        if attribute not in ATTRIBUTES and not {".", ":"} & set(attribute):
            meant = closest(attribute, missed)
            if meant is not None:
                yield f"the attribute {shown(attribute)} means nothing; is {meant} meant?"


def _without_effect(obj: dict[str, Any], kind: object) -> Iterator[str]:
    """Tell of attributes that define a type, beside one that is defined without them."""
    own = DEFINING.get(kind) if isinstance(kind, str) else None
    for attribute in dict.fromkeys(DEFINING.values()):
        if attribute not in obj or attribute == own:
            continue
        # Tools tell the length of a text so.
        if attribute == "size" and kind in PRIMITIVES and kind != "bytes":
            continue
        what = f"the type {shown(kind)}" if isinstance(kind, str) else "the type"
        yield f'{attribute} has no effect beside {what}; a type that needs it is an object of its own, inside "type"'


def _logical_fault(obj: dict[str, Any], kind: object) -> Iterator[str]:
    if not isinstance(kind, str):
        name = obj["logicalType"]
        inside = kind if isinstance(kind, list) else [kind]
        if not any(isinstance(each, dict) and each.get("logicalType") == name for each in inside):
            yield f"the logicalType {shown(name)} around the type has no effect; it belongs inside, beside the name of the type"
        return
    size = obj.get("size")
    found = judged(obj, kind, size if isinstance(size, int) else 0)
    name = obj["logicalType"]
    if not isinstance(found, str) or (isinstance(name, str) and FOREIGN.get(name) == kind):
        return
    if isinstance(name, str) and name not in UNDERLYING:
        meant = closest(name, UNDERLYING)
        yield found + (f"; is {meant!r} meant?" if meant else ": it is ignored")
    elif kind not in PRIMITIVES and kind not in DEFINING:
        yield f"the logicalType {shown(name)} beside the name of a type has no effect; it belongs into its definition"
    else:
        yield f"{found}: it is ignored"
