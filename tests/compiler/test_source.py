"""Text of a schema is never code, and generated source can be seen where Python shows source."""

import inspect
import linecache
import traceback
from pathlib import Path

import pytest

from avro_ocf.compiler import Decoder, Encoder, Skipper
from avro_ocf.compiler.codec import BY_REFERENCE
from avro_ocf.compiler.source import SOURCE_MAX, SOURCES_KEPT, Lines, TooLongError, execute, literal
from avro_ocf.errors import FormatError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.resolution.identity import identity
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node

HOSTILE = [
    '"];import os#',
    "');raise SystemExit#",
    "\n    raise SystemExit\n#",
    "{raise_}{0}{{}}",
    "\\",
    "\\N{BULLET}",
    "'''\"\"\"",
    "\x00\u2028\x85",
    "class",
    "None",
    "data",
    "pos",
    "record",
    "records",
    "value",
    "value1",
    "text2",
    "present1",
    "integers",
    "FAULTS",
    "__builtins__",
]


def node_of(schema: object) -> Node:
    return parse_node(schema, strict=False, logical_types=True, limits=DEFAULT_LIMITS)


def decoder_of(node: Node) -> Decoder:
    return Decoder(identity(node), DEFAULT_LIMITS, is_charged=False)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_symbols_and_defaults_stay_text(name: str) -> None:
    enum = {"type": "enum", "name": "E" + name, "symbols": ["A", name]}
    inner = {"type": "record", "name": "I" + name, "fields": [{"name": name, "type": enum}]}
    fields = [
        {"name": name, "type": inner},
        {"name": name + "2", "type": ["null", {"type": "array", "items": "string"}], "default": None},
        {"name": name + "3", "type": "int", "default": 7},
        {"name": name + "4", "type": {"type": "fixed", "name": "F" + name, "size": 2}, "default": "{}"},
    ]
    node = node_of({"type": "record", "name": "R" + name, "fields": fields})
    datum = {name: {name: name}, name + "2": ["x"], name + "3": 5, name + "4": b"'#"}
    encoded = Encoder(node, DEFAULT_LIMITS).encode(datum)
    assert decoder_of(node).decode(encoded) == (datum, len(encoded))
    assert Skipper(node, DEFAULT_LIMITS).skip(encoded) == len(encoded)
    del datum[name + "2"], datum[name + "3"], datum[name + "4"]
    assert Encoder(node, DEFAULT_LIMITS).encode(datum) == b"\x02\x00\x0e{}"


class Sly(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "__import__('os')"


def test_a_literal_is_of_an_exact_type() -> None:
    assert (literal("a'b"), literal(b"\n"), literal(-1)) == ('"a\'b"', "b'\\n'", "-1")
    for value in (Sly("a"), True, 1.5, ("a",)):
        with pytest.raises(TypeError):
            literal(value)  # type: ignore[arg-type]


def test_one_place_executes_source() -> None:
    import avro_ocf

    places = [path.name for path in Path(avro_ocf.__file__).parent.rglob("*.py") if " exec(" in path.read_text(encoding="utf-8")]
    assert places == ["source.py"]


def test_a_traceback_shows_the_generated_line() -> None:
    node = node_of({"type": "record", "name": "Seen\nhere", "fields": [{"name": "hp", "type": "int"}]})
    decoder = decoder_of(node)
    with pytest.raises(FormatError) as caught:
        decoder.decode(b"")
    shown = "".join(traceback.format_exception(caught.value))
    assert "value, pos = fall_back(data, start, values)" in shown
    assert '"<avro_ocf decode Seen?here ' in shown


def test_the_source_is_what_python_shows() -> None:
    encoder = Encoder(node_of("string"), DEFAULT_LIMITS)
    function = encoder._encode_many
    assert function is not None
    assert inspect.getsource(function) in encoder.source
    compile(encoder.source, "source", "exec")


def test_the_oldest_sources_are_forgotten() -> None:
    before = {name for name in linecache.cache if name.startswith("<avro_ocf ")}
    assert len(before) <= SOURCES_KEPT
    for number in range(SOURCES_KEPT + 1):
        assert execute(f"value = {number}\n", "eviction", {})
    names = [name for name in linecache.cache if name.startswith("<avro_ocf ")]
    assert len(names) == SOURCES_KEPT
    assert all("eviction" in name for name in names)


def test_equal_sources_are_kept_once() -> None:
    Encoder(node_of("long"), DEFAULT_LIMITS)
    count = len(linecache.cache)
    Encoder(node_of("long"), DEFAULT_LIMITS)
    assert len(linecache.cache) == count


def test_what_cpython_cannot_compile_is_refused() -> None:
    nested = "".join("  " * level + "for _ in ():\n" for level in range(25)) + "  " * 25 + "pass\n"
    assert not execute(nested, "too many blocks", {})


def test_a_script_that_gets_too_long_is_left_to_the_reference() -> None:
    """At the limit and one past it: each field of an encoder is so many lines and characters."""
    lines = Lines()
    with lines.block("if True:"):
        lines.add("#" * (SOURCE_MAX - len("if True:") - len("    ")))
        with pytest.raises(TooLongError):
            lines.add("")
    for count, is_left in ((500, False), (5000, True)):
        node = node_of({"type": "record", "name": "R", "fields": [{"name": f"f{index}", "type": "long"} for index in range(count)]})
        datum = {f"f{index}": (-1) ** index * 2 ** (index % 64) // 2 for index in range(count)}
        encoder, decoder, skipper = Encoder(node, DEFAULT_LIMITS), decoder_of(node), Skipper(node, DEFAULT_LIMITS)
        encoded = encoder.encode(datum)
        assert decoder.decode(encoded) == (datum, len(encoded))
        assert skipper.skip(encoded) == len(encoded)
        assert (encoder.source == BY_REFERENCE) is (decoder.source == BY_REFERENCE) is is_left
