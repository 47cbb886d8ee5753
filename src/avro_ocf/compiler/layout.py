"""Which types get a function of their own, and the parts that all emitters share.

A type is written out where it is used. It gets a function instead when it is used more than once, for a chain of such types would
double the source at each link, and when it lies deep: CPython compiles no more than 20 loops inside one another. Recursion is a
call of such a function. Only a recursive schema counts the depth of a datum; any other is known never to be too deep, or left to
the reference altogether.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from avro_ocf.compiler.source import Lines, execute
from avro_ocf.limits import Limits
from avro_ocf.resolution.plan import (
    Plan,
    ReadArray,
    ReadBranch,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadNothing,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
)
from avro_ocf.schema.measure import children
from avro_ocf.schema.model import Node

NESTING_MAX: Final = 6
"""Composite types written out inside one another; the next one gets a function."""

APPEND: Final = ".append"
"""What the target of a value ends with that is an item of a list."""

Type = Node | Plan
"""A type to encode or skip, or to decode; a decoder skips the fields that its reader has not."""


def parts_of(item: Type) -> Sequence[Type]:
    """Return the types directly inside `item`."""
    match item:
        case Node():
            return children(item)
        case ReadRecord():
            return [step.node if step.name is None else step.plan for step in item.steps] + [step.plan for step in item.defaults]
        case ReadArray():
            return (item.items,)
        case ReadMap():
            return (item.values,)
        case ReadUnion():
            return item.branches
        case ReadBranch():
            return (item.plan,)
        case ReadPrimitive() | ReadFixed() | ReadEnum() | ReadNothing():
            return ()


def is_level(item: Type) -> bool:
    """Tell whether a value of `item` counts as a level of a datum's depth."""
    if isinstance(item, Node):
        return item.type in {"record", "error", "array", "map"}
    return isinstance(item, ReadRecord | ReadArray | ReadMap)


def put(target: str, expression: str) -> str:
    """Return the statement that gives `target` its value: a variable, an item of a dict, or the `append` of a list."""
    return f"{target}({expression})" if target.endswith(APPEND) else f"{target} = {expression}"


class Layout:
    """What is known of a schema before its code is written.

    `shared` has the `id` of each composite type used more than once; `is_recursive` tells whether any type is inside itself;
    `height` is the depth of the deepest datum, and means nothing for a recursive schema; `items` has each type once.
    """

    __slots__ = ("height", "is_recursive", "items", "shared")

    def __init__(self, root: Type) -> None:
        self.shared: set[int] = set()
        self.items: list[Type] = []
        self.is_recursive = False
        heights: dict[int, int] = {}
        inside: set[int] = set()
        waiting: list[tuple[Type, bool]] = [(root, False)]
        while waiting:
            item, is_done = waiting.pop()
            parts = parts_of(item)
            if is_done:
                inside.discard(id(item))
                heights[id(item)] = is_level(item) + max((heights.get(id(part), 0) for part in parts), default=0)
            elif id(item) in inside:
                self.is_recursive = True
                self.shared.add(id(item))
            elif id(item) in heights:
                if parts:
                    self.shared.add(id(item))
            else:
                inside.add(id(item))
                self.items.append(item)
                waiting.append((item, True))
                waiting += [(part, False) for part in parts]
        self.height = heights[id(root)]


class Emitter(Lines):
    """A script in the making: its lines, its namespace, and the functions still to be written."""

    __slots__ = (
        "_bound",
        "_functions",
        "_height",
        "_levels",
        "_names",
        "_nesting",
        "_waiting",
        "depth",
        "late",
        "layout",
        "limits",
        "namespace",
        "root_height",
    )

    def __init__(self, layout: Layout, limits: Limits, namespace: dict[str, Any]) -> None:
        super().__init__()
        self.layout = layout
        self.limits = limits
        self.namespace = namespace
        self._bound: dict[int, str] = {}
        self._functions: dict[int, str] = {}
        self._waiting: list[Type] = []
        self._names = 0
        self._nesting = 0
        self._levels = 0
        self._height = 0
        self.root_height = 0
        self.depth = ""
        self.late: list[str] = []

    def new(self, stem: str) -> str:
        """Return a variable name that is not yet used."""
        self._names += 1
        return f"{stem}{self._names}"

    def bind(self, value: object, stem: str = "k") -> str:
        """Return the global name that stands for `value`, which the namespace keeps alive."""
        name = self._bound.get(id(value))
        if name is None:
            name = self._bound[id(value)] = f"_{stem}{len(self._bound)}"
            self.namespace[name] = value
        return name

    def emit_read(self, call: str, target: str) -> None:
        """Assign what `call` returns, a value and the position after it."""
        if target.endswith(APPEND):
            self.add(f"item, pos = {call}", put(target, "item"))
        else:
            self.add(f"{target}, pos = {call}")

    def function_of(self, item: Type) -> str | None:
        """Return the name of the function for `item`, or None if `item` is to be written out here."""
        is_deep = self._nesting >= NESTING_MAX and bool(parts_of(item))
        if id(item) not in self.layout.shared and not is_deep:
            return None
        return self.function_for(item)

    def function_for(self, item: Type) -> str:
        """Return the name of the function for `item`, which is written later."""
        name = self._functions.get(id(item))
        if name is None:
            name = self._functions[id(item)] = f"_{type(item).__name__.lower()}_{len(self._functions)}"
            self._waiting.append(item)
        return name

    def depth_argument(self) -> str:
        """Return the last argument of a call of a function: how many levels the value is in, in a recursive schema."""
        return f", {self.depth}{self._levels}" if self.layout.is_recursive else ""

    @contextmanager
    def inside(self, item: Type) -> Iterator[None]:
        """Write out the parts of `item` meanwhile."""
        self._nesting += 1
        self._levels += is_level(item)
        self._height = max(self._height, self._levels)
        yield
        self._nesting -= 1
        self._levels -= is_level(item)

    def emit_functions(self, signature: Callable[[Type], str], emit: Callable[[Type], None]) -> None:
        """Write the functions that were asked for, and those that they ask for; `emit` writes a body."""
        self.root_height = self._height
        while self._waiting:
            item = self._waiting.pop()
            self._nesting = self._levels = self._height = 0
            self.depth = "depth + "
            depth = ", depth" if self.layout.is_recursive else ""
            with self.block(f"def {self._functions[id(item)]}({signature(item)}{depth}):"):
                start = len(self.lines)
                emit(item)
                if self.layout.is_recursive:
                    body = self.lines[start:]
                    del self.lines[start:]
                    self.add(f"if depth > {self.limits.datum_depth - self._height}: raise Unusual")
                    self.lines += body

    def compile(self, name: str, title: str) -> tuple[Any, str] | None:
        """Return the function `name` of the script, and the script's text; None where the reference is to do its work.

        That is where a datum could be too deep before a function counts its depth, and where CPython cannot compile the script.
        """
        height = self.root_height if self.layout.is_recursive else self.layout.height
        text = "\n".join([*self.lines, *self.late, ""])
        if height > self.limits.datum_depth or not execute(text, title, self.namespace):
            return None
        return self.namespace[name], text
