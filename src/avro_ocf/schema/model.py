"""The types of a parsed schema: a graph of nodes, complete with names and defaults.

A named type that is used again is the same node again, so a recursive schema is a cyclic graph. Nodes are made by `parse` and never
changed afterwards. They compare by identity; content is compared through `api.Schema`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

PRIMITIVES: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


class Missing:
    """The type of `NO_DEFAULT`, the default of a field that has none."""

    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT: Final = Missing()


class Custom(NamedTuple):
    """A conversion given by the user: to the raw value of an Avro type, and from it. Each may raise anything."""

    to_avro: Callable[[Any], Any]
    from_avro: Callable[[Any], Any]


class Logical(NamedTuple):
    """A valid logical type: its name, for `decimal` its precision and scale in digits, and `custom` if the user converts it."""

    name: str
    precision: int = 0
    scale: int = 0
    custom: Custom | None = None


class Node:
    """Any type of a schema. `type` is its Avro type name; `logical` is set where a valid logical type is in force."""

    __slots__ = ("logical", "type")
    type: str
    logical: Logical | None

    def __init__(self, type_name: str, logical: Logical | None = None) -> None:
        self.type = type_name
        self.logical = logical

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def name(self) -> str:
        """The name that a union branch is chosen by: the type's name, or the fullname of a named type."""
        return self.type


class Primitive(Node):
    """One of `PRIMITIVES`."""

    __slots__ = ()


class Named(Node):
    """A type with a name: `fullname` has the namespace in it; `aliases` are fullnames."""

    __slots__ = ("aliases", "doc", "fullname")

    def __init__(
        self, type_name: str, fullname: str, aliases: Sequence[str] = (), doc: str | None = None, logical: Logical | None = None
    ) -> None:
        super().__init__(type_name, logical)
        self.fullname = fullname
        self.aliases = tuple(aliases)
        self.doc = doc

    @property
    def name(self) -> str:
        """The fullname."""
        return self.fullname

    @property
    def short_name(self) -> str:
        """The name without its namespace."""
        return self.fullname.rpartition(".")[2]


class Field:
    """One field of a record.

    `default` is the JSON value of its default, or `NO_DEFAULT`; `default_bytes` is that default in the binary encoding, or None
    when there is none or when it does not fit the type (which only a file's schema may have). `order` is ascending, descending or
    ignore. `note` is for the error of a value that does not fit: what in the schema may be the reason, or "".
    """

    __slots__ = ("aliases", "default", "default_bytes", "doc", "name", "node", "note", "order")

    def __init__(
        self,
        name: str,
        node: Node,
        default: object = NO_DEFAULT,
        order: str = "ascending",
        aliases: Sequence[str] = (),
        doc: str | None = None,
    ) -> None:
        self.name = name
        self.node = node
        self.default = default
        self.default_bytes: bytes | None = None
        self.note = ""
        self.order = order
        self.aliases = tuple(aliases)
        self.doc = doc


class Record(Named):
    """A record or, with `type` "error", an error. `fields` are in writing order; `zero_byte_values` is a note of `measure`."""

    __slots__ = ("fields", "zero_byte_values")

    def __init__(self, fullname: str, aliases: Sequence[str] = (), doc: str | None = None, type_name: str = "record") -> None:
        super().__init__(type_name, fullname, aliases, doc)
        self.fields: tuple[Field, ...] = ()
        self.zero_byte_values: int | None = None


class Enum(Named):
    """An enum. `positions` gives each symbol's index; `default` is the symbol that stands in for an unknown one when resolving."""

    __slots__ = ("default", "positions", "symbols")

    def __init__(
        self, fullname: str, symbols: Sequence[str], default: str | None = None, aliases: Sequence[str] = (), doc: str | None = None
    ) -> None:
        super().__init__("enum", fullname, aliases, doc)
        self.symbols = tuple(symbols)
        self.default = default
        self.positions: Mapping[str, int] = {symbol: index for index, symbol in enumerate(self.symbols)}


class Fixed(Named):
    """A fixed number of bytes, `size`."""

    __slots__ = ("size",)

    def __init__(
        self, fullname: str, size: int, aliases: Sequence[str] = (), doc: str | None = None, logical: Logical | None = None
    ) -> None:
        super().__init__("fixed", fullname, aliases, doc, logical)
        self.size = size


class Array(Node):
    """An array of `items`."""

    __slots__ = ("items",)

    def __init__(self, items: Node) -> None:
        super().__init__("array")
        self.items = items


class Map(Node):
    """A map from strings to `values`."""

    __slots__ = ("values",)

    def __init__(self, values: Node) -> None:
        super().__init__("map")
        self.values = values


class Union(Node):
    """One of several `branches`, in the order of their indexes."""

    __slots__ = ("branches",)

    def __init__(self, branches: Sequence[Node]) -> None:
        super().__init__("union")
        self.branches = tuple(branches)
