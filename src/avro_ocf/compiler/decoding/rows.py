"""The source of the function that makes records of their tokens, and the regular expression that finds these.

A token is the bytes of one value, as a group of the expression has them. Small integers, enums and texts of which there are few are
looked up by their tokens; what is better converted many at a time, such as large integers and doubles, is a column of the tokens of
all rows. Which of both pays, and how long texts are, is seen from a sample of records: other data is no fault, it is only left to
the decoder of single records.
"""

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from avro_ocf.compiler.decoding.columns import BOOLEAN_TOKENS, INTEGERS, Texts, Uuids, doubles, floats, integers, uuids
from avro_ocf.compiler.decoding.decode import DISPLAY_MAX, DecodeEmitter
from avro_ocf.compiler.decoding.values import from_raw_of
from avro_ocf.compiler.layout import Layout
from avro_ocf.compiler.plans import UNPACK, is_number, is_uuid, promoted, struct_of
from avro_ocf.compiler.source import literal
from avro_ocf.compiler.varints import TABLE_HIGH, TABLE_LOW
from avro_ocf.limits import Limits
from avro_ocf.resolution.plan import FieldStep, Plan, ReadEnum, ReadFixed, ReadPrimitive, ReadRecord, ReadUnion
from avro_ocf.varint import encode_long

TOKENS_MAX: Final = 64

PATTERN_BYTES_MAX: Final = 1 << 13

LENGTHS_MAX: Final = 24
"""Lengths of a text that one expression has."""

LENGTH_MAX: Final = 63
"""A longer text has a length of more than one byte."""

LARGE_SHARE: Final = 6
"""Integers of which at most one in so many takes three bytes or more are looked up."""

FEW_LARGE: Final = 40
"""If it is more than one in so many, that is no gain."""

FEW_LONG: Final = 32
"""One text of so many may be longer: its record is decoded by itself."""

FEW: Final = 8
"""A text that is one of so many, or fewer, in a sample of this many times as much is looked up."""

TOKENS: Final = {"int": rb"[\x80-\xff]{0,4}+[\x00-\x7f]", "long": rb"[\x80-\xff]{0,9}+[\x00-\x7f]", "boolean": rb"[\x00\x01]"}
"""Some tokens that are no values match too; whoever converts them raises `Unusual`."""


class Rows(NamedTuple):
    """`find` returns the tokens of each record, and behind them an empty one; `make` makes the records.

    Where a record is not of these tokens, it and all data after it are the last token of a last row, which has no others.
    """

    find: Callable[[bytes, int, int], list[tuple[bytes, ...]]]
    make: Callable[[list[tuple[bytes, ...]]], list[Any]]
    source: str


class IrregularError(Exception):
    """There is no expression for a plan."""


def compile_rows(plan: ReadRecord, sample: Sequence[Any], title: str, limits: Limits) -> Rows | None:
    """Return how records like those of `sample` are read many at a time, or None if they cannot be."""
    layout = Layout(plan)
    if layout.is_recursive:
        return None
    emitter = RowEmitter(layout, limits)
    try:
        emitter.emit_rows(plan, sample)
    except IrregularError:
        return None
    pattern = b"".join(emitter.patterns)
    if emitter.gain <= 0 or len(pattern) > PATTERN_BYTES_MAX:
        return None
    compiled = emitter.compile("make_rows", f"decode {title} in rows")
    return compiled and Rows(re.compile(pattern + b"|(.+)", re.DOTALL).findall, *compiled)


