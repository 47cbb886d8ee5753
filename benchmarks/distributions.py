"""Kinds of fields: a schema, and what its values are like. Each field of a workload draws from a distribution of its own."""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

START_MS = 1_764_000_000_000
WORDS = (
    *("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet"),
    *("kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango"),
)

Draw = Callable[[random.Random, int], Any]
"""Returns the value of the record with that index."""


class Kind(NamedTuple):
    """A type and what draws its values."""

    schema: Any
    draw: Draw


def of(schema: Any, draw: Draw) -> Kind:
    return Kind(schema, draw)


def flag(share: float = 0.5) -> Kind:
    return Kind("boolean", lambda source, _: source.random() < share)


def count(mean: float, type_: str = "int") -> Kind:
    """Small numbers that get rarer the larger they are: quantities, retries, points."""
    return Kind(type_, lambda source, _: int(source.expovariate(1 / mean)))


def code(*values: int, type_: str = "int") -> Kind:
    """One of few numbers: states, levels, ports."""
    return Kind(type_, lambda source, _: source.choice(values))


def number(low: int, high: int, type_: str = "int") -> Kind:
    """Any number of a range, each as often as the others: ids of others, hashes."""
    return Kind(type_, lambda source, _: source.randrange(low, high))


def rising(start: int, step: int, type_: str = "long") -> Kind:
    """Numbers that rise from record to record: offsets, sequence numbers, times in a plain long."""
    return Kind(type_, lambda source, index: start + index * step + source.randrange(step))


def real(low: float, high: float, digits: int = 15, type_: str = "double") -> Kind:
    """A measurement, as its meter tells it with so many digits behind the point; a float is one that 32 bits hold."""
    if type_ == "float":
        return Kind(type_, lambda source, _: round(source.uniform(low, high) * 64) / 64)
    return Kind(type_, lambda source, _: round(source.uniform(low, high), digits))


def one_of(*texts: str) -> Kind:
    """One of few texts: countries, hosts, methods."""
    return Kind("string", lambda source, _: source.choice(texts))


def few(prefix: str, how_many: int) -> Kind:
    """One of some texts that share a prefix, the first ones more often than the last: devices, shops, topics."""
    texts = [f"{prefix}{number:04d}" for number in range(how_many)]
    return Kind("string", lambda source, _: texts[min(int(source.expovariate(4 / how_many)), how_many - 1)])


def words(least: int, most: int) -> Kind:
    """Texts that hardly ever come again: names, messages, titles; one of sixteen is not ASCII."""

    def draw(source: random.Random, _: int) -> str:
        text = " ".join(source.choices(WORDS, k=source.randint(least, most)))
        return text if source.random() > 1 / 16 else f"{text} naïve 東京"

    return Kind("string", draw)


def text(form: str) -> Kind:
    """A text with a number that rises from record to record in the place of `{}`: keys, file names, references."""
    return Kind("string", lambda source, index: form.format(index * 7919 + source.randrange(7919)))


def blob(least: int, most: int) -> Kind:
    return Kind("bytes", lambda source, _: source.randbytes(source.randint(least, most)))


def enum(name: str, *symbols: str) -> Kind:
    weights = [1 / (place + 1) for place in range(len(symbols))]
    schema = {"type": "enum", "name": name, "symbols": list(symbols)}
    return Kind(schema, lambda source, _: source.choices(symbols, weights)[0])


def uuid() -> Kind:
    schema = {"type": "string", "logicalType": "uuid"}
    return Kind(schema, lambda source, _: UUID(int=source.getrandbits(128), version=4))


def decimal(precision: int, scale: int) -> Kind:
    schema = {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
    largest = 10 ** (precision - 2)
    return Kind(schema, lambda source, _: Decimal(int(source.paretovariate(0.5)) % largest).scaleb(-scale))


def day() -> Kind:
    schema = {"type": "int", "logicalType": "date"}
    return Kind(schema, lambda source, _: dt.date(2025, 1, 1) + dt.timedelta(days=source.randrange(365)))


def moment(unit: str = "millis", step_ms: int = 900) -> Kind:
    """Times that rise from record to record, in millis or micros."""
    schema = {"type": "long", "logicalType": f"timestamp-{unit}"}
    start = dt.datetime.fromtimestamp(START_MS / 1000, dt.UTC)

    def draw(source: random.Random, index: int) -> dt.datetime:
        late = dt.timedelta(milliseconds=index * step_ms + source.randrange(step_ms))
        return start + (late if unit == "millis" else late + dt.timedelta(microseconds=source.randrange(1000)))

    return Kind(schema, draw)


def optional(kind: Kind, null_share: float = 0.25, *, is_last: bool = False) -> Kind:
    """A value or null."""
    schema = [kind.schema, "null"] if is_last else ["null", kind.schema]
    return Kind(schema, lambda source, index: None if source.random() < null_share else kind.draw(source, index))


def choice(*kinds: Kind) -> Kind:
    """A union of several kinds, of which the first ones come more often."""
    weights = [1 / (place + 1) for place in range(len(kinds))]
    return Kind([kind.schema for kind in kinds], lambda source, index: source.choices(kinds, weights)[0].draw(source, index))


def many(kind: Kind, least: int, most: int) -> Kind:
    """An array."""

    def draw(source: random.Random, index: int) -> list[Any]:
        return [kind.draw(source, index) for _ in range(source.randint(least, most))]

    return Kind({"type": "array", "items": kind.schema}, draw)


def mapping(kind: Kind, keys: Sequence[str], least: int = 0) -> Kind:
    """A map with some of the `keys`."""

    def draw(source: random.Random, index: int) -> dict[str, Any]:
        found = source.sample(keys, source.randint(least, len(keys)))
        return {key: kind.draw(source, index) for key in found}

    return Kind({"type": "map", "values": kind.schema}, draw)


def record(name: str, _attributes: dict[str, Any] | None = None, /, **fields: Kind) -> Kind:
    """A record; `_attributes` are metadata of its schema, as programs write them there."""
    schema = {
        "type": "record",
        "name": name,
        **(_attributes or {}),
        "fields": [{"name": field, "type": kind.schema} for field, kind in fields.items()],
    }
    return Kind(schema, lambda source, index: {field: kind.draw(source, index) for field, kind in fields.items()})


def annotated(kind: Kind, **attributes: Any) -> Kind:
    """A kind whose type carries metadata."""
    schema = kind.schema if isinstance(kind.schema, dict) else {"type": kind.schema}
    return kind._replace(schema={**schema, **attributes})


def records(kind: Kind, how_many: int, seed: int) -> list[Any]:
    """Draw records, the same ones each time."""
    source = random.Random(seed)
    return [kind.draw(source, index) for index in range(how_many)]
