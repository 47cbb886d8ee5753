"""Short ways to parse and write schemas."""

from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.schema.model import Array, Field, Map, Node, Record
from avro_ocf.schema.parse import parse_node


def parsed(schema: object, *, strict: bool = True, logical_types: bool = True, limits: Limits = DEFAULT_LIMITS) -> Node:
    return parse_node(schema, strict=strict, logical_types=logical_types, limits=limits)


def record(*fields: object, name: str = "R", **attributes: object) -> dict[str, object]:
    return {"type": "record", "name": name, "fields": list(fields), **attributes}


def field(type_: object, name: str = "f", **attributes: object) -> dict[str, object]:
    return {"name": name, "type": type_, **attributes}


def enum(*symbols: str, name: str = "E", **attributes: object) -> dict[str, object]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **attributes}


def fixed(size: object, name: str = "F", **attributes: object) -> dict[str, object]:
    return {"type": "fixed", "name": name, "size": size, **attributes}


def array(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


def mapping(values: object) -> dict[str, object]:
    return {"type": "map", "values": values}


def nested_arrays(depth: int, inner: object = "int") -> object:
    schema = inner
    for _ in range(depth):
        schema = array(schema)
    return schema


def fields_of(node: Node) -> tuple[Field, ...]:
    assert isinstance(node, Record)
    return node.fields


def only_field(schema: object, *, strict: bool = True) -> Field:
    """Return the field of the parsed record `schema`, which has one."""
    (only,) = fields_of(parsed(schema, strict=strict))
    return only


def inner(node: Node) -> Node:
    """Return the items of an array, or the values of a map."""
    if isinstance(node, Map):
        return node.values
    assert isinstance(node, Array)
    return node.items
