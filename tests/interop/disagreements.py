"""What is left out of the comparison with other libraries. Each entry names the row of docs/interop.md that says why."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.logical import conversion
from avro_ocf.reference import choose_branch
from avro_ocf.schema.logical_types import logical_type
from avro_ocf.schema.measure import children, nodes
from avro_ocf.schema.model import Array, Enum, Fixed, Map, Named, Node, Record, Union

Json = object
PYTHON = ("fastavro", "avro", "cavro")


def json_types(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object in `schema` that describes a type."""
    if isinstance(schema, list):
        for branch in schema:
            yield from json_types(branch)
    elif isinstance(schema, dict):
        yield schema
        for field in schema.get("fields", ()):
            yield from json_types(field["type"])
        for key in ("items", "values"):
            yield from json_types(schema.get(key))


class Rewrite(NamedTuple):
    """A part of a schema that a library does not know: `change` takes it out of the JSON object of one type."""

    row: str
    libraries: tuple[str, ...]
    change: Callable[[dict[str, Any]], None]


def _without(*logical_types: tuple[str, str]) -> Callable[[dict[str, Any]], None]:
    def change(json: dict[str, Any]) -> None:
        if (json["type"], json.get("logicalType")) in logical_types:
            del json["logicalType"]

    return change


def _without_invalid_decimal(json: dict[str, Any]) -> None:
    if json.get("logicalType") == "decimal" and logical_type(json, json["type"], json.get("size", 0)) is None:
        del json["logicalType"]


def _record_for_error(json: dict[str, Any]) -> None:
    if json["type"] == "error":
        json["type"] = "record"


def _without_defaults(json: dict[str, Any]) -> None:
    for field in json.get("fields", ()):
        field.pop("default", None)


NEW = (("bytes", "big-decimal"), ("fixed", "duration"))
LOCAL = (("long", "local-timestamp-millis"), ("long", "local-timestamp-micros"))

REWRITES = (
    Rewrite("missing-logical-types", ("fastavro",), _without(*NEW, ("fixed", "uuid"))),
    Rewrite("missing-logical-types", ("avro",), _without(*NEW, ("fixed", "uuid"), *LOCAL)),
    Rewrite("missing-logical-types", ("cavro",), _without(*NEW, *LOCAL)),
    Rewrite("uuid-as-text", ("avro",), _without(("string", "uuid"))),
    Rewrite("invalid-logical-types", ("fastavro",), _without_invalid_decimal),
    Rewrite("error-types", ("avro",), _record_for_error),
    Rewrite("defaults-refused", ("fastavro", "cavro", "avsc"), _without_defaults),
)


class Exclusion(NamedTuple):
    """A value, of a type inside the schema, that a library takes otherwise: when it writes, or also when it reads."""

    row: str
    libraries: tuple[str, ...]
    only_writing: bool
    applies: Callable[[Node, object], bool]


def _is_raw(node: Node, value: object) -> bool:
    """Tell whether `value` is the raw value of a logical type that has its own Python type."""
    if node.logical is None or isinstance(node, Union):
        return False
    converted = conversion(node.logical, node.type, getattr(node, "size", None))
    return converted is not None and not isinstance(value, converted.python_type)


def _leaves_namespace(node: Node) -> bool:
    """Tell whether a record in a namespace holds a type in none."""

    def leaves(child: Node) -> bool:
        return "." not in child.fullname if isinstance(child, Named) else any(map(leaves, children(child)))

    return isinstance(node, Record) and "." in node.fullname and any(map(leaves, children(node)))


def _shapes(node: Node) -> set[str]:
    """Return what a value of `node` looks like in Python, as far as a library may tell."""
    if isinstance(node, (Record, Map)):
        return {"dict"}
    if isinstance(node, Array):
        return {"array", "binary"}
    if isinstance(node, Enum) or node.type == "string":
        return {"text"}
    if node.logical is not None and node.logical.name == "decimal":
        return {"number", "binary"}
    if node.type in {"boolean", "int", "long", "float", "double"}:
        return {"number"}
    if isinstance(node, Fixed) or node.type == "bytes":
        return {"binary"}
    return {node.type}


def _is_ambiguous(node: Node, _value: object) -> bool:
    """Tell whether two branches of a union have values of one shape."""
    shapes = [shape for branch in node.branches for shape in _shapes(branch)] if isinstance(node, Union) else []
    return len(set(shapes)) < len(shapes)


def _is_long_for_avsc(node: Node, value: object) -> bool:
    """Tell whether a long has more than 53 bits, its sign included."""
    return node.type == "long" and isinstance(value, int) and not -(2**52) <= value < 2**52


EXCLUSIONS = (
    Exclusion("outside-python", (*PYTHON, "polars"), only_writing=False, applies=_is_raw),
    Exclusion("longs-beyond-53-bits", ("avsc",), only_writing=False, applies=_is_long_for_avsc),
    Exclusion("union-branch", PYTHON, only_writing=True, applies=_is_ambiguous),
)


def narrowed(library: str, schema: Json) -> Json:
    """Return `schema` without the parts that `library` does not know."""
    schema = copy.deepcopy(schema)
    for json in json_types(schema):
        for rewrite in REWRITES:
            if library in rewrite.libraries:
                rewrite.change(json)
    return schema


def keeps_schema(library: str, root: Node) -> bool:
    """Tell whether `library` takes and writes the schema `root` as it is.

    The rows for this are null-namespace and fixed-decimal-used-again.
    """
    found = nodes(root)
    if library == "avro":
        uses = [child for node in found for child in children(node) if isinstance(child, Fixed) and child.logical is not None]
        if len(set(uses)) < len(uses):
            return False
    return library == "fastavro" or not any(map(_leaves_namespace, found))


def disagreement(library: str, node: Node, value: object, *, writing: bool) -> str | None:
    """Return the row that tells why `library` writes or reads `value` otherwise than we do, or None if it should not."""
    exclusions = [entry for entry in EXCLUSIONS if library in entry.libraries and (writing or not entry.only_writing)]
    found = places(node, value)
    return next((entry.row for place, inner in found for entry in exclusions if entry.applies(place, inner)), None)


def places(node: Node, value: object) -> Iterator[tuple[Node, object]]:
    """Yield every value inside `value`, itself first, with its type: one in a union with the union, then with its branch."""
    yield node, value
    match node, value:
        case Union(), _:
            index, _ = choose_branch(node, value, DEFAULT_LIMITS)
            yield from places(node.branches[index], value)
        case Record(), dict():
            for field in node.fields:
                yield from places(field.node, value[field.name])
        case Array(), list():
            for item in value:
                yield from places(node.items, item)
        case Map(), dict():
            for item in value.values():
                yield from places(node.values, item)
