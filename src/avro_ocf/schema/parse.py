"""From the JSON of a schema to its nodes (specification, "Schema Declaration").

A schema is hostile input. Its nesting and its number of types are bounded while it is read, and its names are never more than text.
"""

from typing import Any, Final

from avro_ocf.errors import SchemaError
from avro_ocf.limits import Limits
from avro_ocf.schema.conversions import NONE, Given
from avro_ocf.schema.logical_types import UNDERLYING, logical_type, misplaced
from avro_ocf.schema.model import (
    NO_DEFAULT,
    PRIMITIVES,
    Array,
    Enum,
    Field,
    Fixed,
    Logical,
    Map,
    Named,
    Node,
    Primitive,
    Record,
    Union,
)
from avro_ocf.schema.names import alias_list, check_name, definition_aliases, definition_name, namespace_of, qualify
from avro_ocf.schema.path import ROOT, Path, shown

ORDERS: Final = ("ascending", "descending", "ignore")

FIXED_SIZE_MAX = (1 << 31) - 1
"""Bytes of the largest fixed: no block could hold a value of a larger one."""

ATTRIBUTES: Final = {"record": "fields", "error": "fields", "enum": "symbols", "fixed": "size", "array": "items", "map": "values"}
"""The types that are written as objects, and the attribute that each must have."""

LENIENT: Final = "; parse_schema(..., strict=False) takes it, as it is taken in files"
"""What to do about an error that only a new schema is refused for."""

KNOWN: Final = "; types of other documents are given by parse_schema(..., known=[...]) or, on the command line, --with FILE"
"""What to do about a type that the document does not define."""

_PLAIN: Final = {name: Primitive(name) for name in PRIMITIVES}


def parse_node(
    obj: object,
    *,
    strict: bool,
    logical_types: bool,
    limits: Limits,
    conversions: Given = NONE,
    notes: list[SchemaError] | None = None,
) -> Node:
    """Return the type that `obj`, decoded JSON, describes.

    `strict` refuses names outside the grammar, defaults that do not fit, and an order, aliases or a namespace of the wrong form;
    without it such a default is left unencoded and the rest ignored. `notes` is given what was let pass, and what is suspicious;
    `conversions` are the user's. Raises `SchemaError` with the path inside the schema.
    """
    parser = _Parser(strict=strict, logical_types=logical_types, limits=limits, conversions=conversions, notes=notes)
    try:
        node = parser.parse(obj, "", ROOT, 0)
        if parser.defaulted:
            from avro_ocf.schema.defaults import fill_defaults

            fill_defaults(parser.defaulted, limits, parser.slip)
    except RecursionError:
        raise SchemaError("nested too deeply for Python's stack") from None
    return node


