"""The source of a plan's decoder.

Positions are checked where it costs nothing: `data[pos]` fails past the end, a slice does not, so the end of the data is compared
once for each datum. What is not in the usual form raises one of `FAULTS`, and the reference decodes that datum.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from struct import Struct
from typing import Any, Final

from avro_ocf.compiler.layout import Layout, Type
from avro_ocf.compiler.skip import SIZES, SkipEmitter
from avro_ocf.compiler.source import literal
from avro_ocf.compiler.varints import BOOLEAN_LISTS, small_integers
from avro_ocf.errors import FormatError
from avro_ocf.limits import Limits
from avro_ocf.resolution.plan import (
    DefaultStep,
    FieldStep,
    Plan,
    ReadArray,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadNothing,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
)
from avro_ocf.schema.model import Logical, Node

DISPLAY_MAX: Final = 15
"""Fields that CPython builds a dict of in one step; more are put in one after the other in any case."""

APPEND: Final = ".append"

FallBack = Callable[[bytes, int, list[Any]], tuple[Any, int]]
"""Decodes the datum at the given position by the reference; the list has the datums before it."""

DecodeMany = Callable[[bytes, int, int, list[Any], FallBack], int]
"""Appends as many datums as asked for, from the position given on, and returns the position after them."""


def compile_decoder(plan: Plan, title: str, limits: Limits) -> tuple[DecodeMany, str] | None:
    """Return the generated decoder of `plan` and its source, or None if only the reference can decode it."""
    emitter = DecodeEmitter(Layout(plan), limits)
    try:
        emitter.emit_root(plan)
    except FormatError:  # a default that goes past a limit
        return None
    return emitter.compile("decode_many", f"decode {title}")


class DecodeEmitter(SkipEmitter):
    """Writes a decoder. Each `emit_*` method adds statements that read a value at `pos` and assign it to `target`."""

    __slots__ = ()

    def __init__(self, layout: Layout, limits: Limits) -> None:
        super().__init__(layout, limits)
        self.namespace |= {"integers": small_integers(), "boolean_lists": BOOLEAN_LISTS}

    def emit_root(self, plan: Plan) -> None:
        """Write the function `decode_many` for datums of `plan`, and every function it needs."""
        with self.block("def decode_many(data, pos, count, values, fall_back):"):
            self.add("size = len(data)")
            with self.block("for _ in range(count):"):
                self.add("start = pos")
                with self.block("try:"):
                    self.emit(plan, "value")
                    self.add("if pos > size: raise Unusual")
                self.add("except FAULTS: value, pos = fall_back(data, start, values)")
                self.add("values.append(value)")
            self.add("return pos")
        self.emit_functions(lambda _: "data, pos", self.emit_body)

    def emit_body(self, item: Type) -> None:
        """Write the body of the function for `item`."""
        if isinstance(item, Node):
            super().emit_body(item)
        else:
            self.emit_written_out(item, "value")
            self.add("return value, pos")

    def emit(self, plan: Plan, target: str) -> None:
        """Read a value."""
        function = self.function_of(plan)
        if function is None:
            self.emit_written_out(plan, target)
        else:
            self.emit_call(function, target)

    def emit_call(self, function: str, target: str) -> None:
        """Read a value by a function."""
        self.emit_read(f"{function}(data, pos{self.depth_argument()})", target)

    def emit_read(self, call: str, target: str) -> None:
        """Assign what `call` returns, a value and the position after it."""
        if target.endswith(APPEND):
            self.add(f"item, pos = {call}", put(target, "item"))
        else:
            self.add(f"{target}, pos = {call}")

    def emit_written_out(self, plan: Plan, target: str) -> None:
        """Read a value without a function for its type."""
        match plan:
            case ReadRecord():
                self.emit_record(plan, target)
            case ReadArray():
                self.emit_array(plan, target)
            case ReadMap():
                self.emit_map(plan, target)
            case ReadUnion():
                self.emit_cases(
                    plan,
                    tuple(plan.branches),
                    lambda branch: self.emit(branch, target),
                    lambda function: self.emit_call(function, target),
                )
            case ReadEnum():
                self.emit_enum(plan, target)
            case ReadFixed():
                with self.converted(plan.logical, "fixed", target) as raw:
                    self.add(put(raw, f"data[pos:pos + {literal(plan.size)}]"), f"pos += {literal(plan.size)}")
            case ReadPrimitive():
                with self.converted(plan.logical, plan.target, target) as raw:
                    self.emit_primitive(plan, raw)
            case ReadNothing():
                self.add("raise Unusual")

    @contextmanager
    def converted(self, logical: Logical | None, type_name: str, target: str) -> Iterator[str]:
        """Yield the target for a raw value, and convert that to the value of its logical type."""
        found = None
        if logical is not None:
            from avro_ocf.logical import conversion

            found = conversion(logical, type_name)
        if found is None:
            yield target
        else:
            raw = self.new("raw")
            yield raw
            self.add(put(target, f"{self.bind(found.from_raw)}({raw})"))

    def emit_primitive(self, plan: ReadPrimitive, target: str) -> None:
        """Read a primitive as the one that it is promoted to."""
        match plan.type:
            case "null":
                self.add(put(target, "None"))
            case "boolean":
                self.add(put(target, "booleans[data[pos]]"), "pos += 1")
            case "int" | "long":
                if plan.target in {"float", "double"}:
                    self.emit_integer(plan.type, "number")
                    self.add(put(target, "float(number)"))
                else:
                    self.emit_integer(plan.type, target)
            case "float" | "double":
                unpack = self.bind(UNPACK[plan.type])
                self.add(put(target, f"{unpack}(data, pos)[0]"), f"pos += {SIZES[plan.type]}")
            case "bytes" | "string":
                self.emit_length("end")
                self.add("end += pos")
                text = ".decode()" if "string" in {plan.type, plan.target} else ""
                as_bytes = ".encode()" if text and plan.target == "bytes" else ""
                self.add(put(target, f"data[pos:end]{text}{as_bytes}"), "pos = end")

    def emit_integer(self, type_name: str, target: str) -> None:
        """Read an integer: one byte or two by the table, more by a function."""
        self.add("byte = data[pos]")
        self.add(f"if byte < 128: {put(target, 'integers[byte]')}; pos += 1")
        with self.block("else:"):
            self.add("second = data[pos + 1]")
            self.add(f"if second < 128: {put(target, 'integers[byte + (second << 7)]')}; pos += 2")
            with self.block("else:"):
                self.emit_read(f"read_{type_name}(data, pos)", target)

    def emit_enum(self, plan: ReadEnum, target: str) -> None:
        """Read an enum."""
        index = self.new("index")
        self.emit_length(index)
        symbol = f"{self.bind(plan.symbols, 'symbols')}[{index}]"
        if None in plan.symbols:
            self.add(f"if {symbol} is None: raise Unusual")
        self.add(put(target, symbol))

    def emit_record(self, plan: ReadRecord, target: str) -> None:
        """Read a record: into a dict at once if its fields are as written, by way of variables otherwise."""
        names = [step.name for step in plan.steps if step.name is not None]
        with self.inside(plan):
            if len(names) > DISPLAY_MAX and names == list(plan.names):
                record = self.new("record")
                self.add(f"{record} = {{}}")
                for step in plan.steps:
                    self.emit_field(step, "" if step.name is None else f"{record}[{literal(step.name)}]")
                self.add(put(target, record))
                return
            variables: dict[str, str] = {}
            for step in plan.steps:
                variable = self.new("value")
                self.emit_field(step, variable)
                if step.name is not None:
                    variables[step.name] = variable
            for default in plan.defaults:
                variables[default.name] = self.default(default)
            self.add(put(target, f"{{{', '.join(f'{literal(name)}: {variables[name]}' for name in plan.names)}}}"))

    def emit_field(self, step: FieldStep, target: str) -> None:
        """Read a field, or pass over it."""
        if step.name is None:
            self.emit_skip(step.node)
        else:
            self.emit(step.plan, target)

    def default(self, step: DefaultStep) -> str:
        """Return the expression for a fresh value of a field that only the reader has."""
        from avro_ocf.reference import decode

        value, _ = decode(step.plan, step.data, 0, self.limits)
        if isinstance(value, list | dict):
            return f"{self.bind(fresh)}({self.bind(value, 'default')})" if value else str(value)
        return self.bind(value, "default")

    def emit_array(self, plan: ReadArray, target: str) -> None:
        """Read an array."""
        with self.inside(plan):
            count, items = self.new("count"), self.new("items")
            self.add(f"{items} = []")
            self.emit_length(count)
            with self.block(f"while {count}:"):
                self.emit_block(plan.items, count, items)
                self.emit_length(count)
            self.add(put(target, items))

    def emit_block(self, plan: Plan, count: str, items: str) -> None:
        """Read so many items, at once if each takes one byte."""
        match plan:
            case ReadPrimitive(type="boolean"):
                self.add(f"end = pos + {count}", f"{items} += boolean_lists[data[pos:end]]", "pos = end")
            case ReadPrimitive(type="int" | "long", target="int" | "long", logical=None):
                self.add(f"end = pos + {count}", "chunk = data[pos:end]")
                self.add(f"if chunk.isascii(): {items} += [integers[byte] for byte in chunk]; pos = end")
                with self.block("else:"):
                    self.emit_items(plan, count, items)
            case _:
                self.emit_items(plan, count, items)

    def emit_items(self, plan: Plan, count: str, items: str) -> None:
        """Read so many items one after the other."""
        self.add(f"if {count} > len(data) - pos: raise Unusual")  # each item takes a byte or more
        with self.block(f"for _ in range({count}):"):
            self.emit(plan, items + APPEND)

    def emit_map(self, plan: ReadMap, target: str) -> None:
        """Read a map."""
        with self.inside(plan):
            count, entries, key = self.new("count"), self.new("entries"), self.new("key")
            self.add(f"{entries} = {{}}")
            self.emit_length(count)
            with self.block(f"while {count}:"):
                with self.block(f"for _ in range({count}):"):
                    self.emit_length("end")
                    self.add("end += pos", f"{key} = data[pos:end].decode()", "pos = end")
                    self.emit(plan.values, f"{entries}[{key}]")
                self.emit_length(count)
            self.add(put(target, entries))


def put(target: str, expression: str) -> str:
    """Return the statement that gives `target` its value: a variable, an item of a dict, or the `append` of a list."""
    return f"{target}({expression})" if target.endswith(APPEND) else f"{target} = {expression}"


UNPACK: Final = {"float": Struct("<f").unpack_from, "double": Struct("<d").unpack_from}


def fresh(value: Any) -> Any:
    """Copy the lists and dicts of a default."""
    if isinstance(value, list):
        return [fresh(item) for item in value]
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    return value
