"""What the tests of the reference share."""

from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.reference import decode, encode, skip
from avro_ocf.resolution.identity import identity
from avro_ocf.schema.model import Node, Union
from avro_ocf.schema.parse import parse_node


def node(schema: object) -> Node:
    """Return the parsed type."""
    return parse_node(schema, strict=True, logical_types=True, limits=DEFAULT_LIMITS)


def union(*branches: object) -> Union:
    """Return the parsed union of `branches`."""
    parsed = node(list(branches))
    assert isinstance(parsed, Union)
    return parsed


def record(name: str, /, **fields: object) -> dict[str, object]:
    """Return the JSON of a record."""
    return {"type": "record", "name": name, "fields": [{"name": field, "type": schema} for field, schema in fields.items()]}


def array(items: object) -> dict[str, object]:
    """Return the JSON of an array."""
    return {"type": "array", "items": items}


def map_of(values: object) -> dict[str, object]:
    """Return the JSON of a map."""
    return {"type": "map", "values": values}


def fixed(size: int, name: str = "F") -> dict[str, object]:
    """Return the JSON of a fixed."""
    return {"type": "fixed", "name": name, "size": size}


SUIT = {"type": "enum", "name": "Suit", "symbols": ["SPADES", "HEARTS"]}


def written(schema: object, datum: object, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return `datum` encoded."""
    return encode(node(schema), datum, limits)


def read(schema: object, data: bytes, limits: Limits = DEFAULT_LIMITS) -> object:
    """Return the datum that is all of `data`."""
    parsed = node(schema)
    value, end = decode(identity(parsed), data, 0, limits)
    assert skip(parsed, data, 0, limits) == end == len(data)
    return value