class _Parser:
    """The state of one schema's parsing. Its methods take the enclosing namespace, the path, and the depth of what they parse."""

    __slots__ = ("conversions", "defaulted", "limits", "logical_types", "names", "nodes", "notes", "strict")

    def __init__(
        self, *, strict: bool, logical_types: bool, limits: Limits, conversions: Given, notes: list[SchemaError] | None
    ) -> None:
        self.strict = strict
        self.logical_types = logical_types
        self.limits = limits
        self.conversions = dict(conversions)
        self.names: dict[str, Named] = {}
        self.nodes = 0
        self.notes = notes
        self.defaulted: list[tuple[Field, Path]] = []

    def parse(self, obj: object, space: str, path: Path, depth: int) -> Node:
        self.charge(1, path)
        if isinstance(obj, str):
            return self.refer(obj, space, path)
        if isinstance(obj, list):
            return self.parse_union(obj, space, path, self.deeper(depth, path))
        if isinstance(obj, dict):
            return self.parse_object(obj, space, path, depth)
        raise path.error(f"a schema is a name, an array or an object, not {shown(obj)}")

    def charge(self, count: int, path: Path) -> None:
        """Count `count` more types, fields, symbols or aliases."""
        self.nodes += count
        if self.nodes > self.limits.schema_nodes:
            raise path.error(f"the schema has more than {self.limits.schema_nodes} types, fields and symbols (limits.schema_nodes)")

    def slip(self, message: str, path: Path) -> None:
        """If strict, refuse what a new schema may not have and a file's may."""
        if self.strict:
            raise path.error(message + LENIENT)
        if self.notes is not None:
            self.notes.append(path.error(message))

    def suspect(self, obj: dict[str, Any], path: Path) -> None:
        if self.notes is not None:
            from avro_ocf.schema.suspicions import about_type

            self.notes.extend(map(path.error, about_type(obj)))

    def deeper(self, depth: int, path: Path) -> int:
        if depth >= self.limits.schema_depth:
            raise path.error(f"the schema is nested more than {self.limits.schema_depth} deep (limits.schema_depth)")
        return depth + 1

    def refer(self, name: str, space: str, path: Path) -> Node:
        """Return the type that `name` stands for inside the namespace `space`: there, or else in the null namespace."""
        if name in _PLAIN:
            return _PLAIN[name]
        node = self.names.get(qualify(name, space)) or self.names.get(name)
        if node is None:
            raise path.error(f"unknown type {shown(name)}{self.hint(name)}")
        return node

    def hint(self, name: str) -> str:
        """Return what to do about the unknown type `name`."""
        if name in ATTRIBUTES:
            return f'; it must be an object of its own, {{"type": "{name}", ...}}'
        from avro_ocf.schema.hints import closest

        short = name.rpartition(".")[2]
        meant = next((known for known in self.names if known.rpartition(".")[2] == short), None)
        meant = meant or closest(name, (*PRIMITIVES, *self.names, *ATTRIBUTES))
        if meant is not None:
            return f"; {shown(meant)} is a type"
        if name in UNDERLYING:
            return f'; {{"type": "{UNDERLYING[name][0]}", "logicalType": "{name}"}} is a type'
        return KNOWN

    def parse_union(self, branches: list[Any], space: str, path: Path, depth: int) -> Union:
        nodes = []
        taken = set()
        for branch in branches:
            node = self.parse(branch, space, path, depth)
            if isinstance(node, Union):
                raise path.error("a union directly inside a union")
            if node.name in taken:
                raise path.error(f"the union has {shown(node.name)} twice")
            taken.add(node.name)
            nodes.append(node)
        return Union(nodes)

    def parse_object(self, obj: dict[str, Any], space: str, path: Path, depth: int) -> Node:
        while isinstance(obj.get("type"), dict):
            self.charge(1, path)
            self.suspect(obj, path)
            self.unconverted(obj, path)
            obj = obj["type"]
        self.suspect(obj, path)
        kind = obj.get("type")
        if isinstance(kind, list):
            self.unconverted(obj, path)
            return self.parse_union(kind, space, path, self.deeper(depth, path))
        if not isinstance(kind, str):
            raise path.error(f"the type is {shown(kind)}" if "type" in obj else f"no type is given{_instead(obj, 'type')}")
        if kind not in _PLAIN and kind != "fixed":
            self.unconverted(obj, path)
        match kind:
            case "record" | "error":
                return self.parse_record(obj, space, path, self.deeper(depth, path))
            case "enum":
                return self.parse_enum(obj, space, path)
            case "fixed":
                return self.parse_fixed(obj, space, path)
            case "array":
                return Array(self.parse_inner(obj, "items", space, path, self.deeper(depth, path)))
            case "map":
                return Map(self.parse_inner(obj, "values", space, path, self.deeper(depth, path)))
        node = self.refer(kind, space, path)
        logical = self.logical(obj, kind)
        return Primitive(kind, logical) if logical else node

    def logical(self, obj: dict[str, Any], type_name: str, size: int = 0) -> Logical | None:
        """Return the logical type of a primitive or a fixed; a conversion that was given makes any one valid."""
        name = obj.get("logicalType")
        custom = self.conversions.get(name) if isinstance(name, str) else None
        if custom is not None and isinstance(name, str):
            return (logical_type(obj, type_name, size) or Logical(name))._replace(custom=custom)
        return logical_type(obj, type_name, size) if self.logical_types else None

    def unconverted(self, obj: dict[str, Any], path: Path) -> None:
        """Refuse a conversion for a type that has none."""
        name = obj.get("logicalType")
        if isinstance(name, str) and name in self.conversions:
            kind = shown(obj["type"]) if isinstance(obj["type"], str) else "the type inside"
            raise path.error(f"the conversion of {shown(name)} belongs to a primitive or a fixed, not to {kind}")

    def parse_inner(self, obj: dict[str, Any], attribute: str, space: str, path: Path, depth: int) -> Node:
        if attribute not in obj:
            raise path.error(f"{obj['type']} has no {attribute}{_instead(obj, attribute)}")
        return self.parse(obj[attribute], space, path.item(), depth)

    def name(self, obj: dict[str, Any], space: str, path: Path) -> tuple[str, tuple[str, ...]]:
        """Return the fullname and the aliases of a new named type."""
        fullname = definition_name(obj, space, path, self.slip)
        if fullname in self.names:
            raise path.error(f"{shown(fullname)} is defined twice")
        return fullname, definition_aliases(self.aliases(obj, path), fullname)

    def aliases(self, obj: dict[str, Any], path: Path) -> list[str]:
        aliases = alias_list(obj, path, self.slip)
        self.charge(len(aliases), path)
        return aliases

    def parse_record(self, obj: dict[str, Any], space: str, path: Path, depth: int) -> Record:
        fullname, aliases = self.name(obj, space, path)
        node = Record(fullname, aliases, _doc(obj), obj["type"])
        self.names[fullname] = node
        entries = obj.get("fields")
        if not isinstance(entries, list):
            raise path.error(f"the fields of {shown(fullname)} are {shown(entries)}, not an array{_instead(obj, 'fields')}")
        fields: dict[str, Field] = {}
        for entry in entries:
            field = self.parse_field(entry, namespace_of(fullname), path, depth)
            if field.name in fields:
                raise path.error(f"the field {shown(field.name)} is defined twice")
            fields[field.name] = field
        node.fields = tuple(fields.values())
        return node

    def parse_field(self, obj: object, space: str, path: Path, depth: int) -> Field:
        if not isinstance(obj, dict):
            raise path.error(f"a field is {shown(obj)}, not an object")
        if "name" not in obj:
            raise path.error("a field has no name")
        name = check_name(obj["name"], "a field", path, self.slip)
        path = path.field(name)
        self.charge(1, path)
        if "type" not in obj:
            raise path.error(f"the field has no type{_instead(obj, 'type')}")
        order = obj.get("order", "ascending")
        if order not in ORDERS:
            self.slip(f"the order is {shown(order)}, not one of {', '.join(ORDERS)}", path)
            order = "ascending"
        aliases = self.aliases(obj, path)
        node = self.parse(obj["type"], space, path, depth)
        field = Field(name, node, obj.get("default", NO_DEFAULT), order, aliases, _doc(obj))
        if "logicalType" in obj and self.logical_types:
            field.note = misplaced(obj, node)
        if self.notes is not None:
            from avro_ocf.schema.suspicions import about_field

            self.notes.extend(map(path.error, about_field(obj, node)))
        if "default" in obj:
            self.defaulted.append((field, path))
        return field

    def parse_enum(self, obj: dict[str, Any], space: str, path: Path) -> Enum:
        fullname, aliases = self.name(obj, space, path)
        symbols = obj.get("symbols")
        if not isinstance(symbols, list) or not symbols:
            raise path.error(f"the enum {shown(fullname)} has no symbols{_instead(obj, 'symbols')}")
        self.charge(len(symbols), path)
        for symbol in symbols:
            check_name(symbol, "a symbol", path, self.slip)
        if len(set(symbols)) < len(symbols):
            raise path.error(f"the enum {shown(fullname)} has a symbol twice")
        default = obj.get("default")
        if not isinstance(default, str) or default not in symbols:
            if "default" in obj:
                self.slip(f"the default {shown(default)} is no symbol of {shown(fullname)}", path)
            default = None
        node = self.names[fullname] = Enum(fullname, symbols, default, aliases, _doc(obj))
        return node

    def parse_fixed(self, obj: dict[str, Any], space: str, path: Path) -> Fixed:
        fullname, aliases = self.name(obj, space, path)
        size = obj.get("size")
        if type(size) is not int or not 0 <= size <= FIXED_SIZE_MAX:
            raise path.error(f"the size of {shown(fullname)} is {shown(size)}{_instead(obj, 'size')}")
        node = self.names[fullname] = Fixed(fullname, size, aliases, _doc(obj), self.logical(obj, "fixed", size))
        return node


def _instead(obj: dict[str, Any], attribute: str) -> str:
    """Return a hint at an attribute that may have been meant for one that is not there."""
    if attribute in obj:
        return ""
    from avro_ocf.schema.hints import closest

    near = closest(attribute, obj, 0.7)
    return f"; is {shown(near)} meant for it?" if near else ""


def _doc(obj: dict[str, Any]) -> str | None:
    """Return the documentation of what `obj` describes; one that is no string is metadata like any other."""
    doc = obj.get("doc")
    return doc if isinstance(doc, str) else None
