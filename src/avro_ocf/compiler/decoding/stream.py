"""The source of a decoder that reads runs of short values from an iterator of the bytes.

That takes less time than a position, a new number for each byte. It pays for integers and the like, and for arrays of
them, if there are enough of them after each other: between runs the iterator is moved and asked for its place.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, Final

from avro_ocf.compiler.decoding.decode import DISPLAY_MAX, IN_PLACE_MAX
from avro_ocf.compiler.decoding.texts import TextEmitter
from avro_ocf.compiler.faults import Unusual
from avro_ocf.compiler.layout import APPEND, Layout, put
from avro_ocf.compiler.plans import LISTED_OCTETS, is_integer, promoted
from avro_ocf.compiler.source import TooLongError, literal
from avro_ocf.compiler.varints import CONTINUED
from avro_ocf.limits import Limits
from avro_ocf.resolution.plan import FieldStep, Plan, ReadArray, ReadEnum, ReadPrimitive, ReadRecord, ReadUnion

PAYING_WEIGHT: Final = 7
"""What a run must weigh at least, an integer being 1. An array is one."""

LEVELS_MAX: Final = 3

INDEXES: Final = 64
"""Indexes of symbols or branches that take one byte."""


def weight(plan: Plan) -> int:
    """Return how much a value gains by being read from a stream."""
    match plan:
        case ReadRecord():
            return sum(weight(step.plan) for step in plan.steps)
        case ReadUnion():
            return 1 + max(map(weight, plan.branches), default=0)
        case ReadArray():
            return PAYING_WEIGHT
        case ReadPrimitive(type="null"):
            return 0
    return 1


DecodeAll = Callable[[bytes, list[Any]], None]
"""Appends the records that some bytes are. Raises any of `FAULTS`, and may have appended something then."""


def compile_all(plan: ReadRecord, title: str, limits: Limits) -> DecodeAll | None:
    """Return a function for records of which each byte is read from a stream, which is never moved; None for other records."""
    emitter = StreamEmitter(Layout(plan), limits)
    if (
        emitter.layout.is_recursive
        or not emitter.is_streamed(plan)
        or any(isinstance(item, ReadArray) for item in emitter.layout.items)
    ):
        return None
    try:
        with emitter.block("def decode_all(data, values):"):
            emitter.add("stream = iter(data)")
            with emitter.block("for byte in stream:"):
                emitter.is_read = True
                emitter.emit_display(plan, f"values{APPEND}")
    except TooLongError:
        return None
    compiled = None if emitter.is_read else emitter.compile("decode_all", f"decode all {title}")
    return compiled and compiled[0]


class StreamEmitter(TextEmitter):
    """Writes a decoder. `is_read` tells that the next byte is in the variable `byte` already, `has_runs` that there is a stream."""

    __slots__ = ("has_runs", "is_read")

    def __init__(self, layout: Layout, limits: Limits) -> None:
        super().__init__(layout, limits)
        self.is_read = self.has_runs = False
        self.namespace |= {"rest_of_int": rest_of_int, "rest_of_long": rest_of_long, "rest_of_count": rest_of_count}
        self.namespace |= {"int_behind": int_behind, "long_behind": long_behind, "islice": islice}

    def preparations(self) -> list[str]:
        """Return the statements before the loop, with what it needs of a stream and without what it does not need then."""
        if not self.has_runs:
            return super().preparations()
        # A list of the bytes does not pay for the few that are left, unless functions read them.
        views = [OCTETS if view == LISTED_OCTETS and not self.has_calls else view for view in self.views]
        return [SIZE, *STREAM, *views]

    def is_streamed(self, plan: Plan, levels: int = LEVELS_MAX) -> bool:
        """Tell whether a value is read from a stream."""
        if levels < 0 or id(plan) in self.layout.shared:
            return False
        match plan:
            case ReadRecord():
                return all(step.name is not None and self.is_streamed(step.plan, levels - 1) for step in plan.steps)
            case ReadUnion():
                return len(plan.branches) <= INDEXES and all(self.is_streamed(branch, levels - 1) for branch in plan.branches)
            case ReadArray():
                return self.is_streamed(plan.items, levels - 1)
            case ReadEnum():
                return len(plan.symbols) <= INDEXES
        return isinstance(plan, ReadPrimitive) and plan.type in {"null", "boolean", "int", "long"}

    def emit_fields(self, steps: Sequence[FieldStep], targets: dict[str, str]) -> None:
        """Read the fields that are written, those of a run from the stream."""
        for is_run, group in groupby(steps, lambda step: step.name is not None and self.is_streamed(step.plan)):
            run = tuple(group)
            if not is_run or self.layout.is_recursive or self.depth or sum(weight(step.plan) for step in run) < PAYING_WEIGHT:
                super().emit_fields(run, targets)
                continue
            self.has_runs = True
            self.add("seek(pos)")
            for step in run:
                self.emit_value(step.plan, targets[step.name or ""])
            self.add("pos = size - left()")

    def emit_next(self, target: str) -> None:
        """Read a byte."""
        if not self.is_read:
            self.add(f"for {target} in stream: break", "else: raise Unusual")
        elif target != "byte":
            self.add(f"{target} = byte")
        self.is_read = False

    def emit_value(self, plan: Plan, target: str) -> None:
        """Read a value."""
        match plan:
            case ReadRecord():
                self.emit_display(plan, target)
            case ReadUnion():
                index = self.new("index")
                self.emit_next(index)
                for number, branch in enumerate(plan.branches):
                    with self.block(f"{'elif' if number else 'if'} {index} == {2 * number}:"):
                        self.emit_value(branch, target)
                self.add("else: raise Unusual" if plan.branches else "raise Unusual")
            case ReadArray():
                self.emit_stream_array(plan, target)
            case ReadEnum():
                self.emit_next("byte")
                symbol = f"{self.bind(plan.symbols, 'symbols')}[lengths[byte]]"
                if None in plan.symbols:
                    self.add(f"if {symbol} is None: raise Unusual")
                self.add(put(target, symbol))
            case ReadPrimitive(type="null"):
                self.add("pass" if target in self.blank else put(target, "None"))
            case ReadPrimitive(type="boolean"):
                self.emit_next("byte")
                self.add(put(target, "booleans[byte]"))
            case ReadPrimitive():
                self.emit_number(plan, target)

    def emit_number(self, plan: ReadPrimitive, target: str) -> None:
        """Read an integer."""
        from_raw = None
        if plan.logical:
            from avro_ocf.compiler.decoding.values import from_raw_of

            from_raw = from_raw_of(plan.logical, plan.target)
        is_raw = from_raw is None and plan.target in {"int", "long"}
        raw = target if is_raw else self.new("raw")
        self.emit_next("byte")
        self.add(f"if byte < 128: {put(raw, 'integers[byte]')}")
        if self.is_wide:
            self.add(f"else: {put(raw, f'{plan.type}_behind(stream, byte)')}")
        else:
            with self.block("else:"):
                self.emit_next("second")
                self.add(f"if second < 128: {put(raw, 'integers[byte + (second << 7)]')}")
                with self.block("else:"):
                    self.emit_long_number(plan, raw)
        if from_raw is not None:
            self.add(put(target, self.conversion(from_raw, raw)))
        elif not is_raw:
            self.add(put(target, promoted(plan, raw, self.bind)))

    def emit_long_number(self, plan: ReadPrimitive, raw: str) -> None:
        """Read an integer of three bytes or more: a long one of four or more by a function."""
        value = put(raw, "~half if byte & 1 else half")
        self.emit_next("third")
        self.add("half = byte + (second << 7) + (third << 14)")
        self.add(f"if third < 128: half = half - {CONTINUED[2]} >> 1; {value}")
        if plan.type == "long" or self.integers > IN_PLACE_MAX:
            self.add(f"else: {put(raw, f'rest_of_{plan.type}(stream, half - {CONTINUED[3]})')}")
            return
        with self.block("else:"):
            self.emit_next("fourth")
            self.add("half += fourth << 21", f"if fourth < 128: half = half - {CONTINUED[3]} >> 1; {value}")
            with self.block("else:"):
                self.emit_next("fifth")
                self.add("if fifth > 15: raise Unusual", f"half = (half - {CONTINUED[4]} >> 1) + (fifth << 27); {value}")

    def emit_display(self, plan: ReadRecord, target: str) -> None:
        """Read a record of which all fields are read from the stream."""
        found = {default.name: self.default(default) for default in plan.defaults}
        if len(plan.names) > DISPLAY_MAX:
            record = self.new("record")
            self.add(f"{record} = {self.bind(dict.fromkeys(plan.names), 'blank')}.copy()")
            for step in plan.steps:
                self.emit_value(step.plan, f"{record}[{literal(step.name or '')}]")
            self.add(*(f"{record}[{literal(name)}] = {default}" for name, default in found.items()), put(target, record))
            return
        for step in plan.steps:
            found[step.name or ""] = self.new("value")
            self.emit_value(step.plan, found[step.name or ""])
        self.add(put(target, f"{{{', '.join(f'{literal(name)}: {found[name]}' for name in plan.names)}}}"))

    def emit_stream_array(self, plan: ReadArray, target: str) -> None:
        """Read an array. Where the stream ends too early, there is no count after the items."""
        count, items = self.new("count"), self.new("items")
        self.add(f"{items} = []")
        self.emit_count(count)
        with self.block(f"while {count}:"):
            match plan.items:
                case ReadPrimitive(type="boolean"):
                    self.add("pos = size - left()", f"end = pos + {count}")
                    self.add(f"{items} += boolean_lists[data[pos:end]]", "seek(end)")
                case ReadPrimitive() if is_integer(plan.items):
                    self.emit_many(plan.items, count, items)
                    with self.block(f"if {count}:"), self.block(f"for byte in islice(stream, {count}):"):
                        self.is_read = True
                        self.emit_number(plan.items, items + APPEND)
                case _:
                    with self.block(f"for _ in range({count}):"):
                        self.emit_value(plan.items, items + APPEND)
            self.emit_count(count)
        self.add(put(target, items))

    def emit_many(self, plan: ReadPrimitive, count: str, items: str) -> None:
        """Read many integers at once, and make the count 0, if each takes one byte or if most take more than two."""
        from avro_ocf.compiler.bulk import HIGH, PAYING, read_many

        signed = f"signed_bytes[{count}](signed, pos) if {count} < 64 else signed[pos:end]"
        with self.block(f"if {count} >= {PAYING}:"):
            self.add("pos = size - left()", f"end = pos + {count}", "chunk = data[pos:end]")
            self.add(f"if chunk.isascii(): {items} += {signed}; seek(end); {count} = 0")
            with self.block(f"elif len(chunk.translate(None, {self.bind(HIGH, 'high')})) < {count} >> 1:"):
                self.add(f"numbers, pos = {self.bind(read_many)}(data, pos, {count}, {5 if plan.type == 'int' else 10})")
                self.add(f"{items} += numbers", "seek(pos)", f"{count} = 0")

    def emit_count(self, count: str) -> None:
        """Read the count of a block; a negative one is unusual."""
        self.emit_next(count)
        self.add(f"if {count}: {count} = lengths[{count}] if {count} < 128 else rest_of_count(stream, {count})")


STREAM: Final = ("stream = iter(data)", "seek = stream.__setstate__", "left = stream.__length_hint__")
"""The last two are there for `copy` and for `operator.length_hint`."""

SIZE: Final = "size = len(data)"

OCTETS: Final = "octets = data"


def is_movable() -> bool:
    """Tell whether this Python has iterators that can be moved, and that tell their place."""
    stream = iter(b"abc")
    try:
        stream.__setstate__(1)  # type: ignore[attr-defined]
        return stream.__length_hint__() == 2 and next(stream) == ord("b")  # type: ignore[attr-defined]
    except AttributeError:
        return False


def int_behind(stream: Iterator[int], first: int) -> int:
    """Decode an `int` of two bytes or more, of which the first is read."""
    number = rest_of(stream, first - 128, 7)
    if number >> 32:
        raise Unusual
    return number >> 1 ^ -(number & 1)


def long_behind(stream: Iterator[int], first: int) -> int:
    """Decode a `long` of two bytes or more, of which the first is read."""
    number = rest_of(stream, first - 128, 7)
    return number >> 1 ^ -(number & 1)


def rest_of_int(stream: Iterator[int], low: int) -> int:
    """Decode an `int` of four bytes or more, of which the first three are `low`, which has no highest bit."""
    for fourth in stream:
        if fourth < 128:
            half = low + (fourth << 21) >> 1
            return ~half if low & 1 else half
        for fifth in stream:
            if fifth > 15:
                raise Unusual
            half = (low + (fourth - 128 << 21) >> 1) + (fifth << 27)
            return ~half if low & 1 else half
    raise Unusual


def rest_of_long(stream: Iterator[int], low: int) -> int:
    """Decode a `long` of four bytes or more, of which the first three are `low`, which has no highest bit."""
    number = rest_of(stream, low, 21)
    return number >> 1 ^ -(number & 1)


def rest_of_count(stream: Iterator[int], first: int) -> int:
    """Decode a count of two bytes or more, of which the first is read."""
    number = rest_of(stream, first - 128, 7)
    if number & 1:
        raise Unusual
    return number >> 1


def rest_of(stream: Iterator[int], number: int, shift: int) -> int:
    """Return an unsigned number of 64 bits, of which the lowest `shift` are `number`."""
    for byte in stream:
        if byte < 128:
            number += byte << shift
            if number >> 64:
                raise Unusual
            return number
        number += byte - 128 << shift
        shift += 7
        if shift > 63:
            break
    raise Unusual
