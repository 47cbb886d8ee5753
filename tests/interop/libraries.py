"""The Python libraries that we are compared with, each behind the same few functions."""

import copy
import functools
import io
import json
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

Json = Any
CAVRO_OPTIONS = {"record_decodes_to_dict": True, "allow_error_type": True, "allow_union_default_any_member": True}


class Library(NamedTuple):
    """One library. `encode` and `decode` are for one datum, `write` and `read` for a whole file's bytes."""

    name: str
    codecs: tuple[str, ...]
    encode: Callable[[Json, object], bytes]
    decode: Callable[[Json, bytes], object]
    write: Callable[[Json, list[object], str], bytes]
    read: Callable[[bytes], list[object]]


def _fastavro() -> Library:
    import fastavro

    # fastavro changes the schema that it is given.

    def encode(schema: Json, datum: object) -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, copy.deepcopy(schema), datum)
        return out.getvalue()

    def decode(schema: Json, data: bytes) -> object:
        return fastavro.schemaless_reader(io.BytesIO(data), copy.deepcopy(schema), None)

    def write(schema: Json, records: list[object], codec: str) -> bytes:
        out = io.BytesIO()
        fastavro.writer(out, copy.deepcopy(schema), records, codec=codec)
        return out.getvalue()

    def read(data: bytes) -> list[object]:
        return list(fastavro.reader(io.BytesIO(data)))

    return Library("fastavro", ("null", "deflate", "snappy", "zstandard", "bzip2", "xz"), encode, decode, write, read)


def _avro() -> Library:
    import avro.datafile
    import avro.errors
    import avro.io
    import avro.schema

    def parse(schema: Json) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
            return avro.schema.parse(json.dumps(schema))

    def encode(schema: Json, datum: object) -> bytes:
        out = io.BytesIO()
        avro.io.DatumWriter(parse(schema)).write(datum, avro.io.BinaryEncoder(out))
        return out.getvalue()

    def decode(schema: Json, data: bytes) -> object:
        return avro.io.DatumReader(parse(schema)).read(avro.io.BinaryDecoder(io.BytesIO(data)))

    def write(schema: Json, records: list[object], codec: str) -> bytes:
        out = io.BytesIO()
        writer = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), parse(schema), codec=codec)
        for record in records:
            writer.append(record)
        writer.flush()
        return out.getvalue()

    def read(data: bytes) -> list[object]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
            return list(avro.datafile.DataFileReader(io.BytesIO(data), avro.io.DatumReader()))

    return Library("avro", ("null", "deflate", "bzip2"), encode, decode, write, read)


def _cavro() -> Library:
    import cavro

    options = cavro.Options(**CAVRO_OPTIONS)

    def parse(schema: Json) -> Any:
        return cavro.Schema(json.dumps(schema), options=options)

    def encode(schema: Json, datum: object) -> bytes:
        return bytes(parse(schema).binary_encode(datum))

    def decode(schema: Json, data: bytes) -> object:
        return parse(schema).binary_decode(data)

    def write(schema: Json, records: list[object], codec: str) -> bytes:
        out = io.BytesIO()
        writer = cavro.ContainerWriter(out, parse(schema), codec=codec, options=options)
        writer.write_many(records)
        writer.flush()
        return out.getvalue()

    def read(data: bytes) -> list[object]:
        return list(cavro.ContainerReader(io.BytesIO(data), options=options))

    return Library("cavro", ("null", "deflate", "bzip2", "xz"), encode, decode, write, read)


@functools.cache
def load(name: str) -> Library:
    """Import the library `name`."""
    return {"fastavro": _fastavro, "avro": _avro, "cavro": _cavro}[name]()
