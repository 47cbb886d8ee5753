"""Small changes to the JSON of a schema, which leave the given one as it is."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from avro_ocf.oracle.cases import Json
from avro_ocf.oracle.source import Source

INNER = ("type", "items", "values", "fields")
"""The attributes that hold types, or fields with types."""


def without(schema: Json, attributes: Collection[str]) -> Json:
    """Return `schema` with none of the `attributes` in its types and fields."""
    return _edited(schema, lambda json: {key: value for key, value in json.items() if key not in attributes})


def oddly(source: Source, schema: Json) -> Json:
    """Return a schema made odd: with attributes that the specification does not define, or in a record with unwise names."""
    return with_notes(source, schema) if source.boolean() else in_odd_record(source, schema)


def in_odd_record(source: Source, schema: Json) -> Json:
    """Return a record of names that are legal and unwise, which holds `schema`."""
    name = source.choice(("record", "enum", "array", "map", "fixed", "union"))
    fields = [{"name": "Inner", "type": schema}, {"name": "inner", "type": "int"}, {"name": "INNER", "type": "string"}]
    return {"type": "record", "name": name, "aliases": ["no name", ""], "fields": source.shuffled(fields)}


def with_notes(source: Source, schema: Json) -> Json:
    """Return `schema` with attributes that the specification does not define in some of its types and fields."""
    notes = {"note": source.text(4), "x-tags": [source.int(), {"type": "no type"}]}
    return _edited(schema, lambda json: {**json, **notes} if source.boolean() else json)


def _edited(json: Any, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    match json:
        case list():
            return [_edited(branch, edit) for branch in json]
        case dict():
            new = dict(edit(json))
            return new | {key: _edited(new[key], edit) for key in INNER if key in new}
    return json


def objects(json: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object in a valid schema that stands for a type or a field, outer ones first."""
    match json:
        case list():
            for branch in json:
                yield from objects(branch)
        case dict():
            yield json
            for key in INNER:
                yield from objects(json.get(key))
