"""Short ways to write schemas and to read data from one to the other."""

from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.reference import decode, encode
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node

FIELD_KEYS = ("name", "type", "default", "aliases")


def parsed(schema: object) -> Node:
    return parse_node(schema, strict=True, logical_types=True, limits=DEFAULT_LIMITS)


def record(name: str, *fields: tuple[object, ...], **attributes: object) -> dict[str, object]:
    """Return a record whose fields are tuples of name, type, default and aliases."""
    return {
        "type": "record",
        "name": name,
        "fields": [dict(zip(FIELD_KEYS, field, strict=False)) for field in fields],
        **attributes,
    }


def enum(name: str, *symbols: str, **attributes: object) -> dict[str, object]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **attributes}


def fixed(name: str, size: int, **attributes: object) -> dict[str, object]:
    return {"type": "fixed", "name": name, "size": size, **attributes}


def logical(type_name: str, name: str, **attributes: object) -> dict[str, object]:
    return {"type": type_name, "logicalType": name, **attributes}


def array(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


def mapping(values: object) -> dict[str, object]:
    return {"type": "map", "values": values}


def read_as(writer: object, reader: object, datum: object) -> object:
    """Write `datum` with one schema and read it with another."""
    written = parsed(writer)
    data = encode(written, datum, DEFAULT_LIMITS)
    value, end = decode(resolve(written, parsed(reader)), data, 0, DEFAULT_LIMITS)
    assert end == len(data)
    return value
