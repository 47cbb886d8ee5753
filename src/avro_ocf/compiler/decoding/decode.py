"""The source of a plan's decoder.

Positions are checked where it costs nothing: `data[pos]` fails past the end, a slice does not, so the end of the data is compared
once for each datum. What is not in the usual form raises one of `FAULTS`, and the reference decodes that datum.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from struct import unpack_from
from typing import Any, Final

from avro_ocf.compiler.decoding.integers import emit_long_integer
from avro_ocf.compiler.decoding.windows import MANY, Windows
from avro_ocf.compiler.layout import APPEND, Layout, Type, parts_of, put
from avro_ocf.compiler.plans import (
    LISTED_OCTETS,
    SIZES,
    UNPACK,
    fails_at_the_end,
    is_custom,
    is_flat,
    is_integer,
    is_number,
    is_uuid,
    pays_for_a_list,
    promoted,
    struct_of,
)
from avro_ocf.compiler.skip import SkipEmitter
from avro_ocf.compiler.source import TooLongError, literal
from avro_ocf.compiler.varints import BOOLEAN_LISTS, SIGNED, SIGNED_BYTES, small_integers
from avro_ocf.errors import FormatError
from avro_ocf.limits import Limits
from avro_ocf.resolution.plan import (
    DefaultStep,
    FieldStep,
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
from avro_ocf.schema.model import Logical, Node

DISPLAY_MAX: Final = 15
"""Fields that CPython builds a dict of in one step; more are put in one after the other in any case."""

IN_PLACE_MAX: Final = 12
"""Integers of one plan of which all forms are read in place; the code of more would take long to compile."""

TABLE_MAX: Final = 64
"""Places of integers in one plan of which those of two bytes are looked up: code for 500 of them must still be one script."""

FallBack = Callable[[bytes, int, list[Any]], tuple[Any, int]]
"""Decodes the datum at the given position by the reference; the list has the datums before it."""

DecodeMany = Callable[[bytes, int, int, list[Any], FallBack], int]
"""Appends as many datums as asked for, from the position given on, and returns the position after them."""


def compile_decoder(plan: Plan, title: str, limits: Limits) -> tuple[DecodeMany, str] | None:
    """Return the generated decoder of `plan` and its source, or None if only the reference can decode it."""
    from avro_ocf.compiler.decoding.stream import StreamEmitter, is_movable
    from avro_ocf.compiler.decoding.texts import TextEmitter

    layout = Layout(plan)
    # Conversions of the user's are called for values that are read, one after the other, and not on trial.
    has_custom = any(map(is_custom, layout.items))
    emitter = (DecodeEmitter if has_custom else StreamEmitter if is_movable() else TextEmitter)(layout, limits)
    try:
        emitter.emit_root(plan, title)
    except (FormatError, TooLongError):  # of which the first is for a default that goes past a limit
        return None
    compiled = emitter.compile("decode_many", f"decode {title}")
    if compiled and emitter.windows:
        emitter.windows.one_by_one = compiled[0]
    return compiled


class DecodeEmitter(SkipEmitter):
    """Writes a decoder. Each `emit_*` method adds statements that read a value at `pos` and assign it to `target`.

    Views are the data in other forms, in which it can be tested or converted at once; `views` has those that this plan uses, and
    `arguments` is what they add to the arguments of a function; `has_calls` tells that such a function is called. `blank` has the
    targets that are None already.
    """

    __slots__ = ("arguments", "blank", "has_calls", "integers", "is_wide", "views", "windows")

    def __init__(self, layout: Layout, limits: Limits) -> None:
        super().__init__(layout, limits)
        self.namespace |= {"integers": small_integers(), "boolean_lists": BOOLEAN_LISTS, "signed_bytes": SIGNED_BYTES}
        self.windows: Windows | None = None
        self.has_calls = False
        self.views: list[str] = []
        self.blank: set[str] = set()
        self.integers = sum(isinstance(item, ReadPrimitive) and item.type in {"int", "long"} for item in layout.items)
        places = (part for item in layout.items for part in parts_of(item))
        self.is_wide = sum(isinstance(part, ReadPrimitive) and part.type in {"int", "long"} for part in places) > TABLE_MAX
        if pays_for_a_list(layout.items):
            self.octets = "octets"
            self.views.append(LISTED_OCTETS)
        if any(isinstance(item, ReadArray) and is_integer(item.items) for item in layout.items):
            self.views.append(f"signed = memoryview(data.translate({self.bind(SIGNED, 'signed')})).cast('b')")
        if any(isinstance(item, ReadPrimitive) and is_uuid(item) for item in layout.items):
            from avro_ocf.compiler.decoding.values import SHAPES, UUID_TEXT, uuid_parts

            self.namespace |= uuid_parts() | {"UUID_TEXT": UUID_TEXT, "SHAPES": SHAPES}
            self.views += ["shapes = data.translate(SHAPES)", "digits = data.replace(b'-', b'_')"]
        self.arguments = "".join(f", {view.split()[0]}" for view in self.views)

    def emit_root(self, plan: Plan, title: str) -> None:
        """Write the function `decode_many` for datums of `plan`, and every function it needs."""
        has_windows = isinstance(plan, ReadRecord) and not self.layout.shared and is_flat(plan) and type(self) is not DecodeEmitter
        windows = ", in_windows=in_windows" if has_windows else ""
        with self.block(f"def decode_many(data, pos, count, values, fall_back{windows}):"):
            if isinstance(plan, ReadRecord) and has_windows:
                self.emit_windows(plan, title)
            before_loop = len(self.lines)
            with self.block("for _ in range(count):"):
                self.add("start = pos")
                with self.block("try:"):
                    self.emit(plan, "value")
                    self.add("if pos > size: raise Unusual")
                self.add("except FAULTS: value, pos = fall_back(data, start, values)")
                self.add("values.append(value)")
            self.add("return pos")
        self.emit_functions(lambda item: "data, pos" if isinstance(item, Node) else f"data, pos{self.arguments}", self.emit_body)
        # What the loop needs is known only now that it is written.
        self.lines[before_loop:before_loop] = [f"    {line}" for line in self.preparations()]

    def preparations(self) -> list[str]:
        """Return the statements before the loop over the datums."""
        return ["size = len(data)", *self.views]

    def emit_windows(self, plan: ReadRecord, title: str) -> None:
        """Let many records be decoded otherwise, unless it is `Windows` that calls."""
        self.windows = Windows(plan, title, self.limits)
        self.namespace["in_windows"] = self.windows.decode
        with self.block(f"if count >= {MANY} and in_windows:"):
            self.add("pos, count = in_windows(data, pos, count, values, fall_back)", "if not count: return pos")

    def emit_body(self, item: Type) -> None:
        """Write the body of the function for `item`."""
        if isinstance(item, Node):
            octets, self.octets = self.octets, "data"
            super().emit_body(item)
            self.octets = octets
        else:
            self.emit_written_out(item, "value")
            self.add("return value, pos")

    def emit(self, plan: Plan, target: str) -> None:
        """Read a value."""
        if function := self.function_of(plan):
            self.emit_call(function, target)
        else:
            self.emit_written_out(plan, target)

    def emit_call(self, function: str, target: str) -> None:
        """Read a value by a function."""
        self.has_calls = True
        self.emit_read(f"{function}(data, pos{self.arguments}{self.depth_argument()})", target)

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
                    plan, plan.branches, lambda branch: self.emit(branch, target), lambda name: self.emit_call(name, target)
                )
            case ReadBranch():
                value = self.new("value")
                self.emit(plan.plan, value)
                self.add(put(target, f"({literal(plan.name)}, {value})"))
            case ReadEnum():
                self.emit_enum(plan, target)
            case ReadFixed():
                with self.converted(plan.logical, "fixed", target) as raw:
                    self.add(put(raw, f"data[pos:pos + {literal(plan.size)}]"), f"pos += {literal(plan.size)}")
            case ReadPrimitive() if is_uuid(plan):
                self.emit_uuid(target)
            case ReadPrimitive():
                with self.converted(plan.logical, plan.target, target) as raw:
                    self.emit_primitive(plan, raw)
            case ReadNothing():
                self.add("raise Unusual")

    @contextmanager
    def converted(self, logical: Logical | None, type_name: str, target: str) -> Iterator[str]:
        """Yield the target for a raw value, and convert that to the value of its logical type."""
        from_raw = None
        if logical is not None:
            from avro_ocf.compiler.decoding.values import from_raw_of

            from_raw = from_raw_of(logical, type_name)
        if from_raw is None:
            yield target
        else:
            raw = self.new("raw")
            yield raw
            self.add(put(target, self.conversion(from_raw, raw)))

    def conversion(self, from_raw: Callable[[Any], Any], raw: str) -> str:
        """Return the expression for the value that `from_raw` makes of `raw`."""
        from avro_ocf.compiler.decoding.values import TIMES, time_expression

        return time_expression(from_raw, raw, self.bind) if from_raw in TIMES else f"{self.bind(from_raw)}({raw})"

    def emit_uuid(self, target: str) -> None:
        """Read the text of a UUID."""
        with self.block("if shapes.startswith(UUID_TEXT, pos):"):
            self.add("uuid = new(UUID)", "set_int(uuid, int(digits[pos + 1:pos + 37], 16))", "set_is_safe(uuid, unknown)")
            self.add(put(target, "uuid"), "pos += 37")
        with self.block("else:"):
            self.emit_read("read_other(data, pos)", target)

    def emit_primitive(self, plan: ReadPrimitive, target: str) -> None:
        """Read a primitive as the one that it is promoted to."""
        match plan.type:
            case "null":
                if target not in self.blank:
                    self.add(put(target, "None"))
            case "boolean":
                self.add(put(target, f"booleans[{self.octet()}]"), self.step(1))
            case "int" | "long":
                if plan.target in {"float", "double"}:
                    self.emit_integer(plan.type, "number")
                    self.add(put(target, promoted(plan, "number", self.bind)))
                else:
                    self.emit_integer(plan.type, target)
            case "float" | "double":
                unpack = self.bind(UNPACK[plan.type])
                self.add(put(target, f"{unpack}(data, {self.here()})[0]"), self.step(SIZES[plan.type]))
            case "bytes" | "string":
                self.emit_length("end")
                self.add("end += pos")
                text = ".decode()" if "string" in {plan.type, plan.target} else ""
                as_bytes = ".encode()" if text and plan.target == "bytes" else ""
                self.add(put(target, f"data[pos:end]{text}{as_bytes}"), "pos = end")

    def emit_integer(self, type_name: str, target: str) -> None:
        """Read an integer: one byte or two by the table, more in place where that pays, and the longest by a function."""
        self.add(f"byte = {self.octet()}", f"if byte < 128: {put(target, 'integers[byte]')}; {self.step(1, keep=True)}")
        with self.block("else:"):
            if self.is_wide:
                self.emit_read(f"read_{type_name}(data, {self.here()}, byte, {self.octet(1)})", target)
            else:
                self.add(f"second = {self.octet(1)}")
                self.add(f"if second < 128: {put(target, 'integers[byte + (second << 7)]')}; {self.step(2, keep=True)}")
                with self.block("else:"):
                    if self.integers <= IN_PLACE_MAX:
                        emit_long_integer(self, type_name, target)
                    else:
                        self.emit_read(f"read_{type_name}(data, {self.here()}, byte, second)", target)
        self.ahead = 0

    def emit_enum(self, plan: ReadEnum, target: str) -> None:
        """Read an enum."""
        index = self.new("index")
        self.emit_length(index)
        symbol = f"{self.bind(plan.symbols, 'symbols')}[{index}]"
        if None in plan.symbols:
            self.add(f"if {symbol} is None: raise Unusual")
        self.add(put(target, symbol))

    def emit_record(self, plan: ReadRecord, target: str) -> None:
        """Read a record: by way of variables, or into the copy of a dict that has all its fields if they are many."""
        with self.inside(plan):
            defaults = {default.name: self.default(default) for default in plan.defaults}
            if len(plan.names) > DISPLAY_MAX:
                record = self.new("record")
                self.add(f"{record} = {self.bind(dict.fromkeys(plan.names), 'blank')}.copy()")
                targets = {name: f"{record}[{literal(name)}]" for name in plan.names}
                self.blank.update(targets.values())
                self.emit_fields(plan.steps, targets)
                self.add(*(f"{targets[name]} = {default}" for name, default in defaults.items()))
                self.add(put(target, record))
                return
            targets = {name: defaults.get(name) or self.new("value") for name in plan.names}
            self.emit_fields(plan.steps, targets)
            self.add(put(target, f"{{{', '.join(f'{literal(name)}: {targets[name]}' for name in plan.names)}}}"))

    def emit_fields(self, steps: Sequence[FieldStep], targets: dict[str, str]) -> None:
        """Read the fields that are written, or pass over them; neighbours of a fixed size at once."""
        for kind, group in groupby(steps, lambda step: "skip" if step.name is None else is_number(step.plan)):
            if kind == "skip":
                self.emit_skips([step.node for step in group if step.name is None])
                continue
            run = [step for step in group if step.name is not None]
            if kind:
                self.emit_numbers(run, targets)
            else:
                for step in run:
                    self.emit(step.plan, targets[step.name or ""])

    def emit_numbers(self, run: list[FieldStep], targets: dict[str, str]) -> None:
        """Read neighbouring floats and doubles."""
        form = struct_of(run)
        self.add(f"{', '.join(targets[step.name or ''] for step in run)}, = {self.bind(form.unpack_from)}(data, pos)")
        self.add(f"pos += {form.size}")

    def default(self, step: DefaultStep) -> str:
        """Return the expression for a fresh value of a field that only the reader has."""
        from avro_ocf.compiler.decoding.values import default_expression

        return default_expression(step, self.limits, self.bind)

    def emit_array(self, plan: ReadArray, target: str) -> None:
        """Read an array."""
        with self.inside(plan):
            count, items = self.new("count"), self.new("items")
            self.add(f"{items} = []")
            self.emit_length(count)
            with self.block(f"while {count}:"):
                self.emit_block(plan.items, count, items)
                self.emit_next_count(count)
            self.add(put(target, items))

    def emit_block(self, plan: Plan, count: str, items: str) -> None:
        """Read so many items, at once if each takes one byte, or the same number of bytes."""
        match plan:
            case ReadPrimitive(type="boolean", logical=None):
                self.add(f"end = pos + {count}", f"{items} += boolean_lists[data[pos:end]]", "pos = end")
            case ReadPrimitive() if is_number(plan):
                self.add(f"{items} += {self.bind(unpack_from)}(f'<{{{count}}}{plan.type[0]}', data, pos)")
                self.add(f"pos += {count} * {SIZES[plan.type]}")
            case ReadPrimitive() if is_integer(plan):
                self.emit_integers(plan, count, items)
            case _:
                self.emit_items(plan, count, items)

    def emit_integers(self, plan: ReadPrimitive, count: str, items: str) -> None:
        """Read so many integers: at once if each takes one byte, or if most are long and they are many."""
        from avro_ocf.compiler.bulk import HIGH, PAYING, read_many

        self.add(f"end = pos + {count}", "chunk = data[pos:end]")
        chunk = f"signed_bytes[{count}](signed, pos) if {count} < 64 else signed[pos:end]"
        self.add(f"if chunk.isascii(): {items} += {chunk}; pos = end")
        few = f"len(chunk.translate(None, {self.bind(HIGH, 'high')})) < {count} >> 1"
        with self.block(f"elif {count} >= {PAYING} and {few}:"):
            self.add(f"if {count} > len(data) - pos: raise Unusual")
            self.add(f"numbers, pos = {self.bind(read_many)}(data, pos, {count}, {5 if plan.type == 'int' else 10})")
            self.add(f"{items} += numbers")
        with self.block("else:"):
            self.emit_items(plan, count, items)

    def emit_items(self, plan: Plan, count: str, items: str) -> None:
        """Read so many items one after the other."""
        if not fails_at_the_end(plan):
            self.add(f"if {count} > len(data) - pos: raise Unusual")  # each item takes a byte or more
        with self.block(f"for _ in range({count}):"):
            self.emit(plan, items + APPEND)

    def emit_map(self, plan: ReadMap, target: str) -> None:
        """Read a map."""
        with self.inside(plan):
            count, entries = self.new("count"), self.new("entries")
            self.add(f"{entries} = {{}}")
            self.emit_length(count)
            with self.block(f"while {count}:"):
                with self.block(f"for _ in range({count}):"):
                    self.emit_entry(plan, entries)
                self.emit_next_count(count)
            self.add(put(target, entries))

    def emit_entry(self, plan: ReadMap, entries: str) -> None:
        """Read one entry of a map."""
        key = self.new("key")
        self.emit_length("end")
        self.add("end += pos", f"{key} = data[pos:end].decode()", "pos = end")
        self.emit(plan.values, f"{entries}[{key}]")