class RowEmitter(DecodeEmitter):
    """Writes the function. `patterns` are the parts of the expression; `tokens` are variables, one for each group.

    `columns` are the statements that convert a column in its place, or add one for `added` variables. `gain` is what it saves for
    each record, in units of some 20 ns.
    """

    __slots__ = ("added", "columns", "gain", "patterns", "tokens")

    def __init__(self, layout: Layout, limits: Limits) -> None:
        super().__init__(layout, limits)
        self.patterns: list[bytes] = []
        self.tokens: list[str] = []
        self.columns: list[str] = []
        self.added: list[str] = []
        self.gain = 0

    def emit_rows(self, plan: ReadRecord, sample: Sequence[Any]) -> None:
        """Write the function `make_rows`."""
        values = self.values(plan, sample)
        rows = "rows"
        with self.block("def make_rows(rows):"):
            if self.columns:
                self.add("columns = [*zip(*rows)]", *self.columns)
                rows = "zip(*columns)"
            variables = ", ".join([*self.tokens, "_", *self.added])
            if len(values) <= DISPLAY_MAX:
                self.add(f"return [{display(values)} for {variables} in {rows}]")
                return
            self.add("records = []")
            with self.block(f"for {variables} in {rows}:"):
                self.add(f"record = {self.bind(dict.fromkeys(plan.names), 'blank')}.copy()")
                self.add(*(f"record[{literal(name)}] = {value}" for name, value in values.items() if value != "None"))
                self.add("records.append(record)")
            self.add("return records")

    def values(self, plan: ReadRecord, sample: Sequence[Any]) -> dict[str, str]:
        """Return the expression for each field's value."""
        found = {default.name: self.default(default) for default in plan.defaults}
        for kind, group in groupby(plan.steps, lambda step: "skip" if step.name is None else is_number(step.plan)):
            steps = list(group)
            if kind == "skip":
                parts = [self.expressions.part_of(step.node) for step in steps]
                if None in parts:
                    raise IrregularError
                self.patterns += [part.pattern for part in parts if part]
            elif kind and len(steps) > 1:
                found |= self.numbers(steps)
            else:
                for step in steps:
                    if step.name is not None:
                        found[step.name] = self.value(step.plan, [record[step.name] for record in sample])
        return {name: found[name] for name in plan.names}

    def numbers(self, run: list[FieldStep]) -> dict[str, str]:
        """Return the variables for neighbouring floats and doubles, which are one token."""
        form = struct_of(run)
        self.token(b".{%d}" % form.size, b"%s")
        names = [self.new("number") for _ in run]
        self.tokens[-1] = f"({', '.join(names)})"
        column = f"columns[{len(self.tokens) - 1}]"
        self.columns.append(f"{column} = {self.bind(form.iter_unpack)}(b''.join({column}))")
        return {step.name: name for step, name in zip(run, names, strict=True) if step.name is not None}

    def value(self, plan: Plan, sample: Sequence[Any]) -> str:
        """Return the expression for a value."""
        match plan:
            case ReadRecord():
                return display(self.values(plan, sample))
            case ReadUnion():
                return self.optional(plan, [value for value in sample if value is not None])
            case ReadPrimitive(type="null", target="null"):
                return "None"
        return self.leaf(plan, sample, b"%s")

    def optional(self, plan: ReadUnion, sample: Sequence[Any]) -> str:
        """Return the expression for a value or null, of which the token is empty."""
        nulls = [isinstance(branch, ReadPrimitive) and branch.type == "null" for branch in plan.branches]
        if sorted(nulls) != [False, True] or isinstance(plan.branches[nulls.index(False)], ReadRecord | ReadUnion):
            raise IrregularError
        heads = (rb"\x00", rb"\x02%s") if nulls[0] else (rb"\x00%s", rb"\x02")
        return self.leaf(plan.branches[nulls.index(False)], sample, b"(?:%s|%s)" % heads)

    def leaf(self, plan: Plan, sample: Sequence[Any], form: bytes) -> str:
        """Return the expression for a value of which the token is in `form`; that for an empty token is None."""
        is_optional = form != b"%s"
        match plan:
            case ReadPrimitive(type="int" | "long"):
                return self.integer(plan, sample, form)
            case ReadPrimitive(type="boolean"):
                self.namespace["boolean_tokens"] = BOOLEAN_TOKENS
                return f"boolean_tokens[{self.token(TOKENS['boolean'], form)}]"
            case ReadPrimitive(type="float" | "double"):
                token = self.token(b".{4}" if plan.type == "float" else b".{8}", form)
                if is_optional:
                    return f"{self.bind(UNPACK[plan.type])}({token})[0] if {token} else None"
                return self.column(token, floats if plan.type == "float" else doubles)
            case ReadPrimitive() if is_uuid(plan):
                token = self.token(b"H.{36}", form)
                if is_repeated(sample):
                    self.gain += 6
                    return f"{self.bind(Uuids(), 'uuids')}[{token}]"
                return self.column(token, uuids)
            case ReadPrimitive(type="bytes" | "string"):
                value, token = self.text(plan, sample, form)
            case ReadFixed(size=size) if 0 < size < 1 << 16:
                self.gain += 2
                value = token = self.token(b".{%d}" % size, form)
                value = self.typed(plan, "fixed", value)
            case ReadEnum():
                known = {encode_long(index): symbol for index, symbol in enumerate(plan.symbols) if symbol is not None}
                return f"{self.bind(known | {b'': None}, 'symbols')}[{self.token(TOKENS['int'], form)}]"
            case _:
                raise IrregularError
        return f"({value}) if {token} else None" if is_optional else value

    def integer(self, plan: ReadPrimitive, sample: Sequence[Any], form: bytes) -> str:
        """Return the expression for an integer."""
        token = self.token(TOKENS[plan.type], form)
        is_optional = form != b"%s"
        large = sum(type(value) not in {int, float} or not TABLE_LOW <= value < TABLE_HIGH for value in sample)
        is_known = plan.logical is None and large * LARGE_SHARE <= len(sample)
        if is_known:
            self.gain -= 4 if large * FEW_LARGE > len(sample) else 0
            raw = f"{self.bind(INTEGERS[plan.type], f'{plan.type}_tokens')}[{token}]"
        else:
            self.gain += 1 if is_optional else 4
            raw = self.column(token, integers[plan.type], add=is_optional)
        value = promoted(plan, raw, self.bind) if plan.target in {"float", "double"} else self.typed(plan, plan.target, raw)
        has_null = is_known and value == raw  # an empty token is in the table
        return f"({value}) if {token} else None" if is_optional and not has_null else value

    def text(self, plan: ReadPrimitive, sample: Sequence[Any], form: bytes) -> tuple[str, str]:
        """Return the expression for a string or bytes, and the variable for the token."""
        texts = [value.encode() if isinstance(value, str) else value for value in sample if isinstance(value, str | bytes)]
        lengths = sorted(map(len, texts)) or ([0, 16] if plan.logical else [1])
        low, high = lengths[0], lengths[-1 - len(lengths) // FEW_LONG]
        if high > LENGTH_MAX or high - low >= LENGTHS_MAX:
            raise IrregularError
        if low < high:  # those of other records may be somewhat shorter or longer
            low, high = max(low - 2, 0), min(high + 4, LENGTH_MAX)
        pattern = b"|".join(rb"\x%02x.{%d}" % (2 * size, size) for size in range(low, high + 1))
        token = self.token(pattern, form)
        self.gain += 2 if low == high else 1
        is_text = "string" in {plan.type, plan.target}
        as_bytes = is_text and plan.target == "bytes"
        if is_text and not as_bytes and plan.logical is None and is_repeated(texts):
            self.gain += 1
            return f"{self.bind(Texts(), 'texts')}[{token}]", token
        value = f"{token}[1:]" + ".decode()" * is_text + ".encode()" * as_bytes
        return self.typed(plan, plan.target, value), token

    def typed(self, plan: ReadPrimitive | ReadFixed, type_name: str, raw: str) -> str:
        """Return the expression for the value of a logical type, if `plan` has one."""
        from_raw = from_raw_of(plan.logical, type_name) if plan.logical else None
        return raw if from_raw is None else self.conversion(from_raw, raw)

    def token(self, pattern: bytes, form: bytes) -> str:
        """Return the variable for the token of which `pattern` is the expression. Raises `IrregularError` for one too many."""
        if len(self.tokens) >= TOKENS_MAX:
            raise IrregularError
        self.patterns.append(form.replace(b"%s", b"(%s)" % pattern))
        self.tokens.append(self.new("token"))
        return self.tokens[-1]

    def column(self, token: str, convert: Callable[..., Any], *, add: bool = False) -> str:
        """Return the variable for what `convert` makes of the column of `token`, in its place or as one more."""
        column = f"columns[{len(self.tokens) - 1}]"
        call = f"{convert.__name__}({column})"
        self.namespace[convert.__name__] = convert
        if not add:
            self.columns.append(f"{column} = {call}")
            return token
        self.columns.append(f"columns.append({call})")
        self.added.append(self.new("number"))
        return self.added[-1]


def is_repeated(sample: Sequence[Any]) -> bool:
    """Tell whether values are few, each there many times."""
    return len(set(sample)) <= FEW < len(sample) // FEW


def display(values: dict[str, str]) -> str:
    """Return the expression for a dict."""
    return f"{{{', '.join(f'{literal(name)}: {value}' for name, value in values.items())}}}"
