"""The source of a schema's skipper, which also passes over the fields that a reader has not."""

from collections.abc import Callable
from typing import Any, Final

from avro_ocf.compiler.faults import FAULTS, Unusual
from avro_ocf.compiler.layout import Emitter, Layout, Type
from avro_ocf.compiler.source import literal
from avro_ocf.compiler.varints import BOOLEANS, SMALL_LENGTHS, read_int, read_length, read_long
from avro_ocf.limits import Limits
from avro_ocf.schema.model import Array, Enum, Fixed, Map, Node, Record, Union

CASES_MAX: Final = 8
"""Branches of a union that are told apart one after the other; more of them are functions in a table."""

SIZES: Final = {"null": 0, "float": 4, "double": 8}

FIXED_SIZES: Final = {"float": 4, "double": 8, "int": 0, "long": 0}
"""What the items of an array are passed over by, without a loop; 0 for what may take one byte."""

Skip = Callable[[bytes, int, Callable[[bytes, int], int]], int]
"""Returns the position after the datum at the given one."""


def compile_skipper(node: Node, limits: Limits) -> tuple[Skip, str] | None:
    """Return the generated skipper of `node` and its source, or None if only the reference can skip it."""
    emitter = SkipEmitter(Layout(node), limits)
    with emitter.block("def skip(data, pos, fall_back):"):
        emitter.add("start = pos")
        with emitter.block("try:"):
            emitter.emit_skip(node)
            emitter.add("if pos > len(data): raise Unusual")
        emitter.add("except FAULTS: return fall_back(data, start)", "return pos")
    emitter.emit_functions(lambda _: "data, pos", emitter.emit_body)
    return emitter.compile("skip", f"skip {node.name}")


class SkipEmitter(Emitter):
    """Writes code that moves `pos` in `data`. A slice past the end of the data is not noticed until the end of the datum.

    `octets` is the name of what single bytes are read from: the data, or a list of its bytes.
    """

    __slots__ = ("octets",)

    def __init__(self, layout: Layout, limits: Limits) -> None:
        namespace: dict[str, Any] = {"Unusual": Unusual, "FAULTS": FAULTS, "booleans": BOOLEANS, "lengths": SMALL_LENGTHS}
        self.octets = "data"
        super().__init__(layout, limits, namespace | {"read_int": read_int, "read_long": read_long, "read_length": read_length})

    def emit_body(self, item: Type) -> None:
        """Write the body of the function for `item`."""
        if isinstance(item, Node):
            self.emit_skip_written_out(item)
            self.add("return pos")

    def emit_skip(self, node: Node) -> None:
        """Pass over a value."""
        function = self.function_of(node)
        if function is None:
            self.emit_skip_written_out(node)
        else:
            self.add(f"pos = {function}(data, pos{self.depth_argument()})")

    def emit_skip_written_out(self, node: Node) -> None:
        """Pass over a value without a function for its type."""
        match node:
            case Record():
                with self.inside(node):
                    for field in node.fields:
                        self.emit_skip(field.node)
            case Array():
                self.emit_skip_blocks(node, node.items, has_keys=False)
            case Map():
                self.emit_skip_blocks(node, node.values, has_keys=True)
            case Union():
                self.emit_cases(node, node.branches, self.emit_skip, self.emit_skip_choice)
            case Enum():
                self.emit_length("index")
                self.add(f"if index >= {len(node.symbols)}: raise Unusual")
            case Fixed():
                self.add(f"pos += {literal(node.size)}")
            case _:
                self.emit_skip_primitive(node.type)

    def emit_skip_primitive(self, type_name: str) -> None:
        """Pass over a primitive."""
        match type_name:
            case "boolean":
                self.add(f"booleans[{self.octets}[pos]]", "pos += 1")
            case "int" | "long":
                self.add(f"if {self.octets}[pos] < 128: pos += 1", f"elif {self.octets}[pos + 1] < 128: pos += 2")
                self.add(f"else: _, pos = read_{type_name}(data, pos)")
            case "string" | "bytes":
                self.emit_length("length")
                self.add("pos += length")
            case "float" | "double":
                self.add(f"pos += {SIZES[type_name]}")

    def emit_length(self, target: str) -> None:
        """Assign the length, count or index at `pos` to `target`; a negative one is unusual, or breaks what is done with it."""
        self.add(f"{target} = {self.octets}[pos]")
        self.add(f"if {target} < 128: {target} = lengths[{target}]; pos += 1", f"else: {target}, pos = read_length(data, pos)")

    def emit_skip_blocks(self, node: Node, item: Node, *, has_keys: bool) -> None:
        """Pass over the blocks of an array or a map. A block with a negative count is unusual."""
        with self.inside(node):
            count = self.new("count")
            self.emit_length(count)
            with self.block(f"while {count}:"):
                self.add(f"if {count} > len(data) - pos: raise Unusual")  # each item takes a byte or more
                if has_keys or item.type not in FIXED_SIZES:
                    self.emit_skip_items(item, count, has_keys=has_keys)
                elif FIXED_SIZES[item.type]:
                    self.add(f"pos += {count} * {FIXED_SIZES[item.type]}")
                else:  # at once, if each takes one byte
                    self.add(f"end = pos + {count}", "if data[pos:end].isascii(): pos = end")
                    with self.block("else:"):
                        self.emit_skip_items(item, count, has_keys=False)
                self.emit_next_count(count)

    def emit_skip_items(self, item: Node, count: str, *, has_keys: bool) -> None:
        """Pass over so many items, one after the other."""
        with self.block(f"for _ in range({count}):"):
            if has_keys:
                self.emit_skip_primitive("string")
            self.emit_skip(item)

    def emit_next_count(self, count: str) -> None:
        """Read the count after a block, or leave the loop."""
        self.add(f"if {self.octets}[pos] == 0: pos += 1; break", f"{count}, pos = read_length(data, pos)")

    def emit_cases(
        self, union: Type, branches: tuple[Any, ...], emit: Callable[[Any], None], emit_choice: Callable[[str], None]
    ) -> None:
        """Read the index of a union's branch and do `emit` for that branch, or `emit_choice` for the name of its function."""
        with self.inside(union):
            index = self.new("index")
            if len(branches) > CASES_MAX:
                self.emit_length(index)
                functions = ", ".join(self.function_for(branch) for branch in branches)
                table = self.new("branches")
                self.late.append(f"{table} = ({functions},)")
                emit_choice(f"{table}[{index}]")
                return
            self.add(f"{index} = {self.octets}[pos]", "pos += 1")
            for number, branch in enumerate(branches):
                with self.block(f"{'elif' if number else 'if'} {index} == {2 * number}:"):
                    lines = len(self.lines)
                    emit(branch)
                    if len(self.lines) == lines:
                        self.add("pass")
            self.add("else: raise Unusual" if branches else "raise Unusual")

    def emit_skip_choice(self, function: str) -> None:
        """Pass over the value of a union's branch that `function` skips."""
        self.add(f"pos = {function}(data, pos{self.depth_argument()})")
