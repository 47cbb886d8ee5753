"""The source of a schema's skipper, which also passes over the fields that a reader has not."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from avro_ocf.compiler.faults import FAULTS, Unusual
from avro_ocf.compiler.layout import Emitter, Layout, Type
from avro_ocf.compiler.plans import SIZES, is_primitive
from avro_ocf.compiler.regular import Careful, Expressions, matcher, never
from avro_ocf.compiler.source import TooLongError, literal
from avro_ocf.compiler.varints import BOOLEANS, SMALL_LENGTHS, read_int, read_length, read_long
from avro_ocf.limits import Limits
from avro_ocf.schema.model import Array, Enum, Fixed, Map, Node, Record, Union

CASES_MAX: Final = 8
"""Branches of a union that are told apart one after the other; more of them are functions in a table."""

FIXED_SIZES: Final = {"float": 4, "double": 8, "int": 0, "long": 0}
"""What the items of an array are passed over by, without a loop; 0 for what may take one byte."""

Skip = Callable[[bytes, int, Callable[[bytes, int], int]], int]
"""Returns the position after the datum at the given one."""


def compile_skipper(node: Node, limits: Limits) -> tuple[Skip, str] | None:
    """Return the generated skipper of `node` and its source, or None if only the reference can skip it."""
    emitter = SkipEmitter(Layout(node), limits)
    try:
        emitter.emit_skipper(node)
    except TooLongError:
        return None
    return emitter.compile("skip", f"skip {node.name}")


class SkipEmitter(Emitter):
    """Writes code that moves `pos` in `data`. A slice past the end of the data is not noticed until the end of the datum.

    `octets` is the name of what single bytes are read from: the data, or a list of its bytes. `ahead` counts the bytes after `pos`
    that are read already.
    """

    __slots__ = ("ahead", "expressions", "octets")

    def __init__(self, layout: Layout, limits: Limits) -> None:
        namespace: dict[str, Any] = {"Unusual": Unusual, "FAULTS": FAULTS, "booleans": BOOLEANS, "lengths": SMALL_LENGTHS}
        self.octets = "data"
        self.ahead = 0
        self.expressions = Expressions()
        super().__init__(layout, limits, namespace | {"read_int": read_int, "read_long": read_long, "read_length": read_length})

    def emit_skipper(self, node: Node) -> None:
        """Write the function `skip` for datums of type `node`, and every function it needs."""
        with self.block("def skip(data, pos, fall_back):"):
            self.add("start = pos")
            with self.block("try:"):
                self.emit_skip(node)
                self.add("if pos > len(data): raise Unusual")
            self.add("except FAULTS: return fall_back(data, start)", "return pos")
        self.emit_functions(lambda _: "data, pos", self.emit_body)

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

    def emit_skips(self, nodes: Sequence[Node]) -> None:
        """Pass over values after each other, at once where a regular expression can."""
        for pattern, run in self.expressions.runs(nodes):
            if pattern:
                self.emit_match(pattern, run)
            else:
                for node in run:
                    self.emit_skip(node)

    def emit_match(self, pattern: bytes, nodes: list[Node]) -> None:
        """Pass over the values of `nodes` by the regular expression for them."""

        def compile_skip() -> Any:
            emitter = SkipEmitter(self.layout, self.limits)
            try:
                with emitter.block("def skip(data, pos):"):
                    for node in nodes:
                        emitter.emit_skip(node)
                    emitter.add("return pos")
                emitter.emit_functions(lambda _: "data, pos", emitter.emit_body)
            except TooLongError:
                return None
            compiled = emitter.compile("skip", "skip fields")
            return compiled and compiled[0]

        if self.layout.is_recursive:
            self._height = max(self._height, self._levels + max(Layout(node).height for node in nodes))
        match = self.bind(matcher(pattern), "match")
        careful = self.bind(Careful(compile_skip, lambda: self.namespace.update({match: never})), "careful")
        self.add(f"found = {match}(data, pos)", f"pos = found.end() if found else {careful}(data, pos)")

    def emit_skip_written_out(self, node: Node) -> None:
        """Pass over a value without a function for its type."""
        match node:
            case Record():
                with self.inside(node):
                    self.emit_skips([field.node for field in node.fields])
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
                self.add(f"booleans[{self.octet()}]", self.step(1))
            case "int" | "long":
                one, two = self.step(1, keep=True), self.step(2, keep=True)
                self.add(f"first = {self.octet()}", f"if first < 128: {one}")
                with self.block("else:"):
                    self.add(f"second = {self.octet(1)}", f"if second < 128: {two}")
                    self.add(f"else: pos = read_{type_name}(data, {self.here()}, first, second)[1]")
                self.ahead = 0
            case "string" | "bytes":
                self.emit_length("length")
                self.add("pos += length")
            case "float" | "double":
                self.add(self.step(SIZES[type_name]))

    def here(self, more: int = 0) -> str:
        """Return the expression for the position of the byte that is so many after the next one."""
        return f"pos + {self.ahead + more}" if self.ahead + more else "pos"

    def octet(self, more: int = 0) -> str:
        """Return the expression for the byte that is so many after the next one."""
        return f"{self.octets}[{self.here(more)}]"

    def step(self, size: int, *, keep: bool = False) -> str:
        """Return the statement that moves `pos` past so many bytes; `keep` where another one does so too."""
        statement = f"pos += {self.ahead + size}"
        if not keep:
            self.ahead = 0
        return statement

    def emit_length(self, target: str) -> None:
        """Assign the length, count or index at `pos` to `target`; a negative one is unusual, or breaks what is done with it."""
        self.add(f"{target} = {self.octet()}", f"if {target} < 128: {target} = lengths[{target}]; {self.step(1, keep=True)}")
        self.add(f"else: {target}, pos = read_length(data, {self.here()})")
        self.ahead = 0

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
            self.add(f"{index} = {self.octets}[pos]")
            # A null beside another type is the rarer of the two.
            order = [*enumerate(branches)]
            for place, (number, branch) in enumerate(reversed(order) if len(order) == 2 else order):
                with self.block(f"{'elif' if place else 'if'} {index} == {2 * number}:"):
                    if is_primitive(branch):
                        self.ahead = 1
                    else:
                        self.add("pos += 1")
                    emit(branch)
                    if self.ahead:
                        self.add(self.step(0))
            self.add("else: raise Unusual" if branches else "raise Unusual")

    def emit_skip_choice(self, function: str) -> None:
        """Pass over the value of a union's branch that `function` skips."""
        self.add(f"pos = {function}(data, pos{self.depth_argument()})")
