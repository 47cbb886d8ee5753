"""avro_ocf and the libraries it is compared with, each through its own public functions and with its own defaults."""

import io
import json
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.abc import MetaPathFinder
from typing import Any, NamedTuple

from benchmarks.workloads import Workload


class NotMeasuredError(Exception):
    """What a library is not asked for: polars is here for reading files."""


def _cannot(*_: object) -> Any:
    raise NotMeasuredError


class Codec(NamedTuple):
    """What one library does with one workload."""

    encode_file: Callable[[Sequence[Any], str], bytes] = _cannot
    decode_file: Callable[[bytes], Any] = _cannot
    encode_datum: Callable[[Any], bytes] = _cannot
    decode_datum: Callable[[bytes], Any] = _cannot
    records: Callable[[Any], list[Any]] = list
    """From what `decode_file` gives to records."""


def ours(workload: Workload) -> Codec:
    from avro_ocf import Reader, Writer, parse_schema

    logical = workload.logical_types
    parsed = parse_schema(workload.schema, logical_types=logical)
    reader = workload.reader_schema and parse_schema(workload.reader_schema, logical_types=logical)

    def encode_file(records: Sequence[Any], codec: str) -> bytes:
        out = io.BytesIO()
        with Writer(out, parsed, codec) as writer:
            writer.write_many(records)
        return out.getvalue()

    return Codec(
        encode_file, lambda data: list(Reader(io.BytesIO(data), reader, logical_types=logical)), parsed.encode, parsed.decode
    )


def _fastavro(module: Any, workload: Workload) -> Codec:
    parsed, reader = (schema and module.parse_schema(_copy(schema)) for schema in (workload.schema, workload.reader_schema))

    def encode_file(records: Sequence[Any], codec: str) -> bytes:
        out = io.BytesIO()
        module.writer(out, parsed, records, codec=codec)
        return out.getvalue()

    def encode(record: Any) -> bytes:
        out = io.BytesIO()
        module.schemaless_writer(out, parsed, record)
        return out.getvalue()

    return Codec(
        encode_file,
        lambda data: list(module.reader(io.BytesIO(data), reader)),
        encode,
        lambda datum: module.schemaless_reader(io.BytesIO(datum), parsed, None),
    )


def fastavro(workload: Workload) -> Codec:
    return _fastavro(import_module("fastavro"), workload)


COMPILED_MODULES = {f"fastavro._{name}" for name in ("read", "write", "schema", "validation", "logical_readers", "logical_writers")}


class _NoExtensions(MetaPathFinder):
    """Hides the compiled modules of fastavro, which has a Python module for each."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in COMPILED_MODULES:
            raise ModuleNotFoundError(fullname)


@cache
def _pure_fastavro() -> Any:
    """Return fastavro as it is where its compiled modules are missing, beside the one that has them."""
    finder = _NoExtensions()
    compiled = _forget_fastavro()
    sys.meta_path.insert(0, finder)
    try:
        module = import_module("fastavro")
    finally:
        sys.meta_path.remove(finder)
        _forget_fastavro()
        sys.modules.update(compiled)
    return module


def _forget_fastavro() -> dict[str, Any]:
    names = [name for name in sys.modules if name.partition(".")[0] == "fastavro"]
    return {name: sys.modules.pop(name) for name in names}


def fastavro_py(workload: Workload) -> Codec:
    return _fastavro(_pure_fastavro(), workload)


def cavro(workload: Workload) -> Codec:
    import cavro

    options = cavro.Options(record_decodes_to_dict=True, **({} if workload.logical_types else {"logical_types": ()}))
    parsed = cavro.Schema(json.dumps(workload.schema), options=options)
    reader = workload.reader_schema and cavro.Schema(json.dumps(workload.reader_schema), options=options)

    def encode_file(records: Sequence[Any], codec: str) -> bytes:
        out = io.BytesIO()
        writer = cavro.ContainerWriter(out, parsed, codec=codec, options=options)
        writer.write_many(records)
        writer.flush()
        return out.getvalue()

    return Codec(
        encode_file,
        lambda data: list(cavro.ContainerReader(io.BytesIO(data), reader_schema=reader, options=options)),
        parsed.binary_encode,
        parsed.binary_decode,
    )


def avro(workload: Workload) -> Codec:
    import avro.datafile
    import avro.io
    import avro.schema

    parsed = avro.schema.parse(json.dumps(workload.schema))
    reader = workload.reader_schema and avro.schema.parse(json.dumps(workload.reader_schema))
    datum_writer, datum_reader = avro.io.DatumWriter(parsed), avro.io.DatumReader(parsed)

    def encode_file(records: Sequence[Any], codec: str) -> bytes:
        out = io.BytesIO()
        file = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), parsed, codec=codec)
        for record in records:
            file.append(record)
        file.flush()
        return out.getvalue()

    def encode(record: Any) -> bytes:
        out = io.BytesIO()
        datum_writer.write(record, avro.io.BinaryEncoder(out))
        return out.getvalue()

    return Codec(
        encode_file,
        lambda data: list(avro.datafile.DataFileReader(io.BytesIO(data), avro.io.DatumReader(None, reader))),
        encode,
        lambda datum: datum_reader.read(avro.io.BinaryDecoder(io.BytesIO(datum))),
    )


def polars(workload: Workload) -> Codec:
    """Reads to a frame of columns, of which `records` makes records."""
    import polars as pl

    schemas = (workload.reader_schema or workload.schema, workload.schema)
    wanted, there = ([field["name"] for field in schema["fields"]] for schema in schemas)
    if not set(wanted) <= set(there):
        raise NotMeasuredError
    columns = wanted if workload.reader_schema else None
    has_maps = '"type": "map"' in json.dumps(workload.schema)

    def decode_file(data: bytes) -> Any:
        if has_maps:
            raise ValueError("has no maps")  # polars would panic, and tell stderr
        return pl.read_avro(io.BytesIO(data), columns=columns)

    return Codec(decode_file=decode_file, records=lambda frame: frame.to_dicts())


def polars_rows(workload: Workload) -> Codec:
    """Reads to a frame and makes records of it."""
    frame = polars(workload)
    return Codec(decode_file=lambda data: frame.records(frame.decode_file(data)))


def _copy(schema: Any) -> Any:
    return json.loads(json.dumps(schema))


OURS = "avro_ocf"
PURE: dict[str, Callable[[Workload], Codec]] = {"avro": avro, "fastavro_py": fastavro_py}
"""Pure Python, as avro_ocf is: they take so long that they get fewer records and repeats."""
COMPILED: dict[str, Callable[[Workload], Codec]] = (
    {} if sys.platform == "emscripten" else {"fastavro": fastavro, "cavro": cavro, "polars": polars, "polars_rows": polars_rows}
)
TEXT_UUIDS = {"avro", "polars", "polars_rows"}
"""Those that take and give a UUID as text."""
